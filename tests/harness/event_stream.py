"""Reads server-sent events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: dict[str, Any]


class Stream:
    """An open stream; it keeps every line and every event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.lines, self.events = answer, list[str](), list[Event]()
        self.coming = answer.aiter_lines()

    async def next(self) -> Event:
        """Return the next event; raise `StopAsyncIteration` if the stream has ended."""
        block: dict[str, str] = {}
        while line := await anext(self.coming):
            self._note(line, block)
        if "data" not in block:
            return await self.next()
        self.events.append(Event(block["event"], block["id"], json.loads(block["data"])))
        return self.events[-1]

    async def until(self, **what: object) -> Event:
        """Return the next event whose data includes `what`."""
        while True:
            event = await self.next()
            if what.items() <= event.data.items():
                return event

    async def rest(self) -> list[Event]:
        events = []
        while True:
            try:
                events.append(await self.next())
            except StopAsyncIteration:
                return events

    def _note(self, line: str, block: dict[str, str]) -> None:
        self.lines.append(line)
        field, _, value = line.partition(": ")
        block[field] = value
