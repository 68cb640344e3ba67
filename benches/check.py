"""Do the answers agree? Counts exactly, metrics to 1e-9, the 1,000 regressions key by key."""

import json
import math
from pathlib import Path
from typing import Any

TOLERANCE = 1e-9


class Disagreement(Exception):
    """Two tools gave different answers."""


def same(what: str, left: Any, right: Any) -> None:
    """Compares two JSON values; numbers with a fraction to within the tolerance."""
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        for key in left:
            same(f"{what}.{key}", left[key], right[key])
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, pair in enumerate(zip(left, right, strict=True)):
            same(f"{what}[{index}]", *pair)
    elif isinstance(left, float) and isinstance(right, float):
        if not math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            raise Disagreement(f"{what}: {left} and {right}")
    elif left != right:
        raise Disagreement(f"{what}: {left!r:.200} and {right!r:.200}")


def peer(folder: Path) -> dict[str, Any]:
    """What a peer wrote."""
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    lines = (folder / "regressions.jsonl").read_text().splitlines()
    result["regressions"] = [json.loads(line) for line in lines]
    return result


def evaldiff(folder: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """What evaldiff wrote, in the peers' shape (only classes and metrics that the peers know)."""
    (path,) = folder.glob("**/data/comparison.json")
    found = json.loads(path.read_text())
    samples = json.loads(path.with_name("samples.json").read_text())
    metrics = {metric["name"]: [metric["baseline"], metric["candidate"]] for metric in found["metrics"]}
    others = sum(n for name, n in found["accounting"].items() if name not in expected["accounting"])
    if others:
        raise Disagreement(f"accounting: {found['accounting']}")
    return {
        "accounting": {name: found["accounting"][name] for name in expected["accounting"]},
        "outcomes": found["outcomes"],
        "metrics": {name: metrics.get(name) for name in expected["metrics"]},
        "slices": sorted((row(s) for s in found["slices"] if s["origin"] == "declared"), key=by_predicate),
        "regressions": regressions(samples),
    }


def row(slice_: dict[str, Any]) -> dict[str, Any]:
    """A slice of comparison.json as the peers write it."""
    (predicate,) = slice_["predicates"]
    n = slice_["n"]
    return {
        "column": predicate["column"],
        "value": predicate["value"],
        "n": n,
        "correct_a": round(slice_["baseline"] * n),
        "correct_b": round(slice_["candidate"] * n),
        "regressed": slice_["regressed"],
        "fixed": slice_["fixed"],
    }


def by_predicate(slice_: dict[str, Any]) -> tuple[str, str]:
    """The peers' order of slices."""
    return slice_["column"], slice_["value"]


def regressions(samples: dict[str, Any]) -> list[dict[str, Any]]:
    """The regressed list of samples.json as the peers write it."""
    text = samples["columns"].index("text")
    (listed,) = (entry for entry in samples["lists"] if entry["id"] == "regressed")
    found = []
    for name in listed["ids"]:
        sample = samples["samples"][name]
        answer = sample["candidate"]
        found.append({"sample_id": sample["key"][0], "confidence": answer["confidence"], "text": answer["payload"][text]})
    return found
