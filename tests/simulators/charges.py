"""What arrived at a simulator, and what it charged for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from simulators.exchange import url_as_sent

KEPT = 10_000
"""Calls and fetches kept in full; of more, the oldest are forgotten. The counters forget nothing."""


@dataclass(slots=True)
class Call:
    """One paid call as it arrived, whatever became of it. Header names are in lower case, `at` is Unix seconds."""

    at: float
    url: str
    headers: dict[str, str]
    raw: bytes
    charged_images: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def body(self) -> Any:  # noqa: ANN401 - whatever JSON the client sent
        """The body's JSON; `None` where it is none."""
        try:
            return msgspec.json.decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def described(self) -> dict[str, object]:
        return {
            "at": self.at,
            "url": self.url,
            "headers": self.headers,
            "body": self.body,
            "charged_images": self.charged_images,
            "faults": self.faults,
        }


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request for an image, whatever became of it; `url` is what the client took the simulator's address to be."""

    at: float
    url: str
    headers: dict[str, str]


class ChargeBook:
    """Counts what was charged, and keeps what arrived. `clock` gives Unix seconds.

    With a `file`, each charge is also appended to it as one line of JSON, `{"at", "charged_images", "body"}`, before a
    byte of the answer leaves: what was charged can be counted whoever is killed afterwards.
    """

    def __init__(self, clock: Callable[[], float], file: Path | None = None) -> None:
        self._clock = clock
        self._file = file
        self._changed = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        """Forgets everything but the file."""
        self.received_calls = 0
        self.charged_calls = 0
        self.charged_images = 0
        self.calls: deque[Call] = deque(maxlen=KEPT)
        self.fetches: deque[Fetch] = deque(maxlen=KEPT)

    async def note_call(self, request: web.Request) -> Call:
        """Keeps a paid call once its body is there."""
        raw = await request.read()
        call = Call(self._clock(), url_as_sent(request), _headers(request), raw)
        self.received_calls += 1
        self.calls.append(call)
        self._tell()
        return call

    def note_fetch(self, request: web.Request) -> None:
        self.fetches.append(Fetch(self._clock(), url_as_sent(request), _headers(request)))
        self._tell()

    def note_fault(self, call: Call, name: str) -> None:
        call.faults.append(name)
        self._tell()

    def charge(self, call: Call, images: int) -> None:
        call.charged_images += images
        self.charged_calls += 1
        self.charged_images += images
        if self._file is not None:
            line = msgspec.json.encode({"at": self._clock(), "charged_images": images, "body": call.body}) + b"\n"
            with self._file.open("ab", buffering=0) as file:
                file.write(line)
        self._tell()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until that holds of what arrived and was charged; it is asked whenever any of it changes."""
        while not holds():
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def described(self) -> dict[str, object]:
        return {
            "charged_images": self.charged_images,
            "charged_calls": self.charged_calls,
            "received_calls": self.received_calls,
            "calls": [call.described() for call in self.calls],
            "fetches": [asdict(fetch) for fetch in self.fetches],
        }


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}
