//! A place for one test: an engine, a base image and a name of its own.
//!
//! Invariant: what is removed at the end is found by the test's name, never by age or kind alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use windlass_engine::docker::{DockerEngine, EngineAddress, Environment};
use windlass_engine::stream::Upload;
use windlass_engine::{Engine as _, EngineError};
use windlass_model::address::Address;
use windlass_model::container::ContainerConfig;
use windlass_model::label::owner_labels;
use windlass_model::name::{ContainerId, EngineName, ProjectName};
use windlass_model::plan::CreateContainer;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A label of images that tests build.
pub(crate) const TEST: &str = "wlengine.test";

/// An engine and what a test makes there.
pub(crate) struct Lab {
    pub(crate) engine: DockerEngine,
    /// Unique; the beginning of every name.
    pub(crate) name: String,
    /// A busybox with a shell.
    pub(crate) image: String,
}

/// Where the tests' engine is, if there is one.
pub(crate) fn address() -> Option<EngineAddress> {
    if let Ok(url) = std::env::var("WINDLASS_TEST_ENGINE") {
        return Some(url.parse().unwrap());
    }
    let path = PathBuf::from("/var/run/docker.sock");
    path.exists().then_some(EngineAddress::Unix { path })
}

/// The surroundings of a user without any configuration.
pub(crate) fn nobody() -> Environment {
    let path = std::env::var("PATH").unwrap();
    Environment { vars: BTreeMap::from([("PATH".to_owned(), path)]), home: None }
}

/// Runs a test on an engine and cleans up after it; without an engine there is nothing to test.
pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(Arc<Lab>) -> F) {
    let Some(address) = address() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let lab = Arc::new(Lab::open(&address).await);
        let result = std::panic::AssertUnwindSafe(test(Arc::clone(&lab))).catch_unwind().await;
        lab.clean_up().await;
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

impl Lab {
    async fn open(address: &EngineAddress) -> Self {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wlengine-{}-{count}", std::process::id());
        let engine = DockerEngine::at(EngineName::default(), address, nobody()).unwrap();
        let mut lab = Self { engine, name, image: String::new() };
        lab.image = match std::env::var("WINDLASS_TEST_IMAGE") {
            Ok(image) => image,
            Err(_) => lab.import().await,
        };
        lab
    }

    async fn import(&self) -> String {
        let reference = format!("{}-base:1", self.name);
        let labels = BTreeMap::new();
        self.engine.import_image(&reference, &[], &labels, upload(&rootfs())).await.unwrap();
        reference
    }

    /// A name of this test's own.
    pub(crate) fn named(&self, what: &str) -> String {
        format!("{}-{what}", self.name)
    }

    /// What creates a container as the executor would: with the labels that make it ours.
    pub(crate) fn create(&self, what: &str, config: ContainerConfig) -> CreateContainer {
        let address = Address::container(&EngineName::default(), what);
        let project = ProjectName::new(&self.name);
        let mut labels = owner_labels(&project, &address, Some(&config), None);
        labels.extend(config.labels.clone());
        let (name, image) = (self.named(what), self.image.clone());
        CreateContainer {
            name: name.into(),
            image: image.into(),
            config: config.into(),
            labels: labels.into(),
        }
    }

    pub(crate) async fn created(
        &self,
        what: &str,
        config: ContainerConfig,
    ) -> Result<ContainerId, EngineError> {
        self.engine.create_container(&self.create(what, config)).await
    }

    /// A container that runs a line of shell.
    pub(crate) async fn started(&self, what: &str, line: &str) -> ContainerId {
        let id = self.created(what, shell(line)).await.unwrap();
        self.engine.start_container(&id).await.unwrap();
        id
    }

    async fn clean_up(&self) {
        let engine = &self.engine;
        let ours = |name: &str| name.starts_with(&self.name);
        for container in engine.list_containers().await.unwrap() {
            if ours(&container.name) {
                let _ = engine.remove_container(&container.id, true, true).await;
            }
        }
        for network in engine.list_networks().await.unwrap() {
            if ours(&network.name) {
                engine.remove_network(&network.id).await.unwrap();
            }
        }
        for volume in engine.list_volumes().await.unwrap() {
            if ours(&volume.name) {
                engine.remove_volume(&volume.name).await.unwrap();
            }
        }
        for image in engine.list_images().await.unwrap() {
            for reference in
                image.references.iter().filter(|name| ours(name) && !name.contains('@'))
            {
                engine.remove_image(reference).await.unwrap();
            }
            // One whose name went over to a later build.
            if image.references.is_empty() && image.labels.get(TEST) == Some(&self.name) {
                let _ = engine.remove_image(image.id.as_str()).await;
            }
        }
    }
}

/// A configuration that runs a line of shell and ends at once when it is told to.
pub(crate) fn shell(line: &str) -> ContainerConfig {
    ContainerConfig {
        command: Some(vec!["sh".into(), "-c".into(), line.into()]),
        stop_signal: Some("SIGKILL".into()),
        ..ContainerConfig::default()
    }
}

/// Bytes on their way, in pieces.
pub(crate) fn upload(bytes: &[u8]) -> Upload {
    let pieces: Vec<_> =
        bytes.chunks(50_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    futures_util::stream::iter(pieces).boxed()
}

/// A tar of files, by path and contents.
pub(crate) fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// A root file system of a static busybox, made once and kept in the target directory.
fn rootfs() -> Vec<u8> {
    static MADE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let keep = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = keep.join("busybox.tar");
    if !file.exists() {
        let part = keep.join(format!("busybox.tar.{}", std::process::id()));
        std::fs::write(&part, pack(&busybox(keep))).unwrap();
        std::fs::rename(part, &file).unwrap();
    }
    std::fs::read(file).unwrap()
}

fn busybox(keep: &Path) -> PathBuf {
    let folder = keep.join(format!("busybox.{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let run = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("apt-get", &["-qq", "-o", "APT::Sandbox::User=root", "download", "busybox-static"]);
    run("sh", &["-c", "dpkg --extract busybox-static_*.deb ."]);
    folder.join("bin/busybox")
}

fn pack(busybox: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    for folder in ["bin", "etc", "tmp", "root", "dev", "proc", "sys"] {
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        tar.append_data(&mut header, folder, std::io::empty()).unwrap();
    }
    let mut file = |path: &str, mode: u32, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes).unwrap();
    };
    file("bin/busybox", 0o755, &std::fs::read(busybox).unwrap());
    file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n");
    file("etc/group", 0o644, b"root:x:0:\nuser:x:1000:\n");
    let list = Command::new(busybox).arg("--list").output().unwrap();
    for applet in String::from_utf8(list.stdout).unwrap().lines().filter(|line| *line != "busybox")
    {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
    }
    tar.into_inner().unwrap()
}
