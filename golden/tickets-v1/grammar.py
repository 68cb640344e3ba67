"""Composes support tickets from the phrases in `phrases/`: the only source of text of golden dataset tickets-v1."""

from __future__ import annotations

import random
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, TypeVar

T = TypeVar("T")
INTENTS = ("refund", "cancel", "delivery", "login", "billing", "complaint")
PRODUCTS = ("Lumenbox", "Ferrywave", "Kalto Mini", "Pinora", "Treevo Plus")
DAYS = {
    "en": ("Monday", "Tuesday", "Thursday", "Saturday"),
    "de": ("Montag", "Dienstag", "Donnerstag", "Samstag"),
    "es": ("lunes", "martes", "jueves", "sábado"),
    "fr": ("lundi", "mardi", "jeudi", "samedi"),
}
MONTHS = {
    "en": ("January", "March", "June", "October"),
    "de": ("Januar", "März", "Juni", "Oktober"),
    "es": ("enero", "marzo", "junio", "octubre"),
    "fr": ("janvier", "mars", "juin", "octobre"),
}
TYPO_RATE = {"email": 0.02, "app": 0.04, "chat": 0.09, "phone": 0.05}


class Dice:
    """Draws from `random.Random.random` alone: the one method whose sequence Python promises never to change."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self._random() * len(items))]

    def weighted(self, weights: dict[T, float]) -> T:
        point = self._random() * sum(weights.values())
        for item, weight in weights.items():
            point -= weight
            if point < 0:
                return item
        return item


@dataclass(frozen=True)
class Ticket:
    """One labelled ticket."""

    text: str
    intent: str
    language: str
    channel: str
    priority: str
    product: str

    @property
    def length_bucket(self) -> str:
        words = len(self.text.split())
        return "short" if words <= 8 else "medium" if words <= 20 else "long"


@dataclass(frozen=True)
class Mix:
    """How often each property occurs. `tail` > 0 makes the first phrases of a list the frequent ones (weight 1/rank^tail)."""

    language: dict[str, float]
    channel: dict[str, float]
    intent: dict[str, float]
    priority: dict[str, float]
    size: dict[str, float]
    product_by_intent: dict[str, dict[str, float]]
    tail: float


def load_phrases(folder: Path) -> dict[str, dict]:
    return {language: tomllib.loads((folder / f"{language}.toml").read_text("utf-8")) for language in DAYS}


def compose(dice: Dice, mix: Mix, phrases: dict[str, dict]) -> Ticket:
    """One ticket: first its properties, then its sentences, then the marks of its channel."""
    language, channel = dice.weighted(mix.language), dice.weighted(mix.channel)
    intent, priority = dice.weighted(mix.intent), dice.weighted(mix.priority)
    product = dice.weighted(mix.product_by_intent[intent])
    size = dice.weighted(mix.size)
    bank = phrases[language]
    body = _body(dice, mix, bank, intent, channel, size)
    sentences = _frame(dice, bank["common"], body, channel, priority, size)
    text = _fill(dice, " ".join(sentences), language, product)
    return Ticket(_channel_style(dice, text, channel, bank["common"]), intent, language, channel, priority, product)


def normalised(text: str) -> str:
    """Letters and digits alone, without case and accents: two tickets with the same form count as the same sentence."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def _body(dice: Dice, mix: Mix, bank: dict, intent: str, channel: str, size: str) -> list[str]:
    """What the ticket wants, often beside words of another intent."""
    kind = "spoken" if channel == "phone" and dice.chance(0.7) else "core"
    wording = bank[intent][kind]
    core = dice.weighted({w: (rank + 1) ** -mix.tail for rank, w in enumerate(wording)})
    body = [core]
    if dice.chance({"short": 0.0, "medium": 0.3, "long": 0.6}[size]):
        other = dice.pick([i for i in INTENTS if i != intent])
        body.insert(int(dice.chance(0.5)), dice.pick(bank[other]["aside"]))
    context = list(bank["common"]["context"])
    for _ in range({"short": 0, "medium": 1, "long": 2}[size]):
        if dice.chance(0.7):
            sentence = dice.pick(context)
            context.remove(sentence)
            body.insert(int(dice.chance(0.5)) * len(body), sentence)
    return body


def _frame(dice: Dice, common: dict, body: list[str], channel: str, priority: str, size: str) -> list[str]:
    """Greeting, urgency and closing around the body."""
    polite = {"short": 0.15, "medium": 0.5, "long": 0.9}[size]
    sentences = list(body)
    if priority != "normal" and dice.chance(0.6 if size != "short" else 0.25):
        sentences.insert(len(sentences) * int(dice.chance(0.7)), dice.pick(common[priority]))
    if channel != "app" and dice.chance(polite):
        sentences.insert(0, dice.pick(common[f"{channel}_open"]))
    if channel != "app" and dice.chance(polite):
        sentences.append(dice.pick(common[f"{channel}_close"]))
    return sentences


def _fill(dice: Dice, text: str, language: str, product: str) -> str:
    def value(slot: re.Match[str]) -> str:
        match slot.group(1):
            case "product":
                return product
            case "n":
                return str(2 + int(dice.pick(range(8))))
            case "ref":
                return f"#{dice.pick(range(10000, 99999))}"
            case "amount":
                euros = f"{dice.pick(range(9, 190))}"
                return f"€{euros}" if language == "en" else f"{euros} €"
            case "day":
                return dice.pick(DAYS[language])
            case _:
                return dice.pick(MONTHS[language])

    return re.sub(r"\{(\w+)\}", value, text)


def _channel_style(dice: Dice, text: str, channel: str, common: dict) -> str:
    if channel == "chat":
        for long, short in common["short"]:
            text = re.sub(rf"(?i)(?<!\w){re.escape(long)}(?!\w)", short, text) if dice.chance(0.5) else text
        text = text.lower() if dice.chance(0.7) else text
        text = re.sub(r"[.,:]", "", text) if dice.chance(0.5) else text
    if channel == "phone":  # a transcript: no punctuation, no capitals, fillers
        text = re.sub(r"[.,:;!?¿¡]", "", text).lower()
        text = " ".join(f"{w} {dice.pick(common['filler'])}" if dice.chance(0.06) else w for w in text.split())
    words = [_typo(dice, w) if dice.chance(TYPO_RATE[channel]) else w for w in text.split()]
    return " ".join(words)


def _typo(dice: Dice, word: str) -> str:
    """Swaps, drops or doubles a letter, or loses the accents."""
    if len(word) < 4 or not word.isalpha():
        return word
    at = 1 + dice.pick(range(len(word) - 2))
    match dice.pick(("swap", "drop", "double", "plain")):
        case "swap":
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case "drop":
            return word[:at] + word[at + 1 :]
        case "double":
            return word[:at] + word[at] + word[at:]
        case _:
            return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
