"""Faults of the transfer of an answer, shared by paid calls, polls and fetches: cut off, dripped, inflated."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat

from aiohttp import web

from simulators.exchange import Answer, AnsweredExchange, Exchange, url_as_sent
from simulators.faults.fault import BeforeChargeAct, Options

ENORMOUS = 300_000_000
HUGE_HEADER = 1_000_000
CHUNK = b" " * 65536
"""Filler that JSON allows after a document: the answer stays valid, but is too large."""


def replying(body: bytes = b"", media_type: str = "text/plain", status: int = 200) -> BeforeChargeAct:
    """Return a fault that answers with this body and status; the option `status` overrides the latter."""

    async def act(exchange: Exchange, options: Options) -> web.StreamResponse:
        return web.Response(body=body, content_type=media_type, status=options.status or status)

    return act


async def reset(exchange: Exchange, options: Options) -> web.StreamResponse:
    exchange.reset()
    return web.Response()


async def close(exchange: Exchange, options: Options) -> web.StreamResponse:
    exchange.close()
    return web.Response()


async def not_http(exchange: Exchange, options: Options) -> web.StreamResponse:
    exchange.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    return await close(exchange, options)


async def black_hole(exchange: Exchange, options: Options) -> web.StreamResponse:
    await exchange.pause(None)
    return await close(exchange, options)


async def redirect_to_itself(exchange: Exchange, options: Options) -> web.StreamResponse:
    return web.Response(status=options.status or 307, headers={"Location": url_as_sent(exchange.request)})


async def redirect_elsewhere(exchange: Exchange, options: Options) -> web.StreamResponse:
    location = exchange.elsewhere + exchange.request.raw_path
    return web.Response(status=options.status or 307, headers={"Location": location})


async def slow(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    await exchange.pause(5.0 if options.seconds is None else options.seconds)
    return exchange.answer.response()


async def drip(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    response = await _begin(exchange, length=len(exchange.answer.body))
    for place in range(len(exchange.answer.body)):
        if exchange.closing.is_set():
            break
        await response.write(exchange.answer.body[place : place + 1])
        await exchange.pause(1.0 if options.seconds is None else options.seconds)
    return response


async def cut_short(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    response = await _begin(exchange, length=len(exchange.answer.body))
    await response.write(_first_half(exchange))
    exchange.close()
    return response


async def cut_chunked(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    response = await _begin(exchange)
    await response.write(_first_half(exchange))
    exchange.close()
    return response


async def reset_midway(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    response = await _begin(exchange, length=len(exchange.answer.body))
    await response.write(_first_half(exchange))
    exchange.reset()
    return response


async def oversized(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    response = await _begin(exchange)
    return await _pour(exchange, response, options)


async def oversized_as_declared(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    length = len(exchange.answer.body) + (options.size or ENORMOUS)
    return await _pour(exchange, await _begin(exchange, length=length), options)


async def huge_header(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    response = exchange.answer.response()
    response.headers["X-Padding"] = "x" * (options.size or HUGE_HEADER)
    return response


async def packed(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    return _labelled(exchange.answer, gzip.compress(exchange.answer.body, 1), "gzip")


async def labelled(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    return _labelled(exchange.answer, exchange.answer.body, "aws-chunked")


def _labelled(answer: Answer, body: bytes, coding: str) -> web.StreamResponse:
    headers = {**answer.headers, "Content-Encoding": coding}
    return web.Response(body=body, status=answer.status, content_type="text/plain", headers=headers)


async def cut_unmeasured(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    exchange.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + _first_half(exchange))
    exchange.close()
    return web.Response()


async def with_a_bad_byte(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    """Add a message with a byte that is not UTF-8, and one that JSON does not allow in a string."""
    body = exchange.answer.body.replace(b"{", b'{"message": "caf\xe9\x01",', 1)
    return Answer(body, exchange.answer.media_type, exchange.answer.status, exchange.answer.headers).response()


async def gzip_bomb(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    return web.Response(
        body=_bomb(exchange.answer.body, options.size or ENORMOUS),
        content_type=exchange.answer.media_type,
        headers={"Content-Encoding": "gzip"},
    )


async def _begin(exchange: AnsweredExchange, length: int | None = None) -> web.StreamResponse:
    """Send the head, and return the response; without a `length` the body is chunked."""
    response = web.StreamResponse(status=exchange.answer.status, headers=dict(exchange.answer.headers))
    response.content_type = exchange.answer.media_type
    if length is None:
        response.enable_chunked_encoding()
    else:
        response.content_length = length
    await response.prepare(exchange.request)
    return response


async def _pour(exchange: AnsweredExchange, response: web.StreamResponse, options: Options) -> web.StreamResponse:
    await response.write(exchange.answer.body)
    for chunk in _filler(options.size or ENORMOUS):
        if exchange.closing.is_set():
            break
        await response.write(chunk)
    return response


def _filler(size: int) -> Iterator[bytes]:
    chunks, rest = divmod(size, len(CHUNK))
    yield from repeat(CHUNK, chunks)
    if rest:
        yield CHUNK[:rest]


def _first_half(exchange: AnsweredExchange) -> bytes:
    return exchange.answer.body[: len(exchange.answer.body) // 2]


@lru_cache(maxsize=4)
def _bomb(body: bytes, size: int) -> bytes:
    """Return `body` and about `size` bytes of filler as one gzip member, a thousandth of that long.

    A deflated block without references to earlier data can be repeated, so only one megabyte is compressed.
    """
    megabyte = b" " * 1_000_000
    repeats = max(1, size // len(megabyte))
    head, block = (_deflated(data) for data in (body, megabyte))
    checksum = zlib.crc32(body)
    for _ in range(repeats):
        checksum = zlib.crc32(megabyte, checksum)
    total = len(body) + repeats * len(megabyte)
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    last_block = b"\x03\0"
    return header + head + block * repeats + last_block + struct.pack("<II", checksum, total & 0xFFFFFFFF)


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)
