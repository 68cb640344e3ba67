#!/usr/bin/env python3
"""Recomputes a comparison of numbers or of scored texts, the ranking of a binary one, or what changed labels do to one of
labels, with scipy and scikit-learn.

    python check_kinds.py --baseline baseline.csv --candidate candidate.csv --comparison comparison.json \\
        --truth reference --pred output

Columns besides truth and prediction are those that comparison.json names. Exit 1 if a number differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from check_sentiment import Table
from reference import TESTED_FROM, mcnemar_midp, tango
from scipy import stats
from sklearn import metrics as sk


def number(cell: str | None) -> float | None:
    return None if cell is None or not math.isfinite(float(cell)) else float(cell)


def read(path: Path) -> dict[str, dict]:
    with path.open(newline="") as file:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    return {row["sample_id"]: row for row in rows}


class Kind:
    """What one kind of evaluation makes of a pair of rows."""

    def __init__(self, found: dict, truth: str, prediction: str) -> None:
        self.roles, self.truth, self.prediction = found["roles"], truth, prediction
        self.name = self.roles.get("kind", "classification")
        self.scores = self.roles.get("scores", [])

    def unanswered(self, row: dict) -> bool:
        scored = self.name == "text" and row[self.scores[0]["column"]] is not None
        return row[self.prediction] is None and not scored

    def unlabelled(self, row: dict) -> bool:
        return row[self.scores[0]["column"] if self.name == "text" else self.truth] is None

    def classify(self, a: dict | None, b: dict | None) -> str:
        if a is None or b is None:
            return "only_candidate" if a is None else "only_baseline"
        if self.unanswered(a) or self.unanswered(b):
            return "errored"
        if self.unlabelled(a) or self.unlabelled(b):
            return "unlabelled"
        same = a.get(self.truth) == b.get(self.truth)
        return "matched" if same else "label_changed"

    def values(self, row: dict) -> float:
        """What a sample may regress in."""
        if self.name == "text":
            return number(row[self.scores[0]["column"]])
        return abs(number(row[self.prediction]) - number(row[self.truth]))

    @property
    def sign(self) -> int:
        higher = self.name == "text" and self.scores[0]["direction"] == "higher"
        return 1 if higher else -1


def paired(a: np.ndarray, b: np.ndarray, alpha: float) -> dict:
    """Means and their difference by Student's paired test."""
    difference = b - a
    out = {"baseline": a.mean(), "candidate": b.mean(), "delta": difference.mean()}
    if len(a) < 2:
        return {**out, "ci_low": None, "ci_high": None, "p_value": None, "detectable": None}
    error = stats.sem(difference)
    low, high = (None, None) if error == 0 else stats.t.interval(1 - alpha, len(a) - 1, difference.mean(), error)
    # As far as the interval reaches towards zero, and what four of five means do not fall short of.
    reach = stats.t.ppf(1 - alpha / 2, len(a) - 1) + stats.t.ppf(0.8, len(a) - 1)
    return {
        **out,
        "ci_low": low,
        "ci_high": high,
        # Never below what the signs of the samples that differ could reach.
        "p_value": max(stats.ttest_rel(b, a).pvalue, 2.0 ** -np.count_nonzero(difference)) if error else 1.0,
        "detectable": reach * error if error else None,
    }


def plays(a: np.ndarray, b: np.ndarray, sign: int, tolerance: float) -> tuple[int, int, int]:
    gain = sign * (b - a)
    return int((gain > tolerance).sum()), int((abs(gain) <= tolerance).sum()), int((gain < -tolerance).sum())


def check_metric(table: Table, found: dict, expected: dict) -> None:
    for field in ("baseline", "candidate", "delta", "ci_low", "ci_high", "p_value"):
        if field in expected and expected[field] is not None:
            table.check(f"{found['name']}.{field}", found[field], float(expected[field]), relative=field == "p_value")


def check_measured(table: Table, found: dict, kind: Kind, pairs: list[tuple[dict, dict]]) -> None:
    alpha, tolerance = found["options"]["alpha"], found["options"].get("tolerance", 0)
    of = {metric["name"]: metric for metric in found["metrics"]}
    column = lambda rows, get: np.array([get(row) for row in rows], dtype=float)
    olds, news = [a for a, _ in pairs], [b for _, b in pairs]
    a, b = column(olds, kind.values), column(news, kind.values)
    wins, ties, losses = plays(a, b, kind.sign, tolerance)
    for name, n in (("fixed", wins), ("unchanged", ties), ("regressed", losses)):
        table.check(f"outcomes.{name}", found["outcomes"].get(name, 0), n)
    headline = paired(a, b, alpha)
    table.check("detectable", found["detectable"], headline["detectable"])
    check_metric(table, found["metrics"][0], headline)
    if kind.name == "numeric":
        check_numeric(table, of, kind, pairs, alpha)
    else:
        check_text(table, found, of, kind, pairs)
    check_slices(table, found, kind, pairs)


