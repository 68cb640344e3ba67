"""A results table written by somebody else: `foreign_table.py N WORKDIR --versions 5`.

PyIceberg, default settings, unpartitioned, no evaldiff properties: one append per version, each in one random
permutation of the whole run. The catalog is WORKDIR/.evaldiff/catalog.db, the one that evaldiff uses there.
"""

import argparse
import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError
from pyiceberg.schema import Schema
from pyiceberg.types import DoubleType, NestedField, StringType, TimestamptzType

import catalog
import generate

NAME = "bench.foreign"
STAMP = pa.timestamp("us", tz="UTC")
RUN_FIELDS = [pa.field("run_id", pa.string()), pa.field("model_version", pa.string()), pa.field("eval_timestamp", STAMP)]
ARROW_SCHEMA = pa.schema([*generate.SCHEMA, *RUN_FIELDS])


def iceberg_schema() -> Schema:
    """The table's schema; only the key is required."""
    types = {pa.string(): StringType(), pa.float64(): DoubleType(), STAMP: TimestamptzType()}
    fields = [NestedField(i, f.name, types[f.type], required=not f.nullable) for i, f in enumerate(ARROW_SCHEMA, 1)]
    return Schema(*fields)


def batches(n: int, version: int) -> Iterator[pa.RecordBatch]:
    """One run in shuffled order, with the columns that say which run it is."""
    run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"evaldiff-bench-{n}-{version}"))
    stamp = dt.datetime(2026, 1, version, tzinfo=dt.UTC)
    for chunk in generate.chunks(n, version, shuffled=True):
        for field, value in zip(RUN_FIELDS, (run_id, f"v{version}", stamp), strict=True):
            chunk = chunk.append_column(field, pa.repeat(pa.scalar(value, field.type), chunk.num_rows))
        yield from chunk.combine_chunks().to_batches()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=int)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("--versions", type=int, default=5)
    arguments = parser.parse_args()
    folder = arguments.workdir.resolve() / ".evaldiff"
    folder.mkdir(parents=True, exist_ok=True)
    store = SqlCatalog(catalog.CATALOG, uri=f"sqlite:///{folder}/{catalog.CATALOG_FILE}", warehouse=f"file://{folder}/warehouse")
    try:
        store.create_namespace("bench")
    except NamespaceAlreadyExistsError:
        pass
    if store.table_exists(NAME):
        store.purge_table(NAME)  # of a run that was cut off
    table = store.create_table(NAME, schema=iceberg_schema())
    for version in range(1, arguments.versions + 1):
        table.append(pa.RecordBatchReader.from_batches(ARROW_SCHEMA, batches(arguments.samples, version)))
    print(f"{NAME}: {len(table.metadata.snapshots)} snapshots, {table.inspect.files().num_rows} files")


if __name__ == "__main__":
    main()
