#!/usr/bin/env python3
"""Trains v1.2.0 and puts it into BentoML's model store as sentiment_lr:1.2.0.

    python train.py train.parquet
"""

from __future__ import annotations

import sys

import bentoml
import pyarrow.parquet as pq

import model

TAG = "sentiment_lr:1.2.0"


def main() -> None:
    data = pq.read_table(sys.argv[1], columns=["text", "ground_truth"]).to_pydict()
    pipeline = model.train(data["text"], data["ground_truth"])
    bentoml.sklearn.save_model(TAG, pipeline, metadata={"train_rows": len(data["text"])})
    print(f"{TAG}: trained on {len(data['text'])} sentences")


if __name__ == "__main__":
    main()
