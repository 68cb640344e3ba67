//! Slices: where a change happened, tested as one family.

use super::intervals::tango;
use super::mcnemar::mcnemar_midp;
use super::multiplicity::benjamini_hochberg;
use super::power::detectable_effect;
use super::verdict::{Evidence, verdict};
use super::{classes, confusion, ratio, signed_ratio};
use crate::model::slice::SliceDetail;
use crate::model::{CompareOptions, JointTable, SliceCounts, SliceResult, SliceTable, Verdict};

/// Matched samples that a slice needs to be tested; smaller ones are listed as inconclusive.
pub const MIN_SLICE_SIZE: u64 = 30;

/// Every slice with its evidence, most harm first, and how many were tested together.
///
/// Ordered by harm descending, then n descending, then predicates.
pub(super) fn results(tables: &[SliceTable], options: &CompareOptions) -> (Vec<SliceResult>, u64) {
    let results = tables.iter().map(|table| untested(table, options.alpha)).collect();
    family(results, |i, q_value| slice_verdict(&tables[i].counts, q_value, options))
}

/// Tests slices as one family, gives their verdicts by place and q-value, and puts them in order.
pub(super) fn family(
    mut results: Vec<SliceResult>,
    verdict: impl Fn(usize, Option<f64>) -> Verdict,
) -> (Vec<SliceResult>, u64) {
    let family: Vec<f64> = results.iter().filter_map(|slice| slice.p_value).collect();
    let mut q_values = benjamini_hochberg(&family).into_iter();
    for (i, slice) in results.iter_mut().enumerate() {
        if slice.p_value.is_some() {
            slice.q_value = q_values.next();
        }
        slice.verdict = verdict(i, slice.q_value);
    }
    results.sort_by(|a, b| {
        let most_harm = b.harm.cmp(&a.harm).then(b.n.cmp(&a.n));
        most_harm.then_with(|| a.predicates.cmp(&b.predicates))
    });
    (results, family.len() as u64)
}

/// A slice with everything but what depends on the other slices.
pub(super) fn untested(table: &SliceTable, alpha: f64) -> SliceResult {
    let counts = &table.counts;
    let SliceCounts {
        n,
        regressed,
        fixed,
        churned,
        ..
    } = *counts;
    let interval = tango(fixed, regressed, n, alpha);
    SliceResult {
        predicates: table.predicates.clone(),
        origin: table.origin,
        n,
        baseline: ratio(counts.correct_baseline(), n),
        candidate: ratio(counts.correct_candidate(), n),
        delta: signed_ratio(fixed, regressed, n),
        ci_low: interval.map(|(low, _)| low),
        ci_high: interval.map(|(_, high)| high),
        regressed,
        fixed,
        churned,
        harm: regressed as i64 - fixed as i64,
        p_value: (n >= MIN_SLICE_SIZE).then(|| mcnemar_midp(regressed, fixed)),
        q_value: None,
        detectable: detectable_effect(n, regressed.saturating_add(fixed), alpha),
        verdict: Verdict::Inconclusive,
        detail: None,
    }
}

fn slice_verdict(counts: &SliceCounts, q_value: Option<f64>, options: &CompareOptions) -> Verdict {
    // Too small to be tested is inconclusive even if nothing differs in it.
    if counts.n > 0 && counts.n < MIN_SLICE_SIZE {
        return Verdict::Inconclusive;
    }
    verdict(
        &Evidence::of_accuracy(counts, q_value),
        options.alpha,
        options.min_effect_slice,
    )
}

