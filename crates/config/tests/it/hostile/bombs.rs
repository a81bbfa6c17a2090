//! Files that are small or harmless to look at and large to work on: depth, width, multiplication, doubling, encodings.
//!
//! Invariant: each is made by a few lines, so that what it does can be seen.

use std::fmt::Write as _;

use super::Case;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = encodings();
    cases.extend(depth());
    cases.extend(width());
    cases.extend(multiplied());
    cases.extend(circles());
    cases.extend(doubling());
    cases.extend(templates());
    cases
}

fn encodings() -> Vec<Case> {
    let text = "containers: {a: {image: x}}\n";
    let utf16 =
        |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let with = |bytes: &[u8]| {
        let mut all = b"containers: {a: {image: '".to_vec();
        all.extend_from_slice(bytes);
        all.extend_from_slice(b"'}}\n");
        all
    };
    let mut cases = vec![
        Case::new("utf-16 little", utf16(u16::to_le_bytes)),
        Case::new("utf-16 big", utf16(u16::to_be_bytes)),
        Case::new("utf-16 mark little", [&[0xFF, 0xFE][..], &utf16(u16::to_le_bytes)].concat()),
        Case::new("utf-16 mark big", [&[0xFE, 0xFF][..], &utf16(u16::to_be_bytes)].concat()),
        Case::new("utf-32 mark", [&[0xFF, 0xFE, 0, 0][..], b"a\0\0\0:\0\0\0"].concat()),
        Case::new("only a mark", b"\xEF\xBB\xBF".to_vec()),
        Case::new("two marks", [&b"\xEF\xBB\xBF\xEF\xBB\xBF"[..], b"containers: {a: }"].concat()),
        Case::new("no bytes", Vec::new()),
        Case::new("one nul", vec![0]),
        Case::new("only nuls", vec![0; 1000]),
        Case::new("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec()),
        Case::new("elf", b"\x7fELF\x02\x01\x01\x00".to_vec()),
        Case::new("only carriage returns", vec![b'\r'; 100]),
        Case::new("only tabs", vec![b'\t'; 100]),
    ];
    for (name, bytes) in [
        ("latin", &b"\xE4"[..]),
        ("continuation", b"\x80"),
        ("overlong", b"\xC0\xAF"),
        ("cut", b"\xE2\x82"),
        ("surrogate", b"\xED\xA0\x80"),
        ("beyond unicode", b"\xF5\x80\x80\x80"),
        ("ff", b"\xFF"),
        ("nul", b"\0"),
        ("escape", b"\x1b[2J"),
        ("bell", b"\x07"),
        ("delete", b"\x7f"),
        ("c1", "\u{9b}2J".as_bytes()),
        ("bidi", "\u{202e}".as_bytes()),
        ("isolate", "\u{2066}".as_bytes()),
        ("zero width", "\u{200b}".as_bytes()),
        ("inner mark", "\u{feff}".as_bytes()),
        ("not a character", "\u{ffff}".as_bytes()),
        ("line separator", "\u{2028}".as_bytes()),
        ("next line", "\u{85}".as_bytes()),
        ("tag characters", "\u{e0041}".as_bytes()),
    ] {
        cases.push(Case::new(format!("byte {name}"), with(bytes)));
    }
    cases
}

fn depth() -> Vec<Case> {
    let blocks = |line: &str| {
        (0..2000).fold(String::new(), |mut out, level| {
            writeln!(out, "{}{line}", " ".repeat(level)).unwrap();
            out
        })
    };
    vec![
        Case::new("depth lists", format!("x-a: {}", "[".repeat(200_000))),
        Case::new("depth closed lists", format!("x-a: {}{}", "[".repeat(9000), "]".repeat(9000))),
        Case::new("depth maps", format!("x-a: {}", "{a: ".repeat(200_000))),
        Case::new("depth mixed", format!("x-a: {}", "[{a: ".repeat(100_000))),
        Case::new("depth closings", "]".repeat(200_000)),
        Case::new("depth block maps", blocks("a:")),
        Case::new("depth block lists", blocks("-")),
        Case::new("depth dashes", "- ".repeat(100_000)),
        Case::new("depth question marks", "? ".repeat(100_000)),
        Case::new("depth tags", format!("x-a: {}", "!a ".repeat(50_000))),
        Case::new("depth quotes", "\"".repeat(100_001)),
        Case::new("depth keys on a line", "a: ".repeat(100_000)),
        Case::new("depth anchors", format!("x-a: {}", "&a ".repeat(50_000))),
    ]
}

/// `each` of so many numbers, separated by commas.
fn list(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect::<Vec<_>>().join(", ")
}

fn lines(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |out, at| out + &each(at) + "\n")
}

/// One container with these keys.
fn container(keys: &str) -> String {
    format!("containers: {{a: {{image: x, {keys}}}}}")
}

