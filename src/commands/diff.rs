//! `evaldiff A B`: the main job.

use super::{
    Session, assemble, colored, columns, convert, folder_site, input, media, pages, print, shared, theme, width,
};
use crate::audit::manifest::{config_digest, json_bytes};
use crate::cli::request::{DiffRequest, InputOptions, OutputFormat};
use crate::compare::{self, Compared, Job, JoinChoice};
use crate::config::JoinStrategy;
use crate::error::{Error, Result};
use crate::media::{Collector, Linked, MediaFiles};
use crate::model::{Comparison, Direction, NonInferiority, SampleSet, Verdict};
use crate::publish::Item;
use crate::report::format::Unit;
use crate::report::headline::{UNCHANGED, headline_metric, why_untold};
use crate::report::measure::lower;
use crate::report::words::metric_title;
use crate::report::{markdown, terminal};
use crate::store::{ResolvedRun, Store, VERSION_PREFIX, check_version};
use std::path::{Path, PathBuf};

/// Compares two runs and writes the report.
///
/// # Errors
/// The report is written all the same: exit code 3 if no sample can be compared, and as [`gate`] says.
pub async fn diff(session: &Session, request: &DiffRequest) -> Result<()> {
    let (_, comparison) = write_report(session, request).await?;
    let accounting = &comparison.accounting;
    if accounting.matched == 0 && accounting.label_changed > 0 {
        return Err(Error::not_comparable(format!(
            "no sample can be compared: the ground truth of {} samples differs between the runs",
            accounting.label_changed
        ))
        .with_hint("evaluate both versions on the same golden dataset"));
    }
    let of_one = accounting.only_baseline + accounting.only_candidate;
    if accounting.matched == 0 && accounting.unlabelled > 0 && of_one == 0 {
        return Err(Error::not_comparable(format!(
            "no sample can be compared: {} have no ground truth in one of the runs",
            accounting.unlabelled
        ))
        .with_hint(
            "look at the column that holds the ground truth of each run (--truth): it may have been renamed or added in between",
        ));
    }
    if accounting.matched == 0 && accounting.errored > 0 && of_one == 0 {
        return Err(Error::not_comparable(format!(
            "no sample can be compared: each of the {} has no answer in one of the runs",
            accounting.errored
        ))
        .with_hint("look at the column that holds the answers of each run (--pred): it may have been renamed or added in between"));
    }
    if accounting.matched == 0 {
        return Err(
            Error::not_comparable("no sample can be compared: the runs have no usable key in common")
                .with_hint("check that both runs were made on the same golden dataset, with the same keys"),
        );
    }
    gate(&comparison)
}

/// Fails where a margin was asked for and a loss as large cannot be excluded.
///
/// # Errors
/// Exit code 1 if the whole interval lies on the side of a loss, 3 if it holds zero or so few samples changed that no test could tell, since
/// more samples would, or if there is none that is sure to hold.
fn gate(comparison: &Comparison) -> Result<()> {
    let Some(margin) = comparison
        .options
        .margin
        .filter(|_| comparison.non_inferiority != Some(NonInferiority::Shown))
    else {
        return Ok(());
    };
    let metric = headline_metric(comparison);
    let told = comparison.verdict != Verdict::Inconclusive;
    let lost = told
        && metric.is_some_and(|metric| match metric.direction {
            Direction::Lower => metric.ci_low.is_some_and(|low| low > 0.0),
            _ => metric.ci_high.is_some_and(|high| high < 0.0),
        });
    let name = metric.map_or("accuracy", |metric| metric.name.as_str());
    let margin = Unit::of_metric(name).size(Some(margin));
    if comparison.non_inferiority != Some(NonInferiority::NotShown) {
        let why = why_untold(comparison);
        let text = format!("whether a loss of {margin} is excluded cannot be told: {why}");
        let hint = match (why, comparison.clusters) {
            (UNCHANGED, _) => "where nothing can change there is nothing to exclude: leave --margin out",
            (_, Some(_)) => "evaluate on more clusters",
            (_, None) => "evaluate on more samples",
        };
        return Err(Error::not_comparable(text).with_hint(hint));
    }
    Err(match lost {
        true => Error::regression(format!(
            "{} got worse, and a loss of {margin} cannot be excluded",
            lower(&metric_title(name))
        )),
        false => Error::not_comparable(format!(
            "inconclusive: the samples are too few to exclude a loss of {margin}"
        ))
        .with_hint("evaluate on more samples, or allow a larger --margin"),
    })
}

