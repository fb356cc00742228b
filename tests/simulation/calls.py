"""Callers at the door for OpenAI's clients, who bring no key, and a book of what became of each of their calls.

Such a caller repeats its call when the connection ends without an answer. The book knows from both sides how a call
stands: whether its caller is connected, and what the ledger has written down.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from darkroom.domain.model.errors import Charged
from darkroom.domain.ports import Call, CallState
from simulation.fate import Fate

HEAD: Final = {b"content-type": b"application/json"}
AT: Final = ContextVar["Connection"]("the connection for which a task works")


@dataclass(eq=False)
class Process:
    """A process as callers and the ledger know it.

    `serve` answers a request. `counts_as_dead`: the ledger takes it for dead, be it dead or only cut off.
    """

    fate: Fate
    serve: Callable[["Connection"], Awaitable[None]]
    counts_as_dead: bool = False
    serving: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        """Whether nothing of it has effects any more."""
        return self.fate.dead.is_set()


@dataclass(frozen=True)
class Answer:
    """What is read of an answer that came whole; `generation_id`: of the generation that it names, if it names one."""

    status: int
    charged: Charged
    generation_id: str


@dataclass(eq=False)
class Connection:
    """One request, and what a server does between its caller and the application."""

    caller: "CallerWithoutKey"
    process: Process
    headers: Sequence[tuple[bytes, bytes]]
    answer: Answer | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _start: Mapping[str, Any] = field(default_factory=dict)
    _body: bytes = b""

    @property
    def open(self) -> bool:
        """Whether the caller still waits; the connections of a process end with it."""
        return not self.ended.is_set() and not self.process.dead

    async def until_it_ends(self, patience: float) -> None:
        """Wait for the answer, and leave after so many seconds, or with the process."""
        ends = [asyncio.ensure_future(event.wait()) for event in (self.ended, self.process.fate.dead)]
        await asyncio.wait(ends, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        self.ended.set()

    async def receive(self) -> Mapping[str, str]:
        """Its body was read before: all that is left to come is its end."""
        await self.ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """A piece of the answer goes to the caller, if it still waits; the process may die before each."""
        await self.process.fate.point()
        if not self.open:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message["body"]
        if not message.get("more_body"):
            refusal = json.loads(self._body).get("error", {"charged": Charged.YES})
            location = dict(self._start["headers"]).get(b"location", b"").decode()
            self.answer = Answer(self._start["status"], Charged(refusal["charged"]), location.rpartition("/")[2])
            self.ended.set()

    async def taken(self) -> bool:
        """Whether the caller has taken the whole answer."""
        return self.answer is not None


@dataclass(eq=False)
class CallerWithoutKey:
    """Calls until it has an answer by which it may have paid; `counts` its tries, as OpenAI's own SDKs do."""

    name: str
    counts: bool
    body: Mapping[str, object]
    answers: list[Answer] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Most people try again for a while if nothing was charged."""
        return bool(self.answers) and (self.answers[-1].charged is not Charged.NO or len(self.answers) > 5)

    async def call(self, processes: Sequence[Process], chance: random.Random) -> None:
        """Call, and call again, each time at any of the processes that live then."""
        tries = 0
        while not self.answered:
            living = [process for process in processes if not process.dead]
            if living:
                counted = {b"x-stainless-retry-count": b"%d" % tries} if self.counts else {}
                connection = Connection(self, chance.choice(living), list((HEAD | counted).items()))
                tries += 1
                connection.process.serving.append(asyncio.ensure_future(connection.process.serve(connection)))
                await connection.until_it_ends(chance.choice((0.5, 3.0, 40.0)))
                self.answers += filter(None, [connection.answer])
            # Longer than it takes to write down that a call was cut, if nothing is in trouble.
            await asyncio.sleep(chance.choice((1.0, 1.5, 10.0)))


@dataclass(eq=False)
class _Tracked:
    """A call as the ledger holds it.

    `cut` is written down. `gone`: it is forgotten, since it was answered, or given to its repetition. `missed`: it
    counts as unheard.
    """

    call: Call
    key: str
    connection: Connection
    cut: bool = False
    gone: bool = False
    missed: bool = False

    @property
    def ended(self) -> bool:
        """Whether the ledger knows that its caller has gone."""
        return self.cut or self.connection.process.counts_as_dead


@dataclass
class CallBook:
    """Every call that the ledger has heard of.

    `broken` are the promises that did not hold. `failing` are connections whose calls were cut while they were open:
    the application failed, and what they will be answered is that nothing is known. `unheard` counts, for each prompt,
    the calls of which the ledger heard too late: that its caller had gone was not written down yet when the repetition
    came.
    """

    broken: list[str] = field(default_factory=list)
    failing: list[Connection] = field(default_factory=list)
    unheard: Counter[str] = field(default_factory=Counter)
    _calls: dict[str, _Tracked] = field(default_factory=dict)

    def written(self, call: Call, found: Call) -> None:
        """The ledger has just written down how a call stands, and found its order under that key."""
        tracked = self._calls.get(call.id)
        if tracked is None and call.state is CallState.BEGUN:
            self._begun(_Tracked(call, found.key.value, AT.get()))
        elif tracked and call.state is CallState.CUT:
            tracked.cut = True
            if tracked.connection.answer:
                self.broken.append("a call whose answer was taken is not cut")
            if tracked.connection.open:
                self.failing.append(tracked.connection)
        elif tracked and call.state is CallState.ANSWERED:
            tracked.gone = True

    def _begun(self, new: _Tracked) -> None:
        if new.key == new.call.key.value:
            self._ordered(new)
        else:
            self._joined(new)
        if not new.connection.open:
            self._miss(new)
        self._calls[new.call.id] = new

    def _ordered(self, new: _Tracked) -> None:
        """It is an order of its own: no call was there that it could have repeated."""
        if not new.call.repeats:
            return
        if any(one.ended for one in self._alike(new)):
            self.broken.append("a call that was cut is given to its repetition")
        for one in self._alike(new):
            # Of any caller that asks for the same: its repetition may have been given the call of this one.
            if not one.connection.open and not one.ended:
                self._miss(one)

    def _joined(self, new: _Tracked) -> None:
        """It repeats another call: one that was cut, and that no other call repeats."""
        repeated = [one for one in self._alike(new) if one.key == new.key]
        if not new.call.repeats or len(repeated) != 1:
            self.broken.append("a call is joined at most once, by one that may repeat it, and not if it was answered")
            return
        if not repeated[0].ended:
            self.broken.append("a call is not joined while its caller is connected")
        repeated[0].gone = True

    def _alike(self, new: _Tracked) -> Iterator[_Tracked]:
        """The calls that ask for the same, and that the ledger still holds."""
        return (one for one in self._calls.values() if one.call.body == new.call.body and not one.gone)

    def _miss(self, call: _Tracked) -> None:
        if not call.missed:
            call.missed = True
            self.unheard[call.connection.caller.name] += 1
