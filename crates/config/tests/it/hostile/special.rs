//! What is not a file, wherever a file is named, and files that include one another.
//!
//! Invariant: nobody ever writes into the FIFOs, so whoever waits for them waits for ever.

use std::fs::write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::{Case, Input};

pub(super) fn cases(directory: &Path) -> Vec<Case> {
    let mut cases = odd(directory);
    let path = |name: &str| directory.join(name);
    let mut file = |name: &str, text: String| {
        write(path(name), text).unwrap();
        cases.push(Case { name: format!("includes {name}"), file: Input::Path(path(name)) });
    };
    file("self.yaml", "include: self.yaml\n".to_owned());
    file("ping.yaml", "include: pong.yaml\nx-a: 1\n".to_owned());
    file("pong.yaml", "include: ping.yaml\nx-b: 1\n".to_owned());
    file("dots.yaml", "include: ./directory/../dots.yaml\n".to_owned());
    file("deep.yaml", format!("include: {}none.yaml\n", "../".repeat(5000)));
    for at in 0..1200 {
        write(
            path(&format!("chain{at}.yaml")),
            format!("include: chain{}.yaml\nx-{at}: 1\n", at + 1),
        )
        .unwrap();
    }
    file("chain.yaml", "include: chain0.yaml\n".to_owned());
    let large = format!("x-a: '{}'\n", "x".repeat(3 << 20));
    for name in ["large1.yaml", "large2.yaml", "large3.yaml"] {
        write(path(name), &large).unwrap();
    }
    file("together.yaml", "include: [large1.yaml, large2.yaml, large3.yaml]\n".to_owned());
    cases
}

/// What is no file, or none that anybody should read, in each place that names one.
fn odd(directory: &Path) -> Vec<Case> {
    let path = |name: &str| directory.join(name);
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, path("fifo"), mode).unwrap();
    drop(UnixListener::bind(path("socket")).unwrap());
    symlink("loop", path("loop")).unwrap();
    symlink("/dev/zero", path("link")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    std::fs::create_dir(path("directory")).unwrap();
    write(path("binary"), [0xff, 0xfe, 0, 1]).unwrap();
    // As large as it says, and empty on the disk.
    std::fs::File::create(path("sparse")).unwrap().set_len(1 << 40).unwrap();
    let odd = [
        "fifo",
        "socket",
        "loop",
        "link",
        "dangling",
        "directory",
        "sparse",
        "binary",
        "none",
        "/dev/zero",
        "/dev/full",
        "/dev/random",
        "/dev/tty",
        "/proc/self/mem",
        "/proc/kmsg",
        "/etc/passwd/x",
    ];
    let mut cases = Vec::new();
    for name in odd {
        let full = path(name);
        cases.push(Case { name: format!("file {name}"), file: Input::Path(full.clone()) });
        for (what, text) in [
            ("include", format!("include: ['{}']\n", full.display())),
            (
                "env-file",
                format!("containers: {{a: {{image: x, env_file: '{}'}}}}\n", full.display()),
            ),
            (
                "secret",
                format!(
                    "secrets: {{s: {{file: '{}'}}}}\ncontainers: {{a: {{image: x, env: {{A: '{{{{ secrets.s }}}}'}}}}}}\n",
                    full.display()
                ),
            ),
        ] {
            cases.push(Case::new(format!("{what} {name}"), text));
        }
    }
    cases
}
