"""Synthetic predictions: `generate.py N OUTDIR --versions 5` writes OUTDIR/v1.parquet, v2.parquet, ...

Every value is a hash of (seed, sample, what it is for), so any chunk can be made on its own, in any order: memory is
bounded by one chunk whatever N is, and the same N and seed give the same samples in every file that this benchmark writes.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]

CHUNK = 250_000
SHUFFLED_BELOW = 10_000_000  # smaller inputs come in random order; from here on sorted by key, so that import is quick
KEY_DIGITS = 12
TEXT_BLOCKS = 10  # of 8 characters each
LABELS = ["anger", "fear", "joy", "neutral", "sadness"]
SLICES = {"channel": 4, "language": 8, "region": 12, "topic": 20}
ERROR_RATE = 0.2
OWN_MIND = 0.17  # share of samples on which a version errs independently of the others: flips are about 10%

SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("ground_truth", pa.string()),
        pa.field("prediction", pa.string()),
        pa.field("confidence", pa.float64()),
        pa.field("text", pa.string()),
        *(pa.field(name, pa.string()) for name in SLICES),
    ]
)


def hashed(samples: U64, purpose: int, version: int = 0) -> U64:
    """64 random-looking bits per sample (splitmix64), different for every purpose and version."""
    salt = np.uint64((purpose * 1_000_003 + version * 7_919 + 1) * 0x9E3779B97F4A7C15 & 0xFFFF_FFFF_FFFF_FFFF)
    z = samples * np.uint64(0x9E3779B97F4A7C15) + salt
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(samples: U64, purpose: int, version: int = 0) -> F64:
    """A number in [0, 1) per sample."""
    return (hashed(samples, purpose, version) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def fixed_width(characters: npt.NDArray[np.uint8]) -> pa.StringArray:
    """An Arrow string column from a matrix of ASCII characters, one row per value."""
    rows, width = characters.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters)))


def keys(samples: U64) -> pa.StringArray:
    """`s-000000012345`: sorts by sample number."""
    out = np.empty((len(samples), 2 + KEY_DIGITS), dtype=np.uint8)
    out[:, 0], out[:, 1] = ord("s"), ord("-")
    rest = samples.copy()
    for column in range(1 + KEY_DIGITS, 1, -1):
        rest, digit = np.divmod(rest, np.uint64(10))
        out[:, column] = digit.astype(np.uint8) + ord("0")
    return fixed_width(out)


def vocabulary() -> npt.NDArray[np.uint8]:
    """4,096 blocks of 8 characters: one or two pseudo-words, each followed by a space."""
    rng = np.random.default_rng(7)
    letters = [np.frombuffer(b"bdfgklmnprstvz", np.uint8), np.frombuffer(b"aeiou", np.uint8)]
    blocks = np.empty((4096, 8), np.uint8)
    for column in range(8):
        blocks[:, column] = rng.choice(letters[column % 2], 4096)
    blocks[np.arange(4096), rng.integers(2, 8, 4096)] = ord(" ")
    blocks[:, 7] = ord(" ")
    return blocks


VOCABULARY = vocabulary()


def texts(samples: U64) -> pa.StringArray:
    """80 characters of pseudo-words, ending in a full stop."""
    out = np.empty((len(samples), TEXT_BLOCKS, 8), dtype=np.uint8)
    for block in range(TEXT_BLOCKS):
        out[:, block] = VOCABULARY[hashed(samples, 100 + block) % np.uint64(len(VOCABULARY))]
    flat = out.reshape(len(samples), TEXT_BLOCKS * 8)
    flat[:, -1] = ord(".")
    return fixed_width(flat)


def named(codes: npt.NDArray[np.int64], names: list[str]) -> pa.Array:
    """Codes as strings."""
    return pa.array(names).take(pa.array(codes))


def slice_codes(samples: U64, position: int, cardinality: int) -> npt.NDArray[np.int64]:
    """Values of a slice column; the first values are the most frequent."""
    return (uniform(samples, 20 + position) ** 1.4 * cardinality).astype(np.int64)


def present(samples: U64, version: int) -> U64:
    """The samples that a version has: each version misses 1%, a different one."""
    kept: U64 = samples[hashed(samples, 1, version) % np.uint64(100) != 0]
    return kept


def rows(samples: U64, version: int) -> pa.Table:
    """The predictions of one version for these samples."""
    codes = {name: slice_codes(samples, i, size) for i, (name, size) in enumerate(SLICES.items())}
    truth = (hashed(samples, 2) % np.uint64(len(LABELS))).astype(np.int64)
    # A version errs where its luck is bad: mostly the luck of the sample, which all versions share.
    own = uniform(samples, 3, version) < OWN_MIND
    luck = np.where(own, uniform(samples, 4, version), uniform(samples, 4))
    # Every version is a little better than the one before, and worse in one topic of its own.
    rate = ERROR_RATE - 0.004 * version + 0.06 * (codes["topic"] == version)
    wrong = luck < rate
    shift = 1 + (np.where(own, hashed(samples, 5, version), hashed(samples, 5)) % np.uint64(len(LABELS) - 1)).astype(np.int64)
    prediction = np.where(wrong, (truth + shift) % len(LABELS), truth)
    certainty = uniform(samples, 6, version)
    confidence = np.where(wrong, 0.25 + 0.74 * certainty, 1.0 - 0.6 * certainty**2)
    return pa.table(
        [
            keys(samples),
            named(truth, LABELS),
            named(prediction, LABELS),
            pa.array(confidence.astype(np.float32).astype(np.float64)),  # as a model's float32 softmax gives it
            texts(samples),
            *(named(codes[name], [f"{name}-{i:02}" for i in range(size)]) for name, size in SLICES.items()),
        ],
        schema=SCHEMA,
    )


def chunks(n: int, version: int, shuffled: bool, seed: int = 1) -> Iterator[pa.Table]:
    """The rows of a run, chunk by chunk, sorted by key or in one random permutation of the whole run."""
    order = np.random.default_rng([seed, version]).permutation(n).astype(np.uint64) if shuffled else None
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        samples = np.arange(start, stop, dtype=np.uint64) if order is None else order[start:stop]
        yield rows(present(samples, version), version)


def write(n: int, path: Path, version: int) -> int:
    """Writes one version's predictions; returns the number of rows."""
    count = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=["ground_truth", "prediction", *SLICES]) as out:
        for chunk in chunks(n, version, shuffled=n < SHUFFLED_BELOW):
            out.write_table(chunk)
            count += chunk.num_rows
    return count


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--versions", type=int, default=5)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for version in range(1, arguments.versions + 1):
        path = arguments.folder / f"v{version}.parquet"
        if path.exists():
            continue
        unfinished = path.with_suffix(".part")
        count = write(arguments.samples, unfinished, version)
        unfinished.rename(path)
        print(f"{path}: {count} rows, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