/// What the page of a slice shows beside its numbers: its own tables, and the accuracy of the rest of the samples.
pub fn slice_detail(slug: String, slice: &JointTable, whole: &SliceCounts) -> SliceDetail {
    let inside = slice.summary();
    let rest_n = whole.n.saturating_sub(inside.n);
    let rest_correct = |whole: u64, inside: u64| whole.saturating_sub(inside);
    let baseline = rest_correct(whole.correct_baseline(), inside.correct_baseline());
    let candidate = rest_correct(whole.correct_candidate(), inside.correct_candidate());
    SliceDetail {
        slug,
        confusion: confusion(slice),
        classes: classes(slice),
        rest_n,
        rest_baseline: ratio(baseline, rest_n),
        rest_candidate: ratio(candidate, rest_n),
        rest_delta: signed_ratio(candidate, baseline, rest_n),
        overlaps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Predicate};

    fn slice(value: Option<&str>, n: u64, regressed: u64, fixed: u64) -> SliceTable {
        SliceTable {
            predicates: vec![Predicate {
                column: "language".to_owned(),
                value: value.map(str::to_owned),
            }],
            origin: Origin::Declared,
            counts: SliceCounts {
                n,
                both_correct: n - regressed - fixed,
                regressed,
                fixed,
                churned: regressed + fixed,
            },
        }
    }

    fn values(results: &[SliceResult]) -> Vec<Option<&str>> {
        results
            .iter()
            .map(|slice| slice.predicates[0].value.as_deref())
            .collect()
    }

    #[test]
    fn most_harm_comes_first_then_size_then_predicates() {
        let tables = [
            slice(Some("fixed"), 100, 0, 9),
            slice(Some("b"), 50, 3, 1),
            slice(None, 50, 3, 1),
            slice(Some("a"), 50, 3, 1),
            slice(Some("large"), 60, 2, 0),
            slice(Some("worst"), 40, 9, 0),
        ];
        let (results, tested) = results(&tables, &CompareOptions::default());
        assert_eq!(
            values(&results),
            [Some("worst"), Some("large"), None, Some("a"), Some("b"), Some("fixed")]
        );
        assert_eq!(tested, 6);
        assert_eq!(
            results.iter().map(|slice| slice.harm).collect::<Vec<_>>(),
            [9, 2, 2, 2, 2, -9]
        );
    }

    #[test]
    fn small_slices_are_listed_but_not_in_the_family() {
        let tables = [
            slice(Some("small"), 29, 20, 0),
            slice(Some("still"), 29, 0, 0),
            slice(Some("tested"), 30, 8, 0),
            slice(Some("empty"), 0, 0, 0),
        ];
        let (results, tested) = results(&tables, &CompareOptions::default());
        assert_eq!(tested, 1);
        let find = |name: &str| {
            results
                .iter()
                .find(|slice| slice.predicates[0].value.as_deref() == Some(name))
        };
        for name in ["small", "still"] {
            let slice = find(name).expect(name);
            assert_eq!(
                (slice.p_value, slice.q_value, slice.verdict),
                (None, None, Verdict::Inconclusive),
                "{name}"
            );
            assert!(slice.ci_low.is_some(), "{name}: the interval is shown");
        }
        let tested = find("tested").expect("tested");
        assert_eq!((tested.p_value, tested.q_value), (Some(0.00390625), Some(0.00390625)));
        assert_eq!(tested.verdict, Verdict::Regressed);
        let empty = find("empty").expect("empty");
        assert_eq!(
            (empty.baseline, empty.delta, empty.ci_low, empty.detectable),
            (None, None, None, None)
        );
        assert_eq!(empty.verdict, Verdict::NotComparable);
    }

    #[test]
    fn the_family_can_take_a_verdict_away() {
        // Alone 5 regressions in 100 are significant (p = .03125); among three slices they are not (q = .09375).
        let alone = [slice(Some("a"), 100, 5, 0)];
        let family = [
            slice(Some("a"), 100, 5, 0),
            slice(Some("b"), 100, 0, 0),
            slice(Some("c"), 100, 3, 3),
        ];
        assert_eq!(
            results(&alone, &CompareOptions::default()).0[0].verdict,
            Verdict::Regressed
        );
        let (results, _) = results(&family, &CompareOptions::default());
        assert_eq!(
            (results[0].q_value, results[0].verdict),
            (Some(0.09375), Verdict::Unchanged)
        );
        assert_eq!(results.iter().filter(|slice| slice.harm == 0).count(), 2);
    }

    #[test]
    fn the_minimum_effect_applies() {
        let tables = [slice(Some("a"), 1_000, 10, 0)];
        let (results, _) = results(&tables, &CompareOptions::default());
        assert_eq!(
            (results[0].delta, results[0].verdict),
            (Some(-0.01), Verdict::Unchanged)
        );
    }

    #[test]
    fn detail_sets_the_slice_against_the_rest() {
        let table = JointTable {
            labels: vec!["no".to_owned(), "yes".to_owned()],
            cells: [((0, 0, 1), 3), ((1, 1, 1), 7)].into(),
        };
        let whole = SliceCounts {
            n: 30,
            both_correct: 20,
            regressed: 4,
            fixed: 2,
            churned: 6,
        };
        let detail = slice_detail("language-no".to_owned(), &table, &whole);
        assert_eq!((detail.slug.as_str(), detail.rest_n), ("language-no", 20));
        assert_eq!((detail.rest_baseline, detail.rest_candidate), (Some(0.7), Some(0.75)));
        assert_eq!(detail.rest_delta, Some(0.05));
        assert_eq!(detail.confusion.candidate, [[0, 3], [0, 7]]);
        assert_eq!(detail.classes[0].support, 3);
        let everything = slice_detail(String::new(), &table, &table.summary());
        assert_eq!(
            (everything.rest_n, everything.rest_baseline, everything.rest_delta),
            (0, None, None)
        );
    }
}