/// Compares, writes the report and prints the summary; gives the index page.
pub(super) async fn write_report(session: &Session, request: &DiffRequest) -> Result<(PathBuf, Comparison)> {
    let root = session.cwd.join(&session.config.out);
    folder_site::check_root(&root)?;
    let theme = theme::configured(session)?;
    let files = [&request.baseline, &request.candidate].map(|r| is_file(session, r));
    for (reference, _) in [&request.baseline, &request.candidate]
        .into_iter()
        .zip(files)
        .filter(|(_, file)| *file)
    {
        check_version(&input::version_of(&session.cwd.join(reference))).map_err(convert::store)?;
    }
    let store = if files.contains(&true) {
        session.open_or_create().await?
    } else {
        session.open().await?
    };
    let table = session.table(&store).await?;
    let baseline = resolve(session, &store, &table, &request.baseline, &request.input).await?;
    let candidate = resolve(session, &store, &table, &request.candidate, &request.input).await?;
    let resolved = [
        resolution(&request.baseline, &baseline),
        resolution(&request.candidate, &candidate),
    ]
    .concat();
    let text = request.format == OutputFormat::Text;
    if text {
        print(resolved.as_bytes())?
    } else {
        session.say(resolved.trim_end())
    }
    let roles = columns::roles(session, &candidate, !files.contains(&true))?;
    let job = Job {
        options: theme::options(session, roles.kind(), theme.as_ref())?,
        roles,
        join: join(session.config.engine.join),
        baseline,
        candidate,
    };
    columns::check_hidden(&job)?;
    columns::check_media(&job)?;
    session.lap("resolved");
    let linked = media::linked(session, &job)?;
    let (compared, found) = compute(session, &job, &*linked).await?;
    let comparison = found.comparison;
    let pages = pages::of_diff(
        &job,
        &compared,
        &comparison,
        &found.samples,
        found.media,
        theme.as_ref(),
    )?;
    session.lap("rendered");
    let index = folder_site::write(&root, &pages, &Item::of_diff(&comparison))?;
    session.lap("written");
    let path = format!("{}\n", shown_path(session, &index));
    match request.format {
        OutputFormat::Json => print(&json_bytes(&comparison).map_err(convert::json)?)?,
        OutputFormat::Markdown => print(markdown::summary(&comparison).as_bytes())?,
        OutputFormat::Text => print(terminal::summary(&comparison, width(), colored(session.console)).as_bytes())?,
    }
    if text {
        print(path.as_bytes())?
    } else {
        session.say(path.trim_end())
    }
    Ok((index, comparison))
}

/// The pass, the document and the samples.
pub(super) async fn compute(session: &Session, job: &Job, linked: &dyn Linked) -> Result<(Compared, Documents)> {
    let engine = session.engine()?;
    let bar = session.progress("comparing", Some(job.baseline.run.rows.max(job.candidate.run.rows)));
    let compared = compare::run(&engine, job, shared(&bar)).await;
    bar.finish_and_clear();
    let compared = compared.map_err(convert::compare)?;
    session.lap("joined and counted");
    let found = documents(job, &compared, linked).await?;
    media::say_missing(session, &found.samples);
    session.lap("samples fetched");
    Ok((compared, found))
}

