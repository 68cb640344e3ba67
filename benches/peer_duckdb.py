"""The comparison in DuckDB, as one whole process: `peer_duckdb.py WORKDIR NS.TABLE A B OUT`.

With the iceberg extension (PyPI package duckdb-extension-iceberg, for DuckDB 1.5 only) the table is read by iceberg_scan;
without it by read_parquet over exactly the files that PyIceberg plans for each version.
"""

import argparse
import importlib.util
from pathlib import Path

import duckdb

import catalog
import results

COUNTS = """count(*), count(*) FILTER (ok_a), count(*) FILTER (ok_b),
    count(*) FILTER (ok_a AND NOT ok_b), count(*) FILTER (ok_b AND NOT ok_a)"""


def extension(name: str) -> Path | None:
    """The binary of a DuckDB extension installed from PyPI."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
    return folder / f"{name}.duckdb_extension"


def sources(db: duckdb.DuckDBPyConnection, metadata: str, versions: list[str]) -> list[str]:
    """One relation per version, as SQL."""
    avro, iceberg = extension("avro"), extension("iceberg")
    if avro and iceberg:
        db.execute(f"LOAD '{avro}'")
        db.execute(f"LOAD '{iceberg}'")
        scans = {version: f"iceberg_scan('{metadata}')" for version in versions}
    else:
        files = catalog.planned_files(metadata, versions)
        scans = {version: f"read_parquet({files[version]})" for version in versions}
    return [f"(SELECT * FROM {scan} WHERE model_version = '{version}')" for version, scan in scans.items()]


def joined(a: str, b: str) -> str:
    """One row per key of either run; carries only what is counted."""
    return f"""SELECT
        CASE WHEN b.sample_id IS NULL THEN {results.ONLY_BASELINE} WHEN a.sample_id IS NULL THEN {results.ONLY_CANDIDATE}
             WHEN a.ground_truth <> b.ground_truth THEN {results.LABEL_CHANGED} ELSE {results.MATCHED} END AS class,
        b.ground_truth AS truth, a.prediction AS pred_a, b.prediction AS pred_b,
        a.prediction = a.ground_truth AS ok_a, b.prediction = b.ground_truth AS ok_b,
        a.confidence AS conf_a, b.confidence AS conf_b,
        CASE WHEN a.prediction = a.ground_truth AND b.prediction <> b.ground_truth THEN b.sample_id END AS key,
        {", ".join(f"b.{name}" for name in results.SLICES)}
        FROM {a} a FULL OUTER JOIN {b} b USING (sample_id)"""


def calibration(db: duckdb.DuckDBPyConnection, matched: str, side: str) -> list[tuple[int, float, float, float]]:
    """Sums by confidence bin."""
    return db.execute(
        f"""SELECT count(*), sum(ok_{side}::INT)::DOUBLE, sum(conf_{side}), sum((conf_{side} - ok_{side}::INT) ^ 2)
        FROM {matched} GROUP BY greatest(ceil(conf_{side} * {results.BINS}) - 1, 0) ORDER BY 2"""
    ).fetchall()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("table")
    parser.add_argument("baseline")
    parser.add_argument("candidate")
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    db = duckdb.connect(config={"threads": arguments.threads, "preserve_insertion_order": False})
    metadata = catalog.metadata_location(arguments.workdir, arguments.table)
    a, b = sources(db, metadata, [arguments.baseline, arguments.candidate])
    db.execute(f"CREATE TEMP TABLE joined AS {joined(a, b)}")
    matched = f"(SELECT * FROM joined WHERE class = {results.MATCHED})"

    grouped = results.Grouped()
    grouped.classes = dict(db.execute("SELECT class, count(*) FROM joined GROUP BY class").fetchall())
    grouped.cells = db.execute(f"SELECT truth, pred_a, pred_b, count(*) FROM {matched} GROUP BY ALL").fetchall()
    grouped.bins = {side: calibration(db, matched, side) for side in ("a", "b")}
    for name in results.SLICES:
        rows = db.execute(f"SELECT '{name}', {name}, {COUNTS} FROM {matched} GROUP BY {name}").fetchall()
        grouped.slices.extend(rows)

    db.execute(
        f"""CREATE TEMP TABLE worst AS SELECT key FROM {matched} WHERE ok_a AND NOT ok_b
        ORDER BY conf_b DESC, key LIMIT {results.TOP}"""
    )
    regressions = db.execute(
        f"""SELECT key, confidence, text FROM worst JOIN {b} b ON b.sample_id = worst.key ORDER BY confidence DESC, key"""
    ).fetchall()
    results.write(arguments.out, grouped, regressions)


if __name__ == "__main__":
    main()
