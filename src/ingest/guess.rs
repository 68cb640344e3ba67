//! Guesses which column plays which part from its name alone, and never between two that fit equally well.

use std::path::Path;

use super::error::IngestError;

/// A part that a column can play, with the names by which it is recognised: the first tier that matches decides.
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) flag: &'static str,
    /// Empty for columns that keep their own names.
    pub(crate) stored_as: &'static str,
    tiers: &'static [&'static [&'static str]],
}

pub(crate) const KEY: Role = Role {
    name: "key",
    flag: "--id",
    stored_as: "sample_id",
    tiers: &[
        &["sample_id"],
        &[
            "id",
            "key",
            "uid",
            "uuid",
            "example_id",
            "doc_id",
            "row_id",
            "item_id",
            "record_id",
        ],
        &["index", "idx"],
    ],
};
pub(crate) const TRUTH: Role = Role {
    name: "ground truth",
    flag: "--truth",
    stored_as: "ground_truth",
    tiers: &[
        &["ground_truth"],
        &[
            "truth",
            "label",
            "target",
            "expected",
            "gold",
            "y_true",
            "actual",
            "true_label",
            "gold_label",
        ],
        &["expected_output", "reference", "labels"],
    ],
};
pub(crate) const PREDICTION: Role = Role {
    name: "prediction",
    flag: "--pred",
    stored_as: "prediction",
    tiers: &[
        &["prediction"],
        &[
            "pred",
            "predicted",
            "predicted_label",
            "pred_label",
            "y_pred",
            "predictions",
        ],
        &["output", "answer", "response"],
    ],
};
pub(crate) const CONFIDENCE: Role = Role {
    name: "confidence",
    flag: "--conf",
    stored_as: "confidence",
    tiers: &[&["confidence"], &["conf", "probability", "prob"], &["score"]],
};
pub(crate) const SCORE: Role = Role {
    name: "score",
    flag: "--score",
    stored_as: "",
    tiers: &[&["score"]],
};
pub(crate) const POSITIVE: Role = Role {
    name: "probability of the positive class",
    flag: "--positive",
    stored_as: "",
    tiers: &[],
};
pub(crate) const STATUS: Role = Role {
    name: "status",
    flag: "--status",
    stored_as: "status",
    tiers: &[&["status"]],
};
pub(crate) const ERROR: Role = Role {
    name: "error text",
    flag: "--error",
    stored_as: "error",
    tiers: &[&["error"], &["error_message"]],
};
pub(crate) const LATENCY: Role = Role {
    name: "latency",
    flag: "--latency",
    stored_as: "latency_ms",
    tiers: &[&["latency_ms"]],
};

/// Never guessed: which trial a row is of.
pub(crate) const REPEAT: Role = Role {
    name: "repeat",
    flag: "--repeat",
    stored_as: "repeat",
    tiers: &[],
};

/// Never guessed: what an answer cost. A column of that name may as well say what a sample is about.
pub(crate) const COST: Role = Role {
    name: "cost",
    flag: "--cost",
    stored_as: "",
    tiers: &[],
};

/// The roles whose stored names no other column may take.
pub(crate) const ALL: [&Role; 7] = [&KEY, &TRUTH, &PREDICTION, &CONFIDENCE, &STATUS, &ERROR, &LATENCY];
/// Input columns worth showing.
pub(crate) const INPUTS: &[&str] = &["text", "input", "question", "prompt", "sentence"];
/// What an evaluation notes beside its answers: few values, perhaps, but no property of a sample.
pub(crate) const NEVER_SLICES: &[&str] = &["batch_size", "tokens_in", "tokens_out"];
/// Columns that the table fills by itself.
pub(crate) const RESERVED: &[&str] = &["run_id", "model_version", "eval_timestamp"];

