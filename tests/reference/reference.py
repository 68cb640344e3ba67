"""Every number of a comparison, from scikit-learn, scipy, statsmodels and numpy: nothing is shared with evaldiff."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import Sequence

import numpy as np
from samples import Matched
from scipy.optimize import brentq
from scipy.stats import binom, false_discovery_control, norm
from sklearn import metrics as sk
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

BINS = 15
TESTED_FROM = 30  # smaller slices are listed without p and q
Predicates = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Flips:
    """Counts of matched samples."""

    n: int
    both_correct: int
    regressed: int
    fixed: int
    both_wrong_same: int
    churned: int

    @property
    def both_wrong(self) -> int:
        return self.n - self.both_correct - self.regressed - self.fixed

    @property
    def delta(self) -> float | None:
        return (self.fixed - self.regressed) / self.n if self.n else None


def flips(samples: Sequence[Matched]) -> Flips:
    pairs = [(s.a == s.truth, s.b == s.truth) for s in samples]
    return Flips(
        n=len(samples),
        both_correct=pairs.count((True, True)),
        regressed=pairs.count((True, False)),
        fixed=pairs.count((False, True)),
        both_wrong_same=sum(s.a == s.b != s.truth for s in samples),
        churned=sum(s.a != s.b for s in samples),
    )


def labels_of(samples: Sequence[Matched]) -> list[str]:
    """Truths and both versions' predictions, in bytewise order."""
    return sorted({label for s in samples for label in (s.truth, s.a, s.b)}, key=str.encode)


def mcnemar_exact(b: int, c: int) -> float:
    return float(mcnemar([[0, b], [c, 0]], exact=True).pvalue) if b + c else 1.0


def mcnemar_midp(b: int, c: int) -> float:
    """Fagerland et al. 2013: the exact p less the probability of the table itself (half of it where b = c)."""
    if b + c == 0:
        return 1.0
    point = float(binom.pmf(b, b + c, 0.5))
    return 1 - point / 2 if b == c else 2 * float(binom.cdf(min(b, c), b + c, 0.5)) - point


def tango(x: float, y: float, n: int, alpha: float) -> tuple[float, float] | None:
    """Score interval of (x - y) / n: where the score statistic is plus or minus z."""
    if n == 0:
        return None
    z, centre, edge = norm.ppf(1 - alpha / 2), (x - y) / n, 1 - 1e-13

    def score(d: float) -> float:
        a, b, c = 2 * n, -x - y + (2 * n - x + y) * d, -y * d * (1 - d)
        q = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
        variance, numerator = n * (2 * q + d * (1 - d)), x - y - n * d
        return numerator / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, numerator) if numerator else 0.0

    def root(far: float, target: float) -> float:
        shifted = lambda d: max(-1e9, min(1e9, score(d) - target))  # noqa: E731
        if abs(centre) >= 1 and centre * far > 0 or shifted(far * edge) * shifted(centre) > 0:
            return far
        return brentq(shifted, min(far * edge, centre), max(far * edge, centre), xtol=1e-15, rtol=1e-14, maxiter=500)

    return root(-1.0, z), root(1.0, -z)


def wilson(count: int, n: int, alpha: float) -> tuple[float, float] | None:
    return proportion_confint(count, n, alpha=alpha, method="wilson") if n else None


def detectable(m: int, n: int, alpha: float) -> float | None:
    """Smallest absolute delta found with 80% power; None without flips or without a solution."""
    if m == 0:
        return None
    share, z = m / n, norm.ppf(1 - alpha / 2)
    gap = lambda d: d * math.sqrt(n) - z * math.sqrt(share) - norm.ppf(0.8) * math.sqrt(max(0.0, share - d * d))  # noqa: E731
    top = math.sqrt(share)
    return brentq(gap, 0, top, xtol=1e-15) if gap(top) > 0 else None


