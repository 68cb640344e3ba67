"""DuckDB as a writer, and as a reader of what evaldiff wrote, through an Iceberg REST catalog. Prints what it counted as JSON.

    CATALOG=URL WAREHOUSE=NAME S3=HOST:PORT KEY=... SECRET=... python duck_lake.py
"""

import json
import os
import sys

from duck import READ, connect

COLUMNS = "run_id VARCHAR, model_version VARCHAR, eval_timestamp TIMESTAMP, sample_id VARCHAR, ground_truth VARCHAR, prediction VARCHAR"


def attach(env):
    connection = connect()
    account = f"'{env['KEY']}', {{}} '{env['SECRET']}'"
    connection.execute(
        f"CREATE SECRET storage (TYPE s3, KEY_ID {account.format('SECRET')}, ENDPOINT '{env['S3']}', URL_STYLE 'path', "
        "USE_SSL false, REGION 'us-east-1')"
    )
    connection.execute(
        f"CREATE SECRET catalog (TYPE iceberg, CLIENT_ID {account.format('CLIENT_SECRET')}, "
        f"OAUTH2_SERVER_URI '{env['CATALOG']}/v1/oauth/tokens', OAUTH2_SCOPE 'catalog')"
    )
    connection.execute(
        f"ATTACH '{env['WAREHOUSE']}' AS lake (TYPE iceberg, ENDPOINT '{env['CATALOG']}', SECRET catalog, ACCESS_DELEGATION_MODE 'none')"
    )
    return connection


def run(version, wrong):
    return (
        f"SELECT 'run-{version}', '{version}', TIMESTAMP '2026-03-01 12:00:00', 's' || i, 'x', "
        f"CASE WHEN i % {wrong} = 0 THEN 'y' ELSE 'x' END FROM range(400) t(i)"
    )


def expected(connection, table):
    side = f"(SELECT sample_id, ground_truth = prediction good FROM {table} WHERE model_version = '{{}}')"
    query = (
        "SELECT count(*) AS matched, count_if(a.good AND b.good) AS both_correct, count_if(a.good AND NOT b.good) AS regressed, "
        "count_if(NOT a.good AND b.good) AS fixed, count_if(NOT a.good AND NOT b.good) AS both_wrong "
        f"FROM {side.format('v1')} a JOIN {side.format('v2')} b USING (sample_id)"
    )
    cursor = connection.execute(query)
    return dict(zip([column[0] for column in cursor.description], cursor.fetchone()))


def main(env):
    connection = attach(env)
    connection.execute("CREATE SCHEMA lake.duck")
    tables = {"appended": [], "deleted": ["DELETE FROM {} WHERE sample_id IN ('s0', 's4', 's7')"]}
    tables["updated"] = ["UPDATE {} SET prediction = 'x' WHERE model_version = 'v2' AND sample_id IN ('s0', 's6')"]
    counted = {}
    for name, changes in tables.items():
        table = f"lake.duck.{name}"
        connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
        for version, wrong in (("v1", 4), ("v2", 6)):
            connection.execute(f"INSERT INTO {table} {run(version, wrong)}")
        for change in changes:
            connection.execute(change.format(table))
        counted[name] = expected(connection, table)
    rows = connection.execute(f"SELECT {READ} FROM lake.duckread.predictions ORDER BY model_version, sample_id").fetchall()
    snapshots = connection.execute("SELECT snapshot_id FROM iceberg_snapshots(lake.duckread.predictions) ORDER BY sequence_number")
    read = {"rows": [list(row) for row in rows], "snapshots": [str(row[0]) for row in snapshots.fetchall()]}
    # A run by DuckDB beside those of evaldiff.
    connection.execute(
        "INSERT INTO lake.duckread.predictions SELECT * REPLACE ('v3' AS model_version, 'duck' AS run_id) "
        "FROM lake.duckread.predictions WHERE model_version = 'v2'"
    )
    json.dump({"counted": counted, "read": read}, sys.stdout)


if __name__ == "__main__":
    main(os.environ)
