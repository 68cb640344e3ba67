//! What can go wrong in the engine.

use datafusion::error::DataFusionError;

/// Errors of the engine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// A data file that a manifest names cannot be read.
    #[error("the data file {path} cannot be read: {reason}")]
    File {
        /// Its location.
        path: String,
        /// Cause.
        reason: String,
    },
    /// A manifest names a file where the table's files have no business to be.
    #[error("the data file {0} is not read: it is outside the table's location and its warehouse")]
    Outside(String),
    /// A data file is not the one that the manifest describes.
    #[error("the data file {path} was changed in place: {reason}")]
    Altered {
        /// Its location.
        path: String,
        /// What differs.
        reason: String,
    },
    /// A file that claims to be sorted by key is not: the caller sorts and tries again.
    #[error("the rows of {0} are not in key order")]
    Disorder(String),
    /// A key was found more than once where the plan cannot set it aside: the caller takes the ordered plan.
    #[error("a key stands more than once")]
    Duplicate,
    /// Trials of one sample were judged against different ground truths.
    #[error("the trials of `{}` have two ground truths{}", .key.escape_debug(), both(.truths.as_ref()))]
    MixedTruth {
        /// The sample's key.
        key: String,
        /// Two of its truths; texts are not at hand.
        truths: Option<[String; 2]>,
    },
    /// A column is missing from the run's schema.
    #[error("the run has no column `{0}`")]
    NoColumn(String),
    /// A file lacks a column whose value then comes from what is not read.
    #[error("the data file {path} lacks the column `{column}`, and {what} are not read by this version")]
    Default {
        /// Its location.
        path: String,
        /// The column.
        column: String,
        /// What is not read.
        what: String,
    },
    /// A column has a type that its role cannot have.
    #[error("column `{column}` has type {data_type}, which cannot serve as {role}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
        /// The role.
        role: &'static str,
    },
    /// The memory limit does not suffice.
    #[error("the memory limit is too small: {0}")]
    Memory(String),
    /// Anything that DataFusion says.
    #[error("{0}")]
    DataFusion(String),
}

fn both(truths: Option<&[String; 2]>) -> String {
    truths.map_or_else(String::new, |[first, second]| {
        format!(", `{}` and `{}`", first.escape_debug(), second.escape_debug())
    })
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<EngineError>() {
                Ok(own) => *own,
                Err(other) => match other.downcast::<DataFusionError>() {
                    Ok(inner) => EngineError::from(*inner),
                    Err(other) => EngineError::DataFusion(other.to_string()),
                },
            },
            // What several partitions wait for.
            DataFusionError::Shared(shared) => match shared.find_root() {
                DataFusionError::External(inner) => match inner.downcast_ref::<EngineError>() {
                    Some(own) => own.clone(),
                    None => EngineError::DataFusion(inner.to_string()),
                },
                other => EngineError::DataFusion(other.to_string()),
            },
            DataFusionError::Context(_, inner) => EngineError::from(*inner),
            DataFusionError::ResourcesExhausted(text) => EngineError::Memory(text),
            other => EngineError::DataFusion(other.to_string()),
        }
    }
}

impl From<EngineError> for DataFusionError {
    fn from(error: EngineError) -> Self {
        DataFusionError::External(Box::new(error))
    }
}
