"""Where the benchmark's Iceberg tables are, and which files hold a version.

At import only the standard library: this module is part of what the peers' start costs.
"""

import sqlite3
from pathlib import Path

CATALOG = "evaldiff"
CATALOG_FILE = "catalog.db"


def metadata_location(workdir: Path, table: str) -> str:
    """Location of a table's newest metadata file, read from the SQL catalog in WORKDIR/.evaldiff."""
    namespace, name = table.split(".")
    path = workdir.resolve() / ".evaldiff" / CATALOG_FILE
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as catalog:
        row = catalog.execute(
            "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?",
            (CATALOG, namespace, name),
        ).fetchone()
    if row is None:
        raise SystemExit(f"no table {table} in {path}")
    return str(row[0])


def planned_files(metadata: str, versions: list[str]) -> dict[str, list[str]]:
    """The data files that may hold rows of each version, as PyIceberg plans them (partitions and statistics prune)."""
    from pyiceberg.table import StaticTable

    table = StaticTable.from_metadata(metadata)
    return {
        version: [
            task.file.file_path.removeprefix("file://")
            for task in table.scan(row_filter=f"model_version == '{version}'").plan_files()
        ]
        for version in versions
    }
