//! `evaldiff verify`: does a report still say what its snapshots say?

use super::theme::{self, Recorded};
use super::{Session, confirm, convert, diff, media, pages, print, rerender};
use crate::audit::files_digest::files_digest;
use crate::audit::folder;
use crate::audit::manifest::{MANIFEST_NAME, Manifest, json_bytes};
use crate::audit::rows_digest::{RowsDigest, columns};
use crate::cli::request::VerifyRequest;
use crate::compare::{self, Job, JoinChoice};
use crate::engine::EngineError;
use crate::engine::files::{ReadColumn, RunFiles};
use crate::error::{Error, ErrorKind, Result};
use crate::model::report::RunReport;
use crate::model::{ColumnRoles, Comparison, PinnedRun, SampleSet};
use crate::report::format::counted;
use crate::store::{ResolvedRun, StoreError, local_path};
use std::path::Path;
use std::sync::Arc;

/// Checks a report file by file, then its numbers against the pinned snapshots.
///
/// # Errors
/// Exit code 1 for altered evidence, 3 for evidence that can no longer be confirmed, 4 for storage out of reach.
pub async fn verify(session: &Session, request: &VerifyRequest) -> Result<()> {
    let report = session.cwd.join(&request.folder);
    let manifest = manifest(&report)?;
    check_files(&report, &manifest)?;
    say(&format!("files: {} as the manifest says", manifest.files.len()))?;
    let store = session.open().await.map_err(unreachable)?;
    let mut runs = Vec::new();
    let mut gone = Vec::new();
    for run in &manifest.runs {
        match store.resolve_pinned(&manifest.table, run).await {
            Ok(found) => runs.push(found),
            Err(StoreError::SnapshotGone { .. }) => gone.push(run.clone()),
            Err(StoreError::NoTable { table, .. }) => return Err(table_gone(&table)),
            Err(error) => return Err(unreachable(convert::store(error))),
        }
    }
    if !gone.is_empty() {
        return confirm::remaining(session, &store, &manifest, &runs, &gone).await;
    }
    confirm_present(&manifest, &runs).await?;
    for (found, run) in runs.iter().zip(&manifest.runs) {
        same_run(found, run)?;
        check_data_files(run)?;
        if run.rows_digest.is_some() || request.digest {
            check_rows(found, run, &manifest).await?;
        }
    }
    recompute(session, &report, &manifest, &runs).await?;
    for run in &manifest.runs {
        for notice in store
            .later_changes(&manifest.table, run)
            .await
            .map_err(convert::store)?
        {
            say(&format!("notice: {notice}"))?;
        }
    }
    say("verified")
}

pub(super) fn say(text: &str) -> Result<()> {
    print(format!("{text}\n").as_bytes())
}

pub(super) fn manifest(report: &Path) -> Result<Manifest> {
    let path = report.join(MANIFEST_NAME);
    let bytes = std::fs::read(&path).map_err(|e| {
        Error::usage(format!("{} is not a report: it has no manifest.json", report.display()))
            .with_source(e)
            .with_hint("give the folder of one report, the one that holds index.html and manifest.json")
    })?;
    serde_json::from_slice(&bytes).map_err(|e| Error::altered("manifest.json: changed or damaged").with_source(e))
}

pub(super) fn check_files(report: &Path, manifest: &Manifest) -> Result<()> {
    let wrong = folder::check(report, manifest)
        .map_err(|e| Error::data(format!("{} cannot be read", report.display())).with_source(e))?;
    if wrong.is_empty() {
        return Ok(());
    }
    for line in &wrong {
        say(line)?;
    }
    let shown: Vec<&str> = wrong.iter().map(String::as_str).take(5).collect();
    Err(Error::altered(format!(
        "{} from the manifest: {}",
        counted(wrong.len() as u64, "file differs", "files differ"),
        shown.join(", ")
    )))
}

/// Whatever kept the catalog from answering, the evidence could not be looked at: exit code 4.
fn unreachable(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Usage => Error::data(format!("the storage cannot be reached: {}", error.chain()))
            .with_hint("run in the project's folder, or set ICEBERG_CATALOG_URI and ICEBERG_WAREHOUSE"),
        _ => error,
    }
}