def check_numeric(table: Table, of: dict, kind: Kind, pairs: list, alpha: float) -> None:
    truth = np.array([number(b[kind.truth]) for _, b in pairs])
    old, new = (np.array([number(pair[i][kind.prediction]) for pair in pairs]) for i in (0, 1))
    check_metric(table, of["mean_error"], paired(old - truth, new - truth, alpha))
    for name, score in (("mae", sk.mean_absolute_error), ("rmse", sk.root_mean_squared_error), ("r2", sk.r2_score)):
        values = score(truth, old), score(truth, new)
        check_metric(table, of[name], {"baseline": values[0], "candidate": values[1], "delta": values[1] - values[0]})
        inside = of[name]["ci_low"] <= of[name]["delta"] <= of[name]["ci_high"]
        table.check(f"{name}: the interval holds the difference", inside, True)


def check_text(table: Table, found: dict, of: dict, kind: Kind, pairs: list) -> None:
    alpha, tolerance = found["options"]["alpha"], found["options"].get("tolerance", 0)
    for score, result in zip(kind.scores, found["scores"], strict=True):
        name = score["column"]
        both = [(number(a[name]), number(b[name])) for a, b in pairs]
        kept = np.array([pair for pair in both if None not in pair])
        check_metric(table, of[f"score.{name}"], paired(kept[:, 0], kept[:, 1], alpha))
        sign = 1 if score["direction"] == "higher" else -1
        expected = plays(kept[:, 0], kept[:, 1], sign, tolerance)
        table.check(f"{name} plays", (result["wins"], result["ties"], result["losses"]), expected)
        table.check(f"{name} counted", (result["n"], result["excluded"]), (len(kept), len(both) - len(kept)))
    if kind.truth not in pairs[0][0]:
        return
    judged = [(a, b) for a, b in pairs if b[kind.truth] is not None]
    right = [tuple(row[kind.prediction] == row[kind.truth] for row in pair) for pair in judged]
    values = [sum(pair[i] for pair in right) / len(right) for i in (0, 1)]
    fixed, lost = right.count((False, True)), right.count((True, False))
    m, least = fixed + lost, min(fixed, lost)
    exact = 2 * stats.binom.cdf(least, m, 0.5) - stats.binom.pmf(least, m, 0.5)
    expected = {"baseline": values[0], "candidate": values[1], "delta": values[1] - values[0], "p_value": min(1, exact)}
    check_metric(table, of["exact_match"], expected)


def check_slices(table: Table, found: dict, kind: Kind, pairs: list) -> None:
    alpha, tolerance = found["options"]["alpha"], found["options"].get("tolerance", 0)
    expected = {}
    columns = kind.roles["slices"]
    for chosen in [*combinations(columns, 1), *combinations(columns, 2)]:
        for _, b in pairs:
            expected.setdefault(tuple((column, b[column]) for column in chosen), [])
    tests = {}
    for predicates in expected:
        inside = [(a, b) for a, b in pairs if all(b[column] == value for column, value in predicates)]
        a, b = (np.array([kind.values(pair[i]) for pair in inside]) for i in (0, 1))
        expected[predicates] = (paired(a, b, alpha), plays(a, b, kind.sign, tolerance), len(inside))
        if len(inside) >= TESTED_FROM:
            tests[predicates] = expected[predicates][0]["p_value"]
    adjusted = dict(zip(tests, stats.false_discovery_control(list(tests.values())))) if tests else {}
    table.check("slices", len(found["slices"]), len(expected))
    table.check("slices_tested", found["slices_tested"], len(tests))
    for slice_ in found["slices"]:
        predicates = tuple((p["column"], p["value"]) for p in slice_["predicates"])
        (numbers, (wins, _, losses), n) = expected[predicates]
        named = {**slice_, "name": f"slice {predicates}"}
        check_metric(table, named, {**numbers, "p_value": tests.get(predicates)})
        table.check(f"{named['name']} counts", (slice_["n"], slice_["regressed"], slice_["fixed"]), (n, losses, wins))
        q = adjusted.get(predicates)
        table.check(f"{named['name']} q", slice_["q_value"], None if q is None else float(q), relative=True)