def slice_verdict(f: Flips, q: float | None, alpha: float, min_effect: float) -> str:
    """A slice too small to be tested is inconclusive even if nothing differs in it."""
    return "inconclusive" if 0 < f.n < TESTED_FROM else verdict(f, q, alpha, min_effect)


def verdict(f: Flips, p: float | None, alpha: float, min_effect: float) -> str:
    """STATISTICS, "Verdict"; `p` is a q value for slices."""
    m = f.regressed + f.fixed
    if f.n == 0:
        return "not_comparable"
    if m == 0 and f.churned == 0:
        return "unchanged"
    if p is None or (m > 0 and 2.0**-m >= alpha):
        return "inconclusive"
    if p < alpha and abs(f.delta) > min_effect:
        return "improved" if f.delta > 0 else "regressed"
    return "unchanged"


def classification(truth: list[str], predicted: list[str], labels: list[str]) -> dict[str, float]:
    """Count metrics of one version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        macro = sk.precision_recall_fscore_support(truth, predicted, labels=labels, average="macro", zero_division=0)
        kappa = sk.cohen_kappa_score(truth, predicted, labels=labels)
        return {
            "accuracy": sk.accuracy_score(truth, predicted),
            "macro_f1": macro[2],
            "weighted_f1": sk.f1_score(truth, predicted, labels=labels, average="weighted", zero_division=0),
            "macro_precision": macro[0],
            "macro_recall": macro[1],
            "kappa": 0.0 if math.isnan(kappa) else kappa,
            "mcc": sk.matthews_corrcoef(truth, predicted),
        }


def per_class(truth: list[str], predicted: list[str], labels: list[str]) -> list[tuple[float, float, float, int]]:
    """Precision, recall, F1 and support of every label."""
    if not truth:
        return [(0.0, 0.0, 0.0, 0)] * len(labels)
    columns = sk.precision_recall_fscore_support(truth, predicted, labels=labels, average=None, zero_division=0)
    return [(float(p), float(r), float(f), int(s)) for p, r, f, s in zip(*columns)]


def confusion(truth: list[str], predicted: list[str], labels: list[str]) -> list[list[int]]:
    index = {label: i for i, label in enumerate(labels)}
    matrix = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(matrix, ([index[t] for t in truth], [index[p] for p in predicted]), 1)
    return matrix.tolist()


def calibration(conf: np.ndarray, correct: np.ndarray) -> dict[str, object]:
    """Mean confidence, Brier score, ECE, MCE and the bins (low, high], the first closed at 0."""
    edges = np.arange(BINS + 1) / BINS
    place = np.clip(np.searchsorted(edges, conf, side="left") - 1, 0, BINS - 1)
    bins = []
    for k in range(BINS):
        inside = place == k
        n = int(inside.sum())
        bins.append((n, float(correct[inside].mean()), float(conf[inside].mean())) if n else (0, None, None))
    gaps = [(n, abs(accuracy - mean)) for n, accuracy, mean in bins if n]
    return {
        "mean_confidence": float(conf.mean()),
        "brier": float(((conf - correct) ** 2).mean()),
        "ece": sum(n * gap for n, gap in gaps) / len(conf),
        "mce": max(gap for _, gap in gaps),
        "bins": bins,
    }


def slice_members(samples: Sequence[Matched], columns: Sequence[str]) -> dict[Predicates, list[Matched]]:
    """Matched samples of every declared value and every pair of values of two columns."""
    groups: dict[Predicates, list[Matched]] = {}
    for s in samples:
        single = [((column, value),) for column, value in zip(columns, s.slices)]
        crossed = [a + b for a, b in combinations(single, 2)]
        for predicates in single + crossed:
            groups.setdefault(predicates, []).append(s)
    return groups


def q_values(p: dict[Predicates, float]) -> dict[Predicates, float]:
    """Benjamini-Hochberg over one family."""
    adjusted = false_discovery_control(list(p.values())) if p else []
    return dict(zip(p, map(float, adjusted)))
