"""The commands that are measured: evaldiff and its peers, each as a user would run it."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import results

HERE = Path(__file__).resolve().parent
BASELINE, CANDIDATE = "v1", "v2"


@dataclass(frozen=True)
class Tool:
    """A tool under measurement."""

    name: str
    is_peer: bool
    command: Callable[[Path, str, Path], list[str]]
    """From working folder, table and output folder."""


def evaldiff(binary: Path, *options: str) -> Tool:
    """evaldiff itself, writing its whole report."""

    def command(_workdir: Path, table: str, out: Path) -> list[str]:
        slices = [word for name in results.SLICES for word in ("--slice", name)]
        # Our own table says which column is worth showing; one that others wrote cannot.
        show = [] if table == "bench.own" else ["--show", "text"]
        # The peers search for no slices that nobody declared.
        report = ["--top", str(results.TOP), "--no-search", "--out", str(out)]
        return [str(binary), BASELINE, CANDIDATE, "--table", table, *slices, *show, *report, *options]

    return Tool(" ".join(["evaldiff", *options]), False, command)


def peer(label: str, python: Path, script: str, package: str) -> Tool:
    """A script of this folder, run by the interpreter that has the peer installed."""
    ask = f"from importlib.metadata import version; print(version('{package}'))"
    version = subprocess.run([str(python), "-c", ask], check=True, capture_output=True, text=True).stdout.strip()

    def command(workdir: Path, table: str, out: Path) -> list[str]:
        return [str(python), str(HERE / script), str(workdir), table, BASELINE, CANDIDATE, str(out)]

    return Tool(label.format(version), True, command)


def peers(python: Path, duckdb_iceberg: Path | None) -> list[Tool]:
    """Every peer that is installed."""
    found = [peer("DuckDB {} files", python, "peer_duckdb.py", "duckdb")]
    if duckdb_iceberg is not None:
        found.append(peer("DuckDB {} iceberg_scan", duckdb_iceberg, "peer_duckdb.py", "duckdb"))
    found.append(peer("Polars {}", python, "peer_polars.py", "polars"))
    return found
