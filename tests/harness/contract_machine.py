"""The idempotency contract as a state machine: a model predicts each answer, and hypothesis searches for deviations.

Two processes share one ledger. Orders, repetitions and deletions go to either of them; the provider and the storage do
what the rules say; either process is killed at any time, and either recovers the work that is left.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from conformance.ledger_contract import Workplace
from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    GenerationRunning,
    GeneratorRefused,
    GeneratorUnavailable,
    Gone,
    IdempotencyKeyReused,
    NotFound,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.order import Order, read_order
from darkroom.domain.model.values import IdempotencyKey
from harness.in_process import BY_KEY, ONCE, WIDTH, Life, ProviderAtWork, Reply, World, pictures

T = TypeVar("T")
E = TypeVar("E", bound=DarkroomError)

LONGEST_WAIT: Final = 20.0
"""Seconds after which an expected change counts as missing."""

REPLIES: Final[Mapping[str, Reply]] = {
    "images": Reply(charged=True),
    "links": Reply(charged=True, linked=True),
    "one image of two": Reply(charged=True, only_first=True),
    "garbage": Reply(charged=True, error=UnusableImage("garbage")),
    "cut off before the charge": Reply(charged=False, error=OutcomeUnknown("cut off")),
    "cut off after the charge": Reply(charged=True, error=OutcomeUnknown("cut off")),
    "withheld": Reply(charged=True, error=PromptRejected("withheld", charged=Charged.YES)),
    "rejected": Reply(charged=False, error=PromptRejected("rejected")),
    "refused": Reply(charged=False, error=GeneratorRefused("refused")),
    "no room": Reply(charged=False, error=GeneratorUnavailable("no room")),
}

ENDS: Final = {Charged.NO: State.REFUSED, Charged.UNKNOWN: State.UNKNOWN, Charged.YES: State.UNUSABLE}

CARDS: Final = {card.version.value: card for card in ProviderAtWork(World().provider).cards}


ORDERS: Final = [
    read_order({"version": version, "prompt": prompt, "width": 16, "height": 16, "samples": 2}, CARDS)
    for version, prompt in ((ONCE, "a lighthouse"), (ONCE, "a harbour"), (BY_KEY, "a lighthouse"))
]
KEYS: Final = ("k1", "k2", "k3")
CALLERS: Final = ("ada", "bob")


@dataclass
class Entry:
    """The model's knowledge of one generation.

    Attributes:
        at: The process that works on it.
        linked: Whether it has a receipt with links to its images.
        first_spooled: Whether the first image is in the spool, and the second one is still to be fetched.
        images: How many of its images are drawn, counted from the first.
        asked_before: Whether an earlier call under its key may have been charged.
        storing_late: Whether callers may be answered before its images are stored, because the storage is away.
        left: Whether its images are still in the storage although it is erased.
        waiters: The tasks that wait for its end, each with its process.
    """

    order: Order
    generation: Generation
    at: int
    state: State = State.RECEIVED
    charged: Charged = Charged.NO
    linked: bool = False
    first_spooled: bool = False
    images: int = 0
    asked_before: bool = False
    storing_late: bool = False
    erased: bool = False
    left: bool = False
    waiters: list[tuple[int, asyncio.Task[Generation]]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.generation.id

    @property
    def key(self) -> tuple[str, str]:
        assert self.generation.key
        return self.generation.caller, self.generation.key.value

    @property
    def drawing(self) -> bool:
        return self.state in (State.RECEIVED, State.SUBMITTED)

    @property
    def spooled(self) -> int:
        """The number of its images that wait in the spool."""
        return self.images if self.state is State.DRAWN else int(self.drawing and self.first_spooled)


class IdempotencyContract(RuleBasedStateMachine):
    """The machine; `open_workplace` opens a ledger that may contain finished generations only."""

    def __init__(self, open_workplace: Callable[[], Workplace]) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._workplace = open_workplace()
        self._world = World()
        self._provider, self._storage = self._world.provider, self._world.storage
        self._lives = [self._born() for _ in range(2)]
        self._entries: list[Entry] = []
        self._kept: dict[tuple[str, str], Entry] = {}
        self._series = uuid7()  # distinguishes subjects from those of earlier tests with the same ledger

    # -- what clients do

    @rule(
        process=st.integers(0, 1),
        caller=st.sampled_from(CALLERS),
        key=st.sampled_from(KEYS),
        order=st.sampled_from(ORDERS),
        promise=st.booleans(),
    )
    def place(self, process: int, caller: str, key: str, order: Order, *, promise: bool) -> None:
        """Place an order, or repeat one; without `promise` a task waits for the outcome."""
        life, subject = self._lives[process], self._subject(caller)
        accepting = life.accept(order, Caller(subject), IdempotencyKey(key), promise=promise)
        entry = self._kept.get((subject, key))
        if entry and entry.order != order:
            self._refused(IdempotencyKeyReused, accepting)
            return
        if entry and entry.erased:
            assert self._refused(Gone, accepting).charged is entry.charged
            return
        accepted = self._run(accepting)
        assert accepted.replay is (entry is not None)
        if entry is None:
            entry = self._kept[subject, key] = Entry(order, accepted.generation, at=process)
            self._entries.append(entry)
        assert accepted.generation.id == entry.id
        assert accepted.generation.request == entry.generation.request
        if not promise:
            waiter = self._runner.get_loop().create_task(life.outcome(accepted.generation))
            entry.waiters.append((process, waiter))
        self._rest()

    @precondition(lambda self: self._entries)
    @rule(data=st.data(), process=st.integers(0, 1), caller=st.sampled_from(CALLERS))
    def look(self, data: st.DataObject, process: int, caller: str) -> None:
        entry, subject = self._one_of(data, self._entries), self._subject(caller)
        looking = self._lives[process].keep.one(entry.id, subject)
        if entry.generation.caller != subject:
            self._refused(NotFound, looking)
        elif entry.erased:
            assert self._refused(Gone, looking).charged is entry.charged
        else:
            assert self._run(looking).state is entry.state

    @precondition(lambda self: self._entries)
    @rule(data=st.data(), process=st.integers(0, 1), caller=st.sampled_from(CALLERS))
    def delete(self, data: st.DataObject, process: int, caller: str) -> None:
        entry, subject = self._one_of(data, self._entries), self._subject(caller)
        deleting = self._lives[process].keep.delete(entry.id, subject)
        if entry.generation.caller != subject:
            self._refused(NotFound, deleting)
        elif entry.erased:
            self._refused(Gone, deleting)
        elif entry.state in (State.SUBMITTED, State.DRAWN):
            self._refused(GenerationRunning, deleting)
        else:
            self._run(deleting)
            if entry.state is State.RECEIVED:
                self._end(entry, State.CANCELLED, Charged.NO)
            else:
                entry.erased, entry.left = True, self._storage.away and entry.images > 0
            self._rest()

    # -- what the provider, the storage and crashes do

    @precondition(lambda self: self._provider.waiting)
    @rule(data=st.data(), name=st.sampled_from(["images", "links", "links", *sorted(REPLIES)]))
    def reply(self, data: st.DataObject, name: str) -> None:
        """Let the provider reply to one of the calls that it holds."""
        held = [entry for entry in self._entries if entry.id in self._provider.waiting]
        self._reply(self._one_of(data, held), REPLIES[name])

    @rule(here=st.sampled_from(("away", "here", "here, with all links expired")))
    def turn_image_host(self, here: str) -> None:
        self._provider.expired = "expired" in here
        (self._provider.here.clear if here == "away" else self._provider.here.set)()
        self._rest()

    @rule(away=st.booleans())
    def turn_storage(self, *, away: bool) -> None:
        self._storage.away = away
        for entry in self._entries:
            if entry.state is State.DRAWN:
                self._store(entry)
        self._rest()

    @rule(victim=st.integers(0, 1), heir=st.integers(0, 1), charged=st.booleans())
    def crash(self, victim: int, heir: int, *, charged: bool) -> None:
        """Kill a process, whose calls may have been charged, and start it again; `heir` recovers its work."""
        self._run(self._die(victim))
        left = [entry for entry in self._entries if entry.at == victim and not entry.state.final]
        for entry in left:
            self._interrupt(entry, heir, charged=charged)
        self._lives[victim] = self._born()
        self._run(self._take_up(heir, len(left)))
        self._rest()

    @rule(process=st.integers(0, 1))
    def sweep(self, process: int) -> None:
        self._run(self._lives[process].keep.sweep(images=None, prompts=None))
        for entry in self._entries:
            entry.left = entry.left and self._storage.away

    # -- what must hold between two rules

    @invariant()
    def keys_stand_for_the_right_generations(self) -> None:
        for caller, key in itertools.product(CALLERS, KEYS):
            stands_for = self._run(self._lives[0].ledger.find_by_key(self._subject(caller), IdempotencyKey(key)))
            entry = self._kept.get((self._subject(caller), key))
            assert (stands_for and stands_for.id) == (entry and entry.id)

    @invariant()
    def recorded_charges_are_true(self) -> None:
        for entry in self._entries:
            charges = self._provider.charges[entry.id]
            assert charges <= 1
            assert entry.charged is Charged.UNKNOWN or charges == (entry.charged is Charged.YES)

    @invariant()
    def stored_images_are_those_that_were_drawn(self) -> None:
        for entry in self._entries:
            known = self._run(self._lives[0].ledger.find(entry.id))
            assert known
            assert known.charged is entry.charged
            if not entry.erased:
                drawn = pictures(entry.generation.request)[: entry.images if entry.state.final else 0]
                assert [image.index for image in known.images] == [image.index for image in drawn]
                assert [self._storage.kept[image.key][0] for image in known.images] == [image.data for image in drawn]
        stored = sum(entry.images for entry in self._entries if entry.state.final and (not entry.erased or entry.left))
        assert len(self._storage.kept) == stored

    def teardown(self) -> None:
        """Let all generations end, and check that nothing is left over."""
        try:
            self.turn_storage(away=False)
            self.turn_image_host("here")
            while held := [entry for entry in self._entries if entry.id in self._provider.waiting]:
                self._reply(held[0], REPLIES["images"])
            assert all(entry.state.final for entry in self._entries)
            self._run(self._end_both())
        finally:
            self._runner.close()

    # -- the model

    def _reply(self, entry: Entry, reply: Reply) -> None:
        charged_before = self._provider.charges[entry.id] > 0
        self._provider.reply(entry.id, replace(reply, charged=reply.charged and not charged_before))
        if reply.error is None:
            entry.charged, entry.linked = Charged.YES, reply.linked
            if not reply.linked:
                self._draw(entry, 1 if reply.only_first else 2)
        elif entry.asked_before and reply.error.charged is Charged.NO:
            # This call cost nothing, but an earlier one may have been charged.
            self._end(entry, State.UNKNOWN, Charged.UNKNOWN)
        else:
            self._end(entry, ENDS[reply.error.charged], reply.error.charged)
        self._rest()

    def _collect(self, entry: Entry) -> None:
        """Model the collection of an order's images: every image that can be fetched is collected."""
        came = int(entry.first_spooled) if self._provider.expired else 2
        if came:
            self._draw(entry, came)
        else:
            self._end(entry, State.UNUSABLE, Charged.YES)

    def _draw(self, entry: Entry, images: int) -> None:
        entry.state, entry.images = State.DRAWN, images
        self._store(entry)

    def _store(self, entry: Entry) -> None:
        if self._storage.away:
            entry.storing_late = True
        else:
            self._end(entry, State.STORED if entry.images == 2 else State.UNUSABLE, Charged.YES)

    def _interrupt(self, entry: Entry, heir: int, *, charged: bool) -> None:
        entry.at = heir
        if entry.state is State.RECEIVED and not entry.generation.promised:
            self._end(entry, State.REFUSED, Charged.NO)
        elif entry.state is State.SUBMITTED and not entry.linked:
            self._provider.charges[entry.id] |= charged
            entry.asked_before = True
            if entry.generation.request.version.value == ONCE:
                self._end(entry, State.UNKNOWN, Charged.UNKNOWN)
        elif entry.state is State.DRAWN:
            self._store(entry)

    def _end(self, entry: Entry, state: State, charged: Charged) -> None:
        entry.state, entry.charged = state, charged
        if charged is Charged.NO:
            del self._kept[entry.key]

    # -- helpers

    def _rest(self) -> None:
        """Wait until the service is idle in the state that the model predicts.

        Raises:
            AssertionError: it is not within `LONGEST_WAIT` seconds.
        """

        unlike = ""

        async def rest() -> None:
            nonlocal unlike
            async with asyncio.timeout(LONGEST_WAIT):
                while unlike := await self._unlike():  # noqa: ASYNC110  # the ledger does not announce changes
                    await asyncio.sleep(0.001)
                await self._hear()

        try:
            self._run(rest())
        except TimeoutError:
            raise AssertionError(unlike or "the callers were not answered") from None

    async def _unlike(self) -> str:
        """Return a description of the first difference from the model; empty if there is none."""
        for entry in self._entries:
            known = await self._lives[1 - entry.at].ledger.find(entry.id)
            assert known
            if entry.state is State.RECEIVED and entry.id in self._provider.waiting:
                entry.state, entry.charged = State.SUBMITTED, Charged.UNKNOWN
            elif entry.state is State.SUBMITTED and entry.linked:
                entry.first_spooled = entry.first_spooled or entry.id in self._provider.fetching
                if known.state is not State.SUBMITTED:
                    self._collect(entry)
            # The receipt is recorded while images are fetched: until then, the charge is unknown.
            charged = known.charged is entry.charged
            if known.state is not entry.state or bool(known.erased_at) is not entry.erased or not charged:
                return f"{entry} is {known}"
        for process in range(2):
            at_it = [entry.id for entry in self._entries if entry.drawing and entry.at == process]
            inside = [id_ for id_ in at_it if id_ in self._provider.waiting or id_ in self._provider.fetching]
            if len(inside) != min(WIDTH, len(at_it)):
                return f"{inside} of {at_it} are at work"
        waiting = {(entry.id, index) for entry in self._entries for index in range(entry.spooled)}
        return "" if waiting == self._world.spool.kept.keys() else f"{self._world.spool.kept.keys()} wait"

    async def _hear(self) -> None:
        """Check the answers to callers whose generations are drawn or have ended."""
        for entry in self._entries:
            if entry.drawing or entry.state is State.CANCELLED:
                continue
            for _, waiter in entry.waiters:
                answer = await waiter
                assert answer.state is entry.state or (answer.state is State.DRAWN and entry.storing_late)
                assert answer.id == entry.id
            entry.waiters.clear()

    def _born(self) -> Life:
        return Life(self._world, self._run(self._workplace.hire()))

    async def _die(self, process: int) -> None:
        life = self._lives[process]
        tasks: list[asyncio.Task[Any]] = [*life.tasks]
        for entry in self._entries:
            tasks += (waiter for at, waiter in entry.waiters if at == process)
            entry.waiters = [(at, waiter) for at, waiter in entry.waiters if at != process]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._workplace.kill(life.ledger)

    async def _take_up(self, heir: int, left: int) -> None:
        async with asyncio.timeout(LONGEST_WAIT):
            while left > 0:
                left -= await self._lives[heir].recover()

    async def _end_both(self) -> None:
        for life in self._lives:
            await life.work.drain()
            await self._workplace.kill(life.ledger)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _refused(self, kind: type[E], work: Coroutine[Any, Any, object]) -> E:
        with pytest.raises(kind) as refusal:
            self._run(work)
        return refusal.value

    def _one_of(self, data: st.DataObject, entries: Sequence[Entry]) -> Entry:
        return entries[data.draw(st.integers(0, len(entries) - 1))]

    def _subject(self, caller: str) -> str:
        return f"{caller} of {self._series}"
