//! `evaldiff import`: recorded predictions into the table, one run.

use super::{Session, convert, input, print};
use crate::audit::rows_digest::RowsDigest;
use crate::cli::import::NO_VERSION;
use crate::cli::request::ImportRequest;
use crate::error::{Error, Result};
use crate::ingest::ImportPlan;
use crate::store::{Appended, StoreError, check_version};
use arrow::util::pretty::pretty_format_batches;
use futures::StreamExt;
use std::fmt::Write;

/// Appends recorded predictions as one run, or shows what would be appended.
///
/// # Errors
/// Names the file, column and row of bad input; on any error the table is as it was.
pub async fn import(session: &Session, request: &ImportRequest) -> Result<()> {
    if request.dry_run {
        let store = session.open().await.ok();
        let table = match &store {
            Some(store) => session.table(store).await?,
            None => session.config.table.clone().unwrap_or_default().to_string(),
        };
        let plan = input::plan(session, store.as_ref(), &table, &request.files, &request.input).await?;
        let version = version(request, &plan)?;
        input::check_writable(store.as_ref(), &table, &plan).await?;
        input::check_rows(session, plan.clone()).await?;
        return print(preview(&plan, &table, &version)?.as_bytes());
    }
    // Inputs are judged before a first warehouse is created, so that bad input leaves nothing behind.
    let existing = if session.has_catalog() {
        Some(session.open().await?)
    } else {
        None
    };
    let table = match &existing {
        Some(store) => session.table(store).await?,
        None => session.config.table.clone().unwrap_or_default().to_string(),
    };
    let plan = input::plan(session, existing.as_ref(), &table, &request.files, &request.input).await?;
    let version = version(request, &plan)?;
    let store = match existing {
        Some(store) => store,
        None => session.open_or_create().await?,
    };
    let run_id = request.run_id.unwrap_or_else(uuid::Uuid::now_v7).to_string();
    let known = store.find_appended(&table, &run_id, &version).await;
    let done = match known.map_err(convert::store)? {
        Some(found) => {
            input::warn_if_deleted(session, &store, &table, &run_id).await?;
            same_run(session, plan, request, &run_id, &found).await?;
            found
        }
        None => {
            let done = input::append(session, &store, &table, plan, &version, run_id.clone(), &request.input).await?;
            if done.already_there {
                // Another process brought it since it was looked for.
                let plan = input::plan(session, Some(&store), &table, &request.files, &request.input).await?;
                same_run(session, plan, request, &run_id, &done).await?;
            }
            done
        }
    };
    let version = version.escape_debug();
    let what = if done.already_there {
        "is already there"
    } else {
        "imported"
    };
    print(
        format!(
            "{what}: {version} into {table}, {} rows, run {run_id}, snapshot {}\n",
            done.rows, done.snapshot_id
        )
        .as_bytes(),
    )
}

/// Refuses an input that is not the run which is there. Of a run whose digest nobody recorded, or it is lost with its
/// snapshot, only the number of rows is compared, and that is said.
async fn same_run(
    session: &Session,
    plan: ImportPlan,
    request: &ImportRequest,
    run_id: &str,
    found: &Appended,
) -> Result<()> {
    let other = || Err(convert::store(StoreError::OtherRows(run_id.to_string())));
    let same_roles = found.roles.as_ref().is_none_or(|roles| roles == plan.roles());
    if plan.counts().rows != found.rows || !same_roles {
        return other();
    }
    let Some(recorded) = &found.rows_digest else {
        session.say(&format!(
            "warning: run {run_id} is there already; only its number of rows could be compared with these, since no digest of \
             them is left (what its snapshot recorded of rows, roles and golden dataset went with it)"
        ));
        return Ok(());
    };
    if input::golden(&plan, &request.input) != found.golden {
        return other();
    }
    let mut digest = RowsDigest::new(plan.roles());
    let engine = session.engine_within(None)?;
    let mut rows = plan.sorted(engine.context()).await.map_err(convert::ingest)?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(convert::ingest)?;
        digest
            .update(&batch)
            .map_err(|e| Error::data("the input cannot be compared with the run that is there").with_source(e))?;
    }
    match digest.finish() == *recorded {
        true => Ok(()),
        false => other(),
    }
}

/// The version that was given, else the model that the log of a tool names.
fn version(request: &ImportRequest, plan: &ImportPlan) -> Result<String> {
    let named = request.model_version.as_deref().or(plan.model());
    let named = named.ok_or_else(|| Error::usage(NO_VERSION))?;
    check_version(named).map_err(convert::store)?;
    Ok(named.to_owned())
}

fn preview(plan: &ImportPlan, table: &str, version: &str) -> Result<String> {
    let mut out = format!("would import {} into {table}:\n\n", version.escape_debug());
    let mapping = plan.mapping();
    let (mut a, mut b, mut c) = (0, 0, 0);
    for (source, column, role, _) in &mapping {
        (a, b, c) = (a.max(source.len()), b.max(column.len()), c.max(role.len()));
    }
    for (source, column, role, data_type) in &mapping {
        let _ = writeln!(out, "  {source:a$}  ->  {column:b$}  {role:c$}  {data_type}");
    }
    let rows = pretty_format_batches(&[plan.preview()])
        .map_err(|e| Error::data(format!("the first rows cannot be shown: {e}")))?;
    let _ = writeln!(out, "\nfirst rows:\n{rows}");
    let counts = plan.counts();
    let _ = writeln!(
        out,
        "\n{} rows: {} errored, {} skipped, {} without a prediction, {} without a confidence ({} of them NaN)",
        counts.rows,
        counts.errored,
        counts.skipped,
        counts.no_prediction,
        counts.null_confidence,
        counts.nan_confidence
    );
    if counts.golden_samples > 0 {
        let _ = writeln!(
            out,
            "golden dataset: {} samples, {} of them without a prediction; {} rows state another ground truth",
            counts.golden_samples, counts.golden_without_prediction, counts.truth_differs
        );
    }
    for warning in plan.warnings() {
        let _ = writeln!(out, "warning: {warning}");
    }
    out.push_str("nothing was written (--dry-run)\n");
    Ok(out)
}
