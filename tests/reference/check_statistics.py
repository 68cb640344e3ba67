#!/usr/bin/env python3
"""Recomputes statistics on random data: python check_statistics.py statistics.json, as tests/it/statistics.rs writes it.

Nothing is shared with evaldiff: scikit-learn, scipy and statsmodels where they have it, otherwise the definition in
numpy. Bootstrap intervals are compared within what resampling varies, everything else to ten digits. Exit 1 if a number
differs.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import reference as ref
import statsmodels.api as sm
from scipy import stats
from sklearn import metrics as sk

RELATIVE = 1e-9
RESAMPLES = 2_000
# Of the interval's width. The standard error of an end at 2,000 resamples is about 1.4% of it; the most of some hundred.
RESAMPLED = 0.09
failures: list[str] = []


def check(name: str, found: float | None, expected: float, tolerance: float = RELATIVE) -> None:
    """One number, to `tolerance` of its size."""
    if found is None or not abs(found - expected) <= tolerance * max(abs(expected), 1e-3):
        failures.append(f"{name}: {found} instead of {expected}")


def check_all(name: str, found: list[float], expected: list[float], tolerance: float = RELATIVE) -> None:
    if found is None or len(found) != len(expected):
        failures.append(f"{name}: {found} instead of {expected}")
        return
    for f, e in zip(found, expected):
        check(name, f, float(e), tolerance)


def check_resampled(name: str, found: list[float], replicates: np.ndarray) -> None:
    """Both ends of a percentile interval, to a share of its width."""
    check_ends(name, found, np.quantile(replicates, [0.025, 0.975]))


def check_ends(name: str, found: list[float], ends: Sequence[float]) -> None:
    low, high = ends
    for f, e in zip(found, (low, high)):
        if not abs(f - e) <= RESAMPLED * (high - low) + 1e-12:
            failures.append(f"{name}: {found} instead of {[low, high]}")
            return


def paired(name: str, case: dict, differences: np.ndarray, level: float) -> None:
    """Mean, t interval and paired t test."""
    test = stats.ttest_1samp(differences, 0)
    interval = test.confidence_interval(level)
    check_all(f"{name} interval", case["interval"], [interval.low, interval.high])
    check(f"{name} p", case["p"], test.pvalue)


def student(case: dict, rng: np.random.Generator) -> None:
    for t, freedom, p, quantile in case["values"]:
        check(f"t {t} {freedom}", p, 2 * stats.t.sf(t, freedom))
        check(f"quantile {freedom}", quantile, stats.t.isf(0.015, freedom))


def numeric(case: dict, rng: np.random.Generator) -> None:
    truth, a, b = np.array(case["samples"]).T
    check_all("mae", case["mae"], [sk.mean_absolute_error(truth, v) for v in (a, b)])
    check_all("rmse", case["rmse"], [sk.root_mean_squared_error(truth, v) for v in (a, b)])
    check_all("r2", case["r2"], [sk.r2_score(truth, v) for v in (a, b)])
    shift = np.abs(b - truth) - np.abs(a - truth)
    check("shift", case["shift"], shift.mean())
    paired("shift", case, shift, 0.95)
    plays = [int((shift < -case["tolerance"]).sum()), int((np.abs(shift) <= case["tolerance"]).sum())]
    check_all("plays", case["plays"], [*plays, len(shift) - sum(plays)])
    # Where the interval rests on the normality of a mean of squares, samples must not be few.
    if len(truth) < 500:
        return
    index = rng.integers(0, len(truth), (RESAMPLES, len(truth)))
    squared = [((v - truth) ** 2)[index].mean(axis=1) for v in (a, b)]
    check_resampled("rmse interval", case["rmse_interval"], np.sqrt(squared[1]) - np.sqrt(squared[0]))
    check_resampled("r2 interval", case["r2_interval"], (squared[0] - squared[1]) / truth[index].var(axis=1))


def scores(case: dict, rng: np.random.Generator) -> None:
    a, b = np.array(case["samples"]).T
    check_all("score means", case["means"], [a.mean(), b.mean()])
    check("score difference", case["mean"], (b - a).mean())
    paired("score", case, b - a, 0.99)
    plays = [int((b - a > case["tolerance"]).sum()), int((np.abs(b - a) <= case["tolerance"]).sum())]
    check_all("score plays", case["plays"], [*plays, len(a) - sum(plays)])


def delong(positive: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Standard error of the difference of two AUCs, from the kernel over all pairs."""
    kernels = []
    for score in (a, b):
        p, n = score[positive][:, None], score[~positive][None, :]
        kernels.append((p > n) + 0.5 * (p == n))
    gap = kernels[1].astype(float) - kernels[0]
    by_positive, by_negative = gap.mean(axis=1), gap.mean(axis=0)
    return math.sqrt(by_positive.var(ddof=1) / len(by_positive) + by_negative.var(ddof=1) / len(by_negative))


