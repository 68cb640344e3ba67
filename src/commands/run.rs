//! `evaldiff run`: a golden dataset through a model service, as one run.

use super::evaluation::{self, Evaluated, Evaluation};
use super::{Session, convert, input, print};
use crate::cli::request::{DiffRequest, InputFormat, InputOptions, Resume, RunRequest};
use crate::error::{Error, Result};
use crate::ingest::{GoldenDataset, GoldenSpec, ImportPlan, ImportSpec, InputFormat as Format};
use crate::model::Kind;
use crate::runner::{RunnerError, Spool, Stop, bytes_digest, fetch, is_taken};
use crate::store::{Appended, NewRun, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Memory of the sort before a run is written, where nothing else is asked for.
const SORT_MEMORY: u64 = 64 << 20;

/// Evaluates a service and appends the run.
///
/// # Errors
/// On any error the table is as it was, and the answers so far are kept for `--resume`.
pub async fn run(session: &Session, request: &RunRequest) -> Result<()> {
    // From the first moment on: what is asked early is heeded at the first place where that can be done in order.
    let stop = Stop::listen();
    // That of the code when the evaluation begins, not of what is checked out meanwhile.
    session.commit.sha();
    let existing = match session.has_catalog() {
        true => Some(session.open().await?),
        false => None,
    };
    let table = match &existing {
        Some(store) => session.table(store).await?,
        None => session.config.table.clone().unwrap_or_default().to_string(),
    };
    // A misspelt reference must not be found out when the evaluation is paid for.
    if let Some(reference) = request
        .compare_to
        .as_deref()
        .filter(|r| !super::diff::is_file(session, r))
    {
        match &existing {
            Some(store) => store
                .resolve(&table, reference)
                .await
                .map(|_| ())
                .map_err(convert::store)?,
            None => {
                return Err(
                    Error::usage(format!("there is no run yet that --compare-to {reference} could name"))
                        .with_hint("evaluate or import that version first, or leave --compare-to out"),
                );
            }
        }
    }
    let run_id = which_run(session, request, &table)?;
    if let Some(store) = &existing
        && let found = store.find_appended(&table, &run_id.0, &request.model_version).await
        && let Some(found) = found.map_err(convert::store)?
    {
        discard_spool(session, &run_id.0)?;
        return finish(session, request, &table, &run_id.0, &found, "is already there").await;
    }
    let folder = tempfile::tempdir().map_err(|e| Error::data("no temporary folder").with_source(e))?;
    let file = golden_file(session, folder.path()).await?;
    let golden = open_golden(session, &file).await?;
    // Answers cost: whether the table can take them has to be known before the first is asked for.
    preflight(session, existing.as_ref(), &table, &golden, &file, folder.path()).await?;
    drop(existing);
    let evaluation = Evaluation {
        session,
        request,
        table: &table,
        run_id: &run_id.0,
        resumed: run_id.1,
        golden,
        golden_file: &file,
        stop: stop.clone(),
    };
    let done = evaluation.run().await?;
    let total = done.golden.rows();
    let commit = Commit {
        session,
        request,
        table: &table,
        run_id: &run_id.0,
        file: &file,
        done: &done,
    };
    let appended = tokio::select! {
        committed = commit.run() => committed.map_err(|error| keep_hint(error, &run_id.0))?,
        () = stop.asked() => return Err(convert::runner(RunnerError::Interrupted { done: total, total })),
    };
    done.spool.remove().map_err(convert::runner)?;
    let compare = request.compare_to.as_deref().unwrap_or_default();
    tokio::select! {
        finished = finish(session, request, &table, &run_id.0, &appended, "evaluated") => finished,
        () = stop.asked() => Err(Error::data("interrupted: the run is in the table, the comparison is not done")
            .with_hint(format!("evaldiff diff {compare} run:{}", run_id.0))),
    }
}

/// A run whose samples are all answered, to be appended.
struct Commit<'a> {
    session: &'a Session,
    request: &'a RunRequest,
    table: &'a str,
    run_id: &'a str,
    file: &'a Path,
    done: &'a Evaluated,
}

