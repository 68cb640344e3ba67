//! Every way in which reading inputs can fail, with what to do about it.

use std::path::PathBuf;

use super::hint;
pub use super::place::Place;
use super::place::found_at;
pub(crate) use super::place::{clip, list};

/// Who can mend an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngestErrorKind {
    /// A changed command line mends it.
    Usage,
    /// The content of the data is at fault.
    Data,
}

/// Why inputs could not be read.
#[expect(missing_docs, reason = "the message above each variant says what its fields are")]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IngestError {
    /// No file was named.
    #[error("no predictions file was given")]
    NoFiles,
    /// A file is not there.
    #[error("{} does not exist", .file.display())]
    NotFound { file: PathBuf },
    /// A folder was named where a file is needed.
    #[error("{} is a directory, not a file", .file.display())]
    IsDirectory { file: PathBuf },
    /// The operating system refused to open or read.
    #[error("cannot read {}: {reason}", .file.display())]
    Unreadable { file: PathBuf, reason: String },
    /// A file of no bytes.
    #[error("{} is empty", .file.display())]
    Empty { file: PathBuf },
    /// A file without data rows.
    #[error("{} has no rows", .file.display())]
    NoRows { file: PathBuf },
    /// The content is not what the format asks for.
    #[error("{} is not a {expected} file: {reason}", .file.display())]
    NotFormat {
        file: PathBuf,
        expected: &'static str,
        reason: String,
    },
    /// A compressed or binary file that breaks off or does not decode.
    #[error("{} is damaged or incomplete ({format}): {reason}", .file.display())]
    Corrupt {
        file: PathBuf,
        format: &'static str,
        reason: String,
    },
    /// A header of one column that holds another separator.
    #[error("{} has a single column \"{header}\", separated by {found}?", .file.display())]
    Delimiter {
        file: PathBuf,
        header: String,
        found: &'static str,
    },
    /// A CSV record with too few or too many fields.
    #[error("{place}: {found} fields where the header has {expected}")]
    Ragged {
        place: Place,
        expected: usize,
        found: usize,
    },
    /// A quoted CSV field that never ends, or a cell beyond the limit.
    #[error("{place}: {reason}")]
    BadRecord { place: Place, reason: String },
    /// Two columns of one name.
    #[error("{} has two columns named \"{column}\"", .file.display())]
    DuplicateColumn { file: PathBuf, column: String },
    /// A column without a name.
    #[error("{}: column {position} has no name", .file.display())]
    UnnamedColumn { file: PathBuf, position: usize },
    /// More columns than any evaluation has.
    #[error("{} has {count} columns, more than {max}", .file.display())]
    TooManyColumns { file: PathBuf, count: usize, max: usize },
    /// Bytes that are not UTF-8.
    #[error("{place}: not valid UTF-8")]
    InvalidUtf8 { place: Place },
    /// A line that is not JSON.
    #[error("{place}: not valid JSON: {reason}")]
    InvalidJson { place: Place, reason: String },
    /// JSON, but not an object.
    #[error("{place}: expected a JSON object, found {found}")]
    NotObject { place: Place, found: &'static str },
    /// A JSON field of different types.
    #[error("{place}: \"{column}\" is {found} here but {before} on line {before_line}")]
    MixedTypes {
        place: Place,
        column: String,
        found: &'static str,
        before: &'static str,
        before_line: u64,
    },
    /// A column that was asked for is not there.
    #[error("{} has no column \"{column}\" ({flag})", .file.display())]
    MissingColumn {
        file: PathBuf,
        column: String,
        flag: &'static str,
        nearest: Vec<String>,
        columns: Vec<String>,
    },
    /// Nothing looks like a role that is needed.
    #[error("no column of {} looks like the {role}; it has {}", .file.display(), list(.columns))]
    NoColumnFor {
        file: PathBuf,
        role: &'static str,
        flag: &'static str,
        columns: Vec<String>,
        nearest: Vec<String>,
    },
    /// Several columns look like one role.
    #[error("several columns of {} could be the {role}: {}", .file.display(), list(.candidates))]
    Ambiguous {
        file: PathBuf,
        role: &'static str,
        flag: &'static str,
        candidates: Vec<String>,
    },
    /// One column was given two parts to play.
    #[error("column \"{column}\" cannot be both {first} and {second}")]
    TwoRoles {
        column: String,
        first: &'static str,
        second: &'static str,
    },
    /// A column whose name means something else in the results table.
    #[error("column \"{column}\" of {} has a name that the results table keeps for the {role}", .file.display())]
    NameClash {
        file: PathBuf,
        column: String,
        role: &'static str,
        flag: &'static str,
    },
    /// A column that the table fills by itself.
    #[error("column \"{column}\" is filled by evaldiff and cannot be {role}")]
    Reserved { column: String, role: &'static str },
    /// A role column of a type that cannot play that role.
    #[error("column \"{column}\" of {} cannot be the {role}: it is {found}", .file.display())]
    RoleType {
        file: PathBuf,
        column: String,
        role: &'static str,
        found: String,
        flag: &'static str,
    },
    /// Decimal labels.
    #[error("column \"{column}\" of {} cannot be the {role}: it is decimal, as {example}", .file.display())]
    DecimalLabel {
        file: PathBuf,
        column: String,
        role: &'static str,
        example: String,
    },
    /// A table whose keys are no texts.
    #[error("\"{column}\" is {table} in the table, and evaldiff writes keys as text")]
    KeyType { column: String, table: String },
    /// A column of other type than the table's.
    #[error("column \"{column}\" is {table} in the table but {found} in {}", .file.display())]
    TypeConflict {
        column: String,
        table: String,
        file: PathBuf,
        found: String,
    },
    /// A column of different types in two inputs.
    #[error("column \"{column}\" is {first} in {} but {second} in {}", .first_file.display(), .second_file.display())]
    FilesDisagree {
        column: String,
        first: String,
        first_file: PathBuf,
        second: String,
        second_file: PathBuf,
    },
    /// A value that its column cannot hold.
    #[error("{place}: column \"{column}\": {reason}")]
    BadValue {
        place: Place,
        column: String,
        reason: String,
        advice: &'static str,
    },
    /// A row without its key.
    #[error("{place}: no key: column \"{column}\" is empty")]
    NoKey { place: Place, column: String },
    /// A row without ground truth.
    #[error("{place}: no ground truth: column \"{column}\" is empty")]
    NoTruth { place: Place, column: String },
    /// Two rows of one key.
    #[error("duplicate key {}: {}", clip(.key), found_at(.places))]
    DuplicateKey { key: String, places: Vec<Place> },
    /// Trials of one sample that were judged against different ground truths.
    #[error("the trials of {} have two ground truths, {} and {}: {}", clip(.key), clip(.first), clip(.second), found_at(.places))]
    MixedTruth {
        key: String,
        first: String,
        second: String,
        places: Vec<Place>,
    },
    /// Predictions for samples that the golden dataset does not hold.
    #[error("{count} of {rows} predictions have a key that {} lacks, the first is {} ({place})", .golden.display(), clip(.key))]
    NotInGolden {
        golden: PathBuf,
        key: String,
        place: Place,
        count: u64,
        rows: u64,
    },
    /// A declared slice column of too many values.
    #[error("slice column \"{column}\" of {} has more than {max} different values, within the first {rows} rows", .file.display())]
    TooManySliceValues {
        file: PathBuf,
        column: String,
        rows: u64,
        max: usize,
    },
    /// The files are not what they were in the first pass.
    #[error("the input changed while it was read: {reason}")]
    Changed { reason: String },
    /// The engine failed to sort or join.
    #[error("cannot sort the input: {reason}")]
    Engine { reason: String },
}

impl IngestError {
    /// Whether a changed command line mends it, or only changed data.
    pub fn kind(&self) -> IngestErrorKind {
        use IngestError as E;
        match self {
            E::NoFiles
            | E::NotFound { .. }
            | E::IsDirectory { .. }
            | E::MissingColumn { .. }
            | E::NoColumnFor { .. }
            | E::Ambiguous { .. }
            | E::TwoRoles { .. }
            | E::NameClash { .. }
            | E::Reserved { .. }
            | E::TooManySliceValues { .. } => IngestErrorKind::Usage,
            _ => IngestErrorKind::Data,
        }
    }

    /// A way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        hint::of(self)
    }
}
