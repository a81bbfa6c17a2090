//! Images of resources beside directories and hosts: the same cases, the same files; and the same image wherever it is built.
//!
//! Invariant: what an image holds is read from its layers as the engine saves them.

use crate::cases::{FILES, Placed, groups};
use crate::harness::{Output, World, base, engine, run_to_end, saved};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use tar::{Archive, Builder, EntryType, Header};

type Entries = BTreeMap<String, String>;

fn world(test: &str) -> Option<World> {
    if engine::url().is_some() && engine::is_podman() {
        return None;
    }
    let world = World::new(test)?;
    for (name, text) in FILES {
        world.file(name, text);
    }
    Some(world)
}

/// An image with the programs of busybox, and what is said: `/a/` a directory, `-> b` a link, a text.
fn import(reference: &str, entries: &[(String, &str)], changes: &[&str], is_merged: bool) {
    let mut tar = Builder::new(Vec::new());
    for entry in Archive::new(base::rootfs_tar()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let path = path.trim_start_matches("./");
        let moved = path.starts_with("bin/").then(|| format!("usr/{path}")).filter(|_| is_merged);
        let path = moved.as_deref().unwrap_or(path);
        let is_other = entries.iter().any(|(name, _)| name == path);
        if matches!(path, "" | "." | "bin" | "usr/bin/") && is_merged || is_other || path.len() < 2
        {
            continue;
        }
        let (mut header, mut bytes) = (entry.header().clone(), Vec::new());
        entry.read_to_end(&mut bytes).unwrap();
        match entry.link_name().unwrap() {
            Some(to) => tar.append_link(&mut header, path, to).unwrap(),
            None => tar.append_data(&mut header, path, &bytes[..]).unwrap(),
        }
    }
    if is_merged {
        append(&mut tar, "bin", "-> usr/bin");
    }
    for (name, text) in entries {
        append(&mut tar, name.trim_start_matches('/'), text);
    }
    let changes: Vec<_> =
        changes.iter().map(|one| format!("&changes={}", engine::encode(one))).collect();
    base::import(reference, &tar.into_inner().unwrap(), &changes.concat());
}

fn append(tar: &mut Builder<Vec<u8>>, name: &str, text: &str) {
    let mut header = Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mode(if name.ends_with('/') { 0o755 } else { 0o644 });
    if let Some(to) = text.strip_prefix("-> ") {
        header.set_entry_type(EntryType::Symlink);
        tar.append_link(&mut header, name, to).unwrap();
    } else if name.ends_with('/') {
        header.set_entry_type(EntryType::Directory);
        tar.append_data(&mut header, name, std::io::empty()).unwrap();
    } else {
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
}

/// The layers of an image as they are saved: names as they stand in the tar, and what each is.
fn layers(reference: &str) -> Vec<Entries> {
    saved::layers(reference).iter().map(|layer| entries(layer)).collect()
}

fn entries(layer: &[u8]) -> Entries {
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let header = entry.header();
        let owner = match (header.uid().unwrap(), header.gid().unwrap()) {
            (0, 0) => String::new(),
            (user, group) => format!("{user}:{group} "),
        };
        let mode = header.mode().unwrap() & 0o7777;
        let what = if header.entry_type().is_symlink() {
            format!("-> {}", entry.link_name().unwrap().unwrap().display())
        } else if header.entry_type().is_dir() {
            format!("{mode:04o} {owner}/")
        } else {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            format!("{mode:04o} {owner}{}", String::from_utf8_lossy(&bytes))
        };
        (path, what)
    };
    Archive::new(layer).entries().unwrap().map(read).collect()
}

/// What all layers together have.
fn flat(reference: &str) -> Entries {
    let mut all = Entries::new();
    for layer in layers(reference) {
        for (path, what) in layer {
            let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
            if let Some((parent, gone)) = path
                .rsplit_once(".wh.")
                .filter(|(parent, _)| parent.is_empty() || parent.ends_with('/'))
            {
                let (gone, inside) = (format!("{parent}{gone}"), format!("{parent}{gone}/"));
                all.retain(|one, _| *one != gone && !one.starts_with(&inside));
            } else {
                all.insert(path, what);
            }
        }
    }
    all
}

