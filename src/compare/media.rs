//! Images and sounds of the samples that get a page.

use super::Job;
use super::error::CompareError;
use super::payload::Chosen;
use super::plan::Sides;
use crate::engine::files::{ReadColumn, RunFiles};
use crate::engine::lookup::{Cell, cells_at};
use crate::media::Collector;
use crate::model::Media;
use std::collections::{BTreeMap, BTreeSet};

/// The values of one run's rows by position, in the order of the columns.
pub(super) struct Shows {
    columns: usize,
    rows: BTreeMap<u64, Vec<Option<Media>>>,
}

impl Shows {
    /// The values of a row.
    pub(super) fn of(&self, position: u64) -> Vec<Option<Media>> {
        let row = self.rows.get(&position).cloned();
        row.unwrap_or_else(|| vec![None; self.columns])
    }
}

/// Media columns that may be shown.
pub(super) fn columns(job: &Job) -> Vec<String> {
    let allowed = |c: &&String| !job.options.no_payload && !job.options.hide.contains(c);
    job.roles.media.iter().filter(allowed).cloned().collect()
}

/// Reads the values of both runs. The first list comes first, so that what regressed is shown where not all can be.
pub(super) async fn fetch(
    sides: &Sides,
    job: &Job,
    lists: &[Chosen],
    collector: &mut Collector<'_>,
) -> Result<[Shows; 2], CompareError> {
    let columns = columns(job);
    let read: Vec<ReadColumn> = columns
        .iter()
        .map(|name| job.column(name, false))
        .collect::<Result<_, _>>()?;
    let mut shows = [(); 2].map(|()| Shows {
        columns: columns.len(),
        rows: BTreeMap::new(),
    });
    if columns.is_empty() {
        return Ok(shows);
    }
    let rest = lists.get(1..).unwrap_or_default();
    for part in [lists.get(..1).unwrap_or_default(), rest] {
        for (side, files) in [&sides.baseline, &sides.candidate].into_iter().enumerate() {
            let chosen = part.iter().flat_map(|list| &list.ranked);
            let positions: BTreeSet<u64> = chosen.filter_map(|r| r.row.positions[side]).collect();
            let new = |position: &u64| !shows[side].rows.contains_key(position);
            let positions: Vec<u64> = positions.into_iter().filter(new).collect();
            collect(files, &read, &positions, &mut shows[side], collector).await?;
        }
    }
    Ok(shows)
}

async fn collect(
    files: &RunFiles,
    read: &[ReadColumn],
    positions: &[u64],
    shows: &mut Shows,
    collector: &mut Collector<'_>,
) -> Result<(), CompareError> {
    let empty = || vec![None; read.len()];
    cells_at(files, read, positions, |position, column, cell| {
        let media = match cell {
            Cell::Bytes(bytes) => collector.bytes(bytes),
            Cell::Text(text) => collector.text(text),
        };
        let row = shows.rows.entry(position).or_insert_with(empty);
        if let Some(slot) = row.get_mut(column) {
            *slot = media;
        }
    })
    .await?;
    Ok(())
}
