"""Callers of the API for OpenAI's clients that send no key, and a book with the state of each of their calls.

Such a caller repeats its call when the connection ends without an answer. The book knows both sides of a call: whether
its caller is connected, and what the ledger has recorded.
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
    """A process as callers and the ledger see it.

    `serve` answers a request. `counts_as_dead`: the ledger takes it for dead, whether it is dead or only cut off.
    """

    fate: Fate
    serve: Callable[["Connection"], Awaitable[None]]
    counts_as_dead: bool = False
    serving: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        """Whether it has no effects any more."""
        return self.fate.dead.is_set()


@dataclass(frozen=True)
class Answer:
    """What was read from a complete answer; `generation_id` is empty if it names no generation."""

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
        """Wait for the answer, but leave after `patience` seconds or when the process dies."""
        ends = [asyncio.ensure_future(event.wait()) for event in (self.ended, self.process.fate.dead)]
        await asyncio.wait(ends, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        self.ended.set()

    async def receive(self) -> Mapping[str, str]:
        """Wait for the end: the body of the request was read before."""
        await self.ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a piece of the answer to the caller, if it still waits; the process may die before each piece."""
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
        """Whether the caller has received the whole answer."""
        return self.answer is not None


@dataclass(eq=False)
class CallerWithoutKey:
    """Calls until it has an answer for which it may have paid; `counts`: it counts its tries, as OpenAI's SDKs do."""

    name: str
    counts: bool
    body: Mapping[str, object]
    answers: list[Answer] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether it stops calling; most callers try again for a while if nothing was charged."""
        return bool(self.answers) and (self.answers[-1].charged is not Charged.NO or len(self.answers) > 5)

    async def call(self, processes: Sequence[Process], chance: random.Random) -> None:
        """Call, and repeat the call, each time at a random living process."""
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
            # Without trouble, this is longer than it takes to record that a call was cut.
            await asyncio.sleep(chance.choice((1.0, 1.5, 10.0)))


@dataclass(eq=False)
class _Tracked:
    """A call as the ledger holds it.

    `cut`: the ledger has recorded that it was cut off. `gone`: the ledger has forgotten it, because it was answered or
    given to its repetition. `missed`: it counts as unheard.
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
    """Every call that the ledger has recorded.

    `broken` lists the promises that did not hold. `failing` lists connections whose calls were cut while they were
    open: the application failed, and the answer will be that the outcome is unknown. `unheard` counts, for each prompt,
    the calls whose repetition came before the ledger had recorded that their caller was gone.
    """

    broken: list[str] = field(default_factory=list)
    failing: list[Connection] = field(default_factory=list)
    unheard: Counter[str] = field(default_factory=Counter)
    _calls: dict[str, _Tracked] = field(default_factory=dict)

    def written(self, call: Call, found: Call) -> None:
        """Note that the ledger has recorded the state of a call, and found its order under that key."""
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
        """Note a call that is a new order: there was no call that it could have repeated."""
        if not new.call.repeats:
            return
        if any(one.ended for one in self._alike(new)):
            self.broken.append("a call that was cut is given to its repetition")
        for one in self._alike(new):
            # It may be another caller's: the repetition of that caller may have been given the call of this one.
            if not one.connection.open and not one.ended:
                self._miss(one)

    def _joined(self, new: _Tracked) -> None:
        """Note a call that repeats another one, which was cut and which no other call repeats."""
        repeated = [one for one in self._alike(new) if one.key == new.key]
        if not new.call.repeats or len(repeated) != 1:
            self.broken.append("a call is joined at most once, by one that may repeat it, and not if it was answered")
            return
        if not repeated[0].ended:
            self.broken.append("a call is not joined while its caller is connected")
        repeated[0].gone = True

    def _alike(self, new: _Tracked) -> Iterator[_Tracked]:
        """The calls with the same request that the ledger still holds."""
        return (one for one in self._calls.values() if one.call.body == new.call.body and not one.gone)

    def _miss(self, call: _Tracked) -> None:
        if not call.missed:
            call.missed = True
            self.unheard[call.connection.caller.name] += 1
