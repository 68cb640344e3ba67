#!/usr/bin/env python3
"""Makes the golden case `media`: small drawings, short tones, and two versions' answers about them.

    python make.py            write the files of this folder
    python make.py --check    exit 1 unless they are byte for byte what would be written

Needs nothing but Python. Images are not compressed, so that every zlib gives the same bytes.
"""

from __future__ import annotations

import base64
import csv
import io
import math
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, RATE = 64, 48, 4000
COLOURS = {"red": (200, 40, 40), "green": (30, 130, 60), "blue": (40, 80, 200)}
PAPER = (250, 247, 240)


def inside(shape: str, x: float, y: float) -> bool:
    if shape == "circle":
        return x * x + y * y < 0.64
    if shape == "square":
        return max(abs(x), abs(y)) < 0.7
    return y < 0.7 and y > 2 * abs(x) - 0.8


def png(shape: str, colour: str) -> bytes:
    """One bit a pixel and a palette of two colours."""
    rows = bytearray()
    for row in range(HEIGHT):
        bits = ["01"[inside(shape, (column - WIDTH / 2 + 0.5) * 2 / HEIGHT, (row + 0.5) * 2 / HEIGHT - 1)] for column in range(WIDTH)]
        rows += b"\0" + int("".join(bits), 2).to_bytes(WIDTH // 8, "big")

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    stored = b"\x78\x01" + struct.pack("<BHH", 1, len(rows), 0xFFFF ^ len(rows)) + rows + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 1, 3, 0, 0, 0)
    palette = bytes(PAPER + COLOURS[colour])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", palette) + chunk(b"IDAT", stored) + chunk(b"IEND", b"")


def wav(hertz: int) -> bytes:
    """A tenth of a second, eight bits a sample."""
    samples = bytes(round(128 + 90 * math.sin(2 * math.pi * hertz * i / RATE)) for i in range(RATE // 10))
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE, 1, 8)
    body = b"WAVE" + header + struct.pack("<4sI", b"data", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>\n'
FILES = {f"files/{shape}-{colour}.png": png(shape, colour) for shape, colour in [("circle", "red"), ("square", "blue"), ("triangle", "green")]}
FILES |= {"files/low.wav": wav(220), "files/high.wav": wav(440), "files/drawing.svg": SVG, "files/page.png": b"<html><script>alert(1)</script>\n"}

CIRCLE, SQUARE, TRIANGLE = "files/circle-red.png", "files/square-blue.png", "files/triangle-green.png"
# Key, photo, sound, ground truth, colour, answers of both versions.
ROWS = [
    ("m-01", CIRCLE, uri("audio/wav", wav(220)), "circle", "red", "circle", "square"),
    ("m-02", SQUARE, uri("audio/wav", wav(440)), "square", "blue", "square", "square"),
    ("m-03", TRIANGLE, "files/low.wav", "triangle", "green", "square", "triangle"),
    ("m-04", CIRCLE, "files/high.wav", "circle", "red", "circle", "circle"),
    ("m-05", "files/none.png", "", "square", "blue", "square", "circle"),
    ("m-06", "../outside.png", "/etc/hostname", "square", "blue", "triangle", "triangle"),
    ("m-07", "files/drawing.svg", uri("image/svg+xml", SVG), "circle", "green", "circle", "triangle"),
    ("m-08", "files/page.png", "files", "triangle", "green", "circle", "triangle"),
    ("m-09", "https://example.org/a.png", "data:audio/wav,plain", "circle", "red", "circle", "circle"),
    ('m-10 "><img src=x onerror=alert(1)>', uri("text/html", FILES[TRIANGLE]), '<b>x</b>".wav', "triangle", "green", "triangle", "circle"),
    ("m-11", "", "", "square", "blue", "square", "square"),
    ("m-12", SQUARE, "files/low.wav", "square", "blue", "circle", "square"),
]


def table(version: int) -> bytes:
    """What a version saw, and what it drew: the shape that it took the photo for."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["sample_id", "photo", "sound", "drawn", "ground_truth", "prediction", "confidence", "colour"])
    for i, (key, photo, sound, truth, colour, *answers) in enumerate(ROWS):
        answer = answers[version]
        drawn = uri("image/png", png(answer, colour)) if key != "m-11" else ""
        writer.writerow([key, photo, sound, drawn, truth, answer, f"0.{60 + 3 * i + version}", colour])
    return out.getvalue().encode()


FILES |= {"baseline.csv": table(0), "candidate.csv": table(1)}

if __name__ == "__main__":
    wrong = [name for name, data in FILES.items() if not (HERE / name).is_file() or (HERE / name).read_bytes() != data]
    if "--check" in sys.argv[1:]:
        sys.exit(f"differ from what make.py writes: {', '.join(wrong)}" if wrong else 0)
    for name, data in FILES.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_bytes(data)
