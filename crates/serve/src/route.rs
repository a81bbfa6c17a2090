//! Routes: everything that can be asked for.
//!
//! Invariant: what is not in this table is not answered; the `OpenAPI` description is made from it.

use crate::access::Needs;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Page,
    Style,
    Script,
    Icon,
    OpenPage,
    OpenApi,
    Health,
    PageLink,
    State,
    Events,
    ContainerLogs,
    Leases,
    BeginLease,
    Lease,
    RenewLease,
    EndLease,
    LeaseLogs,
}

/// What comes back when all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Good {
    pub status: u16,
    pub media: &'static str,
    /// Of a schema of the description, where it is JSON.
    pub schema: Option<&'static str>,
}

/// One thing that can be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub method: &'static str,
    /// `{id}` stands for one part of a path.
    pub path: &'static str,
    pub needs: Needs,
    pub does: Does,
    pub summary: &'static str,
    /// Names and meanings.
    pub query: &'static [(&'static str, &'static str)],
    /// The schema of its body.
    pub body: Option<&'static str>,
    pub good: Good,
}

const fn good(media: &'static str) -> Good {
    Good { status: 200, media, schema: None }
}

const fn json(status: u16, schema: &'static str) -> Good {
    Good { status, media: "application/json", schema: Some(schema) }
}

const NDJSON: &str = "application/x-ndjson";

const fn get(
    path: &'static str,
    needs: Needs,
    does: Does,
    summary: &'static str,
    good: Good,
) -> Route {
    Route { method: "GET", path, needs, does, summary, query: &[], body: None, good }
}

const LOG_QUERY: &[(&str, &str)] = &[
    ("follow", "`true`: what is written from now on is sent, too, as it comes"),
    ("tail", "only so many of the last lines"),
];

/// All of them.
pub(crate) const ROUTES: &[Route] = &[
    get("/", Needs::Look, Does::Page, "The page", good("text/html")),
    get("/page.css", Needs::Nothing, Does::Style, "The page's style", good("text/css")),
    get("/page.js", Needs::Nothing, Does::Script, "The page's script", good("text/javascript")),
    get("/icon.svg", Needs::Nothing, Does::Icon, "The page's icon", good("image/svg+xml")),
    Route {
        query: &[("key", "from the link; it opens the page once")],
        ..get(
            "/open",
            Needs::Nothing,
            Does::OpenPage,
            "Let a browser in that comes with a key, and send it to the page",
            Good { status: 303, media: "text/plain", schema: None },
        )
    },
    get(
        "/openapi.json",
        Needs::Nothing,
        Does::OpenApi,
        "This description",
        good("application/json"),
    ),
    get("/v1/health", Needs::Nothing, Does::Health, "Whether it serves", json(200, "Health")),
    Route {
        method: "POST",
        ..get(
            "/v1/page-links",
            Needs::Token,
            Does::PageLink,
            "An address that opens the page in a browser, once",
            json(201, "PageLink"),
        )
    },
    get("/v1/state", Needs::Look, Does::State, "What the project is and does", json(200, "State")),
    get(
        "/v1/events",
        Needs::Look,
        Does::Events,
        "The same now and after each change, as server-sent events called `state`",
        good("text/event-stream"),
    ),
    Route {
        query: LOG_QUERY,
        ..get(
            "/v1/containers/{id}/logs",
            Needs::Look,
            Does::ContainerLogs,
            "What a container of the project wrote: a JSON object a line",
            Good { status: 200, media: NDJSON, schema: Some("LogLine") },
        )
    },
    get("/v1/leases", Needs::Look, Does::Leases, "All leases", json(200, "Leases")),
    Route {
        method: "POST",
        body: Some("Wish"),
        ..get(
            "/v1/leases",
            Needs::Token,
            Does::BeginLease,
            "A container of one's own. The answer comes when it is ready; with `hold` it is a stream of JSON objects, one a \
             line, and the lease ends with the connection",
            json(201, "Lease"),
        )
    },
    get("/v1/leases/{id}", Needs::Look, Does::Lease, "One lease", json(200, "Lease")),
    Route {
        method: "POST",
        body: Some("Renewal"),
        ..get(
            "/v1/leases/{id}/renew",
            Needs::Token,
            Does::RenewLease,
            "Let a lease live on; the body may be empty",
            json(200, "Lease"),
        )
    },
    Route {
        method: "DELETE",
        ..get(
            "/v1/leases/{id}",
            Needs::Token,
            Does::EndLease,
            "End a lease; the answer comes when its container is gone",
            Good { status: 204, media: "", schema: None },
        )
    },
    Route {
        query: LOG_QUERY,
        ..get(
            "/v1/leases/{id}/logs",
            Needs::Look,
            Does::LeaseLogs,
            "What the container of a lease wrote: a JSON object a line",
            Good { status: 200, media: NDJSON, schema: Some("LogLine") },
        )
    },
];

/// What is meant by a method and a path.
#[derive(Debug)]
pub(crate) enum Found<'p> {
    /// With what stands for `{id}`.
    Route(&'static Route, &'p str),
    /// These methods would be known.
    OtherMethods(Vec<&'static str>),
    Nothing,
}

pub(crate) fn find<'p>(method: &str, path: &'p str) -> Found<'p> {
    let mut others = Vec::new();
    for route in ROUTES {
        if let Some(id) = matches(route.path, path) {
            if route.method == method {
                return Found::Route(route, id);
            }
            others.push(route.method);
        }
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

/// What stands for `{id}` in a path; empty where nothing does.
fn matches<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, after)) = pattern.split_once("{id}") else {
        return (pattern == path).then_some("");
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found() {
        for (method, path, expected) in [
            ("GET", "/", Some((Does::Page, ""))),
            ("GET", "/v1/leases/00ff", Some((Does::Lease, "00ff"))),
            ("DELETE", "/v1/leases/00ff", Some((Does::EndLease, "00ff"))),
            ("GET", "/v1/leases/00ff/logs", Some((Does::LeaseLogs, "00ff"))),
            ("GET", "/v1/leases/", None),
            ("GET", "/v1/leases//logs", None),
            ("GET", "/v1/leases/../state", None),
            ("GET", "/v1/leases/%2e%2e/logs", None),
            ("GET", "/../etc/passwd", None),
            ("GET", "//", None),
            ("PUT", "/v1/leases", None),
        ] {
            let found = match find(method, path) {
                Found::Route(route, id) => Some((route.does, id)),
                Found::OtherMethods(_) | Found::Nothing => None,
            };
            assert_eq!(found, expected, "{method} {path}");
        }
        assert!(
            matches!(find("PUT", "/v1/leases"), Found::OtherMethods(all) if all == ["GET", "POST"])
        );
    }

    #[test]
    fn what_changes_something_needs_the_token() {
        for route in ROUTES {
            let is_safe = route.method == "GET";
            assert!(is_safe || route.needs == Needs::Token, "{} {}", route.method, route.path);
        }
    }
}
