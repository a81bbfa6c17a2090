//! `images.<n>.commands`: every form, from the file to the Dockerfile, the build context and what is needed first.
//!
//! Invariant: a case is what a user writes and all that comes of it; nothing in between is looked at.

use std::io::Read as _;
use windlass::{LoadOptions, Loaded, image_bases, load, prepared_build};

/// Commands of the image `app`, and what they become.
struct Case {
    commands: &'static str,
    dockerfile: &'static str,
    /// Paths, permission bits and first lines of files, without directories.
    context: &'static str,
    needs: &'static [&'static str],
}

const NOTHING: Case = Case { commands: "", dockerfile: "", context: "", needs: &[] };

const CASES: &[Case] = &[
    // Lines as they are, in any case; comments; a frontend of one's own knows more instructions.
    Case {
        commands: "['# syntax=docker/dockerfile:1', '# why', ARG V=12, 'from debian:$V', run a  b, FUTURE x]",
        dockerfile: "# syntax=docker/dockerfile:1|# why|ARG V=12|FROM debian:$V|RUN a  b|FUTURE x",
        needs: &["debian:12"],
        ..NOTHING
    },
    Case {
        commands: "[FROM somewhere as base, [FROM, x], [ENV ONE, '{{ vars.one }}'], [ENV, ['TWO {{ vars.two }}', THREE 3]], [ADD, {get: [blah, and], prefix: /projects}]]",
        dockerfile: "FROM somewhere:latest AS base|FROM x:latest|ENV ONE 1|ENV TWO 2|ENV THREE 3|ADD blah /projects/blah|ADD and /projects/and",
        context: "and 644 and|blah 600 blah|dir/one.txt 644 1|dir/run 755 run|dir/two.txt 644 2",
        needs: &["somewhere:latest", "x:latest"],
    },
    // A third part names the stage of a string, of an image and of a stage.
    Case {
        commands: "[[FROM, 'busybox', as Foo], [FROM, '{{ images.base }}', as two], [FROM, foo, as three], [COPY, {from: foo, path: /a, to: /b}], {COPY: {from: 1, path: /c, to: /d}}]",
        dockerfile: "FROM busybox:latest AS Foo|FROM p/base:latest AS two|FROM foo AS three|COPY --from=foo /a /b|COPY --from=1 /c /d",
        needs: &["busybox:latest", "base"],
        ..NOTHING
    },
    Case {
        commands: "[[FROM, scratch, as none], [FROM, '--platform=linux/amd64 {{ images.base }} AS p'], [FROM, scratch], {copy: {from: p, path: '/a b', to: /}}, {COPY: {from: none, path: /x, to: /y}}]",
        dockerfile: "FROM scratch AS none|FROM --platform=linux/amd64 p/base:latest AS p|FROM scratch|COPY --from=p [\"/a b\", \"/\"]|COPY --from=none /x /y",
        needs: &["base"],
        ..NOTHING
    },
    // Images by key, by reference, and from outside; each is needed once.
    Case {
        commands: "[FROM base, {COPY: {from: p/base:latest, path: /a, to: /b, mode: 0o600, owner: '1:2'}}, {COPY: {from: busybox, path: /c, to: /d}}, 'COPY --from={{ images.other }} /e /f']",
        dockerfile: "FROM p/base:latest|COPY --from=p/base:latest --chown=1:2 --chmod=0600 /a /b|COPY --from=busybox:latest /c /d|COPY --from=p/other:latest /e /f",
        needs: &["base", "busybox:latest", "other"],
        ..NOTHING
    },
    // Text, under a name that is the same for the same text.
    Case {
        commands: "[FROM scratch, {ADD: {content: \"hi\\n\", dest: /somewhere/nice and fun}}, [add, {formatted: 'v{{ vars.one }}', dest: /v, mode: '0755', owner: app}], {ADD: {content: '', dest: /empty}}]",
        dockerfile: "FROM scratch|COPY [\".windlass/#-nice-and-fun\", \"/somewhere/nice and fun\"]|COPY --chown=app .windlass/#-755-v /v|COPY .windlass/#-empty /empty",
        context: ".windlass/#-755-v 755 v1|.windlass/#-empty 644 |.windlass/#-nice-and-fun 644 hi",
        ..NOTHING
    },
    // From an image: no build context, and the image is needed.
    Case {
        commands: "[FROM scratch, {ADD: {content: {image: '{{ images.other }}', path: '/opt/{{ vars.one }}'}, dest: /opt/1}}, {ADD: {content: {image: busybox, path: /bin/sh}, dest: /bin/, mode: '0700', owner: root}}]",
        dockerfile: "FROM scratch|COPY --from=p/other:latest /opt/1 /opt/1|COPY --from=busybox:latest --chown=root --chmod=0700 /bin/sh /bin/",
        needs: &["other", "busybox:latest"],
        ..NOTHING
    },
    // Build contexts of their own, each in its directory.
    Case {
        commands: "[FROM scratch, {ADD: {context: {dir: dir, exclude: ['two*', run], include: ['run']}, dest: /src, mode: '0640'}}, {ADD: {context: dir, dest: /all}}]",
        dockerfile: "FROM scratch|COPY .windlass/context-1/ /src|COPY .windlass/context-2/ /all",
        context: ".windlass/context-1/one.txt 640 1|.windlass/context-1/run 640 run|.windlass/context-2/one.txt 644 1|.windlass/context-2/run 755 run|.windlass/context-2/two.txt 644 2",
        ..NOTHING
    },
    // Paths of the build context; a pattern goes into a directory, since it can be several.
    Case {
        commands: "[FROM scratch, {ADD: {get: blah}}, {ADD: {prefix: /x/, get: ['dir/*.txt', dir], owner: '5', mode: '0711'}}, {ADD: {get: '*.md'}}]",
        dockerfile: "FROM scratch|ADD blah blah|ADD --chown=5 --chmod=0711 [\"dir/*.txt\", \"/x/dir/\"]|ADD --chown=5 --chmod=0711 dir /x/dir|ADD [\"*.md\", \"./\"]",
        context: "and 644 and|blah 600 blah|dir/one.txt 644 1|dir/run 755 run|dir/two.txt 644 2",
        ..NOTHING
    },
    // Mounts of the build context, and of others.
    Case {
        commands: "['FROM scratch', 'RUN --mount=type=cache,target=/c x', 'RUN --mount=from={{ images.base }},target=/b y']",
        dockerfile: "FROM scratch|RUN --mount=type=cache,target=/c x|RUN --mount=from=p/base:latest,target=/b y",
        needs: &["base"],
        ..NOTHING
    },
    Case {
        commands: "['FROM scratch', 'RUN --mount=target=/src make']",
        dockerfile: "FROM scratch|RUN --mount=target=/src make",
        context: "and 644 and|blah 600 blah|dir/one.txt 644 1|dir/run 755 run|dir/two.txt 644 2",
        ..NOTHING
    },
    // One line each, also of a mapping; continued lines stay.
    Case {
        commands: "[FROM scratch, {ENV: [A=1, B=2]}, \"RUN a && \\\\\\n  b\", [CMD, '[\"x\"]']]",
        dockerfile: "FROM scratch|ENV A=1|ENV B=2|RUN a && \\|  b|CMD [\"x\"]",
        ..NOTHING
    },
    // Words of what there is one of; a single text is the shell's.
    Case {
        commands: "[FROM scratch, {CMD: [ls, '-l']}, [ENTRYPOINT, [a, b c]], {CMD: [ls -l]}, {SHELL: [/bin/bash, -c]}]",
        dockerfile: "FROM scratch|CMD [\"ls\",\"-l\"]|ENTRYPOINT [\"a\",\"b c\"]|CMD ls -l|SHELL [\"/bin/bash\",\"-c\"]",
        ..NOTHING
    },
    // Not a list.
    Case {
        commands: "FROM busybox",
        dockerfile: "FROM busybox:latest",
        needs: &["busybox:latest"],
        ..NOTHING
    },
];

struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let files = directory.path();
        std::fs::create_dir(files.join("dir")).unwrap();
        for (name, text, mode) in [
            ("blah", "blah", 0o600),
            ("and", "and", 0o644),
            ("dir/one.txt", "1", 0o644),
            ("dir/two.txt", "2", 0o644),
            ("dir/run", "run", 0o755),
        ] {
            let path = files.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        Self { directory }
    }

    fn load(&self, images: &str) -> Loaded {
        let text = format!(
            "name: p\nvars: {{one: 1, two: 2}}\nimages:\n  \
             base: {{commands: FROM scratch}}\n  other: {{commands: FROM scratch}}\n{images}\n"
        );
        load(&LoadOptions {
            files: vec!["-".into()],
            stdin: Some(text.into()),
            cwd: self.directory.path().into(),
            ..LoadOptions::default()
        })
    }
}

fn findings(loaded: &Loaded) -> String {
    loaded.diagnostics.render_plain(&loaded.sources)
}

/// Names of generated files without what their content makes of them.
fn without_digests(text: &str) -> String {
    let mut parts = text.split(".windlass/");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digest = part.chars().take_while(char::is_ascii_hexdigit).count();
        out.push_str(".windlass/");
        out.push_str(if digest == 16 { "#" } else { &part[..digest] });
        out.push_str(&part[digest..]);
    }
    out
}

