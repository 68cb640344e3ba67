//! `evaldiff publish`: a report to where others read it.

use super::fail;
use super::request::{Command, PublishRequest, Target};
use clap::Args;
use clap::error::ErrorKind;
use std::path::PathBuf;

/// Arguments of a publication.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// Publish the report in this folder, the one with manifest.json
    #[arg(value_name = "REPORT_FOLDER")]
    folder: PathBuf,
    /// Publish to the site at s3://BUCKET/PREFIX or file:///PATH
    #[arg(value_name = "TARGET")]
    target: String,
    /// Print links that begin with this address of the site
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Option<String>,
    /// Write nothing; compare what is published with the report's manifest
    #[arg(long)]
    check: bool,
    /// Do not pin the report's snapshots: an expiry of snapshots may take its evidence
    #[arg(long)]
    no_pin: bool,
}

impl PublishArgs {
    /// The checked request.
    pub(super) fn request(self) -> Result<Command, clap::Error> {
        // Not by clap, which would show what was given: part of it may be a secret.
        let target = target(&self.target).map_err(|why| fail(Some("publish"), ErrorKind::ValueValidation, why))?;
        Ok(Command::Publish(PublishRequest {
            folder: self.folder,
            target,
            base_url: self.base_url,
            check: self.check,
            pin: !self.no_pin,
        }))
    }
}

fn target(text: &str) -> Result<Target, String> {
    if text.contains(['?', '#']) {
        return Err("a target has neither a query (?) nor a fragment (#); credentials of a store come from [catalog.properties] \
                    in evaldiff.toml or AWS_* variables"
            .into());
    }
    if let Some(rest) = text.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if bucket.is_empty() || bucket.contains('@') || !(prefix.is_empty() || prefix.split('/').all(plain)) {
            return Err("an object store is written s3://BUCKET/PREFIX".into());
        }
        return Ok(Target::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
        });
    }
    match text.strip_prefix("file://") {
        Some(path) if path.starts_with('/') && path.len() > 1 => {
            let path = path.trim_end_matches('/');
            Ok(Target::Folder(if path.is_empty() { "/" } else { path }.into()))
        }
        _ => Err("a site is published to s3://BUCKET/PREFIX or file:///PATH".into()),
    }
}

fn base_url(text: &str) -> Result<String, String> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err("an address begins with https:// or http://".into());
    }
    if text
        .split_once("://")
        .is_none_or(|(_, rest)| rest.is_empty() || rest.starts_with(['/', ':']))
    {
        return Err("the address names no host".into());
    }
    if text.contains(['?', '#', '@', '"', '<', '>']) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("the address of a folder has no query, no credentials and no spaces (%20)".into());
    }
    Ok(text.trim_end_matches('/').to_string())
}
