//! What answers cost.

use super::format::{NONE, count, money, signed_money};
use crate::model::cost::{Cost, Costs};
use serde::Serialize;

/// Costs of one or both versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostView {
    /// Whether only one version is shown.
    pub single: bool,
    /// Total, mean, and what they stand on.
    pub rows: Vec<CostRow>,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostRow {
    /// Its name.
    pub name: &'static str,
    /// The baseline's, or the only one.
    pub baseline: String,
    /// The candidate's.
    pub candidate: String,
    /// The difference; empty where it says nothing.
    pub difference: String,
}

/// Both versions side by side; `answers` are the rows of both runs, all of them without a cost where a run says nothing.
pub fn pair(costs: &Costs, answers: [u64; 2]) -> CostView {
    CostView {
        single: false,
        rows: rows(costs, answers),
    }
}

/// One version.
pub fn single(cost: &Cost) -> CostView {
    CostView {
        single: true,
        rows: rows(
            &Costs {
                baseline: Some(*cost),
                candidate: None,
                total_delta: None,
                mean_delta: None,
            },
            [cost.n + cost.missing, 0],
        ),
    }
}

/// Both versions in a line.
pub fn line(costs: &Costs, answers: [u64; 2]) -> String {
    let sides = [&costs.baseline, &costs.candidate];
    let both = |of: fn(&Cost) -> f64, delta: Option<f64>| {
        let [baseline, candidate] =
            sides.map(|side| side.as_ref().map_or_else(|| NONE.to_owned(), |cost| money(of(cost))));
        let delta = delta.map_or_else(String::new, |delta| format!(" ({})", signed_money(delta)));
        format!("{baseline} → {candidate}{delta}")
    };
    let missing = match missing(costs, answers) {
        [0, 0] => String::new(),
        [baseline, candidate] => format!("; without one {} → {}", count(baseline), count(candidate)),
    };
    format!(
        "{} in total, {} per answer{missing}",
        both(|cost| cost.total, costs.total_delta),
        both(|cost| cost.mean, costs.mean_delta)
    )
}

/// Answers of both versions without a cost.
fn missing(costs: &Costs, [baseline, candidate]: [u64; 2]) -> [u64; 2] {
    let of = |side: &Option<Cost>, answers| side.as_ref().map_or(answers, |cost| cost.missing);
    [of(&costs.baseline, baseline), of(&costs.candidate, candidate)]
}

fn rows(costs: &Costs, answers: [u64; 2]) -> Vec<CostRow> {
    type Get = fn(&Cost) -> String;
    let delta = |delta: Option<f64>| delta.map_or_else(|| NONE.to_owned(), signed_money);
    let all: [(&'static str, Get, String); 3] = [
        ("Total", |cost| money(cost.total), delta(costs.total_delta)),
        ("Mean per answer", |cost| money(cost.mean), delta(costs.mean_delta)),
        ("Answers with a cost", |cost| count(cost.n), String::new()),
    ];
    let of = |side: &Option<Cost>, get: Get| side.as_ref().map_or_else(|| NONE.to_owned(), get);
    let row = |(name, get, difference): (&'static str, Get, String)| CostRow {
        name,
        baseline: of(&costs.baseline, get),
        candidate: of(&costs.candidate, get),
        difference,
    };
    let [baseline, candidate] = missing(costs, answers).map(count);
    let without = CostRow {
        name: "Answers without one",
        baseline,
        candidate,
        difference: String::new(),
    };
    all.into_iter().map(row).chain([without]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sums_keep_their_digits() {
        let cost = |total: f64, n: u64| {
            Some(Cost {
                n,
                missing: 3,
                total,
                mean: total / n as f64,
            })
        };
        let costs = Costs::of(cost(0.5, 4000), cost(12.0, 4000)).unwrap();
        assert_eq!(
            line(&costs, [4003; 2]),
            "0.500 → 12.00 (+11.50) in total, 0.000125 → 0.00300 (+0.00287) per answer; without one 3 → 3"
        );
        let view = pair(&costs, [4003; 2]);
        assert_eq!(view.rows[0].difference, "+11.50");
        assert_eq!(
            (view.rows[2].candidate.as_str(), view.rows[3].candidate.as_str()),
            ("4,000", "3")
        );
        let one = Costs::of(None, cost(1.0, 2)).unwrap();
        let view = pair(&one, [100, 5]);
        assert_eq!((one.total_delta, view.rows[0].baseline.as_str()), (None, NONE));
        assert_eq!(
            (view.rows[3].baseline.as_str(), view.rows[3].candidate.as_str()),
            ("100", "3"),
            "a run without any cost has none for all of its answers"
        );
        assert!(line(&one, [100, 5]).ends_with("; without one 100 → 3"));
        assert_eq!(Costs::of(None, None), None);
    }
}
