"""Reads two runs the plain way (dictionaries in memory) and sorts every key into its accounting class."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, object]
Key = tuple[str, ...]
CLASSES = ("matched", "only_baseline", "only_candidate", "label_changed", "errored", "skipped", "unlabelled", "duplicate")


@dataclass(frozen=True)
class Roles:
    """Which column plays which part."""

    key: tuple[str, ...]
    truth: str
    prediction: str
    confidence: str
    status: str
    slices: tuple[str, ...]


@dataclass(frozen=True)
class Matched:
    """One comparable sample."""

    truth: str
    a: str
    b: str
    conf_a: float | None
    conf_b: float | None
    slices: tuple[str | None, ...]


@dataclass
class Joined:
    """Both runs joined."""

    accounting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    matched: list[Matched] = field(default_factory=list)


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV or Parquet file; a blank CSV cell is None."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]


def text(value: object) -> str | None:
    """The text form of a value, as a slice or label."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def confidence(value: object) -> float | None:
    """A probability, or None where it is missing, NaN or outside 0..1."""
    number = math.nan if value is None else float(value)
    return number if 0 <= number <= 1 else None


def read_run(path: Path, golden: Path | None, roles: Roles) -> dict[Key, list[Row]]:
    """Rows of a run by key; the golden dataset gives the truth, and the columns that the predictions lack."""
    samples = {key_of(row, roles): row for row in read_rows(golden)} if golden else {}
    run: dict[Key, list[Row]] = {}
    for row in read_rows(path):
        key = key_of(row, roles)
        sample = samples.get(key, {})
        truth = sample.get(roles.truth, row.get(roles.truth))
        run.setdefault(key, []).append({**sample, **row, roles.truth: truth})
    return run


def key_of(row: Row, roles: Roles) -> Key:
    return tuple(text(row[column]) or "" for column in roles.key)


def classify(a: list[Row] | None, b: list[Row] | None, roles: Roles) -> str:
    """The first class that applies, in the order of STATISTICS: "Accounting comes first"."""
    if len(a or ()) > 1 or len(b or ()) > 1:
        return "duplicate"
    if a is None or b is None:
        return "only_candidate" if a is None else "only_baseline"
    pair = (a[0], b[0])
    status = [row.get(roles.status) or "ok" for row in pair]
    unanswered = [row.get(roles.prediction) is None and s != "skipped" for row, s in zip(pair, status)]
    truth = [row.get(roles.truth) for row in pair]
    if "error" in status or any(unanswered):
        return "errored"
    if "skipped" in status:
        return "skipped"
    if None in truth:
        return "unlabelled"
    return "matched" if truth[0] == truth[1] else "label_changed"


def join(baseline: dict[Key, list[Row]], candidate: dict[Key, list[Row]], roles: Roles) -> Joined:
    """Every key of the union; slice values are the candidate's."""
    joined = Joined()
    for key in sorted(baseline.keys() | candidate.keys()):
        rows_a, rows_b = baseline.get(key), candidate.get(key)
        kind = classify(rows_a, rows_b, roles)
        joined.accounting[kind] += 1
        if kind == "matched":
            joined.matched.append(matched(rows_a[0], rows_b[0], roles))
    return joined


def matched(a: Row, b: Row, roles: Roles) -> Matched:
    return Matched(
        truth=text(a[roles.truth]),
        a=text(a[roles.prediction]),
        b=text(b[roles.prediction]),
        conf_a=confidence(a.get(roles.confidence)),
        conf_b=confidence(b.get(roles.confidence)),
        slices=tuple(text(b.get(column)) for column in roles.slices),
    )
