//! Which column plays which part when a table is read: flags above the run's own record above evaldiff.toml.

use super::Session;
use super::convert;
use crate::cli::request::ColumnChoice;
use crate::compare::{CompareError, Job};
use crate::error::{Error, Result};
use crate::model::{ColumnRoles, Kind};
use crate::store::ResolvedRun;
use arrow::compute::can_cast_types;
use arrow::datatypes::DataType;

/// Whether what is to be hidden can be: a column of the run, whose values no number of the report is told by.
///
/// # Errors
/// Usage error for another name, and for slice columns and labels: their values stand beside every count.
pub(super) fn check_hidden(job: &Job) -> Result<()> {
    let roles = &job.roles;
    for name in &job.options.hide {
        let shown = name.escape_debug();
        if job.candidate.schema.field_with_name(name).is_err() {
            let columns = job.candidate.schema.fields().iter();
            let columns: Vec<String> = columns
                .map(|field| format!("`{}`", field.name().escape_debug()))
                .collect();
            return Err(
                Error::usage(format!("there is no column `{shown}` to hide")).with_hint(format!(
                    "nothing was written. Columns as the table names them: {}",
                    columns.join(", ")
                )),
            );
        }
        if roles.slices.contains(name) {
            return Err(Error::usage(format!(
                "slice column `{shown}` cannot be hidden: its values name the slices"
            ))
            .with_hint("take it out of the slices, or show it"));
        }
        let label = roles.prediction == *name || roles.truth.as_ref() == Some(name);
        if label && roles.kind().has_labels() {
            return Err(Error::usage(format!(
                "column `{shown}` cannot be hidden: its labels are what is counted"
            ))
            .with_hint("unify labels with --label-map, or show them"));
        }
    }
    Ok(())
}

/// Whether images and sounds are where they can be: in columns of the run that hold bytes or text.
///
/// # Errors
/// Usage error that names the column.
pub(super) fn check_media(job: &Job) -> Result<()> {
    for name in &job.roles.media {
        let field = job.candidate.schema.field_with_name(name);
        let fits = |found: &DataType| found.is_string() || found.is_binary();
        let wrong = match field {
            Ok(field) if fits(field.data_type()) => continue,
            Ok(_) => "holds neither bytes nor text",
            Err(_) => "is not in the candidate's run",
        };
        return Err(
            Error::usage(format!("column `{}` of images or sounds {wrong}", name.escape_debug()))
                .with_hint("name another column with --media"),
        );
    }
    Ok(())
}

/// The roles for comparing runs of a table. `flags` is false where the flags spoke of a file's columns, whose names
/// the table has not.
pub(super) fn roles(session: &Session, run: &ResolvedRun, flags: bool) -> Result<ColumnRoles> {
    let recorded = run.roles.clone().map(choice).unwrap_or_else(|| conventional(run));
    let chosen = match flags {
        true => session.config.columns_of_table(recorded),
        false => {
            let flags = &session.config.column_flags;
            let kept = ColumnChoice {
                slices: flags.slices.clone(),
                ..ColumnChoice::default()
            };
            kept.or(recorded)
        }
    };
    let need =
        |value: Option<String>, role, flag| value.ok_or_else(|| convert::compare(CompareError::NoRole { role, flag }));
    if chosen.key.is_empty() {
        return Err(convert::compare(CompareError::NoRole {
            role: "sample key",
            flag: "--id",
        }));
    }
    let kind = kind(run, &chosen);
    if kind != Kind::Text && chosen.truth.is_none() {
        need(None, "ground truth", "--truth")?;
    }
    let mut slices: Vec<String> = Vec::new();
    for slice in chosen.slices {
        if !slices.contains(&slice) {
            slices.push(slice);
        }
    }
    Ok(ColumnRoles {
        key: chosen.key,
        truth: chosen.truth,
        prediction: need(chosen.prediction, "prediction", "--pred")?,
        confidence: chosen.confidence,
        status: chosen.status,
        error: chosen.error,
        latency: chosen.latency,
        cost: chosen.cost,
        slices,
        show: chosen.show,
        media: chosen.media,
        kind: Some(kind).filter(|kind| *kind != Kind::Classification),
        scores: if kind == Kind::Text { chosen.scores } else { Vec::new() },
        positive: chosen.positive.filter(|_| kind == Kind::Binary),
        positive_label: chosen.positive_label.filter(|_| kind == Kind::Binary),
        repeat: chosen.repeat,
        cluster: chosen.cluster,
    })
}

/// The kind of evaluation: what was said, else what the columns tell.
fn kind(run: &ResolvedRun, chosen: &ColumnChoice) -> Kind {
    let decimal = |name: &Option<String>| {
        let field = name.as_ref().and_then(|name| run.schema.field_with_name(name).ok());
        field.is_some_and(|field| field.data_type().is_floating())
    };
    match chosen.kind {
        Some(kind) => kind,
        None if decimal(&chosen.truth) && decimal(&chosen.prediction) => Kind::Numeric,
        None => Kind::Classification,
    }
}

fn choice(roles: ColumnRoles) -> ColumnChoice {
    ColumnChoice {
        kind: Some(roles.kind()),
        key: roles.key,
        truth: roles.truth,
        prediction: Some(roles.prediction),
        confidence: roles.confidence,
        status: roles.status,
        error: roles.error,
        latency: roles.latency,
        cost: roles.cost,
        slices: roles.slices,
        show: roles.show,
        media: roles.media,
        scores: roles.scores,
        positive: roles.positive,
        positive_label: roles.positive_label,
        repeat: roles.repeat,
        cluster: roles.cluster,
    }
}

/// The names of the table contract, where a table that others wrote has them.
fn conventional(run: &ResolvedRun) -> ColumnChoice {
    let has = |name: &str| run.schema.field_with_name(name).is_ok().then(|| name.to_string());
    let is_text = |name: &String| {
        let field = run.schema.field_with_name(name);
        field.is_ok_and(|field| can_cast_types(field.data_type(), &DataType::Utf8))
    };
    let shows = has("text").filter(is_text);
    ColumnChoice {
        key: has("sample_id").into_iter().collect(),
        truth: has("ground_truth"),
        prediction: has("prediction"),
        confidence: has("confidence"),
        status: has("status"),
        error: has("error"),
        latency: has("latency_ms"),
        slices: Vec::new(),
        show: shows.into_iter().collect(),
        ..ColumnChoice::default()
    }
}
