"""The comparison in Polars, as one whole process: `peer_polars.py WORKDIR NS.TABLE A B OUT`.

scan_iceberg with Polars' own planner and reader, streaming engine, labels and slice values as categoricals.
"""

import argparse
from pathlib import Path

import polars as pl

import catalog
import results

OK_A, OK_B = pl.col("ok_a"), pl.col("ok_b")
COUNTS = [
    pl.len().alias("n"),
    OK_A.sum().alias("correct_a"),
    OK_B.sum().alias("correct_b"),
    (OK_A & ~OK_B).sum().alias("regressed"),
    (OK_B & ~OK_A).sum().alias("fixed"),
]


def side(run: pl.LazyFrame, name: str, *slices: str) -> pl.LazyFrame:
    """What is counted of one run."""
    truth, prediction = pl.col("ground_truth"), pl.col("prediction")
    return run.select(
        "sample_id",
        truth.cast(pl.Categorical).alias(f"truth_{name}"),
        prediction.cast(pl.Categorical).alias(f"pred_{name}"),
        (prediction == truth).alias(f"ok_{name}"),
        pl.col("confidence").alias(f"conf_{name}"),
        *(pl.col(column).cast(pl.Categorical) for column in slices),
    )


def sample_class() -> pl.Expr:
    """Class of a key, as in results.py."""
    return (
        pl.when(OK_B.is_null())
        .then(results.ONLY_BASELINE)
        .when(OK_A.is_null())
        .then(results.ONLY_CANDIDATE)
        .when(pl.col("truth_a") != pl.col("truth_b"))
        .then(results.LABEL_CHANGED)
        .otherwise(results.MATCHED)
        .alias("class")
    )


def calibration(matched: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Sums by confidence bin."""
    confidence, ok = pl.col(f"conf_{name}"), pl.col(f"ok_{name}").cast(pl.Float64)
    number = ((confidence * results.BINS).ceil() - 1).clip(0).cast(pl.Int8).alias("bin")
    sums = [ok.sum().alias("ok"), confidence.sum().alias("sum"), ((confidence - ok) ** 2).sum().alias("square")]
    return matched.group_by(number).agg(pl.len(), *sums).sort("bin").drop("bin")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("table")
    parser.add_argument("baseline")
    parser.add_argument("candidate")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()

    table = pl.scan_iceberg(catalog.metadata_location(arguments.workdir, arguments.table))
    a = table.filter(pl.col("model_version") == arguments.baseline)
    b = table.filter(pl.col("model_version") == arguments.candidate)
    both = side(a, "a").join(side(b, "b", *results.SLICES), on="sample_id", how="full", coalesce=True)
    kept = both.with_columns(sample_class()).collect(engine="streaming").lazy()

    matched = kept.filter(pl.col("class") == results.MATCHED)
    worst = matched.filter(OK_A & ~OK_B).select("sample_id", "conf_b")
    questions = [
        kept.group_by("class").len(),
        matched.group_by("truth_b", "pred_a", "pred_b").len().with_columns(pl.col(pl.Categorical).cast(pl.String)),
        calibration(matched, "a"),
        calibration(matched, "b"),
        worst.sort(["conf_b", "sample_id"], descending=[True, False]).head(results.TOP),
        *(matched.group_by(pl.col(name)).agg(COUNTS).with_columns(pl.col(name).cast(pl.String)) for name in results.SLICES),
    ]
    classes, cells, bins_a, bins_b, top, *slices = pl.collect_all(questions, engine="streaming")

    grouped = results.Grouped(classes=dict(classes.rows()), cells=cells.rows())
    grouped.bins = {"a": bins_a.rows(), "b": bins_b.rows()}
    for name, frame in zip(results.SLICES, slices, strict=True):
        grouped.slices.extend((name, *row) for row in frame.rows())
    texts = b.select("sample_id", "text")
    regressions = top.lazy().join(texts, on="sample_id", how="left").collect(engine="streaming")
    regressions = regressions.sort(["conf_b", "sample_id"], descending=[True, False])
    results.write(arguments.out, grouped, regressions.rows())


if __name__ == "__main__":
    main()
