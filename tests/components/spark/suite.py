"""All that the interchange tests ask of Spark, in one session, because its start alone takes long.

    python suite.py HOME OUT

HOME is the folder of evaldiff's catalog with the tables `ours.read`, `ours.kept`, `ours.cut` and `ours.packed`. Two parts, each ended by a line on standard
output; the second begins with a line on standard input, so that evaldiff may work on the same tables in between:

made     one table for each shape of `shapes.py`, and `theirs.kept` with v1 to v4; OUT/shapes.json says what Spark counted
expired  three samples are deleted from both runs of `ours.cut`, on read; `ours.packed` is compacted, and nothing older is in it; a v5 by Spark is in `ours.kept` and `theirs.kept`, and nothing older that is not protected; OUT/ours.json says what
         Spark read of `ours.read` and `pyiceberg.written`, and what is left of the others
"""

import json
import os
import sys

from pyspark.sql.functions import lit
from session import open_session
from shapes import ON_READ, Shapes

READ = "run_id, model_version, sample_id, ground_truth, prediction, confidence, channel, text"


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


def read(spark, name):
    rows = spark.sql(f"SELECT {READ} FROM evaldiff.{name} ORDER BY model_version, sample_id").collect()
    snapshots = spark.sql(f"SELECT * FROM evaldiff.{name}.snapshots ORDER BY committed_at").collect()
    return {
        "rows": [list(row) for row in rows],
        "snapshots": [{"id": str(s.snapshot_id), "operation": s.operation, "summary": s.summary} for s in snapshots],
    }


def append_and_expire(spark, shapes, name):
    table = spark.table(f"evaldiff.{name}")
    fifth = table.where("model_version = 'v1'").withColumn("model_version", lit("v5")).withColumn("run_id", lit("run-v5"))
    fifth.writeTo(f"evaldiff.{name}").append()
    shapes.expire(name)
    left = spark.sql(f"SELECT snapshot_id FROM evaldiff.{name}.snapshots ORDER BY committed_at").collect()
    return [str(row.snapshot_id) for row in left]


def main(home, out):
    spark = open_session(home)
    shapes = Shapes(spark)
    write(out, "shapes.json", shapes.make())
    shapes.sql("CREATE NAMESPACE IF NOT EXISTS evaldiff.theirs")
    kept = shapes.table("kept", space="theirs")
    shapes.insert(kept, *[shapes.rows(f"v{i}", 3 + i) for i in range(1, 5)])
    print("made", flush=True)
    if not sys.stdin.readline():
        return
    # A connection of the first session still reads the database as it was before evaldiff wrote to it, and SQLite lets no such
    # connection write (SQLITE_BUSY_SNAPSHOT). A new session has connections of its own.
    spark = spark.newSession()
    shapes = Shapes(spark)
    listed = ", ".join(f"'{name}' = '{value}'" for name, value in ON_READ.items())
    spark.sql(f"ALTER TABLE evaldiff.ours.cut SET TBLPROPERTIES ({listed})")
    spark.sql("DELETE FROM evaldiff.ours.cut WHERE sample_id IN ('s-00000', 's-00007', 's-00009')")
    spark.sql("CALL evaldiff.system.rewrite_data_files(table => 'ours.packed', options => map('rewrite-all', 'true'))")
    shapes.expire("ours.packed")
    left = {name: append_and_expire(spark, shapes, name) for name in ("ours.kept", "theirs.kept")}
    seen = {**read(spark, "ours.read"), "left": left, "cut": shapes.expected("evaldiff.ours.cut")}
    # The tests make it where PyIceberg is installed.
    if spark.catalog.tableExists("evaldiff.pyiceberg.written"):
        seen["written"] = read(spark, "pyiceberg.written")
    write(out, "ours.json", seen)
    print("expired", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
