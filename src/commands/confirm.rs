//! What can still be confirmed of a report whose snapshots are gone, from the rows that are in the table now.

use super::verify::{altered, check_rows, say};
use super::{Session, convert};
use crate::audit::manifest::Manifest;
use crate::audit::rows_digest::{RowsDigest, columns, digested_as};
use crate::engine::files::{ReadColumn, RunFiles};
use crate::engine::ordered::ordered_rows;
use crate::engine::{EngineError, scan_rows};
use crate::error::{Error, Result};
use crate::model::{ColumnRoles, PinnedRun};
use crate::store::{Remaining, ResolvedRun, Store, StoreError};
use arrow::datatypes::DataType;
use futures::StreamExt;
use std::sync::Arc;

/// Says run by run what its rows, as far as they are still in the table, confirm.
///
/// # Errors
/// Exit code 3, since a snapshot is gone; 1 where rows differ from their digest.
pub(super) async fn remaining(
    session: &Session,
    store: &Store,
    manifest: &Manifest,
    found: &[ResolvedRun],
    gone: &[PinnedRun],
) -> Result<()> {
    for run in found {
        let same =
            |pinned: &&PinnedRun| (&pinned.snapshot_id, &pinned.run_id) == (&run.run.snapshot_id, &run.run.run_id);
        check_rows(run, manifest.runs.iter().find(same).unwrap_or(&run.run), manifest).await?;
    }
    let mut missing = Vec::new();
    for run in gone {
        confirm(session, store, manifest, run).await?;
        missing.push(format!("{} ({})", run.reference, run.model_version));
    }
    Err(
        Error::not_comparable(format!("snapshots are gone: {}", missing.join(", ")))
            .with_hint("the files of the report are as its manifest says; its numbers could not be recomputed"),
    )
}

async fn confirm(session: &Session, store: &Store, manifest: &Manifest, run: &PinnedRun) -> Result<()> {
    let (version, snapshot, rows) = (&run.model_version, &run.reference, run.rows);
    let left = match store.remaining(&manifest.table, run).await {
        Ok(left) => left,
        Err(error @ (StoreError::Deletes { .. } | StoreError::NoRunColumn { .. } | StoreError::NotParquet(_))) => {
            return say(&format!(
                "not confirmed: which rows of {version} ({snapshot}) are left cannot be told: {error}"
            ));
        }
        Err(error) => return Err(convert::store(error)),
    };
    match left.count {
        0 => say(&format!(
            "not confirmed: the rows of {version} ({snapshot}) are no longer in the table"
        ))?,
        count if count < rows => say(&format!(
            "not confirmed: {count} of the {rows} rows of {version} ({snapshot}) are left in the table, the others were \
             deleted from it"
        ))?,
        count if count > rows => say(&format!(
            "not confirmed: the table has {count} rows of {version} ({snapshot}), of which there were {rows}: others were \
             added, and data files written anew"
        ))?,
        _ => by_digest(session, manifest, run, &left).await?,
    }
    match &left.added {
        Ok(0) => Ok(()),
        Ok(more) => say(&format!("notice: {more} rows were added to run {} later", run.run_id)),
        Err(error) => say(&format!(
            "notice: whether rows were added to run {} later cannot be told: {error}",
            run.run_id
        )),
    }
}

/// As many rows as there were are in the table: whether they are the same.
async fn by_digest(session: &Session, manifest: &Manifest, run: &PinnedRun, left: &Remaining) -> Result<()> {
    let version = &run.model_version;
    let Some(recorded) = &run.rows_digest else {
        return say(&match left.same_files {
            true => format!(
                "not confirmed: the data files of {version} are still in the table, but no digest of its rows was recorded"
            ),
            false => format!(
                "not confirmed: as many rows of {version} as there were are still in the table, in other data files, but no \
                 digest of its rows was recorded"
            ),
        });
    };
    let mut digests = Vec::new();
    for roles in roles(manifest, left) {
        match digest(session, left, &roles).await {
            Ok(found) if found == *recorded => {
                let place = if left.same_files {
                    ""
                } else {
                    ", in other data files than before"
                };
                return say(&format!(
                    "confirmed: the rows of {version} are still in the table, unchanged ({found}){place}"
                ));
            }
            Ok(found) => digests.push(found),
            // A column that was dropped or renamed since.
            Err(EngineError::NoColumn(_)) => {}
            Err(error) => return Err(altered(error)),
        }
    }
    let Some(found) = digests.first() else {
        return say(&format!(
            "not confirmed: as many rows of {version} as there were are still in the table, but not all of the columns that \
             were digested"
        ));
    };
    Err(Error::altered(format!(
        "the rows of {version} ({}) differ from their digest: {recorded} was recorded, {found} was found",
        run.reference
    ))
    .with_hint(
        "if that run was imported with other column roles than the table's other runs, these went with its snapshot, and the \
         digest cannot be made again",
    ))
}

/// The roles under which the rows may have been digested, those of the table first; each list of columns once.
fn roles(manifest: &Manifest, left: &Remaining) -> Vec<ColumnRoles> {
    let mut out: Vec<ColumnRoles> = Vec::new();
    for roles in left.roles.iter().chain([&manifest.roles]) {
        if out.iter().all(|known| columns(known) != columns(roles)) {
            out.push(roles.clone());
        }
    }
    out
}

/// The digest of rows as they are now. Others write rows in any order, and it is one of rows in key order.
async fn digest(session: &Session, left: &Remaining, roles: &ColumnRoles) -> std::result::Result<String, EngineError> {
    let schema = &left.rows.schema;
    let mut wanted: Vec<(ReadColumn, DataType)> = Vec::new();
    for name in columns(roles) {
        let column = ReadColumn::of(schema, &name, false)?;
        let kind = schema
            .field_with_name(&name)
            .map_or(DataType::Utf8, |f| digested_as(f.data_type()));
        wanted.push((column, kind));
    }
    let files = Arc::new(RunFiles::open(&left.rows).await?);
    let mut rows = match left.same_files {
        true => scan_rows(files, wanted.into_iter().map(|(column, _)| column).collect()),
        false => {
            let engine = session.engine().map_err(|e| EngineError::DataFusion(e.chain()))?;
            let order: Vec<String> = roles.key.iter().chain(&roles.repeat).cloned().collect();
            ordered_rows(&engine, &files, wanted, &order)?
        }
    };
    let mut digest = RowsDigest::new(roles);
    while let Some(batch) = rows.next().await {
        digest
            .update(&batch?)
            .map_err(|e| EngineError::DataFusion(e.to_string()))?;
    }
    Ok(digest.finish())
}
