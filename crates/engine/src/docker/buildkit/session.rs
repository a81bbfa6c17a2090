//! The gRPC server side: the services that the engine calls back during one build.
//! Invariant: the services live exactly as long as the `Session`; dropping it closes the stream.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bollard_buildkit_proto::health::health_server::HealthServer;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSyncServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::SshServer;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::task::JoinSet;
use tonic::service::Routes;

use super::auth::AuthService;
use super::control::{HEADERS_MAX_BYTES, open};
use super::dial::Dial;
use super::error::BuildError;
use super::filesync::{LocalFailure, Sent, SharedDirectories, SharedDirectory};
use super::health::AlwaysServing;
use super::request::BuildRequest;
use super::secrets::SecretStore;
use super::source::{ContextSource, fnv1a};
use super::ssh::AgentSockets;

const PATH: &str = "/session";

/// The engine calls nothing that is not announced.
const METHODS: [&str; 4] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.FileSync/DiffCopy",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.filesync.v1.Auth/Credentials",
];
/// Announced only with agents, so that the engine itself can say that there is none.
const SSH_METHODS: [&str; 2] =
    ["/moby.sshforward.v1.SSH/CheckAgent", "/moby.sshforward.v1.SSH/ForwardAgent"];

/// An open session.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) sent: Arc<Sent>,
    pub(super) failure: LocalFailure,
    server: JoinSet<()>,
}

impl Session {
    pub(super) async fn open(
        dial: &dyn Dial,
        request: &BuildRequest,
        dockerfile: Arc<dyn ContextSource>,
    ) -> Result<Self, BuildError> {
        let id = unique_id();
        let stream = open(dial, PATH, &headers(&id, request), request.connect_deadline).await?;
        let (sent, failure) = (Arc::<Sent>::default(), LocalFailure::default());
        let share = |source, sent| Arc::new(SharedDirectory::new(source, sent, failure.clone()));
        let directories = BTreeMap::from([
            ("context", share(Arc::clone(&request.context), Arc::clone(&sent))),
            // The Dockerfile is not counted: callers want to know what their build context costs.
            ("dockerfile", share(dockerfile, Arc::default())),
        ]);
        let routes = Routes::new(HealthServer::new(AlwaysServing))
            .add_service(FileSyncServer::new(SharedDirectories(directories)))
            .add_service(SecretsServer::new(SecretStore(request.secrets.clone())))
            .add_service(AuthServer::new(AuthService(request.credentials.clone())))
            .add_service(SshServer::new(AgentSockets(request.ssh.clone())))
            .prepare();
        let mut server = JoinSet::new();
        server.spawn(async move {
            // How the connection ends is told by the build: it fails, or it is over.
            http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(HEADERS_MAX_BYTES)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
                .await
                .ok();
        });
        Ok(Self { id, sent, failure, server })
    }

    /// Waits until the engine closes the session. Safe to cancel.
    pub(super) async fn closed(&mut self) {
        self.server.join_next().await;
    }
}

fn headers(id: &str, request: &BuildRequest) -> Vec<(String, String)> {
    let header =
        |name: &str, value: &str| (format!("X-Docker-Expose-Session-{name}"), value.to_owned());
    // A hash, because the key is a path of the caller's machine and need not be fit for a header.
    let key = format!("windlass-{:016x}", fnv1a(request.context_key.as_bytes()));
    let mut headers =
        vec![header("Uuid", id), header("Name", "windlass"), header("Sharedkey", &key)];
    headers.extend(METHODS.iter().map(|method| header("Grpc-Method", method)));
    if !request.ssh.is_empty() {
        headers.extend(SSH_METHODS.iter().map(|method| header("Grpc-Method", method)));
    }
    headers
}

/// 128 bits that no other session or build has; the standard library seeds its hashers from the system.
pub(super) fn unique_id() -> String {
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::super::request::Dockerfile;
    use super::super::source::MemorySource;
    use super::*;

    #[test]
    fn ids_are_unique() {
        let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| unique_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 32));
    }

    #[test]
    fn headers_name_the_session() {
        let request = |key: &str| {
            let dockerfile = Dockerfile::Inline(String::new());
            BuildRequest::new(Arc::new(MemorySource::new()), key, dockerfile)
        };
        let value = |request: &BuildRequest, wanted: &str| -> Vec<String> {
            let headers = headers("id1", request).into_iter();
            let wanted = format!("X-Docker-Expose-Session-{wanted}");
            headers.filter(|(name, _)| *name == wanted).map(|(_, value)| value).collect()
        };
        let mut project = request("/home/me/projet café");
        assert_eq!(value(&project, "Uuid"), ["id1"]);
        assert_eq!(value(&project, "Grpc-Method").len(), 4);
        assert_eq!(
            value(&project, "Sharedkey"),
            value(&request("/home/me/projet café"), "Sharedkey")
        );
        assert_ne!(value(&project, "Sharedkey"), value(&request("/home/me"), "Sharedkey"));
        assert!(value(&project, "Sharedkey")[0].is_ascii());
        project.ssh.insert("default".to_owned(), "/run/agent".into());
        assert_eq!(value(&project, "Grpc-Method").len(), 6);
    }
}
