#!/usr/bin/env python3
"""Recomputes a comparison independently and compares every number with comparison.json.

    python check_sentiment.py --golden sentiment-v2.parquet --baseline predictions-v0.7.1.parquet \\
        --candidate predictions-v1.2.0.parquet --comparison comparison.json

Works for any data: `--slices a,b,c` and `--id column` (default: the slices and the key that comparison.json names); CSV
or Parquet by extension; without `--golden`, truth and slices are columns of the predictions. Exit 1 if a number differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Sequence

import numpy as np
import reference as ref
from samples import CLASSES, Joined, Matched, Roles, join, read_run

TOLERANCE = 1e-9
RELATIVE = 1e-6  # of p and q values, which may be tiny
PAIRED = ("negative_flip_rate", "positive_flip_rate", "churn")
CALIBRATED = ("mean_confidence", "brier", "ece")


class Table:
    """Collects and prints checks."""

    def __init__(self, only_failures: bool) -> None:
        self.only_failures, self.passed, self.failed = only_failures, 0, 0

    def check(self, name: str, found: object, expected: object, relative: bool = False) -> None:
        """One row; numbers may differ by TOLERANCE (and p values by RELATIVE), everything else not at all."""
        diff = ""
        if is_number(found) and is_number(expected):
            gap = abs(found - expected)
            ok = gap <= TOLERANCE and (not relative or gap <= RELATIVE * abs(expected))
            diff = f"{gap:.1e}"
        else:
            ok = found == expected
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        if not ok or not self.only_failures:
            print(f"{name:58} {show(found):>22} {show(expected):>22} {diff:>8}{'' if ok else '  FAILED'}")


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def show(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else "null" if value is None else str(value)[:60]


def check_counts(table: Table, found: dict, joined: Joined) -> None:
    for name in CLASSES:
        table.check(f"accounting.{name}", found["accounting"][name], joined.accounting[name])
    flips = ref.flips(joined.matched)
    for name in ("both_correct", "regressed", "fixed", "both_wrong", "both_wrong_same"):
        table.check(f"outcomes.{name}", found["outcomes"][name], getattr(flips, name))


def check_metrics(table: Table, found: dict, samples: Sequence[Matched], labels: list[str]) -> None:
    """Values of both versions, the accuracy's test and interval, and the flip rates."""
    options, flips = found["options"], ref.flips(samples)
    metrics = {metric["name"]: metric for metric in found["metrics"]}
    truth = [s.truth for s in samples]
    sides = [ref.classification(truth, list(side), labels) for side in ([s.a for s in samples], [s.b for s in samples])]
    for name in sides[0]:
        check_sides(table, metrics.get(name), name, sides[0][name], sides[1][name])
    p = ref.mcnemar_midp(flips.regressed, flips.fixed)
    table.check("accuracy.p_value", metrics["accuracy"]["p_value"], p, relative=True)
    exact = ref.mcnemar_exact(flips.regressed, flips.fixed)
    table.check("(mid-p below exact p, statsmodels)", p <= exact, True)
    interval = ref.tango(flips.fixed, flips.regressed, flips.n, options["alpha"])
    check_interval(table, "accuracy", metrics["accuracy"], interval)
    table.check("verdict", found["verdict"], ref.verdict(flips, p, options["alpha"], options["min_effect_headline"]))
    check_detectable(table, "detectable", found["detectable"], flips, options["alpha"])
    check_relative_nfr(table, metrics["relative_negative_flip_rate"]["candidate"], flips)
    for name, count in zip(PAIRED, (flips.regressed, flips.fixed, flips.churned)):
        table.check(f"{name}", metrics[name]["candidate"], count / flips.n)
        if metrics[name]["ci_low"] is not None:
            check_interval(table, name, metrics[name], ref.wilson(count, flips.n, options["alpha"]))


def check_relative_nfr(table: Table, found: float | None, flips: ref.Flips) -> None:
    """Yan et al. 2021: NFR over the rate that independent errors would give."""
    right_a, wrong_b = flips.both_correct + flips.regressed, flips.regressed + flips.both_wrong
    chance = right_a / flips.n * (wrong_b / flips.n)
    table.check("relative_negative_flip_rate", found, flips.regressed / flips.n / chance if chance else None)


