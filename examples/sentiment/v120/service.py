"""sentiment 1.2.0 as a BentoML service: TF-IDF and logistic regression from the model store."""

from __future__ import annotations

import bentoml
from pydantic import BaseModel

from model import answer


class Prediction(BaseModel):
    label: str
    confidence: float


@bentoml.service(name="sentiment", workers=1, threads=2, traffic={"timeout": 30, "max_concurrency": 32})
class Sentiment:
    stored = bentoml.models.BentoModel("sentiment_lr:1.2.0")  # becomes part of the Bento

    def __init__(self) -> None:
        self.pipeline = bentoml.sklearn.load_model(self.stored)

    @bentoml.api
    def classify(self, texts: list[str], ctx: bentoml.Context) -> list[Prediction]:
        # Says in every answer which Bento gave it: evaldiff then notices a deployment in the middle of a run.
        bento = bentoml.server_context
        ctx.response.headers["x-bento-tag"] = f"{bento.bento_name}:{bento.bento_version}"
        return [Prediction(label=label, confidence=sure) for label, sure in answer(self.pipeline, texts)]