fn width() -> Vec<Case> {
    let bad = lines(20_000, |at| format!("  c{at}: {{imagee: x, image: y, depends_on: [d{at}]}}"));
    let one_line = list(20_000, |at| format!("c{at}: {{image: x, tty: 7}}"));
    let containers = list(20_001, |at| format!("c{at}: {{image: x}}"));
    let word = "x".repeat(3 << 20);
    vec![
        Case::new("width bytes", vec![b'#'; (8 << 20) + 1]),
        Case::new("width values", format!("x-a: [{}]", "1,".repeat(1_000_001))),
        Case::new("width containers", format!("containers: {{{containers}}}")),
        Case::new(
            "width volumes",
            format!("volumes: {{{}}}", list(20_001, |at| format!("v{at}: "))),
        ),
        Case::new("width mistakes", format!("containers:\n{bad}")),
        Case::new("width mistakes on one line", format!("containers: {{{one_line}}}")),
        Case::new("width duplicates", format!("vars:\n{}", "  a: 1\n".repeat(100_000))),
        Case::new("width one word", format!("containers: {{a: {{image: {word}}}}}")),
        Case::new("width one key", format!("{}: 1", "x".repeat(100_000))),
        Case::new("width one quoted key", format!("\"{}\": 1", "x".repeat(1000))),
        Case::new("width unknown key", format!("? \"{}\"\n: 1", "x".repeat(1 << 20))),
        Case::new(
            "width include list",
            format!("include: [{}]", list(20_000, |at| format!("none{at}"))),
        ),
        Case::new("width comment", format!("# {}\ncontainers: 7", "x".repeat(4 << 20))),
        Case::new("width blank lines", format!("{}containers: 7", "\n".repeat(4 << 20))),
    ]
}

fn multiplied() -> Vec<Case> {
    let engines = list(300, |at| format!("e{at}: {{url: 'unix:///e{at}'}}"));
    let names = list(300, |at| format!("e{at}"));
    let instances = list(300, |at| format!("i{at}"));
    let none = list(20_000, |at| format!("none{at}"));
    let on_all = container(&format!("engines: [{names}], instances: [{instances}]"));
    let published = format!("instances: [{instances}], ports: ['1-16000']");
    let ranges = list(2000, |_| "'1-60000'".to_owned());
    let three = list(3, |at| format!("c{at}: {{image: x, ports: ['1-16000:1-16000']}}"));
    vec![
        Case::new("width instances on engines", format!("engines: {{{engines}}}\n{on_all}")),
        Case::new("width ports of instances", container(&published)),
        Case::new("width port lists", container(&format!("ports: [{ranges}]"))),
        Case::new("width port conflicts", format!("containers: {{{three}}}")),
        Case::new("width unknown references", container(&format!("depends_on: [{none}]"))),
        Case::new("width unknown engines", container(&format!("engines: [{none}]"))),
    ]
}

fn circles() -> Vec<Case> {
    let circle = |section: &str, count: usize, each: &dyn Fn(usize, usize) -> String| {
        format!("{section}: {{{}}}", list(count, |at| each(at, (at + 1) % count)))
    };
    vec![
        Case::new(
            "width dependency circle",
            circle("containers", 15_000, &|at, next| {
                format!("c{at}: {{image: x, depends_on: c{next}}}")
            }),
        ),
        Case::new(
            "width extends circle",
            circle("containers", 5000, &|at, next| format!("c{at}: {{extends: c{next}}}")),
        ),
        Case::new(
            "width extends chain",
            circle("containers", 5000, &|at, next| {
                let base =
                    if next == 0 { "image: x".to_owned() } else { format!("extends: c{next}") };
                format!("c{at}: {{{base}}}")
            }),
        ),
        Case::new(
            "width task circle",
            circle("tasks", 5000, &|at, next| {
                format!("t{at}: {{image: x, command: x, needs: [t{next}]}}")
            }),
        ),
        Case::new(
            "width image circle",
            circle("images", 2000, &|at, next| {
                format!("i{at}: {{context: false, commands: ['FROM {{{{ images.i{next} }}}}']}}")
            }),
        ),
    ]
}

/// A first line, and forty more that are each made of the one before.
fn levels(first: &str, each: &str) -> String {
    (1..40).fold(format!("{first}\n"), |out, at| {
        out + &each.replace("THIS", &at.to_string()).replace("LAST", &(at - 1).to_string()) + "\n"
    })
}

const TEXT: &str = "'{{ vars.aLAST }}{{ vars.aLAST }}'";
const LIST: &str = "['{{ vars.aLAST }}', '{{ vars.aLAST }}']";
const MAP: &str = "{x: '{{ vars.aLAST }}', y: '{{ vars.aLAST }}'}";

