"""Throughput of `evaldiff run` against a raw HTTP client on one service: `sweep.py EVALDIFF URL MODEL_VERSION GOLDEN [REPEAT]`.

The raw client sends bodies made beforehand and reads the answers without looking at them, from threads with a connection
each: the least that a client can do. It is tried with every batch size and concurrency; then evaldiff evaluates the same
samples with the best setting, and with none (auto). All in turns, seven times; medians of
the rates, and of the ratios within each turn. Needs pyarrow.
"""

import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

BATCHES = (32, 128, 512, 1024, 2048, 4096)
CONCURRENCY = (1, 2, 4, 8)
TURNS = 7
# Seconds that the sweep gives each setting: small batches would take minutes over the whole dataset.
SWEEP_SECONDS = 4.0


def raw(address: str, texts: list[str], batch: int, concurrency: int, seconds: float = float("inf")) -> float:
    """Samples per second of the raw client, which stops asking after `seconds`."""
    bodies = [json.dumps({"texts": texts[i : i + batch]}).encode() for i in range(0, len(texts), batch)]
    sizes = [len(texts[i : i + batch]) for i in range(0, len(texts), batch)]
    lock, failed, answered = threading.Lock(), [], []

    def work() -> None:
        connection = http.client.HTTPConnection(address)
        while True:
            with lock:
                if not bodies or time.perf_counter() - start > seconds:
                    return
                body, size = bodies.pop(), sizes.pop()
            connection.request("POST", "/classify", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                failed.append(response.status)
                return
            answered.append(size)

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    return 0.0 if failed else sum(answered) / took


def ours(evaldiff: str, url: str, version: str, golden: Path, folder: Path, *options: str) -> float:
    """Samples per second that evaldiff says of itself: from the first request to the last answer."""
    command = [evaldiff, "run", "--golden", str(golden), "--model-version", version, "--service", url, *options]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found = re.search(r"answered \d+ samples in .*?, (\d+)/s, (.*?) at the end", done.stderr)
    assert found, done.stderr
    print(f"  evaldiff {' '.join(options) or 'auto'}: {found[1]}/s, {found[2]}", file=sys.stderr)
    return float(found[1])


def main() -> None:
    """Command line."""
    evaldiff, url, version = str(Path(sys.argv[1]).resolve()), sys.argv[2], sys.argv[3]
    repeat = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    table = pq.read_table(sys.argv[4], columns=["sample_id", "text", "ground_truth"])
    rows = table.to_pylist()
    texts = [row["text"] for row in rows] * repeat
    address = urlsplit(url).netloc

    sweep = {}
    for batch in BATCHES:
        for concurrency in CONCURRENCY:
            sweep[batch, concurrency] = raw(address, texts, batch, concurrency, SWEEP_SECONDS)
            print(f"  raw {batch} x {concurrency}: {sweep[batch, concurrency]:.0f}/s", file=sys.stderr)
    batch, concurrency = max(sweep, key=lambda setting: sweep[setting])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        golden = folder / "golden.parquet"
        again = [dict(row, sample_id=f"{row['sample_id']}-{i}") for i in range(repeat) for row in rows]
        pq.write_table(pa.Table.from_pylist(again), golden)
        rates: dict[str, list[float]] = {"raw": [], "fixed": [], "auto": []}
        for _ in range(TURNS):
            rates["raw"].append(raw(address, texts, batch, concurrency))
            fixed = ("--batch-size", str(batch), "--concurrency", str(concurrency))
            rates["fixed"].append(ours(evaldiff, url, version, golden, folder, *fixed))
            rates["auto"].append(ours(evaldiff, url, version, golden, folder))
    best, fixed_rate, auto = (statistics.median(rates[name]) for name in ("raw", "fixed", "auto"))
    # The machine's speed drifts: what ran within one turn is compared.
    to_raw = {name: statistics.median(mine / raw for mine, raw in zip(rates[name], rates["raw"])) for name in rates}
    print("| samples | best of the sweep | raw client | evaldiff, the same setting | evaldiff, auto |\n|---|---|---|---|---|")
    setting = f"{batch} per request, {concurrency} at once"
    print(f"  turns: {json.dumps(rates)}", file=sys.stderr)
    ratios = f"{fixed_rate:.0f}/s ({to_raw['fixed']:.2f}) | {auto:.0f}/s ({to_raw['auto']:.2f})"
    print(f"| {len(texts):,} | {setting} | {best:.0f}/s | {ratios} |")


if __name__ == "__main__":
    main()
