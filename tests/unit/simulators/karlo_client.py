"""Two clients of the Karlo simulator: one speaks HTTP, and one reads the raw bytes of the connection."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from simulators.karlo import KarloSimulator

PATH = "/v2/inference/karlo/t2i"
LARGEST_ANSWER = 2_000_000
ORDER: dict[str, Any] = {"version": "v2.1", "prompt": "a lighthouse", "width": 384, "height": 392}


@dataclass(frozen=True)
class Heard:
    """The bytes received until the connection ended; `ending` is "FIN" or "RST", and the body is not decoded."""

    head: str
    body: bytes
    ending: str

    @property
    def status(self) -> int:
        return int(self.head.split()[1])


class Wire:
    """A connection on which a request has been sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def send(cls, origin: str, *head: str, body: bytes = b"") -> Wire:
        url = urlsplit(origin)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        lines = (*head, f"Host: {url.netloc}", "Accept-Encoding: identity", "Connection: close", "", "")
        writer.write("\r\n".join(lines).encode() + body)
        return cls(reader, writer)

    def hang_up(self) -> None:
        self._writer.transport.abort()

    async def hear(self) -> Heard:
        """Read until the other side ends the connection."""
        heard, ending = b"", "FIN"
        try:
            while chunk := await self.reader.read(1_000_000):
                heard += chunk
        except ConnectionResetError:
            ending = "RST"
        self._writer.close()
        head, _, body = heard.partition(b"\r\n\r\n")
        return Heard(head.decode(), body, ending)


class KarloClient:
    def __init__(self, karlo: KarloSimulator, session: aiohttp.ClientSession) -> None:
        self.karlo = karlo
        self.session = session

    async def post(self, body: bytes, **headers: str) -> tuple[int, Any]:
        """Send the bytes as an order; return the status and the JSON of the answer."""
        sent = {"Authorization": f"KakaoAK {self.karlo.api_key}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(
            self.karlo.base_url + PATH, data=body, headers=sent, allow_redirects=False
        ) as answer:
            if len(data := await answer.read()) > LARGEST_ANSWER:
                raise ValueError("the answer is too large")
            return answer.status, json.loads(data)

    async def order(self, **fields: object) -> tuple[int, Any]:
        return await self.post(json.dumps(ORDER | fields).encode())

    async def draw(self, **fields: object) -> list[dict[str, Any]]:
        """Return the images of an order that must succeed."""
        status, answer = await self.order(**fields)
        assert status == 200, answer
        images: list[dict[str, Any]] = answer["images"]
        return images

    async def link(self, **fields: object) -> str:
        return str((await self.draw(**fields))[0]["image"])

    async def fetch(self, link: str) -> tuple[int, str, bytes]:
        """Fetch a link; return its status, media type and bytes."""
        async with self.session.get(link, allow_redirects=False) as answer:
            return answer.status, answer.content_type, await answer.read()

    async def image(self, **fields: object) -> bytes:
        status, _, data = await self.fetch(await self.link(**fields))
        assert status == 200
        return data

    async def hear_order(self, **fields: object) -> Heard:
        """Send an order, and read until the connection ends."""
        return await (await self.send_order(**fields)).hear()

    async def send_order(self, **fields: object) -> Wire:
        body = json.dumps(ORDER | fields).encode()
        return await Wire.send(
            self.karlo.base_url,
            f"POST {PATH} HTTP/1.1",
            f"Authorization: KakaoAK {self.karlo.api_key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            body=body,
        )

    async def hear_fetch(self, link: str) -> Heard:
        path = link.removeprefix(self.karlo.base_url)
        return await (await Wire.send(self.karlo.base_url, f"GET {path} HTTP/1.1")).hear()
