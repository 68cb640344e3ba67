"""Spark as a reader and writer through an Iceberg REST catalog with tables in S3. Prints what it read and counted as JSON.

    CATALOG=URL WAREHOUSE=NAME S3=HOST:PORT KEY=... SECRET=... HANDLERS=FOLDER python spark_lake.py WORK
"""

import json
import os
import sys

from session import open_lake
from shapes import ON_READ, Shapes
from suite import append_and_expire, read


def main(env, work):
    spark = open_lake(env, work)
    shapes = Shapes(spark)
    seen = {name: shapes.expected(f"evaldiff.duck.{name}") for name in ("appended", "deleted", "updated")}
    seen["read"] = read(spark, "duckread.predictions")
    shapes.sql("CREATE NAMESPACE IF NOT EXISTS evaldiff.sparked")
    table = shapes.table("predictions", by="days(eval_timestamp)", space="sparked", **ON_READ)
    shapes.two_runs(table)
    shapes.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4', 's7')")
    seen["sparked"] = shapes.expected(table)
    # A fifth run, and nothing older that no tag protects.
    seen["left"] = append_and_expire(spark, shapes, "duckread.predictions")
    print("SEEN " + json.dumps(seen), flush=True)


if __name__ == "__main__":
    main(os.environ, *sys.argv[1:])