fn doubling() -> Vec<Case> {
    let keys = list(2000, |at| format!("k{at}: 1"));
    let merges = "- <<: *m\n".repeat(100_000);
    let many = lines(200, |at| format!("  b{at}: '{{{{ vars.a }}}}y'"));
    let mut cases = vec![
        Case::new("doubling lists", levels("x-a0: &a0 [1, 1]", "x-aTHIS: &aTHIS [*aLAST, *aLAST]")),
        Case::new(
            "doubling maps",
            levels("x-a0: &a0 {a: 1}", "x-aTHIS: &aTHIS {a: *aLAST, b: *aLAST}"),
        ),
        Case::new("doubling depth", levels("x-a0: &a0 [[1]]", "x-aTHIS: &aTHIS [[*aLAST]]")),
        Case::new("doubling merges", format!("x-m: &m {{{keys}}}\nx-all:\n{merges}")),
        Case::new(
            "doubling in the whole load",
            format!("vars:\n  a: '{{{{ \"x\" * 900000 }}}}'\n{many}"),
        ),
    ];
    for (name, first, each, asked) in [
        ("texts", "xxxxxxxxxxxxxxxx", TEXT, "vars.a39"),
        ("joins", "xxxxxxxxxxxxxxxx", "'{{ vars.aLAST ~ vars.aLAST }}'", "vars.a39"),
        ("replacements", "xx", "'{{ vars.aLAST | replace(\"x\", vars.aLAST) }}'", "vars.a39"),
        ("template lists", "[1, 2]", LIST, "vars.a39"),
        ("template lists as json", "[1, 2]", LIST, "vars.a39 | json"),
        ("template maps", "{x: 1}", MAP, "vars.a39"),
        ("template maps as json", "{x: 1}", MAP, "vars.a39 | json"),
        ("template maps as text", "{x: 1}", MAP, "vars.a39 ~ 1"),
        ("template maps compared", "{x: 1}", MAP, "(vars.a39 == vars.a38) ~ \"X\""),
    ] {
        let vars = levels(&format!("  a0: {first}"), &format!("  aTHIS: {each}"));
        let text = format!("vars:\n{vars}containers: {{c: {{image: '{{{{ {asked} }}}}'}}}}\n");
        cases.push(Case::new(format!("doubling {name}"), text));
    }
    cases
}

fn templates() -> Vec<Case> {
    let image = |text: String| format!("containers: {{c: {{image: '{text}'}}}}\n");
    let expression = |unit: &str, count: usize, rest: &str| {
        image(format!("{{{{ {}{rest} }}}}", unit.repeat(count)))
    };
    let mut backwards = String::from("vars:\n");
    for at in (1..20_000).rev() {
        writeln!(backwards, "  a{at}: '{{{{ vars.a{} }}}}'", at - 1).unwrap();
    }
    backwards.push_str("  a0: x\ncontainers: {c: {image: '{{ vars.a19999 }}'}}\n");
    let mut cases = vec![
        Case::new("template chain", backwards),
        Case::new("template tags", image("{{ ".repeat(100_000))),
        Case::new("template braces", image("{".repeat(1 << 20))),
        Case::new("template statements", image("{% if true %}".repeat(20_000))),
        Case::new(
            "template elifs",
            image(format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(20_000))),
        ),
        Case::new("template loops", image("{% for a in [1] %}".repeat(20_000))),
        Case::new("template raw", image("{% raw %}".repeat(20_000))),
        Case::new("template attributes", expression("a", 1, &".a".repeat(50_000))),
        Case::new("template filters", expression("'' x''", 1, &"|upper".repeat(50_000))),
        Case::new("template subscripts", expression("a", 1, &"[0]".repeat(50_000))),
        Case::new("template calls", expression("a", 1, &"()".repeat(50_000))),
        Case::new("template sums", expression("1+", 50_000, "1")),
        Case::new("template joins", expression("1~", 50_000, "1")),
        Case::new("template powers", expression("1**", 50_000, "1")),
        Case::new("template comparisons", expression("1 < ", 50_000, "1")),
        Case::new("template conditions", expression("1 if 1 else ", 50_000, "1")),
        Case::new("template ands", expression("1 and ", 50_000, "1")),
        Case::new("template unclosed string", expression("\"", 1, &"x".repeat(1 << 20))),
        Case::new("template digits", expression("9", 100_000, "")),
        Case::new("template many small ones", image("{{ 1 }}".repeat(100_000))),
    ];
    for (name, unit) in [
        ("nots", "not "),
        ("minuses", "-"),
        ("parentheses", "("),
        ("brackets", "["),
        ("braces", "{1: "),
        ("tests", "1 is not "),
        ("ins", "1 in "),
    ] {
        for count in [250, 1000, 20_000, 100_000] {
            cases.push(Case::new(format!("template {count} {name}"), expression(unit, count, "1")));
        }
    }
    cases
}
