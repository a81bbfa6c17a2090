//! A host for tests: a real sshd, behind which this machine's files are, and what is changed there is in memory only.
//!
//! Invariant: it ends with the value; nothing outside of a temporary directory and of namespaces of its own is changed.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::Test;

/// See the module.
pub(crate) struct Sshd {
    directory: tempfile::TempDir,
    process: Child,
    port: u16,
}

/// What is special about a host.
#[derive(Clone, Copy, Default)]
pub(crate) struct Kind {
    /// Commands with `$root`, run as root before anybody comes.
    pub(crate) setup: &'static str,
    /// Who comes in is user 1000, with /home/u, and not root.
    pub(crate) is_user: bool,
}

impl Sshd {
    /// `None` where a test is not root, or may not mount anything: that is said.
    pub(crate) fn start(kind: Kind) -> Option<Self> {
        if !can_start() {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        for key in ["host", "mine"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at.join(key));
            assert!(keygen.status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = at.join("root");
        let enter = if kind.is_user { "--userspec=1000:1000" } else { "" };
        let home = if kind.is_user { "/home/u" } else { "/root" };
        let (shown, root_shown) = (at.display(), root.display());
        let write = |name: &str, text: String| fs::write(at.join(name), text).unwrap();
        write(
            "enter",
            format!(
                "#!/bin/sh\n[ ! -f {shown}/env ] || . {shown}/env\nexec chroot {enter} {root_shown} env HOME={home} sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
            ),
        );
        fs::set_permissions(at.join("enter"), fs::Permissions::from_mode(0o755)).unwrap();
        write(
            "config",
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nPidFile none\nStrictModes no\n\
             AuthorizedKeysFile {shown}/mine.pub\nPasswordAuthentication no\nUsePAM no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin yes\nForceCommand {shown}/enter\n"
            ),
        );
        write(
            "ssh_config",
            format!(
                "Host *\nIdentityFile {shown}/mine\nIdentitiesOnly yes\nUserKnownHostsFile {shown}/known\nBatchMode yes\n"
            ),
        );
        let key = fs::read_to_string(at.join("host.pub")).unwrap();
        write("known", format!("[127.0.0.1]:{port} {key}"));
        // What stands in for the `ssh` of somebody who has this in ~/.ssh/config.
        fs::create_dir(at.join("bin")).unwrap();
        write("bin/ssh", format!("#!/bin/sh\nexec /usr/bin/ssh -F {shown}/ssh_config \"$@\"\n"));
        fs::set_permissions(at.join("bin/ssh"), fs::Permissions::from_mode(0o755)).unwrap();
        let script = format!(
            "set -e; root={root_shown}; mkdir {shown}/memory $root; mount -t tmpfs -o mode=0755 none {shown}/memory\n\
             mkdir {shown}/memory/up {shown}/memory/work\n\
             mount -t overlay -o lowerdir=/,upperdir={shown}/memory/up,workdir={shown}/memory/work none $root\n\
             mount -t proc none $root/proc; mount --rbind /dev $root/dev\n\
             rm -rf $root/var/lib/windlass; mkdir -p -m 0755 $root/home/u; chown 1000:1000 $root/home/u\n\
             mount -t tmpfs none /run; mkdir -p /run/sshd\n{}\nexec /usr/sbin/sshd -D -e -f {shown}/config",
            kind.setup
        );
        let log = fs::File::create(at.join("log")).unwrap();
        let mut process = Command::new("unshare");
        process.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        process.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
        let process = process.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let mut sshd = Self { directory, process, port };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(sshd.process.try_wait().unwrap().is_none(), "{}", sshd.log());
            assert!(Instant::now() < deadline, "{}", sshd.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(sshd)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Where a file of the host is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.process.id());
        let root = format!("{root}{}/root", self.directory.path().display());
        Path::new(&root).join(path.trim_start_matches('/'))
    }

    /// What reaches it with `--host`.
    pub(crate) fn name(&self) -> String {
        format!("ssh://root@127.0.0.1:{}", self.port)
    }

    /// A run of the program that finds the keys of this host.
    pub(crate) fn test(&self) -> Test {
        let path = format!("{}/bin:/usr/bin:/bin", self.directory.path().display());
        Test::new().variable("PATH", &path)
    }

    /// Does something as its setup does.
    pub(crate) fn change(&self, script: &str) {
        let root = self.directory.path().join("root");
        let script = format!("root={}; {script}", root.display());
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--mount", "--target", &self.process.id().to_string(), "sh", "-c", &script]);
        assert!(nsenter.status().unwrap().success(), "{script}");
    }

    /// A file of its own directory: `known` has the keys of hosts, `env` is read by a shell that comes in.
    pub(crate) fn own(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Says why not.
fn can_start() -> bool {
    let mut told = std::io::stderr();
    if !Path::new("/usr/sbin/sshd").exists() {
        let _ = writeln!(told, "skipped: there is no /usr/sbin/sshd (Debian's openssh-server)");
        return false;
    }
    let mut mount = Command::new("unshare");
    mount.args(["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).stderr(Stdio::null());
    let can = mount.status().is_ok_and(|status| status.success());
    if !can {
        let _ = writeln!(told, "skipped: nothing can be mounted here, not even in a namespace");
    }
    can
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Sessions end with their connections.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
