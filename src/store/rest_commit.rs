//! One commit by Iceberg's REST protocol, for changes that the crate's transactions lack.

use super::catalog;
use super::error::StoreError;
use iceberg::{TableIdent, TableRequirement, TableUpdate};
use iceberg_catalog_rest::CommitTableRequest;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;

/// A catalog server with what it takes to be let in.
pub(super) struct Server<'a> {
    uri: &'a str,
    warehouse: Option<&'a str>,
    properties: &'a BTreeMap<String, String>,
}

impl<'a> Server<'a> {
    pub(super) fn new(
        uri: &'a str,
        warehouse: Option<&'a str>,
        properties: &'a BTreeMap<String, String>,
    ) -> Server<'a> {
        Server {
            uri,
            warehouse,
            properties,
        }
    }

    /// Sends a commit; `false` if a requirement did not hold. It is safe to try again: the requirements see to that.
    pub(super) async fn commit(
        &self,
        table: &TableIdent,
        requirements: Vec<TableRequirement>,
        updates: Vec<TableUpdate>,
    ) -> Result<bool, StoreError> {
        let client = catalog::client(self.properties).map_err(|e| self.failed(&e))?;
        let token = self.token(&client).await.map_err(|e| self.failed(&e))?;
        let prefix = self
            .prefix(&client, token.as_deref())
            .await
            .map_err(|e| self.failed(&e))?;
        let url = format!(
            "{}/v1/{prefix}namespaces/{}/tables/{}",
            self.uri,
            encoded(&table.namespace().clone().inner().join("\u{1f}")),
            encoded(table.name())
        );
        let body = CommitTableRequest {
            identifier: Some(table.clone()),
            requirements,
            updates,
        };
        let answer = self
            .with_headers(client.post(url).json(&body), token.as_deref())
            .send()
            .await;
        let answer = answer.map_err(|e| self.failed(&e.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(true),
            StatusCode::CONFLICT => Ok(false),
            status => {
                let text = answer.text().await.unwrap_or_default();
                Err(self.failed(&format!("{status}: {}", said(&text))))
            }
        }
    }

    fn failed(&self, reason: &impl std::fmt::Display) -> StoreError {
        StoreError::Catalog {
            path: self.uri.to_string(),
            reason: reason.to_string(),
        }
    }

    fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    fn with_headers(&self, mut request: RequestBuilder, token: Option<&str>) -> RequestBuilder {
        for (name, value) in self.properties {
            if let Some(name) = name.strip_prefix("header.") {
                request = request.header(name, value);
            }
        }
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The token that was given, or one in exchange for the credential; `None` for a server that asks for neither.
    async fn token(&self, client: &Client) -> Result<Option<String>, String> {
        if let Some(token) = self.property("token") {
            return Ok(Some(token.to_string()));
        }
        let Some(credential) = self.property("credential") else {
            return Ok(None);
        };
        let (id, secret) = credential.split_once(':').unwrap_or(("", credential));
        let own = format!("{}/v1/oauth/tokens", self.uri);
        let endpoint = self.property("oauth2-server-uri").unwrap_or(&own);
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_secret", secret),
            ("scope", self.property("scope").unwrap_or("catalog")),
        ];
        if !id.is_empty() {
            form.push(("client_id", id));
        }
        for name in ["audience", "resource"] {
            form.extend(self.property(name).map(|value| (name, value)));
        }
        let request = self.with_headers(client.post(endpoint).form(&form), None);
        let answer: Value = json(request).await?;
        let token = answer.get("access_token").and_then(Value::as_str);
        token
            .map(|token| Some(token.to_string()))
            .ok_or_else(|| "it gave no token".to_string())
    }

    /// What the server wants before its paths, with a slash behind it.
    async fn prefix(&self, client: &Client, token: Option<&str>) -> Result<String, String> {
        let mut request = client.get(format!("{}/v1/config", self.uri));
        if let Some(warehouse) = self.warehouse {
            request = request.query(&[("warehouse", warehouse)]);
        }
        let config = json(self.with_headers(request, token)).await?;
        let found = |part: &str| config.pointer(part).and_then(Value::as_str);
        let prefix = found("/overrides/prefix")
            .or(self.property("prefix"))
            .or(found("/defaults/prefix"));
        Ok(prefix
            .map(|prefix| format!("{}/", prefix.trim_matches('/')))
            .unwrap_or_default())
    }
}

async fn json(request: RequestBuilder) -> Result<Value, String> {
    let answer = request.send().await.map_err(|e| e.without_url().to_string())?;
    let status = answer.status();
    let text = answer.text().await.map_err(|e| e.without_url().to_string())?;
    match status.is_success() {
        true => serde_json::from_str(&text).map_err(|e| format!("its answer is no JSON: {e}")),
        false => Err(format!("{status}: {}", said(&text))),
    }
}

/// The message of an error answer.
fn said(text: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let message = parsed.as_ref().and_then(|v| v.pointer("/error/message")?.as_str());
    message.unwrap_or(text).chars().take(200).collect()
}

/// A path segment in which everything but the plainest characters is escaped.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
