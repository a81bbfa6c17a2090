//! Secrets of a build, served from memory.
//! Invariant: the bytes of a secret appear in no `Debug` output, no error and no log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::Secrets;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use tonic::{Request, Response, Status};

/// Bytes that are only ever handed to the engine that asks for them.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into())
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

pub(super) struct SecretStore(pub(super) BTreeMap<String, Secret>);

#[async_trait::async_trait]
impl Secrets for SecretStore {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        // NotFound is what lets a mount without `required` go on without the secret.
        let secret =
            self.0.get(&id).ok_or_else(|| Status::not_found(format!("no secret {id:?}")))?;
        Ok(Response::new(GetSecretResponse { data: secret.expose().to_vec() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_redacted() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "Secret(redacted) Some(Secret(redacted))"
        );
    }

    #[tokio::test]
    async fn secrets_are_served_by_id() {
        let store = SecretStore(BTreeMap::from([("token".to_owned(), Secret::new("hunter2"))]));
        let ask = |id: &str| {
            Request::new(GetSecretRequest { id: id.to_owned(), ..GetSecretRequest::default() })
        };
        let found = store.get_secret(ask("token")).await.unwrap();
        assert_eq!(found.into_inner().data, b"hunter2");
        let absent = store.get_secret(ask("other")).await.unwrap_err();
        assert_eq!(absent.code(), tonic::Code::NotFound);
    }
}
