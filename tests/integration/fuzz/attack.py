"""Send mutants to the service, each on a connection of its own, and check every answer."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from integration.fuzz.mutants import Mutant
from servers.ports import LOOPBACK

AT_ONCE: Final = 16
PATIENCE: Final = 45.0
"""Seconds to wait for an answer; the service gives up an incomplete request after 40."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, wire: bytes) -> Answer:
        head, _, body = wire.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        if status.endswith("100 Continue"):
            return cls.read(body)
        named = (line.partition(": ") for line in lines)
        return cls(int(status.split()[1]), {name.lower(): value for name, _, value in named}, body)

    @property
    def accepted(self) -> bool:
        """Whether an order was accepted: the answer has the generation's address in the header that its API uses."""
        return "link" in self.headers or "/api/generations/" in self.headers.get("location", "")

    def accepted_of_agent(self) -> str | None:
        """The generation that a tool call ordered, if the answer is the result of one."""
        if self.status != 200 or b'"structuredContent":{"id":' not in self.body:
            return None
        generation: str = json.loads(self.body)["result"]["structuredContent"]["id"]
        return generation

    def wrong(self, method: bytes) -> str | None:
        """What is wrong with an answer to this method; None if nothing is."""
        if self.status >= 500:
            return "a server error"
        if "x-request-id" not in self.headers:
            return "without a request id"
        if self.status < 400 or method == b"HEAD":
            return None
        try:
            problem = json.loads(self.body)
        except ValueError:
            return "not JSON"
        return _lack(problem, self.status)


def _lack(told: dict[str, Any], status: int) -> str | None:
    """What is missing or false in a problem, in the form of its API; None if nothing is."""
    at_v1 = "error" in told and "jsonrpc" not in told
    problem = told["error"] if at_v1 else told["error"]["data"] if "jsonrpc" in told else told
    own = {"message", "type", "param", "code"} if at_v1 else {"type", "title", "status", "detail"}
    lack = (own | {"charged", "request_id"}) - problem.keys()
    if lack or problem.get("status", status) != status or problem["charged"] not in ("no", "yes"):
        return f"a problem without {lack or 'true values'}"
    return None


@dataclass
class Findings:
    """The results of all mutants. `drawn` counts those that cost money; `by_agents` holds what was ordered over MCP."""

    statuses: Counter[int] = field(default_factory=Counter)
    drawn: int = 0
    wrong: list[str] = field(default_factory=list)
    by_agents: set[str] = field(default_factory=set)

    def note(self, request: Mutant, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        # Only an accepted order gets an address; some bent targets still reach the endpoint for orders.
        if answer.accepted and "idempotency-replay" not in answer.headers:
            self.drawn += 1
        elif (generation := answer.accepted_of_agent()) and generation not in self.by_agents:
            self.drawn += 1
            self.by_agents.add(generation)
        if wrong := answer.wrong(request.method):
            self.wrong.append(f"{request.name} {request.done}: {wrong}: {answer.status} {answer.body[:300]!r}")


async def attack(port: int, mutants: Iterable[Mutant]) -> Findings:
    """Send all mutants, several at a time; return the findings."""
    findings, waiting = Findings(), iter(mutants)

    async def sender() -> None:
        for request in waiting:
            try:
                findings.note(request, Answer.read(await _exchange(port, request.wire())))
            except (ValueError, IndexError, TimeoutError) as error:
                findings.wrong.append(f"{request.name} {request.done}: no answer: {error!r}")

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    return findings


async def _exchange(port: int, wire: bytes) -> bytes:
    """Send a request and return everything that arrives until the connection is closed."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)  # leaves no port in TIME_WAIT
    answer = bytearray()
    writer.write(wire)
    with suppress(ConnectionError):  # the service may close before it has read all our bytes: what it sent counts
        async with asyncio.timeout(PATIENCE):
            while piece := await reader.read(65_536):
                answer += piece
    writer.close()
    return bytes(answer)
