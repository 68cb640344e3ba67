"""sentiment 0.7.1 as a BentoML service: the rules of VADER."""

from __future__ import annotations

import bentoml
from pydantic import BaseModel

from model import Model


class Prediction(BaseModel):
    label: str
    confidence: float


@bentoml.service(name="sentiment", workers=1, threads=2, traffic={"timeout": 30, "max_concurrency": 32})
class Sentiment:
    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api
    def classify(self, texts: list[str], ctx: bentoml.Context) -> list[Prediction]:
        # Says in every answer which Bento gave it: evaldiff then notices a deployment in the middle of a run.
        bento = bentoml.server_context
        ctx.response.headers["x-bento-tag"] = f"{bento.bento_name}:{bento.bento_version}"
        return [Prediction(label=label, confidence=sure) for label, sure in self.model.answer(texts)]