/// What is below a directory.
fn below(all: &Entries, top: &str) -> Entries {
    let inside = format!("{top}/");
    let own = all.iter().filter_map(|(path, what)| Some((path.strip_prefix(&inside)?, what)));
    own.map(|(path, what)| (path.to_owned(), what.clone())).collect()
}

/// What is there before.
fn before(placed: &Placed) -> Vec<(String, &'static str)> {
    let own = placed.case.before.iter().map(|(name, text)| match name.strip_prefix('/') {
        Some(name) => (name.to_owned(), *text),
        None => (format!("{}/{name}", placed.top), *text),
    });
    [(format!("{}/", placed.top), "")].into_iter().chain(own).collect()
}

fn check(placed: &Placed, all: &Entries) {
    let case = placed.case;
    let (whole, own): (Vec<_>, Vec<_>) =
        case.after.iter().partition(|(name, _)| name.starts_with('/'));
    let own = own.into_iter().map(|(name, what)| ((*name).to_owned(), placed.moved(what)));
    assert_eq!(below(all, &placed.top), own.collect::<Entries>(), "{}", case.name);
    for (name, text) in whole {
        let found = &all[name.trim_start_matches('/')];
        assert_eq!(*found, format!("0644 {}", placed.moved(text)), "{}: {name}", case.name);
    }
}

#[test]
fn an_image_becomes_what_a_directory_and_a_host_become() {
    let Some(world) = world("proof-cases") else { return };
    let image = |key: &str, group: &[Placed]| {
        let base = format!("{}/base-{key}:1", world.project);
        let entries: Vec<_> = group.iter().flat_map(before).collect();
        import(&base, &entries, &[], false);
        let resources: Vec<_> = group.iter().map(|one| one.moved(one.case.bundle)).collect();
        let resources = resources.join("\n").replace('\n', "\n    ");
        format!("  {key}:\n    from: {base}\n    resources:\n    {resources}\n")
    };
    let (wrong, right): (Vec<_>, Vec<_>) =
        groups().into_iter().partition(|group| group[0].case.fails.is_some());
    assert!(right[0].iter().filter(|one| one.case.runs).count() > 3);
    assert!(right[1..].iter().all(|group| group[0].is_of_the_whole()) && right.len() > 4);
    let images = right.iter().enumerate().map(|(at, group)| image(&format!("right-{at}"), group));
    world.yaml(&format!("images:\n{}", images.collect::<String>()));
    world.run(&["build"]).code(0);
    for (at, group) in right.iter().enumerate() {
        let all = flat(&format!("{}/right-{at}:latest", world.project));
        for one in group {
            check(one, &all);
        }
    }
    world.run(&["build"]).code(0).says("Nothing to do");
    for (at, group) in wrong.iter().enumerate() {
        let (one, key) = (&group[0], format!("wrong-{at}"));
        world.yaml(&format!("images:\n{}", image(&key, group)));
        let failed = world.run(&["build"]);
        failed.code(1).says(&one.moved(one.case.fails.unwrap())).says("windlass.yaml:5:");
        let made = engine::get(&format!("/images/{}/{key}/json", world.project));
        assert!(made.is_null(), "{}", one.case.name);
    }
}

