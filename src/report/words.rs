//! The words of a report: titles of outcomes, classes, metrics and verdicts, and data made fit for showing.

use super::format::NONE;
use crate::model::{AccountingClass, Direction, Kind, Metric, Outcome, Predicate, Verdict};
use crate::stats::{SCORE_PREFIX, is_of_counts, too_few};
use serde::Serialize;

/// A verdict as a coloured word. The class never stands alone: the text says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Badge {
    /// `better`, `worse`, `noise` or `unknown`.
    pub class: &'static str,
    /// The words.
    pub text: &'static str,
}

const fn badge(class: &'static str, text: &'static str) -> Badge {
    Badge { class, text }
}

/// One predicate of a slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PredicateView {
    /// Whether the word "and" stands before it.
    pub and: bool,
    /// The slice column.
    pub column: String,
    /// The value; absent where the column is null.
    pub value: Option<String>,
}

/// The predicates of a slice, ready to be shown.
pub fn predicate_views(predicates: &[Predicate]) -> Vec<PredicateView> {
    let view = |(i, predicate): (usize, &Predicate)| PredicateView {
        and: i > 0,
        column: visible(&predicate.column),
        value: predicate.value.as_deref().map(brief),
    };
    predicates.iter().enumerate().map(view).collect()
}

/// The predicates of a slice as one text: "domain = tweets and lang is missing".
pub fn predicates(predicates: &[Predicate]) -> String {
    let one = |predicate: &Predicate| match &predicate.value {
        Some(value) => format!("{} = {}", visible(&predicate.column), brief(value)),
        None => format!("{} is missing", visible(&predicate.column)),
    };
    predicates.iter().map(one).collect::<Vec<_>>().join(" and ")
}

/// A text that came from data, with control characters made visible; line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    if !text.chars().any(|c| c.is_control()) {
        return text.to_owned();
    }
    let picture = |c: char| match c {
        '\n' | '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ if c.is_control() => '\u{fffd}',
        _ => c,
    };
    text.replace("\r\n", "\n").chars().map(picture).collect()
}

/// Like [`visible`], but an empty text shows as a pair of quotation marks.
pub fn shown(text: &str) -> String {
    if text.is_empty() {
        "\"\"".to_owned()
    } else {
        visible(text)
    }
}

/// Most characters of a label, a value or a key where it stands among others.
const BRIEF: usize = 120;

/// Like [`shown`], of a long text the beginning and how long it is: a table repeats it, and only the page of its sample has
/// it whole.
pub fn brief(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(BRIEF) else {
        return shown(text);
    };
    let characters = super::format::count(text.chars().count() as u64);
    format!("{}… ({characters} characters)", shown(&text[..end]))
}

/// The title of a sample list.
pub fn list_title(id: &str) -> String {
    if let Some(slug) = id.strip_prefix("slice:") {
        return format!("Regressed in slice {slug}");
    }
    let title = match id {
        "regressed" => "Regressed",
        "fixed" => "Fixed",
        "both_correct" => "Both correct",
        "both_wrong" => "Both wrong",
        "duplicate" => "Duplicate keys",
        "only_baseline" => "Only in the baseline",
        "only_candidate" => "Only in the candidate",
        "errored" => "Errored",
        "skipped" => "Skipped",
        "unlabelled" => "Unlabelled",
        "unchanged" => "Unchanged",
        "label_changed" => "Label changed",
        "matched" => "Matched",
        _ => return sentence_case(id),
    };
    title.to_owned()
}

/// The title of a list in the report of a single version, whose answers are right or wrong and were nothing else before.
pub fn own_list_title(id: &str) -> String {
    match id {
        "both_correct" => "Right".to_owned(),
        "both_wrong" => "Wrong".to_owned(),
        _ => list_title(id),
    }
}

/// What an outcome means.
pub fn outcome_meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::BothCorrect => "right in both versions",
        Outcome::Regressed => "right before, wrong now",
        Outcome::Fixed => "wrong before, right now",
        Outcome::BothWrong => "wrong in both versions",
    }
}