#[test]
fn every_form_becomes_a_dockerfile_a_context_and_dependencies() {
    let site = Site::new();
    for Case { commands, dockerfile, context, needs } in CASES {
        let loaded = site.load(&format!("  app: {{commands: {commands}}}"));
        assert_eq!(findings(&loaded), "", "{commands}");
        let project = loaded.project.unwrap();
        let build = prepared_build(&project, &project.images["app"]).unwrap().unwrap();
        let text = without_digests(&build.dockerfile_text);
        assert_eq!(text.trim_end().replace('\n', "|"), *dockerfile, "{commands}");
        let mut files = Vec::new();
        for entry in build.context.entries() {
            if let Some(mut file) = build.context.open(&entry.path).unwrap() {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                let path = without_digests(&entry.path.to_string());
                files.push(format!("{path} {:o} {}", entry.mode, text.trim_end()));
            }
        }
        files.sort();
        assert_eq!(files.join("|"), *context, "{commands}");
        let bases: Vec<_> = image_bases(&project)["app"].iter().map(ToString::to_string).collect();
        assert_eq!(bases, *needs, "{commands}");
    }
}

/// What is wrong with the commands of an image, each on a line of its own, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "{COPY: {from: 0, path: /a, to: /b}}",
        "no stage before this one is \"0\" (this is the first stage: name an image)",
    ),
    (
        "{COPY: {from: one, path: /a, to: /b}}",
        "no stage before this one is \"one\" (this is the first stage: name an image)",
    ),
    (
        "RUN",
        "expected an instruction, found the string \"RUN\" (write an instruction and its text: \"RUN make\")",
    ),
    ("RUNN make", "\"RUNN\" is not an instruction (did you mean \"RUN\"?)"),
    ("[RUN, '']", "RUN has no text"),
    (
        "[RUN]",
        "expected a list of two or three, found a list (write [ACTION, text] or [FROM, image, \"as name\"])",
    ),
    (
        "[RUN, a, b]",
        "RUN takes one text, or one list (only FROM has a third part: [FROM, image, \"as name\"])",
    ),
    (
        "[FROM, [a, b], as c]",
        "FROM takes one text, or one list (only FROM has a third part: [FROM, image, \"as name\"])",
    ),
    (
        "[FROM, a, b]",
        "FROM takes an image and a name, not \"a b\" (write `FROM debian:12` or `FROM debian:12 as base`)",
    ),
    (
        "FROM a as b c",
        "FROM takes an image and a name, not \"a as b c\" (write `FROM debian:12` or `FROM debian:12 as base`)",
    ),
    (
        "\"FROM a\\nRUN b\"",
        "FROM takes an image and a name, not \"a…\" (each instruction is an item of the list)",
    ),
    (
        "FROM Debian",
        "\"Debian\" has capital letters, which an image's name cannot have (write \"debian\")",
    ),
    ("[ENV, [[a, b]]]", "expected a string, found a list"),
    (
        "{RUN: {a: b}}",
        "RUN takes text; only ADD and COPY take options (write its text: [RUN, \"…\"])",
    ),
    (
        "{RUN: a, ENV: b}",
        "expected one command, found a mapping (one item is one command: write `- ADD: {…}`)",
    ),
    (
        "{ADD: {dest: /x}}",
        "ADD adds nothing (write {content, dest}, {context, dest} or {get, prefix})",
    ),
    (
        "{ADD: {dest: /x, content: a, formatted: b}}",
        "ADD adds one thing, not `content` and `formatted` (write {content, dest}, {context, dest} or {get, prefix})",
    ),
    ("{ADD: {content: a}}", "the key \"dest\" is missing"),
    (
        "{ADD: {content: a, dest: /x, prefix: /y}}",
        "this key has no meaning here (`prefix` is for `get`: write all of the path in `dest`)",
    ),
    (
        "{ADD: {get: a, dest: /x}}",
        "this key has no meaning here (`get` keeps the paths: write `prefix` for where they go)",
    ),
    ("{ADD: {get: []}}", "expected paths to add, found a list"),
    ("{ADD: {content: {image: a}, dest: /x}}", "the key \"path\" is missing"),
    ("{ADD: {formatted: {image: a, path: /b}, dest: /x}}", "expected a string, found a mapping"),
    (
        "{ADD: {context: false, dest: /x}}",
        "a build context that is off adds nothing (write the directory: {context: {dir: src}, dest: /src})",
    ),
    (
        "{ADD: {context: {enabled: false}, dest: /x}}",
        "a build context that is off adds nothing (write the directory: {context: {dir: src}, dest: /src})",
    ),
    ("{ADD: {content: a, dest: /x, mod: 1}}", "unknown key \"mod\" (did you mean \"mode\"?)"),
    (
        "{ADD: {content: '{{ vars.tow }}', dest: /x}}",
        "\"vars\" has no \"tow\" (did you mean \"two\"?)",
    ),
    ("{COPY: {path: /a, to: /b}}", "the key \"from\" is missing"),
    (
        "3",
        "expected an instruction, found the number 3 (write an instruction and its text: \"RUN make\")",
    ),
];

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    let site = Site::new();
    let items: Vec<_> = MISTAKES.iter().map(|(item, _)| format!("    - {item}")).collect();
    let items = items.join("\n");
    let loaded = site.load(&format!("  app:\n    commands:\n    - FROM x as one\n{items}"));
    let said = findings(&loaded);
    let mut found = std::collections::BTreeMap::new();
    for line in said.lines() {
        if let Some(help) = line.strip_prefix("  help: ") {
            let last: &mut String = found.values_mut().next_back().unwrap();
            last.extend([" (", help, ")"]);
            continue;
        }
        let (place, message) = line.split_once(": error: ").expect(line);
        let number: usize = place.split(':').nth(1).unwrap().parse().unwrap();
        let message = message.split_once(": ").map_or(message, |(_, message)| message);
        let other = found.insert(number, message.to_owned());
        assert_eq!(other, None, "two findings at {place}:\n{said}");
    }
    // The first of them is in line 9.
    for (index, (item, wanted)) in MISTAKES.iter().enumerate() {
        let message = found.remove(&(index + 9));
        assert_eq!(message.as_deref(), Some(*wanted), "{item}\n{said}");
    }
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn images_that_need_each_other_are_a_cycle() {
    let site = Site::new();
    let forms = [
        "[FROM x, {ADD: {content: {image: a, path: /x}, dest: /x}}]",
        "[FROM x, {COPY: {from: '{{ images.a }}', path: /x, to: /x}}]",
        "[FROM a]",
        "[FROM x, 'COPY --from={{ images.a }} /x /x']",
        "[FROM x, 'RUN --mount=type=bind,from=p/a,target=/x true']",
    ];
    for form in forms {
        let images =
            format!("  a: {{commands: [[FROM, '{{{{ images.b }}}}']]}}\n  b: {{commands: {form}}}");
        let said = findings(&site.load(&images));
        assert!(said.contains("a → b → a") || said.contains("b → a → b"), "{form}: {said}");
        let said = findings(&site.load(&format!("  a: {{commands: {form}}}")));
        assert!(said.contains("a → a"), "{form}: {said}");
    }
}