def ranking(case: dict, rng: np.random.Generator) -> None:
    rows = np.array(case["samples"], dtype=float)
    positive, a, b = rows[:, 0] > 0, rows[:, 1], rows[:, 2]
    auc, precision = case["auc"], case["average_precision"]
    check_all("auc", auc["values"], [sk.roc_auc_score(positive, v) for v in (a, b)])
    check("auc error", auc["error"], delong(positive, a, b))
    z = (auc["values"][1] - auc["values"][0]) / auc["error"]
    check("auc p", auc["p"], 2 * stats.norm.sf(abs(z)))
    check_all("average precision", precision["values"], [sk.average_precision_score(positive, v) for v in (a, b)])
    if 100 <= len(rows) <= 1_000:
        left_out = np.array([
            sk.average_precision_score(np.delete(positive, i), np.delete(b, i))
            - sk.average_precision_score(np.delete(positive, i), np.delete(a, i))
            for i in range(len(rows))
        ])
        jackknife = math.sqrt((len(rows) - 1) * left_out.var())
        check("average precision error (jackknife)", precision["error"], jackknife, 0.06)


def clusters(case: dict, rng: np.random.Generator) -> None:
    cluster, change = np.array(case["rows"]).T
    fit = sm.OLS(change, np.ones(len(change))).fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True)
    check("cluster mean", case["mean"], fit.params[0])
    check("cluster error", case["error"], fit.bse[0])
    check("cluster p", case["p"], fit.pvalues[0])
    check_all("cluster interval", case["interval"], fit.conf_int()[0])
    sums = np.bincount(cluster, weights=change)
    check("clustered McNemar", case["mcnemar"], stats.chi2.sf(sums.sum() ** 2 / (sums**2).sum(), 1))
    sizes = np.bincount(cluster)
    if len(sizes) >= 100:
        index = rng.integers(0, len(sizes), (RESAMPLES, len(sizes)))
        check_resampled("cluster bootstrap", case["bootstrap"], sums[index].sum(axis=1) / sizes[index].sum(axis=1))


def repeats(case: dict, rng: np.random.Generator) -> None:
    for k, (mean, left_out) in case["passes"]:
        enough = [(n, c) for n, c in case["samples"] if n >= k]
        check(f"pass@{k}", mean, np.mean([1 - math.comb(n - c, k) / math.comb(n, k) for n, c in enough]))
        check(f"pass@{k} left out", left_out, len(case["samples"]) - len(enough))