def check_label_changes(table: Table, found: dict, kind: Kind, matched: list, changed: list) -> None:
    """Accuracy with the samples whose ground truth changed, under the old truth and under the new one."""
    pairs = lambda of, side: [tuple(row[kind.prediction] == pair[side][kind.truth] for row in pair) for pair in of]
    outcomes = [pairs(changed, side) for side in (0, 1)]
    corrections = sum(bool({old, new} & {(True, False), (False, True)}) for old, new in zip(*outcomes))
    result = found["label_changes"]
    table.check("relabelled", (result["relabelled"], result["corrections"]), (len(changed), corrections))
    for side, name in enumerate(("old_truth", "new_truth")):
        under, own = result[name], outcomes[side]
        lost, fixed = own.count((True, False)), own.count((False, True))
        table.check(f"{name} flips", (under["relabelled_regressed"], under["relabelled_fixed"]), (lost, fixed))
        right = pairs(matched, 1) + own
        n, lost, fixed = len(right), right.count((True, False)), right.count((False, True))
        table.check(f"{name} n", under["n"], n)
        values = [sum(pair[i] for pair in right) / n for i in (0, 1)]
        low, high = tango(fixed, lost, n, found["options"]["alpha"])
        expected = {"baseline": values[0], "candidate": values[1], "delta": values[1] - values[0]}
        check_metric(table, under["accuracy"], {**expected, "ci_low": low, "ci_high": high})
        check_metric(table, under["accuracy"], {"p_value": mcnemar_midp(lost, fixed)})


def check_ranking(table: Table, found: dict, kind: Kind, pairs: list) -> None:
    positive, column = found["ranking"]["positive"], kind.roles["positive"]
    kept = [(a, b) for a, b in pairs if a[column] is not None and b[column] is not None]
    truth = np.array([b[kind.truth] == positive for _, b in kept])
    scores = [np.array([number(pair[i][column]) for pair in kept]) for i in (0, 1)]
    table.check("ranking.excluded", found["ranking"]["excluded"], len(pairs) - len(kept))
    table.check("ranking.positives", found["ranking"]["positives"], int(truth.sum()))
    of = {metric["name"]: metric for metric in found["metrics"]}
    low, high, p = delong(truth, scores, found["options"]["alpha"])
    for name, score in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        values = [score(truth, one) for one in scores]
        check_metric(table, of[name], {"baseline": values[0], "candidate": values[1], "delta": values[1] - values[0]})
    check_metric(table, of["roc_auc"], {"ci_low": low, "ci_high": high, "p_value": p})
    for i, side in enumerate(("baseline", "candidate")):
        said = [(pair[i][kind.prediction] == positive, number(pair[i][column])) for pair in pairs]
        said = [(is_positive, score) for is_positive, score in said if score is not None]
        expected = {
            "highest_negative": max(score for is_positive, score in said if not is_positive),
            "lowest_positive": min(score for is_positive, score in said if is_positive),
        }
        table.check(f"threshold of the {side}", found["ranking"][side], expected)


def delong(truth: np.ndarray, scores: list[np.ndarray], alpha: float) -> tuple[float, float, float]:
    """Interval and p value of the difference of two areas, from all pairs of a positive and a negative sample."""
    placed = []
    for score in scores:
        gap = score[truth][:, None] - score[~truth][None, :]
        placed.append((gap > 0) + 0.5 * (gap == 0))
    difference = placed[1] - placed[0]
    m, n = difference.shape
    error = math.sqrt(difference.mean(axis=1).var(ddof=1) / m + difference.mean(axis=0).var(ddof=1) / n)
    mean, half = difference.mean(), stats.norm.ppf(1 - alpha / 2) * error
    return mean - half, mean + half, 2 * stats.norm.sf(abs(mean) / error)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("baseline", "candidate", "comparison"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--truth", default="ground_truth")
    parser.add_argument("--pred", default="prediction")
    args = parser.parse_args()
    found = json.loads(args.comparison.read_text())
    kind, table = Kind(found, args.truth, args.pred), Table(only_failures=True)
    baseline, candidate = read(args.baseline), read(args.candidate)
    keys = sorted(baseline.keys() | candidate.keys())
    classes = [kind.classify(baseline.get(key), candidate.get(key)) for key in keys]
    for name, n in found["accounting"].items():
        table.check(f"accounting.{name}", n, classes.count(name))
    of = lambda wanted: [(baseline[key], candidate[key]) for key, name in zip(keys, classes) if name == wanted]
    pairs = of("matched")
    if kind.name == "classification":
        check_label_changes(table, found, kind, pairs, of("label_changed"))
    elif kind.name == "binary":
        check_ranking(table, found, kind, pairs)
    else:
        check_measured(table, found, kind, pairs)
    print(f"{table.passed} checks passed, {table.failed} failed")
    return 1 if table.failed or not table.passed else 0


if __name__ == "__main__":
    sys.exit(main())
