"""A client of the service's HTTP interface, for one caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import aiohttp
import jwt

from harness.orders import Order
from servers.s3 import S3Server

SECRET = "the secret that all processes of a test share, and its clients"
"""The value of `DARKROOM_JWT_SECRET` in tests."""

LOOK_AGAIN: Final = 0.1
"""Seconds between two looks at the service."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image of an answer; `key` is its key in the bucket, taken from the link."""

    id: str
    seed: int
    key: str

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        path = unquote(urlsplit(entry["image"]).path)
        return cls(entry["id"], entry["seed"], path.removeprefix(f"/{S3Server.bucket}/"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to an order. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def kind(self) -> str:
        """`images`, `promise`, or the slug of the problem."""
        if self.status in (200, 202):
            return "images" if self.status == 200 else "promise"
        return str(self.body.get("type", self.status)).removeprefix("/problems/")

    @property
    def charged(self) -> str:
        return "yes" if self.status == 200 else str(self.body["charged"])

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(Image.of(entry) for entry in (self.body if self.status == 200 else self.body.get("images", ())))


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as `GET /api/generations` shows it."""

    id: str
    state: str
    prompt: str
    images: tuple[Image, ...]
    problem: str | None

    FINAL = frozenset({"stored", "refused", "unknown", "unusable", "cancelled"})

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> Self:
        images, problem = tuple(Image.of(entry) for entry in shown["images"]), shown["problem"]
        return cls(shown["id"], shown["state"], shown["order"]["prompt"], images, problem and problem["detail"])

    @property
    def final(self) -> bool:
        return self.state in self.FINAL


class Caller:
    """A client for one subject; each method takes the URL of the process to ask.

    The methods raise `aiohttp.ClientError` or `OSError` if the connection fails.
    """

    def __init__(self, session: aiohttp.ClientSession, subject: str) -> None:
        self._session = session
        now = int(time.time())
        claims = {"sub": subject, "iss": "darkroom", "aud": "darkroom", "iat": now, "exp": now + 86_400}
        self.authorization = f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"

    async def order(self, url: str, order: Order, *, wait: bool = True) -> Answer:
        """Place an order under its key, and return the answer; without `wait`, ask for a promise."""
        headers = {"Authorization": self.authorization, "Idempotency-Key": order.key}
        if not wait:
            headers["Prefer"] = "respond-async"
        async with self._session.post(f"{url}/api/images", json=order.body, headers=headers) as response:
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, named, await response.json(content_type=None))

    async def generations(self, url: str, *, after: str = "") -> list[Generation]:
        """Return all generations of this caller that are newer than the id `after`, newest first."""
        found: list[Generation] = []
        cursor: str | None = None
        while True:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            headers = {"Authorization": self.authorization}
            async with self._session.get(f"{url}/api/generations", params=query, headers=headers) as response:
                if response.status == 503:  # on a busy machine the ledger may answer too late: repeat the read
                    await asyncio.sleep(LOOK_AGAIN)
                    continue
                response.raise_for_status()
                page = await response.json()
            shown = [Generation.of(item) for item in page["items"]]
            found += (generation for generation in shown if generation.id > after)
            cursor = page["next_cursor"]
            if cursor is None or (shown and shown[-1].id <= after):
                return found

    async def until_drawn(self, url: str) -> None:
        """Wait until the provider has drawn all orders of this caller."""
        while any(one.state in ("received", "submitted") for one in await self.generations(url)):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN)

    async def until_final(self, url: str, *, created_before: float, after: str = "") -> str:
        """Wait until all generations after the id `after` and before a Unix time have ended; return the newest id.

        Return `after` if there are none.
        """
        end = f"{int(created_before * 1000):012x}"  # the first digits of a version 7 UUID of that time
        while True:
            known = [one for one in await self.generations(url, after=after) if one.id.replace("-", "") < end]
            if all(one.final for one in known):
                return known[0].id if known else after
            await asyncio.sleep(LOOK_AGAIN)


@asynccontextmanager
async def calling(subject: str = "ada", *, kept: bool = False) -> AsyncIterator[Caller]:
    """Yield a caller with unlimited connections, which are `kept` for further requests or else used once."""
    connector = aiohttp.TCPConnector(limit=0, force_close=not kept)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Caller(session, subject)
