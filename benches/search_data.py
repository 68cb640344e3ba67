"""Synthetic predictions with 30 columns that describe the samples: `search_data.py N OUTDIR` writes v1.parquet and
v2.parquet.

Twenty columns of text with 2 to 12 values, every fifth a copy of the one before it with 5% noise, and ten of numbers. In
one slice of three conditions a quarter of the samples regress; elsewhere 2%, and as many are fixed.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 250_000
TEXTS, NUMBERS = 20, 10


def columns(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    out: dict[str, np.ndarray] = {}
    for i in range(TEXTS):
        values = rng.integers(0, 2 + i * 7 % 11, n)
        if i % 5 == 4:
            values = np.where(rng.random(n) < 0.05, values, out[f"c{i - 1:02}"])
        out[f"c{i:02}"] = values
    for i in range(NUMBERS):
        out[f"x{i}"] = rng.normal(size=n)
    return out


def main() -> None:
    n, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    writers: list[pq.ParquetWriter] = []
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        rng = np.random.default_rng([20261125, start])
        found = columns(rng, size)
        bad = (found["c00"] == 1) & (found["c11"] == 0) & (found["x3"] > 0.7)
        luck = rng.random(size)
        regressed, fixed = luck < np.where(bad, 0.25, 0.02), luck > 0.98
        answers = np.where(fixed, "no", "yes"), np.where(regressed, "no", "yes")
        shared = {"sample_id": np.char.add("s-", np.char.zfill(np.arange(start, start + size).astype(str), 12))}
        shared["ground_truth"] = np.full(size, "yes")
        described = {name: np.char.add("v", v.astype(str)) if name[0] == "c" else v for name, v in found.items()}
        for version, answer in enumerate(answers):
            table = pa.table({**shared, "prediction": answer, **described})
            if len(writers) <= version:
                writers.append(pq.ParquetWriter(folder / f"v{version + 1}.parquet", table.schema, compression="zstd"))
            writers[version].write_table(table)
    for writer in writers:
        writer.close()


if __name__ == "__main__":
    main()
