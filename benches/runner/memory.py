"""Memory and time of `evaldiff run` against the stub: `memory.py EVALDIFF [SAMPLES ...]` (default 10k 1M 5M).

Prints Markdown: peak memory of the whole process, beyond that of the smallest run, and time per million samples.
Needs pyarrow. Works in a temporary folder, about 300 bytes of disk per sample.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
CHUNK = 100_000


def golden(path: Path, samples: int) -> None:
    """Keys in no particular order, a text of 80 characters, three labels."""
    schema = pa.schema([("sample_id", pa.string()), ("text", pa.string()), ("ground_truth", pa.string()), ("lang", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, samples, CHUNK):
            rows = range(start, min(start + CHUNK, samples))
            columns = [
                [f"s-{i * 7_919 % 1_000_000_007:012d}" for i in rows],
                [f"sample {i:09d} says something of no importance, at some length, to nobody at all" for i in rows],
                ["abc"[i % 3] for i in rows],
                [("de", "en", "fr")[i % 3] for i in rows],
            ]
            writer.write_table(pa.table(columns, schema=schema))


def main() -> None:
    """Command line."""
    evaldiff = str(Path(sys.argv[1]).resolve())
    sizes = [int(text.replace("k", "000").replace("M", "000000")) for text in sys.argv[2:]] or [10_000, 1_000_000, 5_000_000]
    stub = subprocess.Popen([sys.executable, str(HERE / "stub.py")], stdout=subprocess.PIPE, text=True)
    assert stub.stdout is not None
    url = f"http://127.0.0.1:{stub.stdout.readline().strip()}"
    print("| samples | wall time | per million | peak memory | beyond the first |\n|---|---|---|---|---|")
    first = None
    try:
        for samples in sizes:
            with tempfile.TemporaryDirectory() as folder:
                golden(Path(folder) / "golden.parquet", samples)
                command = [evaldiff, "run", "--golden", "golden.parquet", "--model-version", "1", "--service", url]
                start = time.perf_counter()
                pid = os.fork()
                if pid == 0:
                    os.chdir(folder)
                    with open("/dev/null", "wb") as null:
                        os.dup2(null.fileno(), 1)
                    os.execv(evaldiff, command)
                _, status, usage = os.wait4(pid, 0)
                wall, peak = time.perf_counter() - start, usage.ru_maxrss / 1024
                if status != 0:
                    sys.exit(f"evaldiff ended with {os.waitstatus_to_exitcode(status)}")
                first = first or peak
                print(f"| {samples:,} | {wall:.1f} s | {wall / samples * 1e6:.1f} s | {peak:.0f} MiB | {peak - first:.0f} MiB |")
    finally:
        stub.terminate()
        stub.wait()


if __name__ == "__main__":
    main()
