#!/usr/bin/env python3
"""Trains a small classifier of support tickets and puts it into BentoML's model store as tickets_lr:2023.1.

    python train.py train.csv
"""

from __future__ import annotations

import csv
import sys

import bentoml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

TAG = "tickets_lr:2023.1"


def main() -> None:
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pipeline = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=4, max_iter=1000))
    pipeline.fit([row["text"] for row in rows], [row["ground_truth"] for row in rows])
    # Not batchable: a batchable runner hangs for good once a list longer than its max_batch_size (100) reaches it.
    signatures = {"predict_proba": {"batchable": False}}
    bentoml.sklearn.save_model(TAG, pipeline, signatures=signatures, metadata={"classes": list(pipeline.classes_)})
    print(f"{TAG}: trained on {len(rows)} tickets")


if __name__ == "__main__":
    main()
