"""The two models that the predictions come from: keyword rules (v0.7.1) and TF-IDF with logistic regression (v1.2.0)."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Sequence

from grammar import INTENTS, Ticket

Prediction = tuple[str, float]
TIE_ORDER = ("login", "delivery", "billing", "refund", "cancel", "complaint")
FALLBACK = "complaint"  # the queue that a person reads


class Rules:
    """v0.7.1: counts keywords, ignores sentences that deny the intent, answers the softmax of the scores."""

    def __init__(self, path: Path) -> None:
        config = tomllib.loads(path.read_text("utf-8"))
        self.denied: list[str] = config.pop("denied")["phrases"]
        self.stems = {
            intent: [(re.compile(rf"(?<!\w){re.escape(stem)}"), int(weight)) for weight, stems in rules.items() for stem in stems]
            for intent, rules in config.items()
        }

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Prediction:
        clauses = [c for c in re.split(r"[.!?,]+", text.lower()) if not any(n in c for n in self.denied)]
        scores = {
            intent: sum(weight for clause in clauses for stem, weight in stems if stem.search(clause))
            for intent, stems in self.stems.items()
        }
        best = max(TIE_ORDER, key=lambda intent: scores[intent]) if any(scores.values()) else FALLBACK
        total = math.fsum(math.exp(score) for score in scores.values())
        return best, math.exp(scores[best]) / total


class Learned:
    """v1.2.0: trained on generated tickets. The tight tolerance makes the optimum, and with it every digit, reproducible."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        self.pipeline = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            LogisticRegression(C=4, solver="newton-cg", tol=1e-10, max_iter=1000),
        )
        self.pipeline.fit([t.text for t in tickets], [t.intent for t in tickets])
        assert sorted(INTENTS) == list(self.pipeline.classes_)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        probabilities = self.pipeline.predict_proba(list(texts))
        return [(str(self.pipeline.classes_[row.argmax()]), float(row.max())) for row in probabilities]
