//! TLS to an engine, by rustls over TCP.
//!
//! Invariant: the server's certificate and name are verified unless the user's own context
//! says otherwise in so many words.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::DialError;
use crate::docker::address::TlsMaterial;

/// Where systems keep their bundle of authorities, most common first.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

pub(crate) struct TlsDialer {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl std::fmt::Debug for TlsDialer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("TlsDialer").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl TlsDialer {
    pub(crate) fn open(host: &str, port: u16, material: &TlsMaterial) -> Result<Self, DialError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| DialError::ServerName { host: host.to_owned() })?;
        let address = format!("tcp://{host}:{port}");
        let config = client_config(material, &address)?;
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { host: host.to_owned(), port, name, connector })
    }

    pub(crate) async fn dial(&self) -> Result<TlsStream<TcpStream>, DialError> {
        let stream = super::tcp(&self.host, self.port).await?;
        self.connector
            .connect(self.name.clone(), stream)
            .await
            .map_err(|source| DialError::Handshake { address: self.address(), source })
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://{}:{}", self.host, self.port)
    }
}

fn client_config(material: &TlsMaterial, address: &str) -> Result<ClientConfig, DialError> {
    let TlsMaterial { ca, cert, key, verify } = material;
    let fault = |source| DialError::Tls { address: address.to_owned(), source };
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(fault)?;
    let builder = if *verify {
        builder.with_root_certificates(authorities(ca.as_deref())?)
    } else {
        let verifier = Arc::new(AnyCertificate { provider });
        builder.dangerous().with_custom_certificate_verifier(verifier)
    };
    match (cert, key) {
        (Some(cert), Some(key)) => {
            builder.with_client_auth_cert(certificates(cert)?, private_key(key)?).map_err(fault)
        }
        (None, _) | (_, None) => Ok(builder.with_no_client_auth()),
    }
}

fn authorities(ca: Option<&Path>) -> Result<RootCertStore, DialError> {
    let bundle = match ca {
        Some(path) => path.to_owned(),
        None => SYSTEM_BUNDLES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
            .ok_or(DialError::NoAuthority)?,
    };
    let mut store = RootCertStore::empty();
    // A system's bundle may hold certificates that rustls refuses; one good one is needed.
    let (added, _) = store.add_parsable_certificates(certificates(&bundle)?);
    if added == 0 {
        return Err(DialError::Pem { path: bundle, what: "authority", source: None });
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DialError> {
    let pem = read(path)?;
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|source| {
            DialError::Pem { path: path.to_owned(), what: "certificate", source: Some(source) }
        })?;
    if found.is_empty() {
        return Err(DialError::Pem { path: path.to_owned(), what: "certificate", source: None });
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, DialError> {
    let read_fault = |source| DialError::Read { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(read_fault)?.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(DialError::KeyExposed { path: path.to_owned(), mode });
    }
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|source| DialError::Pem {
        path: path.to_owned(),
        what: "private key",
        source: Some(source),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, DialError> {
    windlass_files::read(path, windlass_files::SECRET_MAX_BYTES)
        .map_err(|source| DialError::Read { path: path.to_owned(), source })
}

/// What `SkipTLSVerify` in a context asks for: any certificate will do, but the peer must still
/// prove that it holds its key.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _stapled: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
