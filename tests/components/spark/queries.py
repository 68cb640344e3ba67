"""The queries of reports as they stand on their pages, run by DuckDB and Spark.

    python queries.py HOME QUERIES

HOME is the folder of evaldiff's catalog, QUERIES a JSON file: a list of objects with `duckdb` and `spark`. Prints a list of objects with
what each gave, by column.
"""

import json
import sys

from duck import connect
from session import open_session


def main(home, queries):
    with open(queries, encoding="utf-8") as file:
        queries = json.load(file)
    duck, spark = connect(), open_session(home)
    found = []
    for query in queries:
        cursor = duck.execute(query["duckdb"])
        row = dict(zip([column[0] for column in cursor.description], cursor.fetchone()))
        found.append({"duckdb": row, "spark": spark.sql(query["spark"].rstrip(";")).first().asDict()})
    json.dump(found, sys.stdout, default=float)


if __name__ == "__main__":
    main(*sys.argv[1:])