def check_sides(table: Table, metric: dict | None, name: str, a: float | None, b: float | None) -> None:
    metric = metric or {"baseline": "missing", "candidate": "missing", "delta": "missing"}
    table.check(f"{name}.baseline", metric["baseline"], a)
    table.check(f"{name}.candidate", metric["candidate"], b)
    table.check(f"{name}.delta", metric["delta"], None if a is None else b - a)


def check_interval(table: Table, name: str, found: dict, interval: tuple[float, float] | None) -> None:
    low, high = interval or (None, None)
    table.check(f"{name}.ci_low", found["ci_low"], low)
    table.check(f"{name}.ci_high", found["ci_high"], high)


def check_detectable(table: Table, name: str, found: float | None, flips: ref.Flips, alpha: float) -> None:
    m = flips.regressed + flips.fixed
    expected = ref.detectable(m, flips.n, alpha)
    if m == 0 or expected is not None:
        table.check(name, found, expected)


def check_calibration(table: Table, found: dict, samples: Sequence[Matched]) -> None:
    """Only samples with a valid confidence on both sides count."""
    valid = [s for s in samples if s.conf_a is not None and s.conf_b is not None]
    metrics = {metric["name"]: metric for metric in found["metrics"]}
    if not valid:
        for name in CALIBRATED:
            table.check(f"{name} (no confidence)", metrics.get(name, {}).get("candidate"), None)
        return
    a = ref.calibration(np.array([s.conf_a for s in valid]), np.array([s.a == s.truth for s in valid], dtype=float))
    b = ref.calibration(np.array([s.conf_b for s in valid]), np.array([s.b == s.truth for s in valid], dtype=float))
    for name in CALIBRATED:
        check_sides(table, metrics.get(name), name, a[name], b[name])
    document = found["calibration"]
    table.check("calibration.n", document["n"], len(valid))
    table.check("calibration.excluded", document["excluded"], len(samples) - len(valid))
    for position, (side, expected) in enumerate((("baseline", a), ("candidate", b))):
        table.check(f"calibration.mce.{side}", document["mce"][position], expected["mce"])
        for k, (bin_, values) in enumerate(zip(document[side], expected["bins"], strict=True)):
            for name, value in zip(("n", "accuracy", "confidence"), values):
                table.check(f"calibration.{side}[{k}].{name}", bin_[name], value)


def check_classes(table: Table, prefix: str, found: dict, samples: Sequence[Matched], labels: list[str]) -> None:
    """Confusion matrices and per-class scores of the whole or of a slice (`found` holds `confusion` and `classes`)."""
    truth = [s.truth for s in samples]
    table.check(f"{prefix}labels", found["confusion"]["labels"], labels)
    for side, predicted in (("baseline", [s.a for s in samples]), ("candidate", [s.b for s in samples])):
        matrix = ref.confusion(truth, predicted, labels)
        for i, label in enumerate(labels):
            for j, other in enumerate(labels):
                name = f"{prefix}confusion.{side}[{label}][{other}]"
                table.check(name, found["confusion"][side][i][j], matrix[i][j])
        scores = ref.per_class(truth, predicted, labels)
        for row, label, (precision, recall, f1, support) in zip(found["classes"], labels, scores, strict=True):
            name = f"{prefix}class.{label}."
            table.check(f"{name}label, support", (row["label"], row["support"]), (label, support))
            for score, value in (("precision", precision), ("recall", recall), ("f1", f1)):
                table.check(f"{name}{side}.{score}", row[side][score], value)


def check_slices(table: Table, found: dict, samples: Sequence[Matched], columns: Sequence[str], labels: list[str]) -> None:
    members = ref.slice_members(samples, columns)
    flips = {predicates: ref.flips(group) for predicates, group in members.items()}
    p = {k: ref.mcnemar_midp(f.regressed, f.fixed) for k, f in flips.items() if f.n >= ref.TESTED_FROM}
    q = ref.q_values(p)
    table.check("slices_tested", found["slices_tested"], len(p))
    listed = {tuple((x["column"], x["value"]) for x in s["predicates"]): s for s in found["slices"]}
    table.check("slices listed twice", len(found["slices"]) - len(listed), 0)
    table.check("tested slices not listed", sorted(map(name_of, p.keys() - listed.keys())), [])
    table.check("slices ordered by harm, n, predicates", found["slices"], sorted(found["slices"], key=rank))
    for predicates, row in listed.items():
        name = name_of(predicates)
        group = members.get(predicates, [])
        check_slice(table, name, row, flips.get(predicates, ref.flips([])), p.get(predicates), q.get(predicates), found["options"])
        if row.get("detail"):
            check_classes(table, f"{name} ", row["detail"], group, labels)
            inside = set(map(id, group))
            check_rest(table, name, row["detail"], ref.flips([s for s in samples if id(s) not in inside]))


