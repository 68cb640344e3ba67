"""What DuckDB reads of a table in the SQLite file of evaldiff's catalog: its rows and snapshots, as JSON.

    python duck.py HOME NAMESPACE TABLE
"""

import importlib
import json
import sqlite3
import sys

import duckdb

READ = "run_id, model_version, sample_id, ground_truth, prediction, confidence, channel, text"


def connect():
    """DuckDB with its Iceberg extension from packages: nothing is downloaded when it runs."""
    connection = duckdb.connect(config={"allow_unsigned_extensions": "false", "autoinstall_known_extensions": "false"})
    for name in ("avro", "httpfs", "iceberg"):
        folder = importlib.import_module(f"duckdb_extension_{name}").__path__[0]
        connection.execute(f"LOAD '{folder}/extensions/v{duckdb.__version__}/{name}.duckdb_extension'")
    return connection


def main(home, namespace, table):
    catalog = sqlite3.connect(f"file:{home}/catalog.db?mode=ro", uri=True)
    query = "SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ? AND table_name = ?"
    (metadata,) = catalog.execute(query, (namespace, table)).fetchone()
    connection = connect()
    rows = f"SELECT {READ} FROM iceberg_scan('{metadata}') ORDER BY model_version, sample_id"
    snapshots = f"SELECT snapshot_id FROM iceberg_snapshots('{metadata}') ORDER BY sequence_number"
    read = {
        "rows": [list(row) for row in connection.execute(rows).fetchall()],
        "snapshots": [str(row[0]) for row in connection.execute(snapshots).fetchall()],
    }
    json.dump(read, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
