//! The page: what is sent to browsers. All of it is in the binary.
//!
//! Invariant: nothing of a project is in these files; the script takes it from the state, and puts it there as text.

pub(crate) const HTML: &str = include_str!("../assets/page.html");
pub(crate) const STYLE: &str = include_str!("../assets/page.css");
pub(crate) const SCRIPT: &str = include_str!("../assets/page.js");
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

/// For a browser that may not look.
pub(crate) fn closed(message: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>windlass</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/page.css\"></head>\
         <body class=\"closed\"><main><h1>windlass</h1><p>{message}</p><p>A link opens the page once. On a terminal, \
         <code>windlass serve</code> prints one; <code>POST /v1/page-links</code> with the token makes more.</p></main>\
         </body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy that is sent forbids them, so they would not work.
    #[test]
    fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
        for text in [HTML, STYLE, SCRIPT, ICON] {
            let foreign = text.replace("http://www.w3.org/", "");
            for forbidden in
                ["http://", "https://", " style=\"", " onclick", "innerHTML", "outerHTML", "eval("]
            {
                assert!(!foreign.contains(forbidden), "{forbidden}");
            }
        }
        assert!(!HTML.contains("<style") && !HTML.contains("<script>"));
    }
}
