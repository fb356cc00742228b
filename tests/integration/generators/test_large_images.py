"""Many large images at once, with room in memory for only one of them."""

from __future__ import annotations

import asyncio
import base64
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from darkroom.adapters.byte_room import ByteRoom
from darkroom.adapters.conformance import plain_request
from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.domain.ports import ImageGenerator, Receipt
from integration.generators.peak_memory import growth_of_peak, peak
from servers.ports import LOOPBACK

MB: Final = 2**20
_PIECE: Final = 256 * 1024


def png(length: int) -> bytes:
    """A complete PNG of `length` bytes: one grey pixel, and a chunk of text as padding."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    ends = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b""),
    )
    padding = length - sum(map(len, ends)) - 12
    return ends[0] + chunk(b"tEXt", b"Comment\0" + b"x" * (padding - 8)) + ends[1]


@asynccontextmanager
async def _serving(image: bytes, *, linked: bool) -> AsyncIterator[str]:
    """An engine that answers each order with the image, or with a link to it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST ") and linked:
                body = b'{"data": [{"url": "%s/x"}]}' % origin.encode()
            else:
                body = answer if head.startswith(b"POST ") else image
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
            for place in range(0, len(body), _PIECE):
                writer.write(body[place : place + _PIECE])
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    answer = b'{"data": [{"b64_json": "%b"}]}' % base64.b64encode(image)
    server = await asyncio.start_server(serve, LOOPBACK, 0, backlog=256)
    origin = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield origin


async def _order(generator: ImageGenerator, samples: int) -> list[int]:
    request = plain_request(generator.cards[0], samples=samples)
    receipt, lengths = Receipt(), list[int]()
    async for so_far in generator.answers(request, "key"):
        receipt = so_far
        await asyncio.sleep(0.01)  # stands for keeping the receipt
    async for image in generator.collect(request, receipt):
        lengths.append(len(image.data))
        await asyncio.sleep(0.01)
    return lengths


def _opened(origin: str, folder: Path, length: int) -> AbstractAsyncContextManager[ImageGenerator]:
    """Open a generator with room in memory for one image of `length` bytes."""
    return open_openai_images(
        api_key="k",
        base_url=origin,
        models=parse_models(["x=64-512"]),
        intake=Intake(ByteRoom(length), length, folder),
        call_timeout=3000,
        fetch_timeout=3000,
        at_once=64,
    )


@pytest.mark.parametrize("linked", [True, False], ids=["behind links", "in base64"])
@pytest.mark.parametrize(("orders", "samples"), [(6, 1), (2, 3)])
async def test_many_large_images_all_arrive_with_room_for_one(
    tmp_path: Path, orders: int, samples: int, *, linked: bool
) -> None:
    length = 5 * MB
    async with _serving(png(length), linked=linked) as origin, _opened(origin, tmp_path, length) as generator:
        came = await asyncio.gather(*(_order(generator, samples) for _ in range(orders)))

    assert came == [[length] * samples] * orders


async def draw_64(origin: str, folder: str, length: str) -> int:
    """Place 64 orders at once; return by how many bytes the peak memory grew."""
    async with _opened(origin, Path(folder), int(length)) as generator:
        before = peak()
        came = await asyncio.gather(*(_order(generator, 1) for _ in range(64)))
        grown = peak() - before

    assert came == [[int(length)]] * 64
    return grown


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("linked", [True, False], ids=["behind links", "in base64"])
async def test_64_answers_of_64_mb_all_arrive_with_room_for_64_mb(tmp_path: Path, *, linked: bool) -> None:
    length = 64 * MB
    async with _serving(png(length), linked=linked) as origin:
        grown = await asyncio.to_thread(growth_of_peak, draw_64, origin, tmp_path, length, timeout=3500)

    # The room, one image beyond it, the base64 and JSON of the one being decoded, and the images just passed on.
    assert grown < 16 * length
