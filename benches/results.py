"""What a peer computes, in one shape: grouped counts in, metrics out, written to a folder.

Definitions are evaldiff's (docs on statistics): metrics over matched samples, 15 calibration bins (low, high].
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SLICES = ("channel", "language", "region", "topic")
BINS = 15
TOP = 1000
MATCHED, ONLY_BASELINE, ONLY_CANDIDATE, LABEL_CHANGED = range(4)
CLASSES = ("matched", "only_baseline", "only_candidate", "label_changed")


@dataclass
class Grouped:
    """The small tables that an engine gives back."""

    classes: dict[int, int] = field(default_factory=dict)
    cells: list[tuple[str, str, str, int]] = field(default_factory=list)
    """(truth, prediction A, prediction B, samples), matched only."""
    bins: dict[str, list[tuple[int, float, float, float]]] = field(default_factory=dict)
    """By side `a` and `b`: (samples, correct, sum of confidence, sum of squared errors) of each bin."""
    slices: list[tuple[str, str, int, int, int, int, int]] = field(default_factory=list)
    """(column, value, samples, correct A, correct B, regressed, fixed)."""


def macro_f1(pairs: Iterable[tuple[str, str, int]], labels: Sequence[str]) -> float:
    """Unweighted mean of the labels' F1, from (truth, prediction, samples)."""
    hits: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for truth, prediction, n in pairs:
        total[truth] += n
        total[prediction] += n
        if truth == prediction:
            hits[truth] += n
    return sum(2 * hits[label] / total[label] for label in labels) / len(labels)


def outcomes(cells: Iterable[tuple[str, str, str, int]]) -> dict[str, int]:
    """Samples by outcome."""
    count = dict.fromkeys(("both_correct", "regressed", "fixed", "both_wrong", "both_wrong_same"), 0)
    for truth, a, b, n in cells:
        if a == truth:
            count["both_correct" if b == truth else "regressed"] += n
        elif b == truth:
            count["fixed"] += n
        else:
            count["both_wrong"] += n
            count["both_wrong_same"] += n if a == b else 0
    return count


def metrics(grouped: Grouped, outcome: dict[str, int]) -> dict[str, list[float | None]]:
    """Every metric as [baseline, candidate]; paired ones as [null, value]."""
    cells = grouped.cells
    n = sum(cell[3] for cell in cells)
    labels = sorted({name for cell in cells for name in cell[:3]})
    correct = outcome["both_correct"]
    found: dict[str, list[float | None]] = {
        "accuracy": [(correct + outcome["regressed"]) / n, (correct + outcome["fixed"]) / n],
        "macro_f1": [macro_f1(((t, p[side], k) for t, *p, k in cells), labels) for side in (0, 1)],
        "churn": [None, (outcome["regressed"] + outcome["fixed"] + outcome["both_wrong"] - outcome["both_wrong_same"]) / n],
        "mean_confidence": [],
        "brier": [],
        "ece": [],
    }
    for side in ("a", "b"):
        bins = grouped.bins[side]
        scored = sum(row[0] for row in bins)
        found["mean_confidence"].append(sum(row[2] for row in bins) / scored)
        found["brier"].append(sum(row[3] for row in bins) / scored)
        found["ece"].append(sum(abs(row[1] - row[2]) for row in bins) / scored)
    return found


def write(folder: Path, grouped: Grouped, regressions: Iterable[tuple[str, float, str]]) -> None:
    """Writes FOLDER/result.json and FOLDER/regressions.jsonl."""
    outcome = outcomes(grouped.cells)
    result: dict[str, Any] = {
        "accounting": {name: grouped.classes.get(code, 0) for code, name in enumerate(CLASSES)},
        "outcomes": outcome,
        "metrics": metrics(grouped, outcome),
        "slices": [
            dict(zip(("column", "value", "n", "correct_a", "correct_b", "regressed", "fixed"), row, strict=True))
            for row in sorted(grouped.slices)
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, indent=1))
    with (folder / "regressions.jsonl").open("w") as out:
        for key, confidence, text in regressions:
            out.write(json.dumps({"sample_id": key, "confidence": confidence, "text": text}) + "\n")
