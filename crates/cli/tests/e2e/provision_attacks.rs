//! What somebody tries who may put files where resources are applied, or where their sources are.
//!
//! Invariant: what is there afterwards is read from the engine, or from the disk.

use crate::harness::{Terminal, World, base, engine, saved};
use crate::provision::inspect;
use std::os::unix::fs::{lchown, symlink};

fn world(test: &str) -> Option<World> {
    if engine::url().is_some() && engine::is_podman() {
        return None;
    }
    World::new(test)
}

/// In a layer a name that begins so takes away what lies below.
#[test]
fn nothing_that_takes_away_files_of_the_base_must_be_built() {
    let Some(world) = world("attack-whiteout") else { return };
    world.file("src/.wh.passwd", "").file("plain/passwd", "");
    for (resource, code) in [
        ("file: {path: /etc/.wh.passwd}", 65),
        ("tree: {path: /etc, source: src}", 1),
        ("tree: {path: /etc, source: plain}", 0),
    ] {
        world.yaml(&format!(
            "images:\n  tool:\n    from: @image\n    resources:\n    - {resource}\n"
        ));
        let built = world.run(&["build"]);
        built.code(code);
        assert_eq!(inspect(&world, "tool").is_null(), code != 0, "{resource}{built}");
        if code != 0 {
            built.says("in a layer that name takes others away").says("windlass.yaml:5");
        }
    }
}

/// What a program of the base may do, it may also when only its mode was changed.
#[test]
fn a_change_of_the_mode_must_keep_what_a_program_may() {
    const NAME: &str = "SCHILY.xattr.security.capability";
    let capability = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0".as_slice();
    let Some(world) = world("attack-capability") else { return };
    let reference = format!("{}/base:1", world.project);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_pax_extensions([(NAME, capability)]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, "ping", &b"x"[..]).unwrap();
    base::import(&reference, &tar.into_inner().unwrap(), "");
    let found = |image: &str| {
        let layers = saved::layers(image);
        let mut archive = tar::Archive::new(&layers.last().unwrap()[..]);
        let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
        let mode = entry.header().mode().unwrap() & 0o7777;
        let all = entry.pax_extensions().unwrap().into_iter().flatten().map(Result::unwrap);
        let mut own = all.filter(|one| one.key() == Ok(NAME)).map(|one| one.value_bytes().to_vec());
        (mode, own.next())
    };
    assert_eq!(found(&reference), (0o755, Some(capability.to_vec())), "it is there before");
    world.yaml(&format!(
        "images:\n  tool:\n    from: {reference}\n    resources:\n    - file: {{path: /ping, mode: 0750}}\n"
    ));
    world.run(&["build"]).code(0);
    let tool = format!("{}/tool:latest", world.project);
    assert_eq!(found(&tool), (0o750, Some(capability.to_vec())));
    engine::delete(&format!("/images/{reference}"));
}

/// A link that another user puts in the place of a directory of theirs while somebody reads the plan.
#[test]
fn what_was_planned_must_not_be_done_where_a_link_leads_since() {
    let Some(world) = world("attack-swap") else { return };
    world.file("root/u/dir/old", "").file("root/private/conf", "kept");
    world.file("host.yaml", "resources:\n- file: {path: /u/dir/conf, contents: taken}\n");
    let link = world.path("root/u/dir");
    if lchown(world.path("root/u"), Some(65_534), None).is_err() {
        return; // Only root can, and nobody else is told apart.
    }
    let mut command = world.bare_command();
    command.args(["apply", "host.yaml", "--root", "root"]);
    let mut terminal = Terminal::start(&command);
    terminal.expect("create").expect("Go on?");
    std::fs::remove_dir_all(&link).unwrap();
    symlink("../private", &link).unwrap();
    lchown(&link, Some(65_534), None).unwrap();
    terminal.keys("y\r");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("leads through the link /u/dir"), "{shown}");
    assert_eq!(std::fs::read_to_string(world.path("root/private/conf")).unwrap(), "kept");
}