fn table_gone(table: &str) -> Error {
    Error::not_comparable(format!("table {table} is gone from the catalog")).with_hint(
        "the files of the report are as its manifest says; its numbers could not be recomputed. Is it this catalog?",
    )
}

fn same_run(found: &ResolvedRun, run: &PinnedRun) -> Result<()> {
    let now = &found.run;
    if now.table_uuid != run.table_uuid {
        return Err(Error::altered(format!(
            "table {} is another one than the report's: its UUID differs",
            found.table
        )));
    }
    let same_files = now.data_files == run.data_files && now.delete_files == run.delete_files;
    if !same_files || now.rows_digest != run.rows_digest {
        return Err(Error::altered(format!(
            "{} lists other data files or digests than the report",
            run.reference
        )));
    }
    Ok(())
}

/// Every byte of a run's data files, where their digest was recorded.
fn check_data_files(run: &PinnedRun) -> Result<()> {
    let Some(recorded) = run.properties.get("evaldiff.files-digest") else {
        return Ok(());
    };
    let Some(paths) = run
        .data_files
        .iter()
        .map(|f| local_path(&f.path))
        .collect::<Option<Vec<_>>>()
    else {
        return Ok(());
    };
    let found = files_digest(&paths)
        .map_err(|e| Error::data(format!("a data file of {} cannot be read", run.model_version)).with_source(e))?;
    if found == *recorded {
        return say(&format!("data files of {}: unchanged", run.model_version));
    }
    let names: Vec<&str> = run.data_files.iter().map(|f| f.path.as_str()).collect();
    Err(Error::altered(format!(
        "the data files of {} ({}) were changed in place: {}",
        run.model_version,
        run.reference,
        names.join(", ")
    )))
}

pub(super) fn altered(error: EngineError) -> Error {
    match error {
        EngineError::Altered { .. } => Error::altered(error.to_string()),
        other => convert::engine(other),
    }
}

/// Reads a run's rows in file order and compares their digest with the recorded one.
pub(super) async fn check_rows(found: &ResolvedRun, run: &PinnedRun, manifest: &Manifest) -> Result<()> {
    let roles = recorded_roles(found, manifest);
    let digest = rows_digest(found, &roles).await.map_err(altered)?;
    match &run.rows_digest {
        Some(recorded) if *recorded == digest => say(&format!("rows of {}: as recorded ({digest})", run.model_version)),
        Some(recorded) => Err(Error::altered(format!(
            "the rows of {} ({}) differ from their digest: {recorded} was recorded, {digest} was found",
            run.model_version, run.reference
        ))),
        None => say(&format!("rows of {}: {digest} (none was recorded)", run.model_version)),
    }
}

async fn rows_digest(found: &ResolvedRun, roles: &ColumnRoles) -> std::result::Result<String, EngineError> {
    use crate::engine::scan_rows;
    let names = columns(roles);
    let wanted: std::result::Result<Vec<ReadColumn>, EngineError> =
        names.iter().map(|n| ReadColumn::of(&found.schema, n, false)).collect();
    let files = Arc::new(RunFiles::open(found).await?);
    let mut digest = RowsDigest::new(roles);
    let mut rows = scan_rows(files, wanted?);
    while let Some(batch) = futures::StreamExt::next(&mut rows).await {
        digest
            .update(&batch?)
            .map_err(|e| EngineError::DataFusion(e.to_string()))?;
    }
    Ok(digest.finish())
}

/// Data files that are gone from storage, though the table still names them, cannot confirm a number; those that are there
/// still can.
async fn confirm_present(manifest: &Manifest, found: &[ResolvedRun]) -> Result<()> {
    let mut lost = Vec::new();
    for run in found {
        let missing = run.objects.missing(&run.run.data_files).await.map_err(convert::store)?;
        lost.push(missing);
    }
    if lost.iter().all(Vec::is_empty) {
        return Ok(());
    }
    for (run, missing) in found.iter().zip(&lost) {
        let version = &run.run.model_version;
        match missing.as_slice() {
            [] if run.run.rows_digest.is_some() => check_rows(run, &run.run, manifest).await?,
            [] => say(&format!(
                "not confirmed: the data files of {version} are there, but no digest of its rows was recorded"
            ))?,
            [first, ..] => say(&format!(
                "not confirmed: {} of {} data files of {version} ({}) are gone from storage, the first is {first}",
                missing.len(),
                run.run.data_files.len(),
                run.run.reference
            ))?,
        }
    }
    Err(Error::not_comparable("data files are gone from storage").with_hint(
        "the files of the report are as its manifest says; its numbers could not be recomputed. Restore the data files from a \
         backup or an older version of the objects",
    ))
}

