//! Credentials from configuration files and helpers. Every case has its own folder as home.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use super::*;

/// A home with a configuration and helpers, by name and script.
fn keychain(config: &str, helpers: &[(&str, &str)]) -> (tempfile::TempDir, Environment) {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::write(home.path().join(".docker/config.json"), config).unwrap();
    for (name, script) in helpers {
        let path = home.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let search = format!("{}:/usr/bin:/bin", home.path().display());
    let environment = Environment {
        vars: BTreeMap::from([("PATH".to_owned(), search)]),
        home: Some(home.path().to_owned()),
    };
    (home, environment)
}

/// The document inside a header.
fn decoded(header: &HeaderValue) -> String {
    assert!(header.is_sensitive());
    String::from_utf8(URL_SAFE.decode(header.as_bytes()).unwrap()).unwrap()
}

async fn found(environment: &Environment, registry: &str) -> String {
    match Keychain::open(environment).unwrap().credentials(registry).await {
        Ok(Some(credentials)) => decoded(&credentials.header(registry)),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[tokio::test]
async fn stored_credentials() {
    let pair = |text: &str| STANDARD.encode(text);
    let config = serde_json::json!({"auths": {
        "https://index.docker.io/v1/": {"auth": pair("hub:a:b")},
        "127.0.0.1:5000": {"auth": pair("me:pw\0\0")},
        "https://old.example/v1/": {"username": "u", "password": "p"},
        "token.example": {"auth": pair("x:y"), "identitytoken": "t"},
        "registry.example": {"registrytoken": "r"},
        "empty.example": {},
        "bad.example": {"auth": "%%%"},
    }});
    let (_home, environment) = keychain(&config.to_string(), &[]);
    let table = [
        (
            "docker.io",
            r#"{"username":"hub","password":"a:b","serveraddress":"https://index.docker.io/v1/"}"#,
        ),
        ("127.0.0.1:5000", r#"{"username":"me","password":"pw","serveraddress":"127.0.0.1:5000"}"#),
        ("old.example", r#"{"username":"u","password":"p","serveraddress":"old.example"}"#),
        ("token.example", r#"{"identitytoken":"t","serveraddress":"token.example"}"#),
        ("registry.example", r#"{"registrytoken":"r","serveraddress":"registry.example"}"#),
        ("empty.example", "nothing"),
        ("other.example", "nothing"),
        ("bad.example", "error: the credentials for bad.example are not stored as they should be"),
    ];
    for (registry, wanted) in table {
        assert_eq!(found(&environment, registry).await, wanted);
    }
}

#[tokio::test]
async fn helpers() {
    let config = serde_json::json!({
        "auths": {"broken.example": {"auth": STANDARD.encode("u:must-not-be-used")}},
        "credsStore": "all",
        "credHelpers": {
            "broken.example": "broken", "evil.example": "../../evil", "absent.example": "absent",
            "token.example": "token", "talk.example": "talk",
        },
    });
    let (_home, environment) = keychain(
        &config.to_string(),
        &[
            (
                "all",
                r#"read -r s; case $s in none*) echo credentials not found in native keychain; exit 1;; esac; printf '{"ServerURL":"%s","Username":"u","Secret":"for-%s"}' "$s" "$s""#,
            ),
            ("broken", "echo 'the vault is shut: hunter2'; exit 1"),
            ("token", r#"echo '{"Username":"<token>","Secret":"t"}'"#),
            ("talk", "echo hello"),
        ],
    );
    let table = [
        (
            "docker.io",
            r#"{"username":"u","password":"for-https://index.docker.io/v1/","serveraddress":"https://index.docker.io/v1/"}"#,
        ),
        ("a.example", r#"{"username":"u","password":"for-a.example","serveraddress":"a.example"}"#),
        ("none.example", "nothing"),
        ("token.example", r#"{"identitytoken":"t","serveraddress":"token.example"}"#),
        ("broken.example", "error: docker-credential-broken failed with status 1"),
        ("talk.example", "error: docker-credential-talk gave an answer that is none"),
        ("absent.example", "error: cannot run docker-credential-absent"),
        ("evil.example", "error: `../../evil` is no name of a credential helper"),
    ];
    for (registry, wanted) in table {
        assert_eq!(found(&environment, registry).await, wanted, "{registry}");
    }
}

#[tokio::test]
async fn builds_get_all_that_is_stored() {
    let config = serde_json::json!({"auths": {"b.example": {"auth": STANDARD.encode("u:p")}}});
    let (_home, environment) = keychain(&config.to_string(), &[]);
    let header = Keychain::open(&environment).unwrap().build_header().await.unwrap().unwrap();
    assert_eq!(
        decoded(&header),
        r#"{"b.example":{"username":"u","password":"p","serveraddress":"b.example"}}"#
    );
    let (_home, environment) = keychain("{}", &[]);
    assert!(Keychain::open(&environment).unwrap().build_header().await.unwrap().is_none());
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error() {
    let (_home, environment) = keychain("{", &[]);
    assert!(matches!(Keychain::open(&environment), Err(AuthError::Json { .. })));
    let nowhere = Environment { home: Some(Path::new("/nonexistent").to_owned()), ..environment };
    assert!(Keychain::open(&nowhere).is_ok());
}

#[test]
fn registries_of_images() {
    let table = [
        ("busybox", "docker.io"),
        ("library/busybox:1", "docker.io"),
        ("docker.io/library/busybox", "docker.io"),
        ("index.docker.io/busybox", "docker.io"),
        ("localhost/app", "localhost"),
        ("127.0.0.1:5000/app:1", "127.0.0.1:5000"),
        ("reg.example/a/b@sha256:00", "reg.example"),
    ];
    for (reference, wanted) in table {
        assert_eq!(registry_of_image(reference), wanted);
    }
}

#[test]
fn credentials_do_not_show_themselves() {
    let secret = Credentials::IdentityToken("hunter2".to_owned());
    assert!(!format!("{secret:?}{:?}", secret.header("x")).contains("hunter2"));
}

#[tokio::test]
async fn what_is_declared_comes_before_the_variable_and_that_before_the_file() {
    use windlass_model::registry::{RegistryLogin, RegistrySpec};
    use windlass_model::secret::Sensitive;
    let auths = |user: &str, hosts: &[&str]| {
        let auth = STANDARD.encode(format!("{user}:pw"));
        let all = hosts.iter().map(|host| format!(r#""{host}":{{"auth":"{auth}"}}"#));
        format!(r#"{{"auths":{{{}}}}}"#, all.collect::<Vec<_>>().join(","))
    };
    let file = auths("file", &["a.io", "b.io", "c.io", "d.io"]);
    let (_home, mut environment) = keychain(&file, &[]);
    environment.vars.insert(GIVEN.to_owned(), auths("variable", &["a.io", "b.io", "d.io"]));
    let login = |user: &str, secret: &str| RegistryLogin {
        username: user.to_owned(),
        secret: secret.to_owned(),
    };
    let a = RegistrySpec { login: login("reader", "one"), push: Some(login("writer", "one")) };
    let d = RegistrySpec { login: login("nobody", "unknown"), push: None };
    let reads = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&reads);
    let lookup: SecretLookup = Arc::new(move |key| {
        seen.lock().unwrap().push(key.to_owned());
        let known = key == "one";
        Box::pin(async move {
            if known { Ok(Sensitive::new("1")) } else { Err("it is not there".into()) }
        })
    });
    let registries = [("a.io".to_owned(), a), ("d.io".to_owned(), d)].into();
    let logins = Logins::new("engines.x.registries", registries, lookup);
    let keychain = Keychain::open(&environment).unwrap().with_logins(logins);
    for (registry, push, user, origin) in [
        ("a.io", false, "reader", "engines.x.registries"),
        ("a.io", true, "writer", "engines.x.registries"),
        ("b.io", true, "variable", GIVEN),
        ("c.io", true, "file", "config.json"),
    ] {
        let (found, at) = keychain.find(registry, push).await.unwrap().unwrap();
        assert_eq!(found.username(), Some(user));
        assert!(at.ends_with(origin), "{at}");
    }
    assert!(keychain.find("e.io", true).await.unwrap().is_none());
    assert_eq!(*reads.lock().unwrap(), ["one"], "a secret is read once, and no other");
    // A login that can't be had is no reason to show another one.
    let error = keychain.find("d.io", false).await.err().unwrap();
    assert_eq!(error.to_string(), "the password for d.io cannot be read");
    environment.vars.insert(GIVEN.to_owned(), "{secret".to_owned());
    let error = Keychain::open(&environment).err().unwrap().to_string();
    assert_eq!(error, "DOCKER_AUTH_CONFIG:1:2 is no valid JSON");
}
