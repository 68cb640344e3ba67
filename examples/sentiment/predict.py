#!/usr/bin/env python3
"""Records offline what both model versions answer to the golden dataset, with the models that the two Bentos serve.

    python predict.py WORK_FOLDER

v0.7.1 is VADER (rules); v1.2.0 is TF-IDF with logistic regression. Writes predictions-<version>.parquet and checks the
accuracies against the known ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one order of summation on every machine
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

import v071.model as rules  # noqa: E402
import v120.model as learned  # noqa: E402

Answers = list[tuple[str, float]]  # (label, probability of that label)
Rows = list[dict[str, object]]

# column=value: (samples, accuracy of v0.7.1, accuracy of v1.2.0)
KNOWN = {
    "overall": (15701, 0.6055, 0.6352),
    "domain=tweets": (2812, 0.8240, 0.6764),
    "domain=nyt": (3366, 0.5520, 0.4379),
    "domain=movie": (7109, 0.5511, 0.7171),
    "domain=amazon": (2414, 0.5857, 0.6214),
    "has_emoticon=True": (421, 0.9406, 0.7767),
    "has_exclamation=True": (1120, 0.8357, 0.7795),
    "has_caps_emphasis=True": (622, 0.7508, 0.6801),
    "has_negation=True": (3526, 0.5301, 0.6004),
    "has_but=True": (1909, 0.5406, 0.5657),
    "length_bucket=short": (2705, 0.6662, 0.6621),
    "length_bucket=medium": (7722, 0.6064, 0.6292),
    "length_bucket=long": (5274, 0.5730, 0.6303),
    "intensity=weak": (5135, 0.4684, 0.3807),
    "intensity=moderate": (6281, 0.6201, 0.7026),
    "intensity=strong": (4285, 0.7484, 0.8415),
}
FLIPS_ALLOWED = 2  # another build of the linear algebra may flip a sample that is on the edge


def write(path: Path, golden: Rows, answers: Answers) -> None:
    """Predictions alone: truth and text are joined from the golden dataset at import."""
    table = pa.table(
        {
            "sample_id": pa.array([row["sample_id"] for row in golden], pa.string()),
            "prediction": pa.array([label for label, _ in answers], pa.string()),
            "confidence": pa.array([confidence for _, confidence in answers], pa.float64()),
        }
    )
    pq.write_table(table, path, compression="zstd")


def members(golden: Rows, name: str) -> list[int]:
    """Indices of the samples of `overall` or `column=value`."""
    if name == "overall":
        return list(range(len(golden)))
    column, value = name.split("=")
    return [i for i, row in enumerate(golden) if str(row[column]) == value]


def check(golden: Rows, versions: list[Answers]) -> int:
    """Prints each known slice; returns how many numbers are not the known ones."""
    wrong = 0
    print(f"{'slice':24}{'n':>6}  v0.7.1  v1.2.0   delta")
    for name, (n, *known) in KNOWN.items():
        rows = members(golden, name)
        found = [sum(a[i][0] == golden[i]["ground_truth"] for i in rows) / len(rows) for a in versions]
        wrong += len(rows) != n
        wrong += sum(abs(f - k) > 0.00005 + FLIPS_ALLOWED / n for f, k in zip(found, known))
        print(f"{name:24}{len(rows):6}  {found[0]:.4f}  {found[1]:.4f}  {found[1] - found[0]:+.4f}")
    return wrong


def main() -> int:
    work = Path(sys.argv[1])
    golden = pq.read_table(work / "golden" / "sentiment-v2.parquet").to_pylist()
    train = pq.read_table(work / "train.parquet").to_pylist()
    texts = [row["text"] for row in golden]
    pipeline = learned.train([row["text"] for row in train], [row["ground_truth"] for row in train])
    versions = {"v0.7.1": rules.Model().answer(texts), "v1.2.0": learned.answer(pipeline, texts)}
    wrong = check(golden, list(versions.values()))
    if wrong:
        print(f"{wrong} numbers are not the known ones", file=sys.stderr)
        return 1
    for version, answers in versions.items():
        write(work / f"predictions-{version}.parquet", golden, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
