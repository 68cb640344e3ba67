//! The way out of each error, in one sentence.

use super::error::{IngestError, list};

/// The hint for an error; `None` where the message says all there is.
pub(crate) fn of(error: &IngestError) -> Option<String> {
    use IngestError as E;
    let text = match error {
        E::NoFiles => "name one or more CSV, JSONL or Parquet files".to_owned(),
        E::NotFound { .. } => "check the path; it is taken from the working folder".to_owned(),
        E::IsDirectory { .. } => "name the files in it, for example DIR/*.parquet".to_owned(),
        E::Empty { .. } | E::NoRows { .. } => "check that the step that writes this file ended well".to_owned(),
        E::NotFormat { .. } => "give the format with --input-format, such as csv, jsonl, parquet or inspect".to_owned(),
        E::Corrupt { .. } => "write or download the file again; it may have been cut short".to_owned(),
        E::Delimiter { found, .. } if *found == "tabs" => "name the file .tsv, or write it with commas".to_owned(),
        E::Delimiter { found, .. } if *found == "commas" => "name the file .csv".to_owned(),
        E::Delimiter { .. } => "write the file with commas between its fields".to_owned(),
        E::Ragged { .. } => "put fields that hold commas, quotes or line breaks in double quotes".to_owned(),
        E::BadRecord { .. } => "look for a double quote without its partner on that line".to_owned(),
        E::DuplicateColumn { .. } | E::UnnamedColumn { .. } => "give every column a name of its own".to_owned(),
        E::TooManyColumns { .. } => "keep the key, truth, prediction and the columns to slice by or show".to_owned(),
        E::InvalidUtf8 { .. } => "convert the file to UTF-8, for example with iconv".to_owned(),
        E::InvalidJson { reason, .. } if reason.contains("NaN") || reason.contains("Infinity") => {
            "JSON has no NaN or Infinity: write null instead".to_owned()
        }
        E::InvalidJson { .. } | E::NotObject { .. } => {
            "a JSONL file has one whole object on each line; a JSON array needs converting, as by jq -c '.[]'"
                .to_owned()
        }
        E::MixedTypes { .. } => {
            "write the field with one type on every line, for example always as a string".to_owned()
        }
        E::MissingColumn { nearest, columns, .. } if nearest.is_empty() => format!("the columns are {}", list(columns)),
        E::MissingColumn { nearest, .. } => format!("did you mean {}?", list(nearest)),
        E::NoColumnFor { flag, nearest, .. } if nearest.is_empty() => format!("name it with {flag} COL"),
        E::NoColumnFor { flag, nearest, .. } => {
            format!("name it with {flag} COL; the nearest names are {}", list(nearest))
        }
        E::Ambiguous { flag, candidates, .. } => {
            format!(
                "name one, as in {flag} {}",
                candidates.first().map_or("COL", String::as_str)
            )
        }
        E::TwoRoles { .. } => "name another column for one of them".to_owned(),
        E::NameClash { flag, column, .. } => format!("rename the column, or use it with {flag} {column}"),
        E::Reserved { .. } => "rename the column in the file".to_owned(),
        E::RoleType { flag, role, .. } if role.contains("key") => {
            format!("keys are text or integers; name another column with {flag} COL")
        }
        E::RoleType { flag, .. } => format!("name another column with {flag} COL, or convert it"),
        E::DecimalLabel { .. } => {
            "numeric targets are compared where truth and prediction are both numbers, with --kind numeric; labels are text or whole numbers"
                .to_owned()
        }
        E::KeyType { .. } => "import into another table".to_owned(),
        E::TypeConflict { .. } => "write the column with the table's type, or rename it".to_owned(),
        E::FilesDisagree { .. } => "write the column with one type in all files".to_owned(),
        E::BadValue { advice: "", .. } => return None,
        E::BadValue { advice, .. } => (*advice).to_owned(),
        E::NoKey { .. } => "every row needs a key; name other key columns with --id COL".to_owned(),
        E::NoTruth { .. } => {
            "give the row a label, or the status error or skipped, or the labels with --golden FILE".to_owned()
        }
        E::DuplicateKey { .. } => {
            "keep one row for each key, name more key columns with --id COL, or the number of the trial with --repeat COL"
                .to_owned()
        }
        E::MixedTruth { .. } => {
            "give every trial of a sample the same ground truth, take it from --golden FILE, or tell the samples apart with more key columns (--id COL)"
                .to_owned()
        }
        E::NotInGolden { .. } => "check that both files have the same key column (--id COL)".to_owned(),
        E::TooManySliceValues { .. } => "bin it into fewer values, or leave it out of --slice".to_owned(),
        E::Changed { .. } => "run the command again when nothing writes to the files".to_owned(),
        E::Engine { .. } => "a larger --memory-limit may help".to_owned(),
        E::Unreadable { .. } => "check the permissions of the file".to_owned(),
    };
    Some(text)
}
