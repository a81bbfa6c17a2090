//! Which engine is meant, as tables. Every case has its own folder as home.

use std::fs;

use super::*;

fn environment(home: &Path, vars: &[(&str, &str)]) -> Environment {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment { vars: vars.collect(), home: Some(home.to_owned()) }
}

/// The whole chain of an error's messages.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

#[test]
fn urls() {
    let table: &[(&str, Result<&str, UrlFault>)] = &[
        ("unix:///run/x.sock", Ok("unix:///run/x.sock")),
        ("unix://", Err(UrlFault::NoPath)),
        ("tcp://10.0.0.1", Ok("tcp://10.0.0.1:2375")),
        ("tcp://box:99", Ok("tcp://box:99")),
        ("tcp://[::1]:99/", Ok("tcp://[::1]:99")),
        ("tcp://[::1]99", Err(UrlFault::Character)),
        ("https://box", Ok("tcp://box:2376")),
        ("tcp://box/path", Err(UrlFault::Path)),
        ("tcp://box:0", Err(UrlFault::Port)),
        ("tcp://box:+1", Err(UrlFault::Port)),
        ("tcp://box:65536", Err(UrlFault::Port)),
        ("tcp://me@box", Err(UrlFault::User)),
        ("ssh://me@box:22/run/d.sock", Ok("ssh://me@box:22/run/d.sock")),
        ("ssh://[fe80::1]", Ok("ssh://[fe80::1]")),
        ("ssh://", Err(UrlFault::NoHost)),
        ("ssh://@box", Err(UrlFault::NoHost)),
        ("ssh://-oProxyCommand=x", Err(UrlFault::Dash)),
        ("ssh://-l@box", Err(UrlFault::Dash)),
        ("ssh://me:secret@box", Err(UrlFault::Password)),
        ("ssh://box?x=1", Err(UrlFault::Query)),
        ("ssh://box#x", Err(UrlFault::Query)),
        ("ssh://bo x", Err(UrlFault::Character)),
        ("ssh://box;reboot", Err(UrlFault::Character)),
        ("ssh://$(reboot)", Err(UrlFault::Character)),
        ("npipe:////./pipe/docker_engine", Ok("npipe:////./pipe/docker_engine")),
        ("fd://", Err(UrlFault::Scheme)),
        ("/var/run/docker.sock", Err(UrlFault::NoScheme)),
    ];
    for (url, wanted) in table {
        let found = url.parse::<EngineAddress>().map(|endpoint| endpoint.to_string());
        assert_eq!(found, wanted.map(str::to_owned), "{url}");
    }
}

#[test]
fn the_environment_decides_about_tls() {
    let home = tempfile::tempdir().unwrap();
    let certs = home.path().join("certs");
    fs::create_dir(&certs).unwrap();
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        fs::write(certs.join(name), "").unwrap();
    }
    let certs = certs.to_str().unwrap();
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("DOCKER_HOST", "tcp://127.0.0.1:1")], "plain 127.0.0.1:1"),
        (&[("DOCKER_HOST", "tcp://localhost")], "plain localhost:2375"),
        (&[("DOCKER_HOST", "http://box")], "plain box:2375"),
        (
            &[("DOCKER_HOST", "tcp://box")],
            "error DOCKER_HOST: tcp://box would be an unprotected connection over the network",
        ),
        (
            &[
                ("DOCKER_HOST", "tcp://box"),
                ("DOCKER_TLS_VERIFY", "1"),
                ("DOCKER_CERT_PATH", certs),
            ],
            "tls box:2376 ca cert key",
        ),
        (&[("DOCKER_HOST", "tcp://box:7"), ("DOCKER_TLS_VERIFY", "1")], "tls box:7"),
        (&[("DOCKER_HOST", "https://box:7")], "tls box:7"),
        (
            &[("DOCKER_HOST", "ssh://a:pw@box")],
            "error DOCKER_HOST: `ssh://a:…@box` is no engine address: it holds a password; use a key or an agent",
        ),
    ];
    for (vars, wanted) in table {
        let found = match EngineAddress::resolve(None, &environment(home.path(), vars)) {
            Ok(EngineAddress::Tcp { host, port }) => format!("plain {host}:{port}"),
            Ok(EngineAddress::Tls { host, port, material }) => {
                assert!(material.verify);
                let has = |file: Option<PathBuf>, word| file.map_or("", |_| word);
                format!(
                    "tls {host}:{port}{}{}{}",
                    has(material.ca, " ca"),
                    has(material.cert, " cert"),
                    has(material.key, " key")
                )
            }
            Ok(other) => other.to_string(),
            Err(error) => format!("error {}", chain(&error)),
        };
        assert_eq!(found, *wanted, "{vars:?}");
    }
}

