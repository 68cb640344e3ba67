#!/usr/bin/env python3
"""Evaluates a Bento and compares it, as two tasks of a scheduler: each is tried again where that can help.

    python evaluate.py DAG_RUN BASELINE

DAG_RUN is the scheduler's name of this run, such as scheduled__2026-11-24; BASELINE is the run to compare with. What is
evaluated comes from GOLDEN_DATASET_PATH, BENTO_TAG and MODEL_VERSION, which evaldiff reads itself. Needs no packages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid

ATTEMPTS = 3
PAUSE = float(os.environ.get("RETRY_SECONDS", "60"))
# Data, storage or the service failed: that may pass. Any other code stays what it is however often a task is tried.
MAY_PASS = 4
NEEDED = ("GOLDEN_DATASET_PATH", "BENTO_TAG", "MODEL_VERSION")


def task(name: str, command: list[str]) -> None:
    """Runs a command until it succeeds, at most ATTEMPTS times."""
    for attempt in range(1, ATTEMPTS + 1):
        print(f"{name}: attempt {attempt} of {ATTEMPTS}", file=sys.stderr, flush=True)
        code = subprocess.run(command, check=False).returncode
        if code == 0:
            return
        # A negative code is a signal, such as a worker out of memory.
        if (code != MAY_PASS and code > 0) or attempt == ATTEMPTS:
            raise SystemExit(f"{name}: failed with exit code {code}")
        time.sleep(PAUSE)


def main() -> None:
    dag_run, baseline = sys.argv[1:]
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"set {', '.join(missing)}")
    evaldiff = os.environ.get("EVALDIFF", "evaldiff")
    # Every attempt gives the same id: an attempt goes on where the one before broke off, asks about no sample twice, and
    # does nothing if the one before did commit.
    name = f"{dag_run}/{os.environ['MODEL_VERSION']}"
    run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    task("evaluate", [evaldiff, "run", "--run-id", run_id, "--resume"])
    task("compare", [evaldiff, "diff", baseline, f"run:{run_id}"])


if __name__ == "__main__":
    main()
