#!/usr/bin/env python3
"""Makes golden dataset tickets-v1 and both models' predictions from nothing.

    python make.py            write golden.csv and predictions-*.csv beside this file
    python make.py --check    exit 1 unless the files are byte for byte what would be written
    python make.py --summary  print accuracies as well
    python make.py --train FILE   write the training split too (it is not kept)

Needs the packages of requirements.txt; reads nothing but this folder.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one order of summation on every machine
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from grammar import INTENTS, PRODUCTS, Dice, Mix, Ticket, compose, load_phrases, normalised  # noqa: E402
from models import Learned, Prediction, Rules  # noqa: E402

HERE = Path(__file__).resolve().parent
GOLDEN_SEED, TRAIN_SEED = 20260301, 20251101
GOLDEN_SIZE, TRAIN_SIZE = 2400, 1600
SLICES = ("language", "channel", "length_bucket", "priority", "product")
EVEN_PRODUCTS = {intent: dict.fromkeys(PRODUCTS, 1.0) for intent in INTENTS}

# The golden set covers on purpose: every phrase, product and intent equally often, the smaller languages well.
GOLDEN_MIX = Mix(
    language={"en": 40, "de": 25, "es": 18, "fr": 17},
    channel={"email": 34, "chat": 30, "app": 20, "phone": 16},
    intent=dict.fromkeys(INTENTS, 1.0),
    priority={"normal": 60, "high": 25, "low": 15},
    size={"short": 30, "medium": 45, "long": 25},
    product_by_intent=EVEN_PRODUCTS,
    tail=0.0,
)

# The training split is what a ticket archive looks like: mostly English mail and chat, few transcripts, a few wordings
# that everybody uses, and products that are known for one kind of trouble.
TRAIN_MIX = Mix(
    language={"en": 58, "de": 27, "es": 9, "fr": 6},
    channel={"email": 55, "chat": 28, "app": 15, "phone": 2},
    intent={"delivery": 26, "billing": 20, "login": 18, "refund": 14, "cancel": 12, "complaint": 10},
    priority={"normal": 80, "high": 15, "low": 5},
    size={"short": 25, "medium": 50, "long": 25},
    product_by_intent={
        "refund": {"Kalto Mini": 5, "Treevo Plus": 3, "Ferrywave": 1, "Lumenbox": 1, "Pinora": 1},
        "cancel": {"Pinora": 7, "Lumenbox": 2, "Ferrywave": 1, "Kalto Mini": 0.5, "Treevo Plus": 0.5},
        "delivery": {"Kalto Mini": 6, "Treevo Plus": 4, "Ferrywave": 2, "Lumenbox": 0.3, "Pinora": 0.2},
        "login": {"Lumenbox": 6, "Pinora": 3, "Ferrywave": 1, "Kalto Mini": 0.5, "Treevo Plus": 0.5},
        "billing": {"Pinora": 5, "Lumenbox": 3, "Ferrywave": 1, "Kalto Mini": 1, "Treevo Plus": 1},
        "complaint": dict.fromkeys(PRODUCTS, 1.0),
    },
    tail=1.2,
)


def draw(seed: int, size: int, mix: Mix, taken: set[str]) -> list[Ticket]:
    """`size` tickets whose sentences are new: neither in `taken` nor drawn before. Adds them to `taken`."""
    dice, phrases, tickets = Dice(seed), load_phrases(HERE / "phrases"), []
    while len(tickets) < size:
        ticket = compose(dice, mix, phrases)
        form = normalised(ticket.text)
        if form not in taken:
            taken.add(form)
            tickets.append(ticket)
    return tickets


def golden_and_train() -> tuple[list[Ticket], list[Ticket]]:
    golden_forms: set[str] = set()
    golden = draw(GOLDEN_SEED, GOLDEN_SIZE, GOLDEN_MIX, golden_forms)
    return golden, draw(TRAIN_SEED, TRAIN_SIZE, TRAIN_MIX, set(golden_forms))


def sample_id(index: int) -> str:
    return f"t-{index + 1:04}"


def to_csv(header: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def golden_csv(tickets: list[Ticket]) -> bytes:
    rows = [[sample_id(i), t.text, t.intent, *(getattr(t, s) for s in SLICES)] for i, t in enumerate(tickets)]
    return to_csv(["sample_id", "text", "ground_truth", *SLICES], rows)


def predictions_csv(predictions: list[Prediction]) -> bytes:
    rows = [[sample_id(i), label, f"{confidence:.6f}"] for i, (label, confidence) in enumerate(predictions)]
    return to_csv(["sample_id", "prediction", "confidence"], rows)


def summary(golden: list[Ticket], old: list[Prediction], new: list[Prediction]) -> str:
    """Accuracies of both versions, overall and by slice value."""
    lines = []
    groups: dict[str, list[int]] = {"overall": list(range(len(golden)))}
    for column in (*SLICES, "intent"):
        for value in sorted({getattr(t, column) for t in golden}):
            groups[f"{column}={value}"] = [i for i, t in enumerate(golden) if getattr(t, column) == value]
    for name, members in groups.items():
        a = sum(old[i][0] == golden[i].intent for i in members) / len(members)
        b = sum(new[i][0] == golden[i].intent for i in members) / len(members)
        lines.append(f"{name:24} {len(members):5}  {a:.4f}  {b:.4f}  {b - a:+.4f}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--train", type=Path)
    args = parser.parse_args()

    golden, train = golden_and_train()
    texts = [t.text for t in golden]
    old, new = Rules(HERE / "rules.toml").predict(texts), Learned(train).predict(texts)
    files = {
        "golden.csv": golden_csv(golden),
        "predictions-v0.7.1.csv": predictions_csv(old),
        "predictions-v1.2.0.csv": predictions_csv(new),
    }
    if args.summary:
        print(summary(golden, old, new))
    if args.train:
        args.train.write_bytes(golden_csv(train))
    if args.check:
        stale = [name for name, content in files.items() if (HERE / name).read_bytes() != content]
        print(f"differs: {', '.join(stale)}" if stale else f"{len(files)} files are up to date")
        return int(bool(stale))
    for name, content in files.items():
        (HERE / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
