"""Raw HTTP requests, such as no client library would send."""

from __future__ import annotations

import asyncio

from integration.http.house import ORDER, House, token
from servers.ports import LOOPBACK


def head(*headers: str, target: str = "/api/images", method: str = "POST") -> bytes:
    """The head of a request with Ada's token."""
    lines = [f"{method} {target} HTTP/1.1", "Host: darkroom", f"Authorization: Bearer {token()}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


async def send(house: House, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(LOOPBACK, house.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


async def exchange(house: House, *pieces: bytes) -> bytes:
    """Send a request that asks for the connection to be closed, and read until that happens."""
    reader, writer = await send(house, *pieces)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


__all__ = ["ORDER", "exchange", "head", "send"]
