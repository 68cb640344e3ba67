"""A STUB of a model service, not a model: answers as fast as Python can, to measure the runner alone: `stub.py [PORT]`.

Speaks what the runner asks of a BentoML service: /readyz, /docs.json, /schema.json and POST /classify with
{"texts": [...]}. Every sample gets the same answer. Samples are counted in the body's bytes, so that the texts must hold
no `","`.
"""

import asyncio
import json
import sys

ANSWER = b'{"label": "a", "confidence": 0.75}'
DOCS = json.dumps({"openapi": "3.0.2", "info": {"title": "stub", "version": "1"}, "paths": {}}).encode()
TEXTS = {"properties": {"texts": {"type": "array", "items": {"type": "string"}}}}
SCHEMA = json.dumps({"name": "stub", "routes": [{"name": "classify", "route": "/classify", "input": TEXTS}]}).encode()
PAGES = {b"/readyz": b"\n", b"/docs.json": DOCS, b"/schema.json": SCHEMA}


def answers(count: int, made: dict[int, bytes] = {}) -> bytes:  # noqa: B006: a cache on purpose
    """The body for so many samples."""
    if count not in made:
        made[count] = b"[" + b",".join([ANSWER] * count) + b"]"
    return made[count]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            _, path, _ = head.split(b" ", 2)
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = await reader.readexactly(length)
            found = PAGES.get(path)
            if path == b"/classify":
                found = answers(body.count(b'","') + 1)
            status = b"200 OK" if found is not None else b"404 Not Found"
            found = found or b""
            writer.write(b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(found)))
            writer.write(found)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Listens until it is ended."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=64 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
