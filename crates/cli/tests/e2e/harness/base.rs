//! The image that tests run containers from: busybox, static, with a link for each of its programs.
//!
//! Invariant: an image that was given is used and left alone; one that was made here goes with the run,
//! also when the run is killed.

use super::engine;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Set for the process that waits for the end of the run.
const GUARD: &str = "WINDLASS_E2E_GUARD";

/// The image's reference.
pub(crate) fn image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| match std::env::var("WINDLASS_TEST_IMAGE") {
        Ok(image) if !image.is_empty() => image,
        Ok(_) | Err(_) => make(),
    })
}

fn make() -> String {
    let image = format!("localhost/windlass-test-{}/base:1", std::process::id());
    guard(&image);
    import(&image, rootfs_tar(), "");
    image
}

/// Puts it on the engine that this thread works with, which is not the usual one.
pub(crate) fn bring() {
    import(image(), rootfs_tar(), "");
}

/// Another image with the same files, of this reference.
pub(crate) fn variant(reference: &str) {
    let label = engine::encode(&format!("LABEL variant={reference}"));
    import(reference, rootfs_tar(), &format!("&changes={label}"));
}

/// An image without what is below a directory, with other entries (`dev -> srv` a link, `dev` a file), and changed as the
/// instructions say.
pub(crate) fn odd(reference: &str, without: &str, with: Option<&str>, instructions: &[&str]) {
    let mut tar = tar::Builder::new(Vec::new());
    let plain = |path: &[u8]| {
        let path = String::from_utf8_lossy(path).into_owned();
        path.trim_start_matches("./").trim_end_matches('/').to_owned()
    };
    for entry in tar::Archive::new(rootfs_tar()).entries().unwrap() {
        let entry = entry.unwrap();
        if without.is_empty() || plain(&entry.path_bytes()) != without {
            tar.append(&entry.header().clone(), entry).unwrap();
        }
    }
    if let Some(with) = with {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mode(0o755);
        let (path, to) = with.split_once(" -> ").unwrap_or((with, ""));
        if to.is_empty() {
            tar.append_data(&mut header, path, std::io::empty()).unwrap();
        } else {
            header.set_entry_type(tar::EntryType::Symlink);
            tar.append_link(&mut header, path, to).unwrap();
        }
    }
    let changes = instructions.iter().flat_map(|one| ["&changes=".to_owned(), engine::encode(one)]);
    import(reference, &tar.into_inner().unwrap(), &changes.collect::<String>());
}

/// Its files, for images that have others beside them.
pub(crate) fn rootfs_tar() -> &'static [u8] {
    static ROOTFS: OnceLock<Vec<u8>> = OnceLock::new();
    ROOTFS.get_or_init(|| rootfs(tempfile::tempdir().unwrap().path()))
}

/// An image of a tar; `more` goes on with the query.
pub(crate) fn import(reference: &str, tar: &[u8], more: &str) {
    // Podman does not look at a tag beside the name.
    let path = format!("/images/create?fromSrc=-&repo={}{more}", engine::encode(reference));
    let reply = engine::call("POST", &path, "application/x-tar", tar);
    assert!(reply.is_success() && !reply.text().contains("\"error\""), "{}", reply.text());
}

fn rootfs(directory: &Path) -> Vec<u8> {
    let busybox = installed().unwrap_or_else(|| download(directory));
    let root = directory.join("root");
    for directory in ["bin", "etc", "tmp", "root", "dev", "proc", "sys"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    std::fs::copy(&busybox, root.join("bin/busybox")).unwrap();
    for applet in run(Command::new(&busybox).arg("--list")).lines().filter(|a| *a != "busybox") {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    std::fs::write(root.join("etc/passwd"), "root:x:0:0::/root:\nuser:x:1000:1000::/:\n").unwrap();
    std::fs::write(root.join("etc/group"), "root:x:0:\nuser:x:1000:\n").unwrap();
    let tar = directory.join("root.tar");
    let mut pack = Command::new("tar");
    pack.args(["--create", "--owner=0", "--group=0", "--file"]).arg(&tar);
    run(pack.arg("--directory").arg(&root).arg("."));
    std::fs::read(tar).unwrap()
}

/// A busybox of this machine, if it needs no libraries.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let busybox = std::env::split_paths(&path).map(|d| d.join("busybox")).find(|b| b.is_file())?;
    let libraries = Command::new("ldd").arg(&busybox).output().ok()?;
    (!libraries.status.success()).then_some(busybox)
}

/// Debian's, taken out of its package.
fn download(directory: &Path) -> PathBuf {
    let mut apt = Command::new("apt-get");
    apt.args(["-qq", "-o", "APT::Sandbox::User=root", "download", "busybox-static"]);
    run(apt.current_dir(directory));
    let entries = std::fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path());
    let is_package = |path: &PathBuf| path.extension().is_some_and(|e| e == "deb");
    let package = entries.into_iter().find(is_package).expect("a package from apt-get");
    let unpacked = directory.join("unpacked");
    run(Command::new("dpkg").arg("--extract").arg(package).arg(&unpacked));
    let places = ["bin/busybox", "usr/bin/busybox"].map(|place| unpacked.join(place));
    places.into_iter().find(|place| place.is_file()).expect("a busybox in busybox-static")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed; the tests need a static busybox, such as Debian's busybox-static: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Starts a process that removes the image when this one is gone: its input ends then.
#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn guard(image: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "harness::base::the_base_image_goes_with_the_run"])
        .env(GUARD, image)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::mem::forget(child.stdin.take());
}

#[test]
fn the_base_image_goes_with_the_run() {
    if let Ok(image) = std::env::var(GUARD) {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        assert!(engine::delete(&format!("/images/{image}?force=1")));
    } else if engine::url().is_some() {
        let image = engine::get(&format!("/images/{}/json", image()));
        assert!(image["Id"].is_string(), "{image}");
    }
}
