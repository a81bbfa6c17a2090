//! Declared images, prepared.
//!
//! Invariant: each change to a declaration is checked against the digest: it moves when the image would, and only then.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use windlass_image::dockerfile::ReferenceKind;
use windlass_image::file_digests::FileDigests;
use windlass_image::source::{DOCKERFILE_NAME, PreparedBuild, Recipe, SourceError};
use windlass_image::tar_stream::TarOptions;
use windlass_model::command::{AddOptions, BuildCommand, PlacedCommand};
use windlass_model::image::{
    BuildOptions, Builder, ContextSpec, DockerfileSource, ImageSource, ImageSpec, ImageUse,
};

use crate::tree::{Tree, names};

fn image(source: ImageSource) -> ImageSpec {
    ImageSpec {
        key: "app".to_owned(),
        reference: "shop/app:latest".to_owned(),
        tags: BTreeSet::new(),
        source,
        build: BuildOptions::default(),
        depends_on: BTreeSet::new(),
        push: false,
    }
}

fn commands(commands: Vec<BuildCommand>, context: Option<ContextSpec>) -> ImageSpec {
    let place = |command| PlacedCommand { command, place: "windlass.yaml:1".to_owned() };
    image(ImageSource::Commands { commands: commands.into_iter().map(place).collect(), context })
}

fn instruction(instruction: &str, text: &str) -> BuildCommand {
    let (instruction, text) = (instruction.to_owned(), text.to_owned());
    BuildCommand::Instruction { instruction, text }
}

fn from_base() -> BuildCommand {
    BuildCommand::From { image: ImageUse::Project("base".to_owned()), alias: None, platform: None }
}

fn context(tree: &Tree) -> ContextSpec {
    ContextSpec::new(tree.path("").display().to_string())
}

fn prepare_with(spec: &ImageSpec, ids: &[(&str, &str)]) -> PreparedBuild {
    let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect()
    };
    match Recipe::read(spec, &pairs(&[("base", "shop/base:latest")])).expect("read") {
        Recipe::Build(recipe) => {
            recipe.prepare(&pairs(ids), &FileDigests::default()).expect("prepare")
        }
        other @ (Recipe::Import(_) | Recipe::Provision(_) | Recipe::External) => {
            panic!("not a build: {other:?}")
        }
    }
}

fn prepare(spec: &ImageSpec) -> PreparedBuild {
    prepare_with(spec, &[])
}

#[test]
fn commands_bring_their_files_along() {
    let tree = Tree::new(&["a", ".dockerignore=secret\n", "secret"]);
    let nested = Tree::new(&["x/y", "z"]);
    let spec = commands(
        vec![
            from_base(),
            instruction("RUN", "one \\\n two"),
            BuildCommand::AddContent {
                content: "hi".to_owned(),
                dest: "/hi".to_owned(),
                options: AddOptions { mode: Some(0o700), owner: None },
            },
            BuildCommand::AddContext {
                context: context(&nested),
                dest: "/n".to_owned(),
                options: AddOptions { mode: Some(0o640), owner: None },
            },
        ],
        Some(context(&tree)),
    );
    let build = prepare(&spec);
    let listed = names(&build.context);
    assert_eq!(listed[..2], [".dockerignore", ".windlass/"]);
    assert!(listed[2].ends_with("-700-hi"), "{listed:?}");
    let wanted = ["context-1/", "context-1/x/", "context-1/x/y", "context-1/z"];
    assert_eq!(listed[3..7], wanted.map(|name| format!(".windlass/{name}")));
    assert_eq!(listed[7..], ["a"]);
    let modes: Vec<u32> = build.context.entries()[2..7].iter().map(|entry| entry.mode).collect();
    assert_eq!((modes[0], modes[3], modes[4]), (0o700, 0o640, 0o640));
    let at: Vec<_> = (1..=6).map(|line| build.command_at(line)).collect();
    assert_eq!(at, [Some(0), Some(1), Some(1), Some(2), Some(3), None]);
    let [base] = &build.images[..] else { panic!("one image: {:?}", build.images) };
    assert_eq!((&*base.image, base.kind, base.line), ("shop/base:latest", ReferenceKind::From, 1));
}

