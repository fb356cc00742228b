"""A slow provider in the measuring process, which controls when it answers."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from servers.ports import LOOPBACK

_HEAD_END = b"\r\n\r\n"


class SlowProvider:
    """A provider with Karlo's API. It answers orders after `seconds`, or on `answer_all` if None; it serves `image`."""

    def __init__(self, image: bytes, *, seconds: float | None = None) -> None:
        self.url = ""
        self.waiting = 0
        self._image, self._seconds = image, seconds
        self._go = asyncio.Event()
        self._numbers = count()
        self._connections = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen within the block, and then wait until every client has disconnected."""
        server = await asyncio.start_server(self._serve, LOOPBACK, 0, backlog=8192)
        self.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            async with asyncio.timeout(30):
                while self._connections:  # noqa: ASYNC110  # no event reports the last one
                    await asyncio.sleep(0.01)

    async def until_waiting(self, orders: int) -> None:
        """Wait until `orders` orders wait for their answers."""
        async with asyncio.timeout(120):
            while self.waiting < orders:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.05)

    def answer_all(self) -> None:
        """Answer all waiting orders at once."""
        self._go.set()
        self._go = asyncio.Event()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(_HEAD_END)
                if head.startswith(b"GET"):
                    writer.write(_answer(self._image, "image/webp"))
                else:
                    order = json.loads(await reader.readexactly(_content_length(head)))
                    await self._wait()
                    writer.write(_answer(json.dumps(self._drawn(order)).encode(), "application/json"))
                await writer.drain()
        writer.close()
        self._connections -= 1

    async def _wait(self) -> None:
        if self._seconds is not None:
            await asyncio.sleep(self._seconds)
            return
        self.waiting += 1
        await self._go.wait()
        self.waiting -= 1

    def _drawn(self, order: dict[str, list[int]]) -> dict[str, object]:
        numbers = [(seed, next(self._numbers)) for seed in order["seed"]]
        return {
            "id": "benchmark",
            "images": [
                {"id": f"image-{number}", "seed": seed, "image": f"{self.url}/drawn.webp?n={number}"}
                for seed, number in numbers
            ],
        }


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def _answer(body: bytes, media_type: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
