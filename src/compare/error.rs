//! What can go wrong in a comparison.

use crate::engine::EngineError;
use arrow::error::ArrowError;

/// Errors of a comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A column that a role or flag names is not in the run.
    #[error("the candidate's run has no column `{column}`")]
    NoColumn {
        /// The column.
        column: String,
        /// Columns with similar names.
        nearest: Vec<String>,
    },
    /// A slice column with too many values.
    #[error("slice column `{column}` has more than {limit} distinct values")]
    TooManyValues {
        /// The column.
        column: String,
        /// The limit.
        limit: usize,
    },
    /// A column that was named for the search cannot be searched.
    #[error("column `{column}` cannot be searched: {why}")]
    NotSearched {
        /// The column.
        column: String,
        /// Why not.
        why: &'static str,
    },
    /// A label as cluster.
    #[error("column `{0}` is a label, and cannot say which samples belong together")]
    ClusterIsLabel(String),
    /// More distinct labels than can be coded.
    #[error("there are more than {0} distinct labels")]
    TooManyLabels(usize),
    /// Labels of which none, or not the named one, can be the positive of two.
    #[error("{}", not_binary(.labels, *.more, .positive.as_deref()))]
    NotBinary {
        /// The first labels.
        labels: Vec<String>,
        /// How many more there are.
        more: usize,
        /// A positive label that no sample has.
        positive: Option<String>,
    },
    /// Ground truth and prediction of types that write equal values differently.
    #[error("{}", spellings(.columns, .example.as_deref()))]
    Spellings {
        /// Ground truth and prediction: name and type.
        columns: Box<[(String, String); 2]>,
        /// Two texts of one value.
        example: Option<Box<[String; 2]>>,
        /// Whether both are numbers.
        numbers: bool,
        /// Whether a label map is applied to them.
        mappable: bool,
    },
    /// No roles are known for a table that evaldiff did not write.
    #[error("nothing says which column of the table is the {role}")]
    NoRole {
        /// The role.
        role: &'static str,
        /// The flag that gives it.
        flag: &'static str,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Arrow failed.
    #[error("{0}")]
    Arrow(String),
}

fn not_binary(labels: &[String], more: usize, positive: Option<&str>) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|label| format!("`{}`", label.escape_debug()))
        .collect();
    let labels = labels.join(", ");
    match positive {
        Some(positive) => format!(
            "no sample has the positive label `{}`, only {labels}",
            positive.escape_debug()
        ),
        None if more > 0 => format!("a binary classification has two labels, not {labels} and {more} more"),
        None => format!("a binary classification has two labels, not {labels}"),
    }
}

fn spellings(columns: &[(String, String); 2], example: Option<&[String; 2]>) -> String {
    let [truth, prediction] = columns
        .each_ref()
        .map(|(name, data_type)| format!("`{}` ({data_type})", name.escape_debug()));
    let example = example.map_or_else(String::new, |[written, label]| {
        format!(": `{}` and `{}`", written.escape_debug(), label.escape_debug())
    });
    format!("answers are compared as texts, and {truth} and {prediction} write equal values differently{example}")
}

/// The way out where a column has a type that its part cannot have, by that type.
fn way_to_type(data_type: &str) -> String {
    let written = match data_type {
        "decimal number" => {
            "compare numbers with --kind numeric, or have the job that writes the table write labels as text"
        }
        "text" | "date" | "timestamp" => {
            "name another column, or have the job that writes the table write this one as a number"
        }
        _ => "name another column, or have the job that writes the table write this one as text or as a number",
    };
    written.into()
}

impl CompareError {
    /// The way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            CompareError::NoColumn { nearest, .. } if !nearest.is_empty() => {
                Some(format!("did you mean {}?", nearest.join(" or ")))
            }
            CompareError::NoColumn { .. } => Some(
                "a run has the columns that its table had as of its snapshot: give the name that the column had then".into(),
            ),
            CompareError::TooManyValues { .. } => {
                Some("bin its values into a column of their own and slice by that".into())
            }
            CompareError::ClusterIsLabel(_) => Some("name the column of the document, user or group with --cluster".into()),
            CompareError::NotBinary { positive: Some(_), .. } => Some("name one of them with --positive-label".into()),
            CompareError::NotBinary { .. } => Some("compare them with --kind classification".into()),
            CompareError::Spellings { numbers, mappable, .. } => {
                let mapped = if *mappable { ", or say with --label-map which labels are the same" } else { "" };
                let numeric = if *numbers { ", or compare numbers with --kind numeric" } else { "" };
                Some(format!(
                    "cast one of them to the type of the other in the job that writes the table{mapped}{numeric}"
                ))
            }
            CompareError::Engine(EngineError::ColumnType { data_type, .. }) => Some(way_to_type(data_type)),
            CompareError::NotSearched { .. } => {
                Some("name columns that describe the samples with --search-column, or none to search all of them".into())
            }
            CompareError::NoRole { flag, .. } => Some(format!("give it with {flag}, or in evaldiff.toml")),
            CompareError::Engine(EngineError::Outside(_)) => Some(crate::store::ALSO_READ_HINT.into()),
            CompareError::Engine(EngineError::Altered { .. }) => Some(
                "restore the file from a backup, or import or evaluate the version again: `evaldiff runs` lists its runs".into(),
            ),
            CompareError::Engine(EngineError::File { reason, .. }) if crate::store::way_to_store(reason).is_some() => {
                crate::store::way_to_store(reason).map(str::to_string)
            }
            CompareError::Engine(EngineError::File { path, .. }) if path.contains("://") && !path.starts_with("file:") => {
                Some("check the s3.* properties under [catalog.properties] in evaldiff.toml, or the AWS_* variables".into())
            }
            CompareError::Engine(EngineError::File { .. }) => Some(
                "restore the file from a backup, or compare another run of the version: `evaldiff runs` lists them".into(),
            ),
            CompareError::Engine(EngineError::MixedTruth { .. }) => Some(
                "a sample has one ground truth for all its trials: import or write the run again with one, or unify spellings \
                 of labels with --label-map"
                    .into(),
            ),
            CompareError::Engine(EngineError::Default { .. }) => Some(
                "leave the column out of the comparison, or have the engine that wrote the table write its files anew".into(),
            ),
            CompareError::Engine(EngineError::Memory(_)) => Some("give more with --memory-limit".into()),
            _ => None,
        }
    }

    /// Whether a changed command line mends it.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            CompareError::NoColumn { .. }
                | CompareError::ClusterIsLabel(_)
                | CompareError::TooManyValues { .. }
                | CompareError::NotSearched { .. }
                | CompareError::NoRole { .. }
                | CompareError::NotBinary { .. }
                | CompareError::Spellings { .. }
                | CompareError::Engine(
                    EngineError::Memory(_) | EngineError::NoColumn(_) | EngineError::ColumnType { .. }
                )
        )
    }
}

impl From<ArrowError> for CompareError {
    fn from(error: ArrowError) -> Self {
        CompareError::Arrow(error.to_string())
    }
}

impl From<datafusion::error::DataFusionError> for CompareError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        CompareError::Engine(error.into())
    }
}
