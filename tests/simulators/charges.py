"""The requests that a simulator received, and its charges."""

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
"""The most calls and fetches that are kept; the oldest are dropped first. The counters include all."""


@dataclass(slots=True)
class Call:
    """A received paid call with any outcome. Header names are in lower case, `at` is in Unix seconds."""

    at: float
    url: str
    headers: dict[str, str]
    raw: bytes
    charged_images: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def body(self) -> Any:  # noqa: ANN401 - any JSON that the client sent
        """The decoded JSON of the body; None if it is not JSON."""
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
    """A received request for an image, with any outcome; `url` is the URL exactly as the client sent it."""

    at: float
    url: str
    headers: dict[str, str]


class ChargeBook:
    """Counts charges, and keeps received requests. `clock` returns Unix seconds.

    With a `file`, each charge is also appended to it as a line of JSON, `{"at", "charged_images", "body"}`, before the
    answer is sent, so that charges can be counted even if a process is killed afterwards.
    """

    def __init__(self, clock: Callable[[], float], file: Path | None = None) -> None:
        self._clock = clock
        self._file = file
        self._changed = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        """Forget everything except the file."""
        self.received_calls = 0
        self.charged_calls = 0
        self.charged_images = 0
        self.calls: deque[Call] = deque(maxlen=KEPT)
        self.fetches: deque[Fetch] = deque(maxlen=KEPT)

    async def note_call(self, request: web.Request) -> Call:
        """Record a paid call once its body has arrived, and return it."""
        raw = await request.read()
        call = Call(self._clock(), url_as_sent(request), _headers(request), raw)
        self.received_calls += 1
        self.calls.append(call)
        self._notify()
        return call

    def note_fetch(self, request: web.Request) -> None:
        self.fetches.append(Fetch(self._clock(), url_as_sent(request), _headers(request)))
        self._notify()

    def note_fault(self, call: Call, name: str) -> None:
        call.faults.append(name)
        self._notify()

    def charge(self, call: Call, images: int) -> None:
        call.charged_images += images
        self.charged_calls += 1
        self.charged_images += images
        if self._file is not None:
            line = msgspec.json.encode({"at": self._clock(), "charged_images": images, "body": call.body}) + b"\n"
            with self._file.open("ab", buffering=0) as file:
                file.write(line)
        self._notify()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds` returns True; it is called after each change of requests and charges."""
        while not holds():
            await self._changed.wait()

    def _notify(self) -> None:
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
