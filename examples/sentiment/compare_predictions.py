#!/usr/bin/env python3
"""Compares the runs that an Iceberg table holds with the predictions recorded offline, sample by sample.

    python compare_predictions.py .evaldiff/warehouse predictions-v0.7.1.parquet predictions-v1.2.0.parquet

Reads the table's data files, not what evaldiff says of them. Labels and confidences have to be equal, to the last bit.
Exit 1 on any difference.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq

COLUMNS = ["sample_id", "prediction", "confidence"]
Answers = dict[str, tuple[str, float]]


def answers(files: list[Path]) -> Answers:
    """Label and confidence by sample. A sample that occurs twice has to be an error: it would hide another."""
    found: Answers = {}
    for file in files:
        # Not read_table: a folder named `column=value` above the file would add a column.
        for row in pq.ParquetFile(file).read(columns=COLUMNS).to_pylist():
            if row["sample_id"] in found:
                raise SystemExit(f"{file}: sample {row['sample_id']} occurs twice (does the table hold two runs?)")
            found[row["sample_id"]] = (row["prediction"], row["confidence"])
    return found


def differences(version: str, recorded: Answers, stored: Answers) -> int:
    """Prints what is equal, and the first differences; returns how many there are."""
    samples = sorted(recorded.keys() | stored.keys())
    different = [s for s in samples if recorded.get(s) != stored.get(s)]
    print(f"{version}: {len(samples) - len(different)} of {len(samples)} rows are equal")
    for sample in different[:5]:
        print(f"  {sample}: recorded {recorded.get(sample)}, in the table {stored.get(sample)}", file=sys.stderr)
    return len(different)


def main() -> int:
    warehouse, recordings = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    wrong = 0
    for recording in recordings:
        version = recording.stem.removeprefix("predictions-")
        recorded = answers([recording])
        stored = answers(sorted(warehouse.glob(f"**/data/model_version={version}/*.parquet")))
        # Two empty sets would be equal too.
        wrong += differences(version, recorded, stored) + (not recorded)
    return 1 if wrong or not recordings else 0


if __name__ == "__main__":
    sys.exit(main())
