"""The measured costs as Markdown tables."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from timing import FIGURES, Cost

UNITS = {"wall": "s", "cpu": "s", "memory": "MiB"}
TITLES = {"wall": "wall time", "cpu": "CPU time", "memory": "peak memory"}
SIZES = {10_000: "10k", 100_000: "100k", 1_000_000: "1M", 10_000_000: "10M", 100_000_000: "100M"}
GROWTH = 11.0
HUGE, HUGE_TIMES, HUGE_MIB = 100_000_000, 2.0, 500.0


@dataclass(frozen=True)
class Row:
    """All tools on one table of one size."""

    size: int
    table: str
    ours: Cost | None
    limited: Cost | None
    """evaldiff with a memory limit."""
    peers: dict[str, Cost]

    def best(self, figure: str) -> float | None:
        """The best peer's value of a figure; each figure has its own best peer."""
        return min((FIGURES[figure](cost) for cost in self.peers.values()), default=None)


def reach(row: Row, figure: str) -> float:
    """The ratio to the best peer that is aimed at."""
    if row.table == "bench.foreign":
        return 0.8 if figure == "memory" else 0.5
    if figure == "memory":
        return 0.2 if row.size >= 10_000_000 else 0.4 if row.size >= 1_000_000 else 0.6
    return 0.2 if row.size >= 1_000_000 else 0.4


def number(value: float | None, unit: str) -> str:
    """A value with three significant digits or so."""
    if value is None:
        return "–"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}" if value >= 10 else f"{value:.2f} {unit}"


def verdict(ratio: float, limit: float) -> str:
    """A ratio against its aim; a missed one is in bold."""
    return f"{ratio:.2f} | ≤ {limit:g}" if ratio <= limit else f"**{ratio:.2f}** | ≤ {limit:g}"


def line(cells: Iterable[str]) -> str:
    """A table row."""
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """What the figures were measured on."""
    models = [text.split(":", 1)[1].strip() for text in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in text]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{models[0] if models else 'unknown CPU'}, {os.cpu_count()} cores, {memory:.0f} GiB."


def comparison(rows: list[Row]) -> list[str]:
    """Every figure of every tool."""
    names = list(dict.fromkeys(name for row in rows for name in row.peers))
    out = [line(["samples", "table", "figure", "evaldiff", *names, "ratio", "aim"])]
    out.append("|---" * (6 + len(names)) + "|")
    for row in rows:
        for figure, value in FIGURES.items():
            unit, best = UNITS[figure], row.best(figure)
            ours = None if row.ours is None else value(row.ours)
            answer = f"– | ≤ {reach(row, figure):g}" if ours is None or best is None else verdict(ours / best, reach(row, figure))
            costs = [number(value(row.peers[name]) if name in row.peers else None, unit) for name in names]
            out.append(line([SIZES.get(row.size, str(row.size)), row.table, TITLES[figure], number(ours, unit), *costs, answer]))
    return out


def growth(rows: list[Row]) -> list[str]:
    """What ten times the samples cost."""
    ours = {(row.table, row.size): row.ours for row in rows if row.ours}
    out = []
    for table in ("bench.own", "bench.foreign"):
        small, large = ours.get((table, 1_000_000)), ours.get((table, 10_000_000))
        if small and large:
            ratios = [
                line([table, TITLES[name], verdict(value(large) / value(small), GROWTH)]) for name, value in FIGURES.items()
            ]
            out += ratios
    return (
        ["", "evaldiff from 1M to 10M samples:", "", "| table | figure | ratio | aim |", "|---|---|---|---|", *out] if out else []
    )


def limited(rows: list[Row], limit: str) -> list[str]:
    """Runs with a memory limit."""
    out = [
        line([SIZES.get(row.size, str(row.size)), row.table, *(number(v(row.limited), UNITS[f]) for f, v in FIGURES.items())])
        for row in rows
        if row.limited
    ]
    head = ["", f"evaldiff with `--memory-limit {limit}`, answers checked:", "", "| samples | table | wall | CPU | memory |"]
    return [*head, "|---|---|---|---|---|", *out] if out else []


def huge(rows: list[Row], cost: Cost | None) -> list[str]:
    """100M samples against the best peer's 10M."""
    if cost is None:
        return []
    out = [
        "",
        "100M samples per run on evaldiff's own table:",
        "",
        "| figure | evaldiff | measured against | ratio | aim |",
        "|---|---|---|---|---|",
    ]
    best = next((row.best("wall") for row in rows if row.size == 10_000_000 and row.table == "bench.own"), None)
    ratio = "– | ≤ 2" if best is None else verdict(cost.wall / best, HUGE_TIMES)
    out.append(line(["wall time", number(cost.wall, "s"), f"best peer with 10M: {number(best, 's')}", ratio]))
    out.append(line(["CPU time", number(cost.cpu, "s"), "", "", ""]))
    out.append(line(["peak memory", number(cost.memory, "MiB"), f"{HUGE_MIB:.0f} MiB", verdict(cost.memory / HUGE_MIB, 1.0)]))
    return out


def document(rows: list[Row], limit: str, hundred_million: Cost | None) -> str:
    """The whole text."""
    about = "Medians of whole processes, run in turns. Ratio: evaldiff to the best peer of that figure; lower is better."
    parts = [machine(), "", about, ""]
    parts += comparison(rows) + growth(rows) + limited(rows, limit) + huge(rows, hundred_million)
    return "\n".join(parts) + "\n"
