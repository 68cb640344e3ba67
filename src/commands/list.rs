//! `evaldiff runs`: what the table holds.

use super::{Session, convert, print};
use crate::audit::manifest::json_bytes;
use crate::cli::request::{ListFormat, RunsRequest};
use crate::error::{Error, Result};
use crate::runner::{Spool, Unfinished};
use crate::store::RunEntry;
use serde_json::json;
use std::fmt::Write;

/// Lists the runs of a table, oldest first.
///
/// # Errors
/// Usage error for a version that no run has.
pub async fn runs(session: &Session, request: &RunsRequest) -> Result<()> {
    if request.unfinished {
        return unfinished(session, request);
    }
    let store = session.open().await?;
    let table = session.table(&store).await?;
    if let Some((reference, why)) = &request.retract {
        let run = store.retract(&table, reference, why).await.map_err(convert::store)?;
        return print(format!("{table}: run {run} is retracted\n").as_bytes());
    }
    let mut runs = store.runs(&table).await.map_err(convert::store)?;
    if let Some(version) = &request.version {
        if runs.iter().all(|r| r.model_version != *version) {
            // Says the nearest names.
            store.resolve(&table, version).await.map_err(convert::store)?;
            return Err(Error::usage(format!("no run of {table} has version `{version}`")));
        }
        runs.retain(|r| r.model_version == *version);
    }
    match request.format {
        ListFormat::Json => {
            let list: Vec<_> = runs.iter().map(|r| as_json(r, &table)).collect();
            print(&json_bytes(&list).map_err(convert::json)?)
        }
        ListFormat::Text => print(as_text(&runs, &table).as_bytes()),
    }
}

/// Evaluations that did not end.
fn unfinished(session: &Session, request: &RunsRequest) -> Result<()> {
    let mut found = Spool::list(&session.spool()).map_err(convert::runner)?;
    if let Some(version) = &request.version {
        found.retain(|u| u.run.model_version == *version);
    }
    let started = |u: &Unfinished| {
        let time = chrono::DateTime::from_timestamp_micros(u.run.started_at).unwrap_or_default();
        time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    if request.format == ListFormat::Json {
        let as_json = |u: &Unfinished| {
            json!({
                "run_id": u.run.run_id, "model_version": u.run.model_version, "table": u.run.table,
                "answered": u.answered, "samples": u.run.samples, "service": u.run.service().tag(),
                "golden_digest": u.run.golden_digest, "started_at": started(u), "in_use": u.in_use,
            })
        };
        let list: Vec<_> = found.iter().map(as_json).collect();
        return print(&json_bytes(&list).map_err(convert::json)?);
    }
    let title = format!(
        "{} unfinished run{}\n",
        found.len(),
        if found.len() == 1 { "" } else { "s" }
    );
    if found.is_empty() {
        return print(title.as_bytes());
    }
    let mut rows = vec![["version", "answered", "of", "started", "run", "service", ""].map(String::from)];
    rows.extend(found.iter().map(|u| {
        [
            u.run.model_version.escape_debug().to_string(),
            u.answered.to_string(),
            u.run.samples.to_string(),
            started(u),
            u.run.run_id.clone(),
            u.run.service().tag().escape_debug().to_string(),
            if u.in_use { "under way".into() } else { String::new() },
        ]
    }));
    print((title + &aligned(&rows)).as_bytes())
}

fn accuracy(run: &RunEntry) -> Option<f64> {
    run.properties.get("evaldiff.accuracy").and_then(|t| t.parse().ok())
}

fn as_json(run: &RunEntry, table: &str) -> serde_json::Value {
    json!({
        "table": table,
        "model_version": run.model_version,
        "run_id": run.run_id,
        "snapshot_id": run.snapshot_id.to_string(),
        "committed_at": run.committed_at(),
        "rows": run.rows,
        "golden": run.golden,
        "accuracy": accuracy(run),
        "retracted": run.retracted,
        "changes": run.changes,
    })
}

fn as_text(runs: &[RunEntry], table: &str) -> String {
    let mut rows = vec![["version", "accuracy", "rows", "committed", "run", "snapshot", "golden"].map(String::from)];
    for run in runs {
        let golden = run.golden.digest.as_deref().unwrap_or("-");
        let version = shown(&run.model_version);
        rows.push([
            match run.retracted {
                Some(_) => format!("{version} (retracted)"),
                None if !run.changes.is_empty() => format!("{version} (see below)"),
                None => version,
            },
            accuracy(run).map_or("-".into(), |a| format!("{a:.4}")),
            run.rows.to_string(),
            run.committed_at(),
            run.run_id.clone(),
            run.snapshot_id.to_string(),
            golden.trim_start_matches("blake3:").chars().take(12).collect(),
        ]);
    }
    let title = format!(
        "{table}: {} run{}\n",
        runs.len(),
        if runs.len() == 1 { "" } else { "s" }
    );
    let changes: String = runs.iter().flat_map(|r| &r.changes).map(|c| format!("{c}\n")).collect();
    title + &aligned(&rows) + &changes
}

/// A name in a table, as it is typed: one that others made as long as a page is cut.
fn shown(name: &str) -> String {
    if name.is_empty() {
        return "version:".to_string();
    }
    let mut shown: String = name.chars().take(60).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown.escape_debug().to_string()
}

/// Rows with their cells below each other.
fn aligned(rows: &[[String; 7]]) -> String {
    let mut out = String::new();
    let widths: Vec<usize> = (0..7)
        .map(|i| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell:width$}  ");
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}
