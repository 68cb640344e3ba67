//! The samples that a report shows: every payload of every page, `data/samples.json`.

use super::media::Media;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the samples document.
pub const SAMPLES_SCHEMA: &str = "evaldiff.samples/1";

/// The samples shown by a report, and the lists that name them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleSet {
    /// [`SAMPLES_SCHEMA`].
    pub schema: String,
    /// Payload columns, in the order in which pages show them.
    pub columns: Vec<String>,
    /// Columns of numbers that stand beside an answer: scores, or the probability of the positive class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<String>,
    /// Columns of images and sounds, in the order in which pages show them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// Columns whose values were kept out, by `--hide` or `--no-payload`.
    pub hidden: Vec<String>,
    /// The lists, in page order.
    pub lists: Vec<SampleList>,
    /// Every sample that a list names, by its page name (see [`Sample::id`]).
    pub samples: BTreeMap<String, Sample>,
}

/// A list of samples: of an outcome, an accounting class, or of one slice's regressions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleList {
    /// `regressed`, `fixed`, …, an accounting class, `slice:<slug>` for the regressed samples of a slice, or `cell:<rank>`
    /// for the flips with one ground truth and one pair of answers.
    pub id: String,
    /// How many samples there are; more than `ids` holds where the list was capped.
    pub total: u64,
    /// How the samples were chosen and ordered, in words.
    pub order: String,
    /// What the flips of such a list have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<FlipCell>,
    /// Page names of the samples, in order.
    pub ids: Vec<String>,
}

/// A ground truth and a pair of answers of which one is right: a cell of the joint table in which samples flipped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FlipCell {
    /// The ground truth.
    pub truth: String,
    /// What the baseline answered.
    pub baseline: String,
    /// What the candidate answered.
    pub candidate: String,
}

/// One sample side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// A hash of the key; the sample stands at `sample/<first two digits>.html#s-<id>`.
    pub id: String,
    /// The key's columns in order; several where the key has several columns.
    pub key: Vec<String>,
    /// Outcome or accounting class, as in [`SampleList::id`].
    pub outcome: String,
    /// What the baseline's row says; `None` where it has none.
    pub baseline: Option<Answer>,
    /// What the candidate's row says.
    pub candidate: Option<Answer>,
    /// Slice columns with their values, the candidate's where it has the sample.
    pub slices: Vec<(String, Option<String>)>,
}

/// One version's row of a sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Ground truth as this run has it.
    pub truth: Option<String>,
    /// The prediction.
    pub prediction: Option<String>,
    /// Its confidence.
    pub confidence: Option<f64>,
    /// `ok`, `error` or `skipped`; `None` where the table has no such column.
    pub status: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Milliseconds.
    pub latency_ms: Option<f64>,
    /// Payload columns in the order of [`SampleSet::columns`]; `None` for null.
    pub payload: Vec<Option<String>>,
    /// Numbers in the order of [`SampleSet::scores`]; `None` for null or no finite number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Option<f64>>,
    /// Images and sounds in the order of [`SampleSet::media`]; `None` for null.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Option<Media>>,
    /// How its trials went, of which the row is the most frequent answer; `None` where there are none, or where right and
    /// wrong cannot be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<SampleTrials>,
}

/// The trials of one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleTrials {
    /// Trials that were answered.
    pub answered: u64,
    /// Of these, right ones.
    pub right: u64,
}