impl Commit<'_> {
    async fn run(&self) -> Result<Appended> {
        match self.within(Some(SORT_MEMORY)).await {
            // Samples of many megabytes: answers that were paid for are worth more memory, unless it was limited.
            Err(error)
                if error.message().contains("Resources exhausted")
                    && self.session.config.engine.memory_limit.is_none() =>
            {
                self.within(None).await
            }
            other => other,
        }
    }

    async fn within(&self, memory: Option<u64>) -> Result<Appended> {
        let (session, file, done) = (self.session, self.file, self.done);
        let bytes = bytes_digest(file).map_err(|e| Error::data("the golden dataset cannot be read").with_source(e))?;
        if bytes != done.spool.run.golden_bytes {
            return Err(
                Error::data(format!("the golden dataset changed during the run: {}", file.display()))
                    .with_hint("put back the file that the samples were read from"),
            );
        }
        // A catalog that is gone by now must not be replaced by an empty one.
        let store = match done.had_catalog {
            true => session.open().await?,
            false => session.open_or_create().await?,
        };
        let predictions = done.predictions.clone();
        let plan = plan(session, Some(&store), self.table, &done.golden, file, predictions).await?;
        let new = NewRun {
            run_id: self.run_id.to_string(),
            model_version: self.request.model_version.clone(),
            evaluated_at: done.spool.run.started_at,
            golden: input::golden(&plan, &golden_options(session, self.request)),
            roles: plan.roles().clone(),
            properties: done.properties.clone(),
        };
        input::append_run(session, &store, self.table, plan, &new, memory).await
    }
}

/// The id of the run, and whether it is resumed.
fn which_run(session: &Session, request: &RunRequest, table: &str) -> Result<(String, bool)> {
    let given = request.run_id.map(|id| id.to_string());
    let unfinished = Spool::list(&session.spool()).map_err(convert::runner)?;
    let ours = unfinished
        .iter()
        .filter(|u| u.run.model_version == request.model_version && u.run.table == table);
    let matching: Vec<String> = match (&request.resume, &given) {
        (None, Some(id)) if unfinished.iter().any(|u| u.run.run_id == *id) => {
            return Err(Error::usage(format!("run {id} is unfinished")).with_hint("go on with it: add --resume"));
        }
        (None, _) => return Ok((given.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()), false)),
        (Some(_), Some(id)) => ours.map(|u| u.run.run_id.clone()).filter(|r| r == id).collect(),
        (Some(Resume::Run(start)), None) => ours
            .map(|u| u.run.run_id.clone())
            .filter(|id| id.starts_with(start.as_str()))
            .collect(),
        (Some(Resume::Only), None) => ours.map(|u| u.run.run_id.clone()).collect(),
    };
    match (matching.as_slice(), given) {
        ([one], _) => Ok((one.clone(), true)),
        // A job that is tried again may not have come far enough to have anything to go on with.
        ([], Some(id)) => Ok((id, false)),
        ([], None) => Err(Error::usage(format!(
            "no unfinished run of version `{}` for table {table}",
            request.model_version
        ))
        .with_hint("`evaldiff runs --unfinished` lists what there is; without --resume a new run begins")),
        (several, _) => Err(Error::usage(format!(
            "{} unfinished runs of version `{}`: {}",
            several.len(),
            request.model_version,
            several.join(", ")
        ))
        .with_hint("name one, as in --resume=RUN")),
    }
}

/// A spool whose run is in the table was left by a kill between the commit and its removal.
fn discard_spool(session: &Session, run_id: &str) -> Result<()> {
    if session.spool().join(run_id).join("run.json").is_file() {
        let (spool, _) = Spool::open(&session.spool(), run_id).map_err(convert::runner)?;
        spool.remove().map_err(convert::runner)?;
    }
    Ok(())
}

/// The golden dataset as a local file.
async fn golden_file(session: &Session, folder: &Path) -> Result<PathBuf> {
    let Some(golden) = &session.config.service.golden else {
        return Err(Error::usage("an evaluation needs a golden dataset")
            .with_hint("give --golden FILE, or set GOLDEN_DATASET_PATH"));
    };
    if !golden.contains("://") {
        return Ok(session.cwd.join(golden));
    }
    let name = golden
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or("golden");
    let file = folder.join(name);
    session.say(&format!("fetching {golden}"));
    fetch(golden, &file).await.map_err(convert::runner)?;
    Ok(file)
}

async fn open_golden(session: &Session, file: &Path) -> Result<GoldenDataset> {
    let columns = session.config.columns();
    let spec = GoldenSpec {
        file: file.to_path_buf(),
        id: columns.key,
        truth: columns.truth,
        inputs: session.config.service.inputs.clone(),
        kind: kind(session)?,
        scores: columns.scores.into_iter().map(|score| score.column).collect(),
    };
    let bar = session.progress("reading the golden dataset", None);
    let opened = tokio::task::spawn_blocking(move || GoldenDataset::open(&spec)).await;
    bar.finish_and_clear();
    opened
        .map_err(|e| Error::data(format!("reading the golden dataset failed: {e}")))?
        .map_err(convert::ingest)
}

