"""The queries that a report's lists give for the samples they leave out, run by DuckDB in the report's folder.

    python rest.py HOME REPORT

Prints, as JSON, how many rows each found, by the first page of the list. HOME is not read.
"""

import html
import json
import os
import re
import sys

import duckdb


def main(_home, report):
    found = {}
    for name in sorted(os.listdir(os.path.join(report, "samples"))):
        if not name.endswith("-1.html"):
            continue
        with open(os.path.join(report, "samples", name), encoding="utf-8") as file:
            query = re.search(r'<pre class="query"><code>(.*?)</code>', file.read(), re.DOTALL)
        if query:
            found[name] = len(duckdb.sql(html.unescape(query[1]).rstrip(";")).fetchall())
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