#[test]
fn what_the_base_says_of_containers_stays_and_so_do_its_links() {
    let Some(world) = world("proof-base") else { return };
    let base = format!("{}/base:1", world.project);
    let changes = [
        "USER 1000:1000",
        "WORKDIR /tmp",
        "CMD [\"echo\", \"a b\"]",
        "ENTRYPOINT [\"/bin/busybox\"]",
        "ENV A=1 PATH=/bin",
        "LABEL of=base",
        "EXPOSE 80/tcp",
        "VOLUME /data",
    ];
    import(&base, &[], &changes, true);
    world.yaml(&format!(
        "images:\n  a:\n    from: {base}\n    resources:\n    - file: {{path: /bin/mine, contents: x}}\n    \
         - execute: id -u > /bin/zz-who\n    - file: {{path: /usr/bin/zz-last, contents: y}}\n    env: {{B: \"2\"}}\n"
    ));
    world.run(&["build"]).code(0);
    let reference = format!("{}/a:latest", world.project);
    let names: Vec<Vec<String>> =
        layers(&reference)[1..].iter().map(|layer| layer.keys().cloned().collect()).collect();
    assert_eq!(
        names[0],
        ["usr/", "usr/bin/", "usr/bin/mine"],
        "nothing takes the place of the link"
    );
    let all = flat(&reference);
    assert_eq!(all["bin"], "-> usr/bin");
    assert_eq!(all["usr/bin/zz-who"], "0644 0\n", "whoever containers of the base run as");
    assert_eq!(all["usr/bin/zz-last"], "0644 y");
    let config = |reference: &str| {
        let mut config = engine::get(&format!("/images/{reference}/json"))["Config"].clone();
        let labels = config["Labels"].as_object_mut().unwrap();
        labels.retain(|name, _| !name.starts_with("dev.windlass"));
        // What an engine notes of a commit is nobody's configuration.
        config
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !matches!(name.as_str(), "Hostname" | "Image"));
        config
    };
    let (of_base, own) = (config(&base), config(&reference));
    for key in ["User", "WorkingDir", "Cmd", "Entrypoint", "Labels", "ExposedPorts", "Volumes"] {
        assert!(!of_base[key].is_null(), "{key}");
        assert_eq!(own[key], of_base[key], "{key}");
    }
    assert_eq!(own["Env"], json!(["A=1", "PATH=/bin", "B=2"]));
}

const SITE: &str = r"
images:
  site:
    from: @image
    resources:
    - directory: {path: /srv, owner: 7}
    - tree: {path: /srv/www, source: site}
    - file: {path: /etc/app.conf, template: conf.tmpl, vars: {who: me}}
    - user: {name: app, uid: 71, home: /srv}
    - link: {path: /www, to: srv/www}
    env: {A: ä}
    command: [cat, /etc/app.conf]
";

/// A directory with a project; what is in it is as old as it is said.
fn place(world: &World, name: &str, age_s: u64) {
    let files = [
        ("windlass.yaml", &*world.filled(SITE)),
        ("conf.tmpl", "of {{ vars.who }}\n"),
        ("site/a", "a\n"),
        ("site/b/c", "c\n"),
    ];
    for (file, text) in files {
        let path = format!("{name}/{file}");
        world.file(&path, text);
        let file = fs::File::options().append(true).open(world.path(&path)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).unwrap();
    }
}