/// What the service answers: labels, unless it was said otherwise.
fn kind(session: &Session) -> Result<Kind> {
    let columns = session.config.columns();
    let implied = Kind::implied(!columns.scores.is_empty(), false);
    let kind = match columns.kind.or(implied).unwrap_or_default() {
        // That recorded predictions have probabilities makes a service answer none.
        Kind::Binary => Kind::Classification,
        kind => kind,
    };
    let refuse = |text: String, hint: &str| Err(Error::usage(text).with_hint(hint));
    match (kind, columns.scores.as_slice()) {
        (Kind::Text, []) => refuse(
            "texts are judged by scores, and none was named".into(),
            "name a member of the service's answers that holds one, with --score NAME:higher or NAME:lower",
        ),
        (Kind::Classification | Kind::Numeric, [score, ..]) => refuse(
            format!(
                "--score {} belongs to texts, and answers are {}",
                score.column.escape_debug(),
                kind.name()
            ),
            "leave it out, or say --kind text",
        ),
        (Kind::Text, scores) => match scores.iter().find(|score| is_taken(&score.column)) {
            Some(score) => refuse(
                format!(
                    "no score can be called `{}`: the runner has a column of that name",
                    score.column.escape_debug()
                ),
                "let the service give it under another name",
            ),
            None => Ok(kind),
        },
        _ => Ok(kind),
    }
}

/// Plans the import of one answer: columns, types and slices are judged as they will be.
async fn preflight(
    session: &Session,
    store: Option<&Store>,
    table: &str,
    golden: &GoldenDataset,
    file: &Path,
    folder: &Path,
) -> Result<()> {
    let sample = folder.join("preflight.parquet");
    crate::runner::preflight(golden, &sample).map_err(convert::runner)?;
    let plan = plan(session, store, table, golden, file, sample).await?;
    input::check_writable(store, table, &plan).await.map(|_| ())
}

/// Plans the import of a predictions file that the runner wrote.
async fn plan(
    session: &Session,
    store: Option<&Store>,
    table: &str,
    golden: &GoldenDataset,
    file: &Path,
    predictions: PathBuf,
) -> Result<ImportPlan> {
    let columns = session.config.columns();
    let spec = ImportSpec {
        files: vec![predictions],
        format: Format::Parquet,
        id: vec!["sample_id".into()],
        truth: golden.truth().map(String::from),
        prediction: Some("prediction".into()),
        // Named by the runner as they are guessed; one that has no values is left out.
        confidence: None,
        slices: columns.slices,
        show: columns.show,
        media: columns.media,
        golden: Some(file.to_path_buf()),
        golden_id: golden.key().to_vec(),
        status: None,
        error: None,
        latency: None,
        kind: Some(golden.kind()),
        scores: columns.scores,
        cluster: columns.cluster,
        ..ImportSpec::default()
    };
    input::plan_spec(session, store, table, spec).await
}

fn golden_options(session: &Session, request: &RunRequest) -> InputOptions {
    InputOptions {
        format: InputFormat::Auto,
        golden: session.config.service.golden.as_ref().map(PathBuf::from),
        golden_name: request.golden_name.clone(),
        golden_version: request.golden_version.clone(),
    }
}

/// A commit that failed lost nothing: says how to go on.
fn keep_hint(error: Error, run_id: &str) -> Error {
    let hint = format!("every answer is kept: go on with --resume={run_id}");
    match error.hint() {
        Some(other) => {
            let both = format!("{other}; {hint}");
            error.with_hint(both)
        }
        None => error.with_hint(hint),
    }
}

async fn finish(
    session: &Session,
    request: &RunRequest,
    table: &str,
    run_id: &str,
    appended: &Appended,
    what: &str,
) -> Result<()> {
    let line = format!(
        "{what}: {} into {table}, {} rows, run {run_id}, snapshot {}\n",
        request.model_version, appended.rows, appended.snapshot_id
    );
    let Some(baseline) = &request.compare_to else {
        return print(line.as_bytes());
    };
    session.say(line.trim_end());
    let comparison = DiffRequest {
        baseline: baseline.clone(),
        candidate: format!("run:{run_id}"),
        format: request.format,
        input: InputOptions::default(),
    };
    super::diff(session, &comparison).await
}

/// Properties of a run's snapshot that only an evaluation knows.
pub(super) fn properties(session: &Session, facts: &evaluation::Facts) -> BTreeMap<String, String> {
    let time = |micros: i64| {
        chrono::DateTime::from_timestamp_micros(micros)
            .map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
            .unwrap_or_default()
    };
    let mut out = BTreeMap::from([
        ("service".to_string(), facts.identity.tag()),
        ("service-endpoint".to_string(), facts.endpoint.clone()),
        ("started-at".to_string(), time(facts.started_at)),
        ("ended-at".to_string(), time(facts.ended_at)),
        ("batch-size".to_string(), facts.batch.clone()),
        ("concurrency".to_string(), facts.concurrency.clone()),
        ("errors".to_string(), facts.errors.to_string()),
    ]);
    if let Some(digest) = &facts.identity.schema_digest {
        out.insert("service-schema-digest".into(), digest.clone());
    }
    if let Some(sha) = session.commit.sha() {
        out.insert("git-sha".into(), sha.to_owned());
    }
    out
}