def rank(row: dict) -> tuple:
    """Most harm first, then the larger slice, then predicates bytewise with null first."""
    keys = [(x["column"].encode(), x["value"] is not None, (x["value"] or "").encode()) for x in row["predicates"]]
    return -row["harm"], -row["n"], keys


def name_of(predicates: ref.Predicates) -> str:
    return " & ".join(f"{column}={value}" for column, value in predicates)


def check_slice(table: Table, name: str, row: dict, f: ref.Flips, p: float | None, q: float | None, options: dict) -> None:
    """One slice without its detail."""
    for field in ("n", "regressed", "fixed", "churned"):
        table.check(f"{name} {field}", row[field], getattr(f, field))
    table.check(f"{name} origin", row["origin"], "crossed" if " & " in name else "declared")
    table.check(f"{name} harm", row["harm"], f.regressed - f.fixed)
    table.check(f"{name} baseline", row["baseline"], (f.both_correct + f.regressed) / f.n if f.n else None)
    table.check(f"{name} candidate", row["candidate"], (f.both_correct + f.fixed) / f.n if f.n else None)
    table.check(f"{name} delta", row["delta"], f.delta)
    table.check(f"{name} p", row["p_value"], p, relative=True)
    table.check(f"{name} q", row["q_value"], q, relative=True)
    check_interval(table, name, row, ref.tango(f.fixed, f.regressed, f.n, options["alpha"]))
    check_detectable(table, f"{name} detectable", row["detectable"], f, options["alpha"])
    table.check(f"{name} verdict", row["verdict"], ref.slice_verdict(f, q, options["alpha"], options["min_effect_slice"]))


def check_rest(table: Table, name: str, detail: dict, f: ref.Flips) -> None:
    """The samples outside a slice."""
    table.check(f"{name} rest_n", detail["rest_n"], f.n)
    table.check(f"{name} rest_baseline", detail["rest_baseline"], (f.both_correct + f.regressed) / f.n if f.n else None)
    table.check(f"{name} rest_candidate", detail["rest_candidate"], (f.both_correct + f.fixed) / f.n if f.n else None)
    table.check(f"{name} rest_delta", detail["rest_delta"], f.delta)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--candidate", type=Path, required=True)
    parser.add_argument("--comparison", type=Path, required=True)
    parser.add_argument("--slices", help="slice columns in order, with commas between them")
    parser.add_argument("--id", help="key columns, with commas between them")
    parser.add_argument("--only-failures", action="store_true", help="print no row that passes")
    return parser.parse_args()


def roles_of(args: argparse.Namespace, found: dict) -> Roles:
    roles = found["roles"]
    return Roles(
        key=tuple(args.id.split(",") if args.id else roles["key"]),
        truth=roles["truth"],
        prediction=roles["prediction"],
        confidence=roles["confidence"] or "",
        status=roles["status"] or "status",
        slices=tuple(args.slices.split(",") if args.slices else roles["slices"]),
    )


def main() -> int:
    args = arguments()
    found = json.loads(args.comparison.read_text("utf-8"))
    roles = roles_of(args, found)
    runs = [read_run(path, args.golden, roles) for path in (args.baseline, args.candidate)]
    joined = join(*runs, roles)
    samples, labels = joined.matched, ref.labels_of(joined.matched)
    table = Table(args.only_failures)
    print(f"{'name':58} {'evaldiff':>22} {'reference':>22} {'diff':>8}")
    check_counts(table, found, joined)
    if samples:
        check_metrics(table, found, samples, labels)
        check_calibration(table, found, samples)
        check_classes(table, "", found, samples, labels)
    else:
        table.check("verdict", found["verdict"], "not_comparable")
    check_slices(table, found, samples, roles.slices, labels)
    print(f"{table.passed} passed, {table.failed} failed")
    return int(table.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