def counts(case: dict, rng: np.random.Generator) -> None:
    """scikit-learn scores each resample of the samples behind the cells."""
    cells = np.array(case["cells"])
    n, labels = cells[:, 3].sum(), list(range(case["labels"]))
    replicates: dict[str, list[float]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(600):
            drawn = rng.multinomial(n, cells[:, 3] / n)
            scored = [classification(cells[:, 0], cells[:, side], drawn, labels) for side in (1, 2)]
            for name in scored[0]:
                replicates.setdefault(name, []).append(scored[1][name] - scored[0][name])
    for name, interval in case["intervals"]:
        low, high = np.quantile(replicates[name], [0.025, 0.975])
        # Fewer resamples: an end's standard error is about 2.6% of the width.
        for found, expected in zip(interval, (low, high)):
            if abs(found - expected) > 0.13 * (high - low):
                failures.append(f"{name} interval at n = {n}: {interval} instead of {[low, high]}")


def classification(truth: np.ndarray, predicted: np.ndarray, weight: np.ndarray, labels: list[int]) -> dict[str, float]:
    kept = {"sample_weight": weight, "labels": labels, "zero_division": 0}
    macro = sk.precision_recall_fscore_support(truth, predicted, average="macro", **kept)
    return {
        "macro_f1": macro[2],
        "weighted_f1": sk.f1_score(truth, predicted, average="weighted", **kept),
        "macro_precision": macro[0],
        "macro_recall": macro[1],
        "kappa": sk.cohen_kappa_score(truth, predicted, labels=labels, sample_weight=weight),
        "mcc": sk.matthews_corrcoef(truth, predicted, sample_weight=weight),
    }


def gaps(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Per sample (row) and bin (column) the gap of correctness and confidence."""
    place = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    out = np.zeros((len(confidence), 15))
    out[np.arange(len(confidence)), place] = correct - confidence
    return out


def of_mean(change: np.ndarray) -> list[float]:
    """Student's interval; where few samples make up the change the outer ends of it and of Tango's for as many flips of one size."""
    student = stats.ttest_1samp(change, 0).confidence_interval(0.95)
    n, differing = len(change), np.count_nonzero(change)
    like = min((change**2).sum() ** 2 / (change**4).sum(), differing)
    if like >= n / 8 and 2 * differing >= n:
        return [student.low, student.high]
    size = math.sqrt((change**2).sum() / like)
    lean = np.clip(change.sum() / size, -like, like)
    low, high = ref.tango((like + lean) / 2, (like - lean) / 2, n, 0.05)
    beside = change.mean() - lean * size / n
    return [min(student.low, low * size + beside), max(student.high, high * size + beside)]


def calibration(case: dict, rng: np.random.Generator) -> None:
    a, right_a, b, right_b = np.array(case["samples"], dtype=float).T
    brier = (b - right_b) ** 2 - (a - right_a) ** 2
    for name, change in (("confidence", b - a), ("brier", brier)):
        check(name, case[name]["delta"], change.mean())
        check_all(f"{name} interval", case[name]["interval"], of_mean(change))
    check("brier", case["brier"]["delta"], sk.brier_score_loss(right_b, b) - sk.brier_score_loss(right_a, a))
    by_sample = np.hstack([gaps(a, right_a), gaps(b, right_b)])
    mean = by_sample.mean(axis=0)
    error = np.abs(mean)[15:].sum() - np.abs(mean)[:15].sum()
    check("ece", case["ece"]["delta"], error)
    # Resampled one by one; where a gap is within two standard errors, an end takes its noise as signed or as absolute.
    index = rng.integers(0, len(a), (RESAMPLES, len(a)))
    noise = np.array([by_sample[i].mean(axis=0) for i in index]) - mean
    clear = np.abs(mean) > 2 * by_sample.std(axis=0) / math.sqrt(len(a))
    signed = np.where(mean < 0, -noise, noise)
    bent = np.where(clear, signed, np.abs(noise))
    most = np.quantile(bent[:, 15:].sum(axis=1) - signed[:, :15].sum(axis=1), 0.975)
    least = np.quantile(signed[:, 15:].sum(axis=1) - bent[:, :15].sum(axis=1), 0.025)
    # Normal noise and resampled noise differ where a bin holds few samples.
    if len(a) >= 500:
        check_ends(f"ece interval at n = {len(a)}", case["ece"]["interval"], (error - most, error - least))


def slices(case: dict, rng: np.random.Generator) -> None:
    """Score, counts and p values of each slice, residual after those before it."""
    columns, change, explore = np.array(case["columns"]), np.array(case["change"]), np.array(case["explore"])
    tolerance = case["tolerance"]
    least = 0 if tolerance is None else tolerance * (1 + 1e-6)
    error = np.where(change > least, change, 0)
    covered = np.zeros(len(change), dtype=bool)
    p_values = []
    for found in case["slices"]:
        inside = np.all([columns[column] == code for column, code in found["predicates"]], axis=0)
        halves = (inside & explore, inside & ~explore)
        check_all("slice n", found["n"], [half.sum() for half in halves])
        check_all("slice worse", found["worse"], [int((change[half] > least).sum()) for half in halves])
        check_all("slice change", found["change"], [change[half].mean() for half in halves])
        check("slice better", found["better"], int((-change[halves[1]] > least).sum()))
        n, size = explore.sum(), halves[0].sum()
        score = 0.95 * (error[halves[0]].sum() / size / (error[explore].sum() / n) - 1) - 0.05 * (n / size - 1)
        check("slice score", found["score"], score)
        fresh = halves[1] & ~covered
        covered |= halves[1]
        tested = flips if tolerance is None else losses
        p_values.append(tested(change[halves[1]], change[fresh], change[~explore & ~covered]))
        check("slice p", found["p"], p_values[-1], 1e-6)
    check_all("slice q", [found["q"] for found in case["slices"]], stats.false_discovery_control(p_values), 1e-6)


def flips(half: np.ndarray, fresh: np.ndarray, outside: np.ndarray) -> float:
    """The larger of Fisher's p value, as mid-p, and McNemar's."""
    worse, better = int((half > 0).sum()), int((half < 0).sum())
    k, drawn = (fresh > 0).sum(), len(fresh)
    law = stats.hypergeom(drawn + len(outside), k + (outside > 0).sum(), drawn)
    excess = law.sf(k) + law.pmf(k) / 2 if k * law.args[0] > drawn * law.args[1] else 1.0
    coin, low = stats.binom(worse + better, 0.5), min(worse, better)
    return max(excess, 1 - coin.pmf(low) / 2 if worse == better else 2 * coin.cdf(low) - coin.pmf(low))


def losses(half: np.ndarray, fresh: np.ndarray, outside: np.ndarray) -> float:
    """The larger of Welch's p value and Student's; 1 for fewer than 30 samples."""
    if len(half) < 30 or len(fresh) < 2:
        return 1.0
    excess = stats.ttest_ind(fresh, outside, equal_var=False, alternative="greater").pvalue
    changed = stats.ttest_1samp(half, 0).pvalue
    return max(excess, changed, 0.5 ** np.count_nonzero(half))


def main() -> int:
    cases = json.loads(Path(sys.argv[1]).read_text())
    kinds = (student, numeric, scores, ranking, clusters, repeats, counts, calibration, slices)
    checks = {check.__name__: check for check in kinds}
    rng = np.random.default_rng(20261124)
    for case in cases:
        checks[case["kind"]](case, rng)
    print("\n".join(failures))
    print(f"{len(cases)} cases, {len(failures)} numbers differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
