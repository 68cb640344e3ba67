//! Appends a file of predictions as one run: what `import` does, and `diff` for a reference that is a file.

use super::{Session, convert};
use crate::cli::request::{InputFormat as Asked, InputOptions};
use crate::error::{Error, Result};
use crate::ingest::{self, ImportPlan, ImportSpec, InputFormat, KnownColumn};
use crate::model::Golden;
use crate::store::{Appended, NewRun, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reads every input once: formats, columns, roles, types.
pub(super) async fn plan(
    session: &Session,
    store: Option<&Store>,
    table: &str,
    files: &[PathBuf],
    input: &InputOptions,
) -> Result<ImportPlan> {
    let columns = session.config.columns();
    let at = |path: &PathBuf| session.cwd.join(path);
    let spec = ImportSpec {
        files: files.iter().map(at).collect(),
        format: match input.format {
            Asked::Auto => InputFormat::Auto,
            Asked::Csv => InputFormat::Csv,
            Asked::Jsonl => InputFormat::Jsonl,
            Asked::Parquet => InputFormat::Parquet,
            Asked::LmEval => InputFormat::LmEval,
            Asked::Inspect => InputFormat::Inspect,
            Asked::Promptfoo => InputFormat::Promptfoo,
            Asked::Mlflow => InputFormat::Mlflow,
            Asked::Lighteval => InputFormat::Lighteval,
        },
        id: columns.key,
        truth: columns.truth,
        prediction: columns.prediction,
        confidence: columns.confidence,
        slices: columns.slices,
        show: columns.show,
        media: columns.media,
        golden: input.golden.as_ref().map(at),
        golden_id: Vec::new(),
        status: columns.status,
        error: columns.error,
        latency: columns.latency,
        cost: columns.cost,
        kind: columns.kind,
        scores: columns.scores,
        positive: columns.positive,
        positive_label: columns.positive_label,
        repeat: columns.repeat,
        cluster: columns.cluster,
    };
    plan_spec(session, store, table, spec).await
}

/// Reads what a specification names, once.
pub(super) async fn plan_spec(
    session: &Session,
    store: Option<&Store>,
    table: &str,
    spec: ImportSpec,
) -> Result<ImportPlan> {
    let known = match store {
        Some(store) => known(store, table).await?,
        None => Vec::new(),
    };
    let bar = session.progress("reading", None);
    let ticker = bar.clone();
    let job = move || ingest::plan(&spec, &known, &|rows| ticker.set_position(rows));
    let planned = tokio::task::spawn_blocking(job).await;
    bar.finish_and_clear();
    planned
        .map_err(|e| Error::data(format!("reading the input failed: {e}")))?
        .map_err(convert::ingest)
}

/// Whether the table can take the planned run; the columns that it would get.
pub(super) async fn check_writable(store: Option<&Store>, table: &str, plan: &ImportPlan) -> Result<Vec<String>> {
    match store {
        Some(store) => store
            .check_writable(table, &plan.schema())
            .await
            .map_err(convert::store),
        None => Ok(Vec::new()),
    }
}

async fn known(store: &Store, table: &str) -> Result<Vec<KnownColumn>> {
    let schema = store.columns(table).await.map_err(convert::store)?;
    let column = |f: &arrow::datatypes::FieldRef| KnownColumn {
        name: f.name().clone(),
        data_type: f.data_type().clone(),
    };
    Ok(schema.fields().iter().map(column).collect())
}

/// Reads the planned rows as an import does, for what only shows in their order: keys that stand twice.
pub(super) async fn check_rows(session: &Session, plan: ImportPlan) -> Result<()> {
    let bar = session.progress("checking", Some(plan.counts().rows));
    let engine = session.engine_within(None)?;
    let mut rows = plan.sorted(engine.context()).await.map_err(convert::ingest)?;
    while let Some(batch) = futures::StreamExt::next(&mut rows).await {
        bar.inc(batch.map_err(convert::ingest)?.num_rows() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Appends the planned rows as one run.
pub(super) async fn append(
    session: &Session,
    store: &Store,
    table: &str,
    plan: ImportPlan,
    model_version: &str,
    run_id: String,
    input: &InputOptions,
) -> Result<Appended> {
    let run = NewRun {
        run_id,
        model_version: model_version.to_string(),
        evaluated_at: session.now_micros,
        golden: golden(&plan, input),
        roles: plan.roles().clone(),
        properties: session
            .commit
            .sha()
            .iter()
            .map(|sha| ("git-sha".to_string(), (*sha).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    };
    append_run(session, store, table, plan, &run, None).await
}

/// Appends the planned rows; the sort stays within `memory` where no limit is configured.
pub(super) async fn append_run(
    session: &Session,
    store: &Store,
    table: &str,
    plan: ImportPlan,
    run: &NewRun,
    memory: Option<u64>,
) -> Result<Appended> {
    for warning in plan.warnings() {
        session.say(&format!("warning: {warning}"));
    }
    let found = store.find_appended(table, &run.run_id, &run.model_version).await;
    if let Some(found) = found.map_err(convert::store)? {
        warn_if_deleted(session, store, table, &run.run_id).await?;
        return Ok(found);
    }
    let added = check_writable(Some(store), table, &plan).await?;
    if !added.is_empty() {
        let names: Vec<String> = added.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
        session.say(&format!(
            "notice: {table} gets the column{} {}",
            if names.len() == 1 { "" } else { "s" },
            names.join(", ")
        ));
    }
    let bar = session.progress("importing", Some(plan.counts().rows));
    let schema = plan.schema();
    let engine = session.engine_within(memory)?;
    let rows = plan.sorted(engine.context()).await.map_err(convert::ingest)?;
    let mut failed = None;
    let rows = futures::StreamExt::map(rows, |batch| batch.inspect_err(|e| failed = Some(e.clone())));
    let result = store.append(table, run, schema, rows, &|n| bar.set_position(n)).await;
    bar.finish_and_clear();
    match (result, failed) {
        (Ok(appended), _) => Ok(appended),
        // The input's own error knows the file, the row and the way out.
        (Err(_), Some(error)) => Err(convert::ingest(error)),
        (Err(error), None) => Err(convert::store(error)),
    }
}

/// Says so where a run is recorded, and its rows are gone.
pub(super) async fn warn_if_deleted(session: &Session, store: &Store, table: &str, run_id: &str) -> Result<()> {
    if store.is_deleted(table, run_id).await.map_err(convert::store)? {
        session.say(&format!(
            "warning: the rows of run {run_id} were deleted by a later commit; to have them again, import them with another \
             --run-id"
        ));
    }
    Ok(())
}

/// Name and version of the golden dataset: from flags, else from its file's stem.
pub(super) fn golden(plan: &ImportPlan, input: &InputOptions) -> Golden {
    let (name, version) = match input.golden.as_deref().map(version_of) {
        Some(stem) => named_and_versioned(stem),
        None => (None, None),
    };
    Golden {
        name: input.golden_name.clone().or(name),
        version: input.golden_version.clone().or(version),
        digest: Some(plan.golden_digest()),
    }
}

/// `sentiment-v2` is version `v2` of `sentiment`; a stem without a version is a name alone.
fn named_and_versioned(stem: String) -> (Option<String>, Option<String>) {
    if let Some((name, version)) = stem.rsplit_once(['-', '_'])
        && !name.is_empty()
        && version
            .strip_prefix('v')
            .unwrap_or(version)
            .starts_with(|c: char| c.is_ascii_digit())
    {
        return (Some(name.to_string()), Some(version.to_string()));
    }
    (Some(stem), None)
}

/// The version that a file of predictions stands for: its name without folders and endings.
pub(super) fn version_of(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut stem = name.as_str();
    for ending in [
        ".gz", ".zst", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".eval", ".parquet",
    ] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    if stem.is_empty() {
        name.clone()
    } else {
        stem.to_string()
    }
}

/// A run id that depends on the content alone, so that comparing the same two files again reuses their runs.
pub(super) fn content_run_id(files: &[PathBuf], plan: &ImportPlan, version: &str) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    // JSON leaves out roles that nothing plays: ids stay the same when there are new ones.
    let roles = serde_json::to_string(plan.roles()).map_err(convert::json)?;
    hasher.update(format!("{version}\0{roles}\0{}", plan.golden_digest()).as_bytes());
    for path in files {
        let file = std::fs::File::open(path)
            .map_err(|e| Error::usage(format!("{} cannot be read", path.display())).with_source(e))?;
        hasher
            .update_reader(file)
            .map_err(|e| Error::data(format!("{} cannot be read", path.display())).with_source(e))?;
    }
    let digest = hasher.finalize();
    let bytes = digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    Ok(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
}
