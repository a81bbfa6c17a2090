//! Builds with both builders: the same image, the same failures.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use windlass_engine::build::{BuildRequest, ContextSource, Entry, EntryKind};
use windlass_engine::stream::CallProgress;
use windlass_engine::{Engine as _, EngineError};
use windlass_model::event::Progress;
use windlass_model::fault::Fault;
use windlass_model::image::{BuildOptions, Builder, PullPolicy};
use windlass_model::name::ImageId;
use windlass_model::secret::Sensitive;

use crate::lab::{Lab, TEST, run};

/// A build context in memory: contents by path. A file with contents `!` cannot be read.
struct Files(BTreeMap<&'static str, &'static str>);

impl ContextSource for Files {
    fn entries(&self) -> io::Result<Vec<Entry>> {
        let entry = |path: &str, kind| Entry {
            path: path.as_bytes().to_vec(),
            kind,
            mode: 0o755,
            mtime_ns: 1_000_000_000,
            uid: 0,
            gid: 0,
        };
        let mut entries = vec![entry("sub", EntryKind::Directory)];
        for (path, text) in &self.0 {
            entries.push(match text.strip_prefix("-> ") {
                Some(target) => entry(path, EntryKind::Link { target: target.into() }),
                None => entry(path, EntryKind::File { size: text.len() as u64 }),
            });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn open(&self, path: &[u8]) -> io::Result<Box<dyn Read + Send>> {
        let text = self.0[std::str::from_utf8(path).unwrap()];
        if text == "!" {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(Box::new(text.as_bytes()))
    }

    fn write_tar(&self, _out: &mut dyn Write) -> io::Result<()> {
        unreachable!("the builders read entry by entry")
    }

    fn shared_key(&self) -> String {
        "wlengine".to_owned()
    }
}

fn request(lab: &Lab, builder: Builder, dockerfile: &str) -> BuildRequest {
    let files = [("a.txt", "hello"), ("sub/b.txt", "there"), ("link", "-> a.txt")];
    BuildRequest {
        references: vec![format!("{}-built:1", lab.name), format!("{}-built:2", lab.name)],
        dockerfile: dockerfile.replace("BASE", &lab.image),
        context: Arc::new(Files(files.into())),
        options: BuildOptions { builder, ..BuildOptions::default() },
        labels: BTreeMap::from([
            ("l".to_owned(), "é \" $x".to_owned()),
            (TEST.to_owned(), lab.name.clone()),
        ]),
        secrets: BTreeMap::new(),
        pull: PullPolicy::Missing,
        no_cache: false,
    }
}

/// Builds; gives the steps that were told of and the lines of output.
async fn build(
    lab: &Lab,
    request: BuildRequest,
) -> (Result<ImageId, EngineError>, Vec<(String, bool)>, Vec<String>) {
    let seen = Mutex::new((Vec::new(), Vec::new()));
    let sink = |progress: CallProgress| {
        let mut seen = seen.lock().unwrap();
        match progress {
            CallProgress::Progress(Progress::BuildStep { name, cached }) => {
                seen.0.push((name, cached));
            }
            CallProgress::Line(line) => seen.1.push(line),
            CallProgress::Progress(_) => {}
        }
    };
    let result = lab.engine.build_image(request, &sink).await;
    let (steps, lines) = seen.into_inner().unwrap();
    (result, steps, lines)
}

const BOTH: [Builder; 2] = [Builder::Classic, Builder::Buildkit];

#[test]
fn a_context_becomes_an_image() {
    run(|lab| async move {
        let dockerfile = "FROM BASE\nARG WORD=none\nCOPY . /in/\n\
            RUN test \"$(ls -A /in | tr '\\n' ' ')\" = 'a.txt link sub ' && readlink /in/link && \
            cat /in/a.txt /in/sub/b.txt && echo \" $WORD\"\n";
        for builder in BOTH {
            let mut wanted = request(&lab, builder, dockerfile);
            wanted.options.args.insert("WORD".into(), format!("{builder:?} {}", lab.name));
            let (built, steps, lines) = build(&lab, wanted.clone()).await;
            let id = built.unwrap();
            assert!(
                lines.iter().any(|l| l.contains(&format!("hellothere {builder:?}"))),
                "{lines:?}"
            );
            assert!(steps.iter().any(|(name, _)| name.contains("COPY . /in/")), "{steps:?}");
            for reference in &wanted.references {
                let image = lab.engine.inspect_image(reference).await.unwrap();
                assert_eq!((image.id, &image.labels["l"]), (id.clone(), &wanted.labels["l"]));
            }
            let (again, steps, _) = build(&lab, wanted).await;
            assert_eq!(again.unwrap(), id);
            assert!(
                steps.iter().any(|(name, cached)| name.contains("COPY") && *cached),
                "{steps:?}"
            );
        }
    });
}

#[test]
fn the_step_that_fails_is_named() {
    run(|lab| async move {
        for builder in BOTH {
            let dockerfile = "FROM BASE\nRUN echo one; echo two >&2; exit 3\n";
            let (built, _, _) = build(&lab, request(&lab, builder, dockerfile)).await;
            let error = built.unwrap_err();
            assert_eq!(error.fault, Fault::BuildFailed, "{error}");
            assert!(error.message.contains("RUN echo one"), "{error}");
            let tail: Vec<_> = error.detail.iter().map(|line| line.trim()).collect();
            assert!(tail.contains(&"one") && tail.contains(&"two"), "{tail:?}");
        }
    });
}

#[test]
fn a_dockerfile_that_is_none() {
    run(|lab| async move {
        for builder in BOTH {
            let (built, _, _) = build(&lab, request(&lab, builder, "FROM BASE\nRUNN x\n")).await;
            let error = built.unwrap_err();
            assert!(
                matches!(error.fault, Fault::BuildFailed | Fault::Invalid),
                "{:?}",
                error.fault
            );
            assert!(error.message.contains("RUNN"), "{error}");
        }
    });
}

#[test]
fn a_file_that_cannot_be_read_fails_the_build() {
    run(|lab| async move {
        for builder in BOTH {
            let mut wanted = request(&lab, builder, "FROM BASE\nCOPY . /in/\n");
            wanted.context = Arc::new(Files([("a.txt", "!")].into()));
            let (built, _, _) = build(&lab, wanted).await;
            let error = built.unwrap_err();
            let mut chain = error.to_string();
            let mut next = std::error::Error::source(&error);
            while let Some(source) = next {
                chain = format!("{chain}: {source}");
                next = source.source();
            }
            assert!(chain.contains("permission denied"), "{builder:?} {chain}");
        }
    });
}

#[test]
fn secrets_are_given_to_one_builder_and_refused_by_the_other() {
    run(|lab| async move {
        let dockerfile = "FROM BASE\n\
            RUN --mount=type=secret,id=pw test \"$(cat /run/secrets/pw)\" = hunter2\n";
        for builder in BOTH {
            let mut wanted = request(&lab, builder, dockerfile);
            wanted.secrets.insert("pw".into(), Sensitive::new("hunter2"));
            let (built, _, _) = build(&lab, wanted).await;
            match builder {
                Builder::Classic => assert_eq!(built.unwrap_err().fault, Fault::Unsupported),
                Builder::Buildkit | Builder::Auto => drop(built.unwrap()),
            }
        }
    });
}

#[test]
fn auto_takes_the_builder_that_can() {
    run(|lab| async move {
        let (built, _, _) =
            build(&lab, request(&lab, Builder::Auto, "FROM BASE\nRUN true\n")).await;
        built.unwrap();
    });
}