impl Role {
    /// The column that plays this part; `None` if no name fits.
    pub(crate) fn guess(&self, file: &Path, columns: &[String]) -> Result<Option<String>, IngestError> {
        for tier in self.tiers {
            let fits: Vec<&String> = columns
                .iter()
                .filter(|column| tier.contains(&plain(column).as_str()))
                .collect();
            match fits.as_slice() {
                [] => {}
                [one] => return Ok(Some((*one).clone())),
                several => {
                    return Err(IngestError::Ambiguous {
                        file: file.to_owned(),
                        role: self.name,
                        flag: self.flag,
                        candidates: several.iter().map(|name| (*name).clone()).collect(),
                    });
                }
            }
        }
        Ok(None)
    }

    /// The error for a part that must be played, when nobody does.
    pub(crate) fn absent(&self, file: &Path, columns: &[String]) -> IngestError {
        let known: Vec<&str> = self.tiers.iter().flat_map(|tier| tier.iter().copied()).collect();
        let score = |name: &String| {
            let name = plain(name);
            known
                .iter()
                .map(|known| strsim::jaro_winkler(known, &name))
                .fold(0.0, f64::max)
        };
        IngestError::NoColumnFor {
            file: file.to_owned(),
            role: self.name,
            flag: self.flag,
            columns: columns.to_vec(),
            nearest: nearest(columns, score, 0.82),
        }
    }

    /// The error for a column that was asked for by its name and is not there.
    pub(crate) fn missing(&self, file: &Path, column: &str, columns: &[String]) -> IngestError {
        missing(file, column, self.flag, columns)
    }
}

/// The error for a column that a flag names and a file lacks.
pub(crate) fn missing(file: &Path, column: &str, flag: &'static str, columns: &[String]) -> IngestError {
    let wanted = plain(column);
    let score = |name: &String| strsim::jaro_winkler(&wanted, &plain(name));
    IngestError::MissingColumn {
        file: file.to_owned(),
        column: column.to_owned(),
        flag,
        nearest: nearest(columns, score, 0.75),
        columns: columns.to_vec(),
    }
}

/// Lower case, with `-` and space as `_`.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' '], "_")
}

fn nearest(columns: &[String], score: impl Fn(&String) -> f64, at_least: f64) -> Vec<String> {
    let mut scored: Vec<(f64, &String)> = columns.iter().map(|name| (score(name), name)).collect();
    scored.retain(|(score, _)| *score >= at_least);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        list.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn usual_names_are_recognised() {
        let table = [
            (&KEY, "text,Sample ID,x", Some("Sample ID")),
            (&KEY, "sample_id,id", Some("sample_id")),
            (&KEY, "id,index", Some("id")),
            (&KEY, "a,b", None),
            (&TRUTH, "label,Ground-Truth", Some("Ground-Truth")),
            (&TRUTH, "y_true,y_pred", Some("y_true")),
            (&PREDICTION, "y_true,y_pred", Some("y_pred")),
            (&PREDICTION, "pred,answer", Some("pred")),
            (&PREDICTION, "response,label", Some("response")),
            (&CONFIDENCE, "score,prob", Some("prob")),
            (&LATENCY, "LATENCY MS", Some("LATENCY MS")),
        ];
        for (role, columns, expected) in table {
            let guessed = role.guess(Path::new("f.csv"), &names(columns)).unwrap();
            assert_eq!(guessed.as_deref(), expected, "{} in {columns}", role.name);
        }
    }

    #[test]
    fn equal_candidates_are_an_error_that_names_them() {
        let error = TRUTH.guess(Path::new("f.csv"), &names("id,label,target")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "several columns of f.csv could be the ground truth: \"label\", \"target\""
        );
        assert_eq!(error.hint().unwrap(), "name one, as in --truth label");
    }

    #[test]
    fn absence_and_misspelling_name_the_nearest() {
        let error = PREDICTION.absent(Path::new("f.csv"), &names("id,label,predicton"));
        assert!(
            error
                .to_string()
                .contains("no column of f.csv looks like the prediction"),
            "{error}"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains("--pred COL; the nearest names are \"predicton\"")
        );
        let error = missing(Path::new("f.csv"), "lable", "--truth", &names("id,label,zzz"));
        assert_eq!(error.to_string(), "f.csv has no column \"lable\" (--truth)");
        assert_eq!(error.hint().unwrap(), "did you mean \"label\"?");
    }
}