#[test]
fn the_digest_moves_with_the_image() {
    let tree = Tree::new(&["a"]);
    let spec = commands(vec![from_base(), instruction("COPY", ". /")], Some(context(&tree)));
    let digest = prepare(&spec).digest;
    assert_eq!(prepare(&spec).digest, digest);

    let changes: [fn(&mut ImageSpec); 8] = [
        |spec| drop(spec.build.args.insert("A".to_owned(), "1".to_owned())),
        |spec| drop(spec.build.labels.insert("A".to_owned(), "1".to_owned())),
        |spec| spec.build.platform = Some("linux/arm64".to_owned()),
        |spec| spec.build.network = Some("host".to_owned()),
        |spec| spec.build.squash = true,
        |spec| spec.build.target = Some("0".to_owned()),
        |spec| spec.build.extra_hosts.extend(["a:1.2.3.4".to_owned()]),
        |spec| {
            if let ImageSource::Commands { commands, .. } = &mut spec.source {
                commands.pop();
            }
        },
    ];
    let mut digests = BTreeSet::from([digest]);
    for (index, change) in changes.iter().enumerate() {
        let mut other = spec.clone();
        change(&mut other);
        assert!(digests.insert(prepare(&other).digest), "change {index}");
    }
    let based = prepare_with(&spec, &[("shop/base:latest", "sha256:1")]).digest;
    assert!(digests.insert(based), "the base image is there");
    let rebased = prepare_with(&spec, &[("shop/base:latest", "sha256:2")]).digest;
    assert!(digests.insert(rebased), "the base image changed");

    let mut same = spec.clone();
    same.build.builder = Builder::Classic;
    same.build.cache_from = vec!["x".to_owned()];
    same.build.secrets.insert("id".to_owned(), "key".to_owned());
    same.tags.insert("more".to_owned());
    assert_eq!(prepare(&same).digest, digest, "how it is built is not what is built");
    tree.plant("a=b");
    assert!(digests.insert(prepare(&spec).digest), "the build context changed");
}

#[test]
fn a_dockerfile_has_its_own_ignore_file() {
    let tree =
        Tree::new(&["f", "g", "docker/App=FROM x\nCOPY . /\n", "docker/App.dockerignore=g\n"]);
    let path = tree.path("docker/App").display().to_string();
    let dockerfile = DockerfileSource::Path(path);
    let build =
        prepare(&image(ImageSource::Dockerfile { dockerfile, context: Some(context(&tree)) }));
    assert_eq!(names(&build.context), ["docker/", "docker/App", "docker/App.dockerignore", "f"]);
    assert_eq!(build.dockerfile_text, "FROM x\nCOPY . /\n");
    assert_eq!(build.command_at(1), None);
}

#[test]
fn the_platform_is_known_to_from() {
    let dockerfile = DockerfileSource::Inline("FROM a-$TARGETARCH$TARGETVARIANT\n".to_owned());
    let mut spec = image(ImageSource::Dockerfile { dockerfile, context: None });
    spec.build.platform = Some("linux/arm/v7".to_owned());
    assert_eq!(prepare(&spec).images[0].image, "a-armv7");
}

#[test]
fn errors_lead_to_the_command() {
    let read = |spec: &ImageSpec| Recipe::read(spec, &BTreeMap::new()).expect_err("malformed");
    let error = read(&commands(vec![instruction("ARG", "A"), instruction("RUN", "x")], None));
    assert!(matches!(error, SourceError::Dockerfile { command: Some(1), .. }), "{error:?}");
    let error = read(&commands(vec![from_base()], None));
    assert!(matches!(error, SourceError::Commands { .. }), "{error:?}");
    let dockerfile = DockerfileSource::Path("/nowhere/Dockerfile".to_owned());
    let error = read(&image(ImageSource::Dockerfile { dockerfile, context: None }));
    assert!(matches!(error, SourceError::ReadDockerfile { .. }), "{error:?}");
}