/// The roles under which the rows were digested: the table's own record, else the report's.
fn recorded_roles(rest: &ResolvedRun, manifest: &Manifest) -> ColumnRoles {
    rest.roles.clone().unwrap_or_else(|| manifest.roles.clone())
}

async fn recompute(session: &Session, report: &Path, manifest: &Manifest, runs: &[ResolvedRun]) -> Result<()> {
    let (Some(baseline), Some(candidate)) = (runs.first(), runs.last()) else {
        return Err(Error::altered("manifest.json names no run"));
    };
    let job = Job {
        baseline: baseline.clone(),
        candidate: candidate.clone(),
        roles: manifest.roles.clone(),
        options: manifest.options.clone(),
        join: JoinChoice::Auto,
    };
    let engine = session.engine()?;
    let compared = compare::run(&engine, &job, Arc::new(|_| {}))
        .await
        .map_err(|e| match e {
            compare::CompareError::Engine(error) => altered(error),
            other => convert::compare(other),
        })?;
    let recorded: SampleSet = rerender::read(&report.join("data/samples.json"))?;
    let linked = media::Recorded::new(report, &recorded);
    let found = diff::documents(&job, &compared, &linked).await?;
    let comparison = found.comparison;
    if manifest.tool_version != comparison.tool_version {
        same_numbers(report, manifest, &comparison)?;
        say(&format!(
            "numbers: as recomputed; pages were written by evaldiff {} and are not re-rendered by {}",
            manifest.tool_version, comparison.tool_version
        ))?;
        return Ok(());
    }
    let Recorded::Same(theme) = theme::recorded(session, manifest.options.theme.as_deref())? else {
        same_numbers(report, manifest, &comparison)?;
        return say("numbers: as recomputed; the pages have a theme: give its folder with --theme to re-render them");
    };
    let again = match manifest.kind.as_str() {
        "run" => pages::of_run(&comparison, &found.samples, found.media, theme.as_deref())?,
        _ => pages::of_diff(
            &job,
            &compared,
            &comparison,
            &found.samples,
            found.media,
            theme.as_deref(),
        )?,
    };
    let mut differ = Vec::new();
    for page in &again {
        if std::fs::read(report.join(&page.path)).ok().as_deref() != Some(page.bytes.as_slice()) {
            differ.push(page.path.clone());
        }
    }
    if again.len() != manifest.files.len() + 1 {
        differ.push(format!("{} files instead of {}", manifest.files.len() + 1, again.len()));
    }
    if differ.is_empty() {
        return say("numbers and pages: recomputed and re-rendered from the snapshots, byte for byte the same");
    }
    differ.truncate(5);
    Err(Error::altered(format!(
        "recomputed from the snapshots, these differ: {}",
        differ.join(", ")
    )))
}

/// Compares everything but what names the tool.
fn same_numbers(report: &Path, manifest: &Manifest, now: &Comparison) -> Result<()> {
    let same = if manifest.kind == "run" {
        let mut old: RunReport = rerender::read(&report.join("data/report-data.json"))?;
        let new = pages::run_report(now);
        old.tool_version.clone_from(&new.tool_version);
        old.config_digest.clone_from(&new.config_digest);
        old == new
    } else {
        let mut old: Comparison = rerender::read(&report.join("data/comparison.json"))?;
        old.tool_version.clone_from(&now.tool_version);
        old.config_digest.clone_from(&now.config_digest);
        json_bytes(&old).ok() == json_bytes(now).ok()
    };
    if same {
        Ok(())
    } else {
        Err(Error::altered(
            "the numbers differ from those recomputed from the snapshots",
        ))
    }
}