#[test]
fn the_same_is_the_same_image_wherever_it_is_built() {
    let Some(world) = world("proof-same") else { return };
    let name = format!("/images/{}/site", world.project);
    let build = |place: &str, umask: &str, variables: &[(&str, &str)]| -> (String, Output) {
        let windlass = world.command(&["-f", &format!("{place}/windlass.yaml"), "build"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
        shell.arg(windlass.get_program()).args(windlass.get_args()).env_clear();
        shell.current_dir(world.path("."));
        shell.envs(windlass.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = run_to_end({
            shell.envs(variables.iter().copied());
            shell
        });
        output.code(0);
        let id = engine::get(&format!("{name}/json"))["Id"].as_str().unwrap().to_owned();
        (id, output)
    };
    place(&world, "one", 5);
    let (first, _) = build("one", "0022", &[]);
    let reference = format!("{}/site:latest", world.project);
    let own: Vec<_> = layers(&reference).split_off(1);
    let expected = [
        ("etc/", "0755 /"),
        ("etc/app.conf", "0644 of me\n"),
        ("srv/", "0755 7:7 /"),
        ("srv/www/", "0755 /"),
        ("srv/www/a", "0644 a\n"),
        ("srv/www/b/", "0755 /"),
        ("srv/www/b/c", "0644 c\n"),
        ("www", "-> srv/www"),
    ];
    let mut found: Entries = own.iter().flatten().map(|(a, b)| (a.clone(), b.clone())).collect();
    assert!(found.remove("etc/passwd").unwrap().contains("app:x:71:"));
    assert!(found.remove("etc/group").unwrap().contains("app:x:"));
    assert_eq!(found, Entries::from(expected.map(|(a, b)| (a.to_owned(), b.to_owned()))));
    assert_eq!(own.len(), 1, "{own:?}");
    engine::delete(&format!("{name}?force=1"));

    place(&world, "two/deep", 90_000_000);
    let cache = world.path("two/cache");
    let home = world.path("two/home");
    fs::create_dir(&home).unwrap();
    let (second, _) = build(
        "two/deep",
        "0077",
        &[
            ("TZ", "Pacific/Kiritimati"),
            ("HOME", home.to_str().unwrap()),
            ("XDG_CACHE_HOME", cache.to_str().unwrap()),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LANG", "tr_TR.UTF-8"),
        ],
    );
    assert_eq!(second, first);
    // It is the same for an engine that has it, too.
    let (third, said) = build("one", "0022", &[]);
    said.says("Nothing to do");
    assert_eq!(third, first);
}

/// Every file below a directory, with its mode and contents.
fn files(top: &Path, found: &mut Vec<(String, u32, Vec<u8>)>) {
    for entry in fs::read_dir(top).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            files(&path, found);
        } else {
            found.push((path.display().to_string(), mode, fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn what_is_sensitive_is_in_the_image_and_nowhere_else() {
    const CANARY: &str = "c4n4ry-9d21";
    let Some(world) = world("proof-canary") else { return };
    world.file("key", CANARY);
    let mut digest = Command::new("sha256sum");
    let digest = digest.arg(world.path("key")).output().unwrap().stdout;
    let digest = String::from_utf8(digest).unwrap()[..64].to_owned();
    let yaml = |more: &str| {
        world.yaml(&format!(
            "images:\n  a:\n    from: @image\n    resources:\n    \
             - file: {{path: /etc/key, source: key, mode: 0600}}\n      sensitive: true\n    \
             - file: {{path: /etc/token, contents: \"{CANARY}\", mode: 0640}}\n      sensitive: true\n    \
             - line: {{path: /etc/conf, line: \"pass {CANARY}\", create: true, mode: 0600}}\n      sensitive: true\n      id: conf\n    \
             - execute: cat /etc/key > /etc/key2; chmod 600 /etc/key2\n    \
             - user: {{name: app, uid: 70, password_hash: \"$6$salt$c4n4ry\"}}\n      sensitive: true\n    \
             - file: {{path: /etc/open, contents: \"{more}\"}}\n"
        ))
    };
    let cache = world.path("cache");
    let run = |words: &[&str]| {
        let mut command = world.command(words);
        command.env("XDG_CACHE_HOME", &cache);
        run_to_end(command)
    };
    let mut said = Vec::new();
    yaml("1");
    said.push(run(&["build", "--dry-run", "-v"]));
    said.push(run(&["build", "--dry-run", "--output", "json"]));
    said.push(run(&["build", "-v"]));
    yaml("2");
    // The image as it is is looked at.
    said.push(run(&["build", "--dry-run", "-v"]));
    said.push(run(&["build", "--output", "json"]));
    let mut found = Vec::new();
    files(&cache, &mut found);
    assert!(found.iter().any(|(path, ..)| path.contains("/images/")), "{found:?}");
    let name = format!("/images/{}/a", world.project);
    assert_eq!(flat(&format!("{}/a:latest", world.project))["etc/key2"], format!("0600 {CANARY}"));
    for secret in [CANARY, &digest, "c4n4ry"] {
        for output in &said {
            output.code(0).never_says(secret);
        }
        for path in [format!("{name}/json"), format!("{name}/history")] {
            assert!(!engine::get(&path).to_string().contains(secret), "{path}");
        }
        for (path, mode, bytes) in &found {
            assert_eq!(*mode, 0o600, "{path}");
            let is_in = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_in, "{secret} is in {path}");
        }
    }
}
