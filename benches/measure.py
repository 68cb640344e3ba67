"""Measures evaldiff and its peers on the tables under ROOT/<samples>/ and prints Markdown: `measure.py ROOT SIZES...`.

Every tool first runs once untimed: that warms the page cache, and its answer is checked against the others'.
Then the tools run in turns (A B C A B C …); each figure is the median of its own.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import check
import figures
import timing
import tools

TABLES = ("bench.own", "bench.foreign")


def repeats(size: int) -> int:
    """Timed runs of each tool."""
    return 5 if size <= 100_000 else 3


def fresh(workdir: Path) -> Path:
    """An output folder that no run has used. Folders are removed at the very end: ext4 does not give out the inodes of
    files that were deleted a few seconds ago, and looks at each of them whenever a file is created, so that deleting the
    output of one run would slow down the next one."""
    folder = workdir / "out"
    folder.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder)) / "site"


def once(tool: tools.Tool, workdir: Path, table: str, out: Path) -> timing.Cost:
    """One run into a fresh folder."""
    return timing.run(tool.command(workdir, table, out), workdir, workdir / "bench.log")


def answers(all_tools: list[tools.Tool], workdir: Path, table: str) -> list[tools.Tool]:
    """Runs each tool once; returns those that end well with the first peer's answer, names the others."""
    expected, agreeing = None, []
    for tool in sorted(all_tools, key=lambda tool: not tool.is_peer):
        out = fresh(workdir)
        try:
            once(tool, workdir, table, out)
            if expected is None:
                expected = check.peer(out)
            answer = check.peer(out) if tool.is_peer else check.evaldiff(out, expected)
            check.same(tool.name, expected, answer)
            agreeing.append(tool)
        except (timing.Failed, check.Disagreement) as error:
            print(f"FAILED: {table}, {workdir.name} samples: {error}", file=sys.stderr)
    return agreeing


def measured(all_tools: list[tools.Tool], workdir: Path, table: str, size: int) -> dict[str, timing.Cost]:
    """Median cost of each tool by name."""
    agreeing = answers(all_tools, workdir, table)
    costs: dict[str, list[timing.Cost]] = {tool.name: [] for tool in agreeing}
    for turn in range(repeats(size)):
        for tool in agreeing:
            cost = once(tool, workdir, table, fresh(workdir))
            print(f"{size} {table} {turn + 1} {tool.name}: {cost}", file=sys.stderr)
            costs[tool.name].append(cost)
    return {name: timing.median(runs) for name, runs in costs.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("sizes", type=int, nargs="*")
    parser.add_argument("--evaldiff", type=Path, help="the binary; without it only the peers run")
    parser.add_argument("--memory-limit", help="also run evaldiff with this limit")
    parser.add_argument("--huge", action="store_true", help="also run evaldiff on the own table of 100M samples")
    parser.add_argument("--duckdb-iceberg", type=Path, help="an interpreter with DuckDB's iceberg extension")
    arguments = parser.parse_args()

    root, limit = arguments.root.resolve(), arguments.memory_limit
    peers = tools.peers(Path(sys.executable), arguments.duckdb_iceberg and arguments.duckdb_iceberg.absolute())
    ours = [tools.evaldiff(arguments.evaldiff.absolute())] if arguments.evaldiff else []
    bounded = [tools.evaldiff(arguments.evaldiff.absolute(), "--memory-limit", limit)] if ours and limit else []
    tables = TABLES if ours else ("bench.foreign",)

    rows, failed = [], False
    for size in arguments.sizes:
        for table in tables:
            costs = measured([*ours, *bounded, *peers], root / str(size), table, size)
            failed |= len(costs) < len([*ours, *bounded, *peers])
            alone, limited = ([costs[tool.name] for tool in some if tool.name in costs] for some in (ours, bounded))
            of_peers = {tool.name: costs[tool.name] for tool in peers if tool.name in costs}
            rows.append(figures.Row(size, table, next(iter(alone), None), next(iter(limited), None), of_peers))
    hundred_million = None
    if arguments.huge and ours:
        workdir = root / str(figures.HUGE)
        hundred_million = once(ours[0], workdir, "bench.own", fresh(workdir))
    for size in (*arguments.sizes, figures.HUGE):
        shutil.rmtree(root / str(size) / "out", ignore_errors=True)
    print(figures.document(rows, limit or "", hundred_million), end="")
    if failed:
        sys.exit("not every tool gave the answer: see FAILED above")


if __name__ == "__main__":
    main()