/// What an accounting class means for a kind of evaluation.
pub fn class_meaning(class: AccountingClass, kind: Kind) -> &'static str {
    match class {
        AccountingClass::Errored if kind == Kind::Text => {
            "status error, or neither output nor score in one of the runs"
        }
        AccountingClass::Unlabelled if kind == Kind::Text => "one of the runs has no score for it",
        AccountingClass::LabelChanged if kind == Kind::Text => "the runs disagree on the reference",
        AccountingClass::Duplicate => "the key stands more than once in one of the runs",
        AccountingClass::OnlyBaseline => "the candidate has no such key",
        AccountingClass::OnlyCandidate => "the baseline has no such key",
        AccountingClass::Errored => "status error or no prediction in one of the runs",
        AccountingClass::Skipped => "one of the runs skipped it",
        AccountingClass::Unlabelled => "one of the runs has no ground truth for it",
        AccountingClass::LabelChanged => "the runs disagree on the ground truth",
        AccountingClass::Matched => "comparable: every metric stands on these alone",
    }
}

/// The title of a metric.
pub fn metric_title(name: &str) -> String {
    if let Some(column) = name.strip_prefix(SCORE_PREFIX) {
        return format!("Mean {}", visible(column));
    }
    let title = match name {
        "accuracy" => "Accuracy",
        "macro_f1" => "Macro F1",
        "weighted_f1" => "Weighted F1",
        "micro_f1" => "Micro F1",
        "cohen_kappa" | "kappa" => "Cohen's kappa",
        "mcc" => "Matthews correlation",
        "nfr" | "negative_flip_rate" => "Negative flip rate",
        "pfr" | "positive_flip_rate" => "Positive flip rate",
        "relative_nfr" | "relative_negative_flip_rate" => "Relative negative flip rate",
        "churn" => "Churn",
        "brier" | "brier_score" => "Brier score",
        "ece" => "Expected calibration error",
        "mean_confidence" => "Mean confidence",
        "roc_auc" => "ROC AUC",
        "average_precision" => "Average precision",
        "mae" => "Mean absolute error",
        "rmse" => "Root mean squared error",
        "r2" => "R²",
        "mean_error" => "Mean signed error",
        "exact_match" => "Exact match",
        _ => return sentence_case(name),
    };
    title.to_owned()
}

fn sentence_case(name: &str) -> String {
    let text = visible(name).replace('_', " ");
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Which way a metric is better, in words.
pub fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Higher => "higher is better",
        Direction::Lower => "lower is better",
        Direction::None => "neither way is better",
    }
}

/// The badge of a tested result. `significant` tells "within noise" from "too small to matter".
pub fn verdict_badge(verdict: Verdict, differs: bool, significant: bool) -> Badge {
    match verdict {
        Verdict::Improved => badge("better", "better"),
        Verdict::Regressed => badge("worse", "worse"),
        Verdict::Unchanged if !differs => badge("noise", "no difference"),
        Verdict::Unchanged if significant => badge("noise", "below minimum effect"),
        Verdict::Unchanged => badge("noise", "within noise"),
        Verdict::Inconclusive => badge("unknown", "inconclusive"),
        Verdict::NotComparable => badge("unknown", "not comparable"),
    }
}

