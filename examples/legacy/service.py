"""A ticket classifier as blog posts of 2023 wrote services: runners, IO descriptors, a data frame with orient split.

Only the import of Service is new: since BentoML 1.4, `bentoml.Service` is the current API, and the old one is kept in
`bentoml.legacy`.
"""

from __future__ import annotations

import bentoml
import pandas as pd
from bentoml.io import JSON, PandasDataFrame
from bentoml.legacy import Service

model = bentoml.sklearn.get("tickets_lr:2023.1")
classes = model.info.metadata["classes"]
runner = model.to_runner()
svc = Service("tickets", runners=[runner])


@svc.api(input=PandasDataFrame(orient="split"), output=JSON())
def predict(df: pd.DataFrame) -> list[dict[str, object]]:
    probabilities = runner.predict_proba.run(df["text"].tolist())
    return [{"label": classes[row.argmax()], "confidence": float(row.max())} for row in probabilities]
