"""v0.7.1: VADER's compound score with the thresholds its authors give."""

from __future__ import annotations

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


class Model:
    """The rules and their lexicon."""

    def __init__(self) -> None:
        self.analyzer = SentimentIntensityAnalyzer()

    def answer(self, texts: list[str]) -> list[tuple[str, float]]:
        """The label of each text, and how sure it is."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> tuple[str, float]:
        score = self.analyzer.polarity_scores(text)["compound"]
        if score >= 0.05:
            return "positive", score
        if score <= -0.05:
            return "negative", -score
        return "neutral", 1 - abs(score)