/// The badge of a metric: its verdict, or where it has no test, what its interval says.
///
/// With so few flips (regressed and fixed samples) that accuracy could not be judged, neither are metrics of the same counts.
pub fn metric_badge(metric: &Metric, alpha: f64, flips: u64) -> Badge {
    let differs = metric.delta.is_none_or(|delta| delta.abs() > 0.0);
    if let Some(verdict) = metric.verdict {
        return verdict_badge(verdict, differs, metric.p_value.is_some_and(|p| p < alpha));
    }
    let Some(delta) = metric.delta else {
        return badge("noise", "paired rate");
    };
    if delta.abs() <= 0.0 {
        return badge("noise", "no difference");
    }
    if is_of_counts(&metric.name) && too_few(flips, alpha) {
        return badge("unknown", "inconclusive");
    }
    let tested = match (metric.ci_low, metric.ci_high) {
        (Some(low), Some(high)) if low > 0.0 || high < 0.0 => true,
        (Some(_), Some(_)) => return badge("noise", "within noise"),
        _ => false,
    };
    match (metric.direction, delta > 0.0, tested) {
        (_, _, false) => badge("noise", "not tested"),
        (Direction::None, true, true) => badge("noise", "higher"),
        (Direction::None, false, true) => badge("noise", "lower"),
        (Direction::Higher, true, true) | (Direction::Lower, false, true) => badge("better", "better"),
        (Direction::Higher, false, true) | (Direction::Lower, true, true) => badge("worse", "worse"),
    }
}

/// The badge of a slice that a search found. `significant` tells "not confirmed" from "too small to matter".
pub fn found_badge(verdict: Verdict, significant: bool) -> Badge {
    match verdict {
        Verdict::Regressed => badge("worse", "worse, confirmed"),
        Verdict::Improved => badge("better", "better, confirmed"),
        _ if significant => badge("noise", "below minimum effect"),
        _ => badge("noise", "not confirmed"),
    }
}

/// A badge in words short enough for a narrow table.
pub fn short_verdict(badge: &Badge) -> &'static str {
    match badge.text {
        "paired rate" => NONE,
        "below minimum effect" => "too small",
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(direction: Direction, delta: f64, interval: Option<(f64, f64)>) -> Metric {
        Metric {
            name: "macro_f1".into(),
            direction,
            baseline: Some(0.5),
            candidate: Some(0.5 + delta),
            delta: Some(delta),
            ci_low: interval.map(|i| i.0),
            ci_high: interval.map(|i| i.1),
            p_value: None,
            verdict: None,
            note: None,
        }
    }

    #[test]
    fn untested_metrics_are_judged_by_their_interval() {
        let table = [
            (Direction::Higher, 0.1, Some((0.05, 0.15)), "better"),
            (Direction::Lower, 0.1, Some((0.05, 0.15)), "worse"),
            (Direction::Lower, -0.1, Some((-0.15, -0.05)), "better"),
            (Direction::Higher, 0.1, Some((-0.05, 0.15)), "within noise"),
            (Direction::None, 0.1, Some((0.05, 0.15)), "higher"),
            (Direction::Higher, -0.1, None, "not tested"),
            (Direction::None, 0.1, None, "not tested"),
            (Direction::Higher, 0.0, None, "no difference"),
        ];
        for (direction, delta, interval, text) in table {
            assert_eq!(metric_badge(&metric(direction, delta, interval), 0.05, 99).text, text);
        }
        let few = metric_badge(&metric(Direction::Higher, 0.1, Some((0.05, 0.15))), 0.05, 3);
        assert_eq!(few.text, "inconclusive");
    }

    #[test]
    fn verdicts_keep_noise_and_smallness_apart() {
        assert_eq!(verdict_badge(Verdict::Unchanged, true, false).text, "within noise");
        assert_eq!(
            verdict_badge(Verdict::Unchanged, true, true).text,
            "below minimum effect"
        );
        assert_eq!(verdict_badge(Verdict::Unchanged, false, false).text, "no difference");
    }

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(visible("a\u{1b}[31m\u{0}b\r\nc\td\u{85}"), "a␛[31m␀b\nc\td\u{fffd}");
        assert_eq!(shown(""), "\"\"");
        assert_eq!(brief("short"), "short");
        let long = "ü".repeat(1_200);
        assert_eq!(brief(&long), format!("{}… (1,200 characters)", "ü".repeat(120)));
    }

    #[test]
    fn predicates_read_as_words() {
        let list = [
            Predicate {
                column: "domain".into(),
                value: Some("tweets".into()),
            },
            Predicate {
                column: "lang".into(),
                value: None,
            },
        ];
        assert_eq!(predicates(&list), "domain = tweets and lang is missing");
    }
}
