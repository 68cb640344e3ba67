//! Storage under a role that is assumed first: iceberg's own storage does that by itself, object_store does not know how.

use super::catalog;
use async_trait::async_trait;
use bytes::Bytes;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, Credential, DefaultCredentialProvider, RequestSigner, StaticCredentialProvider,
};
use reqsign_core::{
    Context, Error, HttpSend, OsEnv, ProvideCredential, ProvideCredentialChain, Signer, SigningCredential,
};
use reqsign_file_read_tokio::TokioFileRead;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The role, by iceberg's names of properties.
const ROLE: &str = "client.assume-role.arn";
const EXTERNAL_ID: &str = "client.assume-role.external-id";
const SESSION: &str = "client.assume-role.session-name";
/// PyIceberg's names of the same, with iceberg's.
const ALSO_NAMED: [(&str, &str); 4] = [
    ("s3.role-arn", ROLE),
    ("client.role-arn", ROLE),
    ("s3.role-session-name", SESSION),
    ("client.role-session-name", SESSION),
];

/// Gives what is configured by PyIceberg's names the names that iceberg reads.
pub(super) fn translate(properties: &mut HashMap<String, String>) {
    for (theirs, ours) in ALSO_NAMED {
        if let Some(value) = properties.get(theirs).cloned() {
            properties.entry(ours.to_string()).or_insert(value);
        }
    }
}

/// Keys of a role, asked for at first use and anew before they expire.
#[derive(Debug)]
pub(super) struct AssumedRole {
    context: Context,
    provider: AssumeRoleCredentialProvider,
    held: Mutex<Option<(Credential, Arc<AwsCredential>)>>,
}

impl AssumedRole {
    /// The role of a table's properties, if they name one. The configured keys ask for it, else those of the environment.
    ///
    /// # Errors
    /// Says what is wrong with the configured authorities.
    pub(super) fn of(properties: &HashMap<String, String>) -> Result<Option<AssumedRole>, String> {
        let get = |name: &str| properties.get(name).filter(|value| !value.is_empty());
        let Some(role) = get(ROLE) else { return Ok(None) };
        let client = catalog::client(&properties.clone().into_iter().collect())?;
        let region = get("s3.region").or_else(|| get("client.region")).cloned();
        let region = region.or_else(|| std::env::var("AWS_REGION").ok());
        let region = region.unwrap_or_else(|| "us-east-1".into());
        let context = Context::new()
            .with_file_read(TokioFileRead)
            .with_env(OsEnv)
            .with_http_send(Client(client));
        let mut own = ProvideCredentialChain::new().push(DefaultCredentialProvider::new());
        if let (Some(id), Some(secret)) = (get("s3.access-key-id"), get("s3.secret-access-key")) {
            let keys = StaticCredentialProvider::new(id, secret);
            own = own.push_front(match get("s3.session-token") {
                Some(token) => keys.with_session_token(token),
                None => keys,
            });
        }
        let signer = Signer::new(context.clone(), own, RequestSigner::new("sts", &region));
        // As iceberg's storage asks.
        let mut provider = AssumeRoleCredentialProvider::new(role.clone(), signer)
            .with_region(region)
            .with_regional_sts_endpoint();
        if let Some(id) = get(EXTERNAL_ID) {
            provider = provider.with_external_id(id.clone());
        }
        if let Some(name) = get(SESSION) {
            provider = provider.with_role_session_name(name.clone());
        }
        Ok(Some(AssumedRole {
            context,
            provider,
            held: Mutex::default(),
        }))
    }
}

#[async_trait]
impl CredentialProvider for AssumedRole {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut held = self.held.lock().await;
        if let Some((_, keys)) = held.as_ref().filter(|(credential, _)| credential.is_valid()) {
            return Ok(Arc::clone(keys));
        }
        let fail = |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic {
            store: "S3, assuming a role",
            source,
        };
        let asked = self.provider.provide_credential(&self.context).await;
        let credential = asked
            .map_err(|e| fail(Box::new(e)))?
            .ok_or_else(|| fail("there are no keys that could ask for it".into()))?;
        let keys = Arc::new(AwsCredential {
            key_id: credential.access_key_id.clone(),
            secret_key: credential.secret_access_key.clone(),
            token: credential.session_token.clone(),
        });
        *held = Some((credential, Arc::clone(&keys)));
        Ok(keys)
    }
}

/// The client that carries requests to the token service.
#[derive(Debug)]
struct Client(reqwest::Client);

impl HttpSend for Client {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let fail = |e: reqwest::Error| Error::unexpected("the token service does not answer").with_source(e);
        let request = reqwest::Request::try_from(request.map(reqwest::Body::from)).map_err(fail)?;
        let answer = self.0.execute(request).await.map_err(fail)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = http::Response::new(answer.bytes().await.map_err(fail)?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_by_any_of_its_names() {
        for (name, _) in ALSO_NAMED.iter().filter(|(_, ours)| *ours == ROLE) {
            let mut properties = HashMap::from([(name.to_string(), "arn:aws:iam::1:role/R".to_string())]);
            translate(&mut properties);
            assert_eq!(properties[ROLE], "arn:aws:iam::1:role/R");
            assert!(AssumedRole::of(&properties).unwrap().is_some());
        }
        let both = [("s3.role-arn", "theirs"), (ROLE, "ours")];
        let mut both = both.map(|(name, value)| (name.to_string(), value.to_string())).into();
        translate(&mut both);
        assert_eq!(both[ROLE], "ours");
        assert!(AssumedRole::of(&HashMap::new()).unwrap().is_none());
    }
}
