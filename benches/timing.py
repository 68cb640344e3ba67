"""Runs a command as a whole process and asks the kernel what it cost."""

import os
import shlex
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one run, or the median of several, cost."""

    wall: float
    """Seconds, from start to exit."""
    cpu: float
    """User and system seconds of all threads."""
    memory: float
    """Peak resident set, MiB."""


FIGURES: dict[str, Callable[[Cost], float]] = {
    "wall": lambda cost: cost.wall,
    "cpu": lambda cost: cost.cpu,
    "memory": lambda cost: cost.memory,
}


class Failed(Exception):
    """A command ended badly."""


def run(command: list[str], folder: Path, log: Path) -> Cost:
    """Runs a command in a folder, its output appended to a log; fails if it fails.

    Linux hands the peak of the process that starts a command on to it. This one holds about 15 MiB, less than any tool here.
    """
    with log.open("ab") as output:
        output.write(f"$ {shlex.join(command)}\n".encode())
        output.flush()
        start = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            try:
                os.chdir(folder)
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                os.execvp(command[0], command)
            except OSError as error:
                os.write(2, f"{command[0]}: {error}\n".encode())
            finally:
                os._exit(127)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise Failed(f"exit status {code} of {shlex.join(command)}, see {log}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(costs: Iterable[Cost]) -> Cost:
    """Median of each figure on its own."""
    runs = list(costs)
    return Cost(*(statistics.median(figure(cost) for cost in runs) for figure in FIGURES.values()))