/// Writes a context the way the docker program does.
fn context(home: &Path, id: &str, meta: &str, files: &[&str]) {
    let contexts = home.join(".docker/contexts");
    fs::create_dir_all(contexts.join("meta").join(id)).unwrap();
    fs::write(contexts.join("meta").join(id).join("meta.json"), meta).unwrap();
    let tls = contexts.join("tls").join(id).join("docker");
    fs::create_dir_all(&tls).unwrap();
    for file in files {
        fs::write(tls.join(file), "").unwrap();
    }
}

/// What is wanted, the variables, and what it leads to.
type Case = (Option<&'static str>, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn contexts() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let meta = |name: &str, endpoint: &str| {
        format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{endpoint}}}}}"#)
    };
    context(path, "1", &meta("far", r#"{"Host":"ssh://me@far","SkipTLSVerify":false}"#), &[]);
    let secured = r#"{"Host":"tcp://box:2376","SkipTLSVerify":false}"#;
    context(path, "2", &meta("secured", secured), &["ca.pem", "cert.pem", "key.pem"]);
    context(path, "3", &meta("lax", r#"{"Host":"tcp://box:2376","SkipTLSVerify":true}"#), &[]);
    context(path, "4", &meta("open", r#"{"Host":"tcp://box:2375"}"#), &[]);
    context(path, "5", r#"{"Name":"swarm","Endpoints":{"kubernetes":{}}}"#, &[]);
    context(path, "6", "not json", &[]);
    fs::write(path.join(".docker/config.json"), r#"{"currentContext":"far"}"#).unwrap();

    let table: &[Case] = &[
        (None, &[], "ssh://me@far"),
        (None, &[("DOCKER_CONTEXT", "secured")], "tls box true"),
        (None, &[("DOCKER_CONTEXT", "far"), ("DOCKER_HOST", "unix:///x")], "unix:///x"),
        (Some("secured"), &[], "tls box true"),
        (Some("lax"), &[], "tls box false"),
        (Some("tcp://127.0.0.1:5"), &[("DOCKER_HOST", "unix:///x")], "tcp://127.0.0.1:5"),
        (Some("default"), &[("DOCKER_HOST", "unix:///x")], "unix:///x"),
        (Some("open"), &[], "tcp://box:2375 would be an unprotected connection over the network"),
        (Some("swarm"), &[], "docker context `swarm` names no docker endpoint"),
        (Some("nope"), &[], "there is no docker context `nope`"),
    ];
    for (wanted, vars, expected) in table {
        let found = match EngineAddress::resolve(*wanted, &environment(path, vars)) {
            Ok(EngineAddress::Tls { host, port: _, material }) => {
                assert_eq!(material.ca.is_some(), material.verify);
                format!("tls {host} {}", material.verify)
            }
            Ok(endpoint) => endpoint.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, *expected, "{wanted:?} {vars:?}");
    }
}

#[test]
fn a_broken_configuration_file_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::write(home.path().join(".docker/config.json"), "{").unwrap();
    let error = EngineAddress::resolve(None, &environment(home.path(), &[])).unwrap_err();
    assert!(matches!(error, AddressError::Json { .. }), "{error}");
}

#[test]
fn ssh_keeps_its_control_socket_in_the_runtime_folder() {
    let home = tempfile::Builder::new().prefix("wl").tempdir_in("/tmp").unwrap();
    let runtime = home.path().to_str().unwrap();
    let environment = environment(home.path(), &[("XDG_RUNTIME_DIR", runtime)]);
    let Ok(EngineAddress::Ssh(target)) = EngineAddress::resolve(Some("ssh://box"), &environment)
    else {
        panic!("not ssh");
    };
    assert_eq!(target.control_parent, home.path());
}