/// What a report is made of.
pub(super) struct Documents {
    /// Every number.
    pub(super) comparison: Comparison,
    /// The samples.
    pub(super) samples: SampleSet,
    /// Their images and sounds.
    pub(super) media: MediaFiles,
}

/// The documents of a pass that is over; `linked` has the files that samples name.
pub(super) async fn documents(job: &Job, compared: &Compared, linked: &dyn Linked) -> Result<Documents> {
    let mut comparison = assemble::comparison(job, compared);
    let slices = assemble::paged_slices(&comparison);
    let mut collector = Collector::new(linked);
    let shown = compared.samples(job, &slices, &mut collector).await;
    let shown = shown.map_err(convert::compare)?;
    assemble::add_overlaps(&mut comparison, &slices, &shown.overlaps);
    let (media, digest) = collector.finish();
    // What files hold is no part of the snapshots: other files make another report.
    comparison.options.media = digest;
    comparison.config_digest = config_digest(
        &comparison.roles,
        &comparison.options,
        &comparison.tool_version,
        [&comparison.baseline, &comparison.candidate],
    );
    Ok(Documents {
        comparison,
        samples: shown.samples,
        media,
    })
}

/// A reference to a run, or a file of predictions, which is appended first.
pub(super) async fn resolve(
    session: &Session,
    store: &Store,
    table: &str,
    reference: &str,
    options: &InputOptions,
) -> Result<ResolvedRun> {
    if !is_file(session, reference) {
        let found = store.resolve(table, reference).await.map_err(convert::store)?;
        for notice in &found.notices {
            session.say(&format!("notice: {notice}"));
        }
        return Ok(found);
    }
    let path = session.cwd.join(reference);
    let version = input::version_of(&path);
    let plan = input::plan(session, Some(store), table, std::slice::from_ref(&path), options).await?;
    let run_id = input::content_run_id(&[path], &plan, &version)?;
    input::append(session, store, table, plan, &version, run_id.clone(), options).await?;
    store
        .resolve(table, &format!("run:{run_id}"))
        .await
        .map_err(convert::store)
}

/// Whether a reference names a file of predictions: it is there, or it looks like one.
pub(super) fn is_file(session: &Session, reference: &str) -> bool {
    if reference.starts_with(VERSION_PREFIX) {
        return false;
    }
    let path = Path::new(reference);
    let known = ["csv", "tsv", "json", "jsonl", "ndjson", "eval", "parquet", "gz", "zst"];
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| known.contains(&e.to_ascii_lowercase().as_str()));
    ending || (session.cwd.join(path).is_file() && reference.contains('/'))
}

/// What a reference resolved to; all runs of the version where there are several.
pub(super) fn resolution(reference: &str, resolved: &ResolvedRun) -> String {
    let run = &resolved.run;
    let mut text = format!(
        "{} -> {} (version {}, run {}, {} rows, {})\n",
        reference.escape_debug(),
        run.reference,
        run.model_version.escape_debug(),
        run.run_id.escape_debug(),
        run.rows,
        run.committed_at
    );
    if !resolved.others.is_empty() {
        text.push_str(&format!(
            "  newest of {} runs of this version; the others:\n",
            resolved.others.len() + 1
        ));
        for other in &resolved.others {
            text.push_str(&format!(
                "  run:{} ({} rows, {})\n",
                other.run_id,
                other.rows,
                other.committed_at()
            ));
        }
    }
    text
}

pub(super) fn join(strategy: JoinStrategy) -> JoinChoice {
    match strategy {
        JoinStrategy::Auto => JoinChoice::Auto,
        JoinStrategy::Merge => JoinChoice::Merge,
        JoinStrategy::Hash => JoinChoice::Hash,
    }
}

/// A path as the user would type it.
pub(super) fn shown_path(session: &Session, path: &Path) -> String {
    let shown: PathBuf = path
        .strip_prefix(&session.cwd)
        .map_or_else(|_| path.to_path_buf(), Path::to_path_buf);
    shown.display().to_string()
}
