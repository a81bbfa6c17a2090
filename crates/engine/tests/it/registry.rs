//! Pushing to and pulling from a registry that asks for a password, where one is installed.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use windlass_engine::docker::{DockerEngine, Environment};
use windlass_engine::stream::CallProgress;
use windlass_engine::{Engine as _, EngineError};
use windlass_model::event::Progress;
use windlass_model::fault::Fault;
use windlass_model::name::EngineName;

use crate::lab::{address, nobody, run};

/// `me` with the password `sesame`, which is no secret.
const USERS: &str = "me:$2y$05$3bzQRVDA9kdpdvW3C6x7teD/qN7vrXZm6LVRUFDmIf88Lm0RyszuW\n";

/// A registry of this test's own; stopped when it goes out of scope.
struct Registry {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::write(folder.path().join("users"), USERS).unwrap();
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {path}/data}}}}\n\
             http: {{addr: '127.0.0.1:{port}', secret: x}}\n\
             auth: {{htpasswd: {{realm: test, path: {path}/users}}}}\n"
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let registry = Self { process, port, folder };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(registry);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the registry does not listen");
    }

    /// The engine as a user has it whose configuration holds this password.
    fn user(&self, what: &str, password: &str) -> DockerEngine {
        use base64::Engine as _;
        let home = self.folder.path().join(what);
        std::fs::create_dir_all(home.join(".docker")).unwrap();
        let auth = base64::engine::general_purpose::STANDARD.encode(format!("me:{password}"));
        let registry = format!("127.0.0.1:{}", self.port);
        let config = format!(r#"{{"auths":{{"{registry}":{{"auth":"{auth}"}}}}}}"#);
        std::fs::write(home.join(".docker/config.json"), config).unwrap();
        let environment = Environment { vars: BTreeMap::new(), home: Some(home) };
        DockerEngine::at(EngineName::default(), &address().unwrap(), environment).unwrap()
    }
}

fn fault(result: Result<(), EngineError>) -> Fault {
    result.expect_err("it succeeded").fault
}

#[test]
fn passwords_are_shown_to_their_registry() {
    run(|lab| async move {
        let Some(registry) = Registry::start().await else { return };
        let reference = format!("127.0.0.1:{}/{}:1", registry.port, lab.name);
        lab.engine.tag_image(&lab.image, &reference).await.unwrap();
        let good = registry.user("good", "sesame");
        let wrong = registry.user("wrong", "wrong");
        let nobody =
            DockerEngine::at(EngineName::default(), &address().unwrap(), nobody()).unwrap();
        assert_eq!(fault(wrong.push_image(&reference, &|_| {}).await), Fault::RegistryDenied);
        assert_eq!(fault(nobody.push_image(&reference, &|_| {}).await), Fault::RegistryDenied);
        good.push_image(&reference, &|_| {}).await.unwrap();
        lab.engine.remove_image(&reference).await.unwrap();

        assert_eq!(
            fault(nobody.pull_image(&reference, None, &|_| {}).await),
            Fault::RegistryDenied
        );
        let said = Mutex::new(Vec::new());
        let sink = |progress: CallProgress| said.lock().unwrap().push(progress);
        good.pull_image(&reference, None, &sink).await.unwrap();
        let seen = good.inspect_image(&reference).await.unwrap();
        assert!(seen.references.contains(&reference));
        let said = said.into_inner().unwrap();
        let is_status = |one: &CallProgress| matches!(one, CallProgress::Progress(Progress::Status { text }) if text.starts_with("Status: "));
        assert!(said.iter().any(is_status), "{said:?}");

        let digest = seen.references.iter().find(|one| one.contains("@sha256:")).unwrap().clone();
        good.pull_image(&digest, None, &|_| {}).await.unwrap();
        let missing = format!("{}:nope", reference.trim_end_matches(":1"));
        assert_eq!(fault(good.pull_image(&missing, None, &|_| {}).await), Fault::RegistryNotFound);
        // Both names are the registry's: the test's own clean-up looks for names of its own.
        for reference in [&reference, &digest] {
            let _ = good.remove_image(reference).await;
        }
    });
}
