"""Rows by version that DuckDB or PyIceberg count in every table `shapes.*` of the SQLite file of evaldiff's catalog, as JSON; the
message where one refuses.

    python readers.py HOME (duckdb|pyiceberg)
"""

import collections
import json
import sqlite3
import sys


def duckdb(home):
    from duck import connect

    connection = connect()
    catalog = sqlite3.connect(f"file:{home}/catalog.db?mode=ro", uri=True)
    query = "SELECT metadata_location FROM iceberg_tables WHERE table_namespace = 'shapes' AND table_name = ?"

    def count(name):
        (metadata,) = catalog.execute(query, (name,)).fetchone()
        rows = f"SELECT model_version, count(*) FROM iceberg_scan('{metadata}') GROUP BY 1"
        return dict(connection.execute(rows).fetchall())

    return count


def pyiceberg(home):
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("evaldiff", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}/warehouse")

    def count(name):
        scan = catalog.load_table(f"shapes.{name}").scan(selected_fields=("model_version",))
        return dict(collections.Counter(scan.to_arrow()["model_version"].to_pylist()))

    return count


def main(home, engine):
    count = {"duckdb": duckdb, "pyiceberg": pyiceberg}[engine](home)
    catalog = sqlite3.connect(f"file:{home}/catalog.db?mode=ro", uri=True)
    counted = {}
    for (name,) in catalog.execute("SELECT table_name FROM iceberg_tables WHERE table_namespace = 'shapes'").fetchall():
        try:
            counted[name] = count(name)
        except Exception as error:  # whatever an engine raises is its answer
            counted[name] = str(error)
    json.dump(counted, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
