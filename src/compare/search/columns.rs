//! Which columns of the candidate's run are searched.

use crate::compare::error::CompareError;
use crate::compare::plan::nearest;
use crate::compare::{Job, latency};
use crate::engine::files::ReadColumn;
use crate::model::discovered::LeftOut;
use crate::store::{EVAL_TIMESTAMP, MODEL_VERSION, RUN_ID};
use arrow::datatypes::DataType;

/// How a column becomes codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each value is its own code.
    Category,
    /// Few values are codes of their own, many are put into bins.
    Number,
}

/// A column to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchColumn {
    pub(super) read: ReadColumn,
    pub(super) kind: Kind,
}

/// The columns to try, declared slice columns first, and those that do not qualify.
pub(super) fn choose(job: &Job) -> Result<(Vec<SearchColumn>, Vec<LeftOut>), CompareError> {
    let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
    let named = &job.options.search_columns;
    let mut names: Vec<&String> = named.iter().collect();
    if named.is_empty() {
        let fields = job.candidate.schema.fields().iter().map(|field| field.name());
        let others = fields.filter(|name| !job.roles.slices.contains(name) && role(job, name).is_none());
        names = job.roles.slices.iter().chain(others).collect();
    }
    for name in names {
        match column(job, name)? {
            Ok(column) => chosen.push(column),
            Err(why) if named.is_empty() => left_out.push(LeftOut {
                column: name.clone(),
                reason: why.into(),
            }),
            Err(why) => {
                return Err(CompareError::NotSearched {
                    column: name.clone(),
                    why,
                });
            }
        }
    }
    Ok((chosen, left_out))
}

/// The column of that name, or why it does not qualify.
fn column(job: &Job, name: &str) -> Result<Result<SearchColumn, &'static str>, CompareError> {
    let schema = &job.candidate.schema;
    let Ok(field) = schema.field_with_name(name) else {
        return Err(CompareError::NoColumn {
            column: name.to_string(),
            nearest: nearest(schema, name),
        });
    };
    let listed = |names: &[String]| names.iter().any(|other| other == name);
    let (slice, asked) = (listed(&job.roles.slices), listed(&job.options.search_columns));
    if listed(&job.roles.media) {
        return Ok(Err("it is an image or a sound"));
    }
    if let Some(role) = role(job, name) {
        return Ok(Err(role));
    }
    if listed(&job.options.hide) {
        return Ok(Err("it is hidden"));
    }
    if job.options.no_payload && !slice && !asked {
        return Ok(Err("inputs and outputs are kept out of the report"));
    }
    let kind = match kind(field.data_type()) {
        // What a slice column holds are its values, whatever their type.
        Some(_) if slice => Kind::Category,
        Some(Kind::Category) if listed(&job.roles.show) && !asked => return Ok(Err("it is an input")),
        Some(kind) => kind,
        None => return Ok(Err("its type is not searched")),
    };
    Ok(Ok(SearchColumn {
        read: job.column(name, kind == Kind::Category)?,
        kind,
    }))
}

/// The part that a column plays which makes it no property of a sample that could explain anything.
fn role(job: &Job, name: &str) -> Option<&'static str> {
    let roles = &job.roles;
    let is = |column: &Option<String>| column.as_deref() == Some(name);
    if roles.key.iter().any(|key| key == name) {
        Some("it is the key")
    } else if roles.prediction == name
        || is(&roles.confidence)
        || is(&roles.positive)
        || roles.scores.iter().any(|score| score.column == name)
    {
        Some("it is an answer")
    } else if is(&roles.status)
        || is(&roles.error)
        || is(&roles.latency)
        || is(&roles.cost)
        || name == latency::BATCH_SIZE
    {
        Some("it says how an answer came about")
    } else if [RUN_ID, MODEL_VERSION, EVAL_TIMESTAMP].contains(&name) {
        Some("it names the run")
    } else if roles
        .slices
        .iter()
        .chain(&job.options.search_columns)
        .any(|c| c == name)
    {
        None
    } else if is(&roles.truth) {
        Some("it is the ground truth")
    } else if is(&roles.cluster) {
        Some("each cluster is in one of the halves")
    } else {
        None
    }
}

fn kind(data_type: &DataType) -> Option<Kind> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean => Some(Kind::Category),
        DataType::Dictionary(_, value) => kind(value),
        number if number.is_numeric() => Some(Kind::Number),
        _ => None,
    }
}
