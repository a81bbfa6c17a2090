//! Registry credentials for what a build pulls, answered from the caller's look-up.
//! Invariant: the engine gets credentials only for the registry host that it names.

use std::fmt;
use std::sync::Arc;

use bollard_buildkit_proto::moby::filesync::v1 as proto;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::Auth;
use tonic::{Request, Response, Status};

use super::secrets::Secret;

/// What one registry wants to know. An empty user name with a secret means an identity token.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub username: String,
    pub secret: Secret,
}

/// Finds the credentials of a registry host, such as `ghcr.io`, `127.0.0.1:5000`, or `docker.io` for Docker Hub.
/// It may block (credential helpers are programs); None means anonymous.
#[derive(Clone)]
pub struct CredentialsLookup(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> Option<Credentials> + Send + Sync;

impl CredentialsLookup {
    pub fn new(lookup: impl Fn(&str) -> Option<Credentials> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }
}

impl Default for CredentialsLookup {
    fn default() -> Self {
        Self::new(|_| None)
    }
}

impl fmt::Debug for CredentialsLookup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CredentialsLookup(..)")
    }
}

/// The name under which the engine asks for Docker Hub.
const HUB_HOSTS: [&str; 2] = ["registry-1.docker.io", "index.docker.io"];

pub(super) struct AuthService(pub(super) CredentialsLookup);

#[async_trait::async_trait]
impl Auth for AuthService {
    async fn credentials(
        &self,
        request: Request<proto::CredentialsRequest>,
    ) -> Result<Response<proto::CredentialsResponse>, Status> {
        let host = request.into_inner().host;
        let lookup = Arc::clone(&self.0.0);
        let found = tokio::task::spawn_blocking(move || {
            lookup(if HUB_HOSTS.contains(&host.as_str()) { "docker.io" } else { &host })
        });
        let found = found.await.map_err(|_| Status::internal("looking up credentials panicked"))?;
        let response = match found {
            Some(Credentials { username, secret }) => proto::CredentialsResponse {
                username,
                secret: String::from_utf8(secret.expose().to_vec())
                    .map_err(|_| Status::internal("the credentials are not UTF-8"))?,
            },
            None => proto::CredentialsResponse::default(),
        };
        Ok(Response::new(response))
    }

    // Without these the engine falls back to `Credentials` and fetches tokens itself.
    async fn fetch_token(
        &self,
        _: Request<proto::FetchTokenRequest>,
    ) -> Result<Response<proto::FetchTokenResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the engine"))
    }

    async fn get_token_authority(
        &self,
        _: Request<proto::GetTokenAuthorityRequest>,
    ) -> Result<Response<proto::GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("no token authority"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<proto::VerifyTokenAuthorityRequest>,
    ) -> Result<Response<proto::VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("no token authority"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hosts_are_looked_up() {
        let service = AuthService(CredentialsLookup::new(|host| {
            (host != "public.example").then(|| Credentials {
                username: format!("user of {host}"),
                secret: Secret::new("s3cret"),
            })
        }));
        let cases = [
            ("registry-1.docker.io", "user of docker.io", "s3cret"),
            ("127.0.0.1:5000", "user of 127.0.0.1:5000", "s3cret"),
            ("public.example", "", ""),
        ];
        for (host, username, secret) in cases {
            let request = Request::new(proto::CredentialsRequest { host: host.to_owned() });
            let response = service.credentials(request).await.unwrap().into_inner();
            assert_eq!((response.username.as_str(), response.secret.as_str()), (username, secret));
        }
    }
}
