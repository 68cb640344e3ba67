//! What happened to a key of the union of both runs, and how many keys met each fate.

use serde::{Deserialize, Serialize};

/// What a key of the union of both runs is; the first class that applies, in the order of the variants.
///
/// Only [`AccountingClass::Matched`] keys take part in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountingClass {
    /// The key stands more than once in one of the runs.
    Duplicate,
    /// Only the baseline has the key.
    OnlyBaseline,
    /// Only the candidate has the key.
    OnlyCandidate,
    /// One of the runs has status `error` or no prediction for it.
    Errored,
    /// One of the runs skipped it.
    Skipped,
    /// One of the runs has no ground truth for it.
    Unlabelled,
    /// The runs disagree on the ground truth: never counted as a flip.
    LabelChanged,
    /// Comparable.
    Matched,
}

impl AccountingClass {
    /// Every class, in order of precedence.
    pub const ALL: [AccountingClass; 8] = [
        AccountingClass::Duplicate,
        AccountingClass::OnlyBaseline,
        AccountingClass::OnlyCandidate,
        AccountingClass::Errored,
        AccountingClass::Skipped,
        AccountingClass::Unlabelled,
        AccountingClass::LabelChanged,
        AccountingClass::Matched,
    ];

    /// The name used in files and page addresses.
    pub fn name(self) -> &'static str {
        match self {
            AccountingClass::Duplicate => "duplicate",
            AccountingClass::OnlyBaseline => "only_baseline",
            AccountingClass::OnlyCandidate => "only_candidate",
            AccountingClass::Errored => "errored",
            AccountingClass::Skipped => "skipped",
            AccountingClass::Unlabelled => "unlabelled",
            AccountingClass::LabelChanged => "label_changed",
            AccountingClass::Matched => "matched",
        }
    }
}

/// Number of distinct keys of each class. They add up to the union of both runs' keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounting {
    /// Comparable samples; the only ones in any metric.
    pub matched: u64,
    /// Keys that only the baseline has.
    pub only_baseline: u64,
    /// Keys that only the candidate has.
    pub only_candidate: u64,
    /// Keys whose ground truth differs between the runs.
    pub label_changed: u64,
    /// Keys with status `error` or without a prediction in one of the runs.
    pub errored: u64,
    /// Keys that one of the runs skipped.
    pub skipped: u64,
    /// Keys without ground truth in one of the runs.
    pub unlabelled: u64,
    /// Keys that stand more than once in one of the runs.
    pub duplicate: u64,
}

impl Accounting {
    /// Adds `n` keys of a class.
    pub fn add(&mut self, class: AccountingClass, n: u64) {
        *self.slot(class) += n;
    }

    /// Number of keys of a class.
    pub fn get(&self, class: AccountingClass) -> u64 {
        *self.clone().slot(class)
    }

    /// Distinct keys of the union of both runs.
    pub fn total(&self) -> u64 {
        AccountingClass::ALL.iter().map(|&class| self.get(class)).sum()
    }

    fn slot(&mut self, class: AccountingClass) -> &mut u64 {
        match class {
            AccountingClass::Duplicate => &mut self.duplicate,
            AccountingClass::OnlyBaseline => &mut self.only_baseline,
            AccountingClass::OnlyCandidate => &mut self.only_candidate,
            AccountingClass::Errored => &mut self.errored,
            AccountingClass::Skipped => &mut self.skipped,
            AccountingClass::Unlabelled => &mut self.unlabelled,
            AccountingClass::LabelChanged => &mut self.label_changed,
            AccountingClass::Matched => &mut self.matched,
        }
    }
}

/// What happened to one matched sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Both versions gave the ground truth.
    BothCorrect,
    /// The baseline was right and the candidate is wrong: a negative flip.
    Regressed,
    /// The baseline was wrong and the candidate is right: a positive flip.
    Fixed,
    /// Both are wrong.
    BothWrong,
}

impl Outcome {
    /// The outcome of a pair of verdicts on one sample.
    pub fn of(baseline_correct: bool, candidate_correct: bool) -> Outcome {
        match (baseline_correct, candidate_correct) {
            (true, true) => Outcome::BothCorrect,
            (true, false) => Outcome::Regressed,
            (false, true) => Outcome::Fixed,
            (false, false) => Outcome::BothWrong,
        }
    }

    /// The name used in files and page addresses.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::BothCorrect => "both_correct",
            Outcome::Regressed => "regressed",
            Outcome::Fixed => "fixed",
            Outcome::BothWrong => "both_wrong",
        }
    }
}

/// Number of matched samples of each outcome. They add up to [`Accounting::matched`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Both versions right.
    pub both_correct: u64,
    /// Right, now wrong.
    pub regressed: u64,
    /// Wrong, now right.
    pub fixed: u64,
    /// Both versions wrong.
    pub both_wrong: u64,
    /// Of those, how many gave the same wrong answer.
    pub both_wrong_same: u64,
    /// Neither regressed nor fixed, where answers are measured rather than right or wrong.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unchanged: u64,
}

fn is_none(n: &u64) -> bool {
    *n == 0
}

impl Outcomes {
    /// Samples that changed between right and wrong.
    pub fn flips(&self) -> u64 {
        self.regressed.saturating_add(self.fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_is_a_table() {
        use Outcome::{BothCorrect, BothWrong, Fixed, Regressed};
        let table = [
            (true, true, BothCorrect),
            (true, false, Regressed),
            (false, true, Fixed),
            (false, false, BothWrong),
        ];
        for (a, b, expected) in table {
            assert_eq!(Outcome::of(a, b), expected, "baseline {a}, candidate {b}");
        }
    }

    #[test]
    fn accounting_adds_up_and_keeps_classes_apart() {
        let mut accounting = Accounting::default();
        for (i, class) in AccountingClass::ALL.into_iter().enumerate() {
            accounting.add(class, 10u64.pow(i as u32));
        }
        assert_eq!(accounting.total(), 11_111_111);
        assert_eq!(accounting.duplicate, 1);
        assert_eq!(accounting.matched, 10_000_000);
    }
}
