//! The same real engine through every transport.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use windlass_engine::docker::{DockerEngine, EngineAddress, SshTarget, TlsMaterial};
use windlass_engine::stream::ExecRequest;
use windlass_engine::{Engine as _, EngineError};
use windlass_model::fault::Fault;
use windlass_model::name::EngineName;

use crate::lab::{Lab, address, nobody, run};
use crate::lifecycle::read_all;

fn engine(address: &EngineAddress) -> Result<DockerEngine, EngineError> {
    DockerEngine::at(EngineName::default(), address, nobody())
}

fn socket() -> PathBuf {
    match address() {
        Some(EngineAddress::Unix { path }) => path,
        other => panic!("this test needs an engine on a socket, not {other:?}"),
    }
}

/// Documents, streams and raw connections all work.
async fn works(lab: &Lab, engine: &DockerEngine) {
    let info = engine.info().await.unwrap();
    assert_eq!(info, lab.engine.info().await.unwrap());
    let id = lab.started("web", "sleep 60").await;
    let calls = (0..20).map(|_| engine.inspect_container(id.as_str()));
    for seen in futures_util::future::join_all(calls).await {
        assert_eq!(seen.unwrap().id, id);
    }
    let argv = vec!["cat".to_owned()];
    let request = ExecRequest { argv, stdin: true, ..ExecRequest::default() };
    let mut attached = engine.exec(&id, &request).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut attached.stream, b"hello").await.unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut attached.stream).await.unwrap();
    assert_eq!(read_all(attached).await.0, "hello");
}

async fn pump(mut outside: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let mut inside = UnixStream::connect(socket()).await.unwrap();
    // A client that goes away ends this, whatever else.
    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
}

#[test]
fn tcp() {
    run(|lab| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pump(stream));
            }
        });
        let address = EngineAddress::Tcp { host: "127.0.0.1".to_owned(), port };
        works(&lab, &engine(&address).unwrap()).await;
    });
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

/// A server that asks for a certificate of the same authority.
async fn tls_server() -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(fixture("server.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(fixture("server-key.pem")).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(encrypted(acceptor.clone(), stream));
        }
    });
    port
}

async fn encrypted(acceptor: TlsAcceptor, stream: TcpStream) {
    // Clients that do not trust us, or that we do not trust, are part of the test.
    if let Ok(stream) = acceptor.accept(stream).await {
        pump(stream).await;
    }
}

#[test]
fn tls() {
    run(|lab| async move {
        let port = tls_server().await;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        std::fs::copy(fixture("client-key.pem"), &key).unwrap();
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        let good = TlsMaterial {
            ca: Some(fixture("ca.pem")),
            cert: Some(fixture("client.pem")),
            key: Some(key.clone()),
            verify: true,
        };
        let at = |host: &str, material: &TlsMaterial| EngineAddress::Tls {
            host: host.to_owned(),
            port,
            material: material.clone(),
        };
        works(&lab, &engine(&at("localhost", &good)).unwrap()).await;
        let lax = TlsMaterial { ca: None, verify: false, ..good.clone() };
        engine(&at("127.0.0.1", &lax)).unwrap().info().await.unwrap();

        let stranger = TlsMaterial { ca: Some(fixture("other-ca.pem")), ..good.clone() };
        let nameless = TlsMaterial { cert: None, key: None, ..good.clone() };
        let table = [
            ("another authority", at("localhost", &stranger)),
            ("another name", at("127.0.0.1", &good)),
        ];
        for (what, address) in table {
            let error = engine(&address).unwrap().info().await.unwrap_err();
            assert_eq!(error.fault, Fault::Unreachable, "{what}: {error}");
        }
        // With TLS 1.3 a server refuses a client only after the client's first words.
        assert!(engine(&at("localhost", &nameless)).unwrap().info().await.is_err());

        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        let exposed = engine(&at("localhost", &good)).map(drop).unwrap_err();
        assert_eq!(exposed.fault, Fault::PermissionDenied);
        std::fs::remove_file(&key).unwrap();
        let missing = engine(&at("localhost", &good)).map(drop).unwrap_err();
        assert_eq!(missing.fault, Fault::Unreachable);
    });
}

/// A program that stands in for ssh: writes down what it is called with, then does as the far end
/// would.
fn stand_in(folder: &Path, rest: &str) -> SshTarget {
    let program = folder.join("ssh");
    let script = format!("#!/bin/sh\necho \"$*\" >>{}/calls\n{rest}\n", folder.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    SshTarget {
        program,
        user: Some("me".to_owned()),
        host: "box".to_owned(),
        port: None,
        socket: None,
        control_parent: folder.to_owned(),
    }
}

#[test]
fn ssh() {
    let has_program = std::process::Command::new("docker")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success());
    if !has_program {
        return;
    }
    run(|lab| async move {
        let folder = tempfile::tempdir().unwrap();
        let far = format!("exec docker --host unix://{} system dial-stdio", socket().display());
        let target = stand_in(folder.path(), &far);
        works(&lab, &engine(&EngineAddress::Ssh(target)).unwrap()).await;
        let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
        let count = calls.lines().count();
        assert!((1..=9).contains(&count), "{count} channels");
        for line in calls.lines() {
            assert!(line.ends_with("-l me -- box docker system dial-stdio"), "{line}");
        }
    });
}

#[tokio::test]
async fn what_ssh_says_is_part_of_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let rest = "echo 'Host key verification failed.' >&2; exit 255";
    let engine = engine(&EngineAddress::Ssh(stand_in(folder.path(), rest))).unwrap();
    let error = engine.info().await.unwrap_err();
    assert_eq!(error.fault, Fault::Unreachable);
    let mut chain = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(source) = next {
        chain = format!("{chain}: {source}");
        next = source.source();
    }
    assert!(chain.contains("ssh to box failed: Host key verification failed."), "{chain}");
}
