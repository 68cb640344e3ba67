"""A model service that fails on demand: what goes wrong is written in the text of a sample.

Every text begins with the name of a group, so that several tests can share one server and count for themselves. The
words behind it choose the answer:

    bad         label "negative" (else "positive")
    nap=MS      the request takes at least that many milliseconds
    boom        the model raises an exception
    slow        no answer within the service's time limit
    nan         the confidence is NaN; of the endpoint `typed` this makes the whole answer invalid JSON
    few, many   an answer less, or one more, than there are samples
    object      the label is an object
    number      the label is a decimal number
    null        the label is null
    text        the confidence is text
    unknown     the label is one that no ground truth has
    conf        the confidence is 7
    gate=NAME   503 until the gate of that name was opened by /open_gate
    key         401 unless the request has a header Authorization or X-Key
"""

from __future__ import annotations

import asyncio
import os
import typing as t
from http import HTTPStatus

import bentoml
from bentoml.exceptions import BentoMLException, ServiceUnavailable
# That of the standard library is too little for pydantic before Python 3.12.
from typing_extensions import TypedDict

# Long texts are told apart by their beginning.
SHOWN = 80


class Prediction(TypedDict):
    label: str
    confidence: float


class Unauthenticated(BentoMLException):
    error_code = HTTPStatus.UNAUTHORIZED


def answer(words: set[str]) -> dict[str, t.Any]:
    out: dict[str, t.Any] = {"label": "negative" if "bad" in words else "positive", "confidence": 0.75}
    labels = {"object": {"name": "positive"}, "number": 1.5, "null": None, "unknown": "mixed"}
    for word, label in labels.items():
        if word in words:
            out["label"] = label
    for word, confidence in {"nan": float("nan"), "text": "high", "conf": 7}.items():
        if word in words:
            out["confidence"] = confidence
    return out


@bentoml.service(name="faulty", workers=1, traffic={"timeout": 3, "max_concurrency": 6})
class Faulty:
    def __init__(self) -> None:
        self.gates: set[str] = set()
        self.asked: dict[str, dict[str, int]] = {}
        self.largest: dict[str, int] = {}
        self.headers: dict[str, dict[str, str]] = {}

    @bentoml.api
    async def classify(self, texts: list[str], ctx: bentoml.Context) -> list[t.Any]:
        split = [set(text[:SHOWN].split()) for text in texts]
        words = set().union(*split)
        for word in words:
            if word.startswith("gate=") and word.removeprefix("gate=") not in self.gates:
                raise ServiceUnavailable("the gate is closed")
        group = texts[0].split(maxsplit=1)[0] if texts else ""
        self.headers[group] = {name.lower(): value for name, value in ctx.request.headers.items()}
        if "key" in words and not {"authorization", "x-key"} & set(self.headers[group]):
            raise Unauthenticated("who are you?")
        self.largest[group] = max(self.largest.get(group, 0), sum(len(text) for text in texts))
        asked = self.asked.setdefault(group, {})
        for text in texts:
            asked[text[:SHOWN]] = asked.get(text[:SHOWN], 0) + 1
        naps = [int(word.removeprefix("nap=")) for word in words if word.startswith("nap=")]
        if "slow" in words:
            naps.append(60_000)
        if naps:
            await asyncio.sleep(max(naps) / 1000)
        if "boom" in words:
            raise ValueError("the model does not like this text")
        out = [answer(own) for own in split]
        if "few" in words:
            out.pop()
        if "many" in words:
            out.append(out[-1])
        ctx.response.headers["x-bento-tag"] = (
            f"{bentoml.server_context.bento_name}:{bentoml.server_context.bento_version}"
        )
        return out

    @bentoml.api
    async def typed(self, texts: list[str]) -> list[Prediction]:
        """The same answers in a declared type, with which BentoML writes NaN as it is, rather than as null."""
        return [t.cast(Prediction, answer(set(text[:SHOWN].split()))) for text in texts]

    @bentoml.api
    async def estimate(self, texts: list[str]) -> list[t.Any]:
        """Numbers: that behind `is=` in a text; where there is none, words."""
        stated = [[word.removeprefix("is=") for word in text.split() if word.startswith("is=")] for text in texts]
        return [{"prediction": float(own[0]) if own else "no idea"} for own in stated]

    @bentoml.api
    async def write(self, texts: list[str]) -> list[t.Any]:
        """Texts with two scores; the second one is null in a text with the word `quiet`."""
        return [
            {"output": text.upper(), "helpful": len(text) / 8, "toxic": None if "quiet" in text.split() else 0.25}
            for text in texts
        ]

    @bentoml.api
    async def open_gate(self, name: str) -> str:
        self.gates.add(name)
        return name

    @bentoml.api
    async def seen(self, group: str) -> dict[str, t.Any]:
        """What a group asked: how often which text, the largest request, the headers of the last one."""
        return {
            "pid": os.getpid(),
            "asked": self.asked.get(group, {}),
            "largest": self.largest.get(group, 0),
            "headers": self.headers.get(group, {}),
        }