#[test]
fn the_tar_hides_what_is_not_the_users() {
    let cases = [
        (vec!["a", ".dockerignore=b\n", "b"], format!("b\n\n{DOCKERFILE_NAME}\n")),
        (vec!["a", ".dockerignore=.dockerignore\n"], format!("{DOCKERFILE_NAME}\n.dockerignore\n")),
        (vec!["a"], format!("{DOCKERFILE_NAME}\n.dockerignore\n")),
    ];
    for (items, wanted) in cases {
        let tree = Tree::new(&items);
        let build = prepare(&commands(vec![from_base()], Some(context(&tree))));
        let before = build.context.clone();
        let mut stream = Vec::new();
        build.write_tar(&mut stream, TarOptions::default()).expect("tar");
        assert_eq!(build.context, before);
        let mut found = BTreeMap::new();
        for entry in tar::Archive::new(&*stream).entries().expect("entries") {
            let mut entry = entry.expect("entry");
            let path = entry.path().expect("path").display().to_string();
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("text");
            found.insert(path, content);
        }
        assert_eq!(found[DOCKERFILE_NAME], "FROM shop/base:latest\n");
        assert_eq!(found[".dockerignore"], wanted, "{items:?}");
        assert_eq!(found.len(), 3, "{found:?}");
    }
}

#[test]
fn imports_and_external_images_have_no_dockerfile() {
    let tree = Tree::new(&["bin/x"]);
    let import = |changes: &[&str]| {
        let changes = changes.iter().map(|&change| change.to_owned()).collect();
        let path = tree.path("").display().to_string();
        let spec = image(ImageSource::Import { path, changes });
        match Recipe::read(&spec, &BTreeMap::new()).expect("read") {
            Recipe::Import(import) => import.digest().expect("digest"),
            other @ (Recipe::Build(_) | Recipe::Provision(_) | Recipe::External) => {
                panic!("not an import: {other:?}")
            }
        }
    };
    assert_eq!(import(&[]), import(&[]));
    assert_ne!(import(&["CMD x"]), import(&[]));
    let pull = windlass_model::image::PullPolicy::Missing;
    let external = Recipe::read(&image(ImageSource::External { pull }), &BTreeMap::new());
    assert_eq!(external.expect("read"), Recipe::External);
}

#[test]
fn what_is_not_a_file_is_refused_and_never_waited_for() {
    let tree = Tree::new(&["Dockerfile=FROM scratch\n", "sub/"]);
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    for name in ["fifo", "sub/.dockerignore"] {
        rustix::fs::mkfifoat(rustix::fs::CWD, tree.path(name), mode).expect("made");
    }
    let dockerfile = |path: &str, context: Option<ContextSpec>| {
        let dockerfile = DockerfileSource::Path(tree.path(path).display().to_string());
        image(ImageSource::Dockerfile { dockerfile, context })
    };
    let import = |path: &str| {
        let path = tree.path(path).display().to_string();
        image(ImageSource::Import { path, changes: Vec::new() })
    };
    let hidden = Some(ContextSpec::new(tree.path("sub").display().to_string()));
    for (spec, expected) in [
        (dockerfile("fifo", None), "it is a FIFO"),
        (dockerfile("/dev/zero", None), "it is a device"),
        (dockerfile("Dockerfile", hidden), "it is a FIFO"),
        (import("fifo"), "it is a FIFO"),
        (import("/dev/zero"), "it is a device"),
    ] {
        let read = Recipe::read(&spec, &BTreeMap::new()).and_then(|recipe| match recipe {
            Recipe::Build(recipe) => {
                recipe.prepare(&BTreeMap::new(), &FileDigests::default()).map(|_| ())
            }
            Recipe::Import(_) | Recipe::Provision(_) | Recipe::External => Ok(()),
        });
        let mut error: &dyn std::error::Error = &read.expect_err("refused");
        while let Some(source) = error.source() {
            error = source;
        }
        assert!(error.to_string().contains(expected), "{error}");
    }
}
