//! The image that tests run containers from: busybox, static, with a link for each of its programs.
//!
//! Invariant: nothing is installed and nothing is pulled; the package is downloaded once into the
//! target directory, and a busybox that is on the machine will do where there is no apt.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::engine::LOCAL;
use crate::{Result, process, say, workspace};

/// Prefix of what a run of the tests makes; the process id follows.
pub(super) const PREFIX: &str = "windlass-test-";

/// The project that this run's image belongs to.
pub(super) fn project() -> String {
    format!("{PREFIX}{}", std::process::id())
}

/// A name of this run's own: runs beside one another must not take it from each other.
pub(super) fn image() -> String {
    format!("{LOCAL}{}/base:1", project())
}

/// The root file system as a tar.
pub(crate) fn rootfs() -> Result<Vec<u8>> {
    let keep = workspace::keep("base")?;
    let file = keep.join("rootfs.tar");
    if file.exists() {
        return Ok(std::fs::read(file)?);
    }
    let busybox = match download(&keep) {
        Ok(busybox) => busybox,
        Err(error) => installed().ok_or_else(|| {
            format!("{error}\nThe tests need a static busybox: install Debian's busybox-static.")
        })?,
    };
    say::line(&format!("base image from {}", busybox.display()));
    let root = keep.join("rootfs");
    let _ = std::fs::remove_dir_all(&root);
    for directory in ["bin", "etc", "tmp", "root", "dev", "proc", "sys", "usr"] {
        std::fs::create_dir_all(root.join(directory))?;
    }
    std::fs::copy(&busybox, root.join("bin/busybox"))?;
    for applet in process::capture(Command::new(&busybox).arg("--list"))?.lines() {
        if applet != "busybox" {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(applet))?;
        }
    }
    for link in ["sbin", "usr/bin", "usr/sbin"] {
        std::os::unix::fs::symlink("/bin", root.join(link))?;
    }
    std::fs::write(
        root.join("etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n",
    )?;
    std::fs::write(root.join("etc/group"), "root:x:0:\nuser:x:1000:\n")?;
    let part = keep.join("rootfs.part");
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--owner=0", "--group=0", "--sort=name"]);
    tar.arg("--file").arg(&part).arg("--directory").arg(&root).arg(".");
    process::quietly(&mut tar)?;
    std::fs::rename(part, &file)?;
    Ok(std::fs::read(file)?)
}

fn download(keep: &Path) -> Result<PathBuf> {
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(keep).arg("-qq").args(words);
        process::capture(&mut command)
    };
    let download = ["-o", "APT::Sandbox::User=root", "download", "busybox-static"];
    if apt(&download).is_err() {
        // A clean machine has no lists of packages yet.
        apt(&["update"])?;
        apt(&download)?;
    }
    let package = std::fs::read_dir(keep)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or("apt-get downloaded no busybox-static")?;
    let unpacked = keep.join("unpacked");
    process::capture(Command::new("dpkg").arg("--extract").arg(package).arg(&unpacked))?;
    let places = ["bin/busybox", "usr/bin/busybox"].map(|place| unpacked.join(place));
    Ok(places.into_iter().find(|place| place.is_file()).ok_or("no busybox in busybox-static")?)
}

/// A busybox of this machine, if it needs no libraries.
fn installed() -> Option<PathBuf> {
    let busybox = process::program("busybox")?;
    let libraries = process::output(Command::new("ldd").arg(&busybox)).ok()?;
    (!libraries.status.success()).then_some(busybox)
}
