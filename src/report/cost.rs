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

/// Both versions side by side.
pub fn pair(costs: &Costs) -> CostView {
    CostView {
        single: false,
        rows: rows(costs),
    }
}

/// One version.
pub fn single(cost: &Cost) -> CostView {
    CostView {
        single: true,
        rows: rows(&Costs {
            baseline: Some(*cost),
            candidate: None,
            total_delta: None,
            mean_delta: None,
        }),
    }
}

/// Both versions in a line.
pub fn line(costs: &Costs) -> String {
    let sides = [&costs.baseline, &costs.candidate];
    let both = |of: fn(&Cost) -> f64, delta: Option<f64>| {
        let [baseline, candidate] =
            sides.map(|side| side.as_ref().map_or_else(|| NONE.to_owned(), |cost| money(of(cost))));
        let delta = delta.map_or_else(String::new, |delta| format!(" ({})", signed_money(delta)));
        format!("{baseline} → {candidate}{delta}")
    };
    let missing: u64 = sides
        .iter()
        .filter_map(|side| side.as_ref())
        .map(|cost| cost.missing)
        .sum();
    let missing = match missing {
        0 => String::new(),
        n => format!("; {} without one", count(n)),
    };
    format!(
        "{} in total, {} per answer{missing}",
        both(|cost| cost.total, costs.total_delta),
        both(|cost| cost.mean, costs.mean_delta)
    )
}

fn rows(costs: &Costs) -> Vec<CostRow> {
    type Get = fn(&Cost) -> String;
    let delta = |delta: Option<f64>| delta.map_or_else(|| NONE.to_owned(), signed_money);
    let all: [(&'static str, Get, String); 4] = [
        ("Total", |cost| money(cost.total), delta(costs.total_delta)),
        ("Mean per answer", |cost| money(cost.mean), delta(costs.mean_delta)),
        ("Answers with a cost", |cost| count(cost.n), String::new()),
        ("Answers without one", |cost| count(cost.missing), String::new()),
    ];
    let of = |side: &Option<Cost>, get: Get| side.as_ref().map_or_else(|| NONE.to_owned(), get);
    let row = |(name, get, difference): (&'static str, Get, String)| CostRow {
        name,
        baseline: of(&costs.baseline, get),
        candidate: of(&costs.candidate, get),
        difference,
    };
    all.into_iter().map(row).collect()
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
            line(&costs),
            "0.500 → 12.00 (+11.50) in total, 0.000125 → 0.00300 (+0.00287) per answer; 6 without one"
        );
        let view = pair(&costs);
        assert_eq!(view.rows[0].difference, "+11.50");
        assert_eq!(
            (view.rows[2].candidate.as_str(), view.rows[3].candidate.as_str()),
            ("4,000", "3")
        );
        let one = Costs::of(None, cost(1.0, 2)).unwrap();
        assert_eq!((one.total_delta, pair(&one).rows[0].baseline.as_str()), (None, NONE));
        assert_eq!(Costs::of(None, None), None);
    }
}
