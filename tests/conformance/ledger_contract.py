"""What every generation ledger MUST do, as tests.

A subclass of `LedgerContract` names the adapter by the fixture `workplace`: an empty ledger, and workers that use it.
"""

from __future__ import annotations

import asyncio
import random
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings

from conformance.generations import IMAGE, NOON, drawn, image_of, received, stored
from conformance.histories import histories
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import (
    Charged,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    QuotaExceeded,
    SpendLimit,
    Superseded,
    UnusableImage,
)
from darkroom.domain.model.generation import Fallback, Generation, State
from darkroom.domain.model.history import HistoryPage, Search, SearchText
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Caller, Limits, Usage
from darkroom.domain.model.money import Money
from darkroom.domain.model.policy import Policy
from darkroom.domain.model.values import IdempotencyKey, ModelVersion
from darkroom.domain.ports import Call, CallState, GenerationLedger
from darkroom.domain.use_cases.lost_spools import LostSpools

T = TypeVar("T")
UNLIMITED = Limits()
DAY = timedelta(hours=24)
LATER = NOON + timedelta(hours=1)


class Workplace(Protocol):
    """One ledger, and workers that use it."""

    async def hire(self) -> GenerationLedger:
        """Return another worker at the same ledger."""

    async def kill(self, worker: GenerationLedger) -> None:
        """Let a worker die, at any point of its work."""

    async def wait_a_minute(self) -> None:
        """Let a minute pass on the clock that `reserve` reads."""


async def eventually(look: Callable[[], Awaitable[T]]) -> T:
    """Call `look` until it returns something, and return that."""
    async with asyncio.timeout(30):
        while True:
            if seen := await look():
                return seen
            await asyncio.sleep(0.05)


async def written(ledger: GenerationLedger, *revisions: Generation) -> Generation:
    """Receive the first revision, record the others in order, and return the last."""
    await ledger.receive(revisions[0], UNLIMITED)
    for revision in revisions[1:]:
        await ledger.record(revision)
    return revisions[-1]


async def abandoned(ledger: GenerationLedger, limit: int = 100) -> Sequence[Generation]:
    """The generations of dead workers that this worker takes, once there are any."""
    return await eventually(lambda: ledger.take_abandoned(limit, at_work=()))


def begun(caller: str = "ada", body: str = "a fox", *, repeats: bool = True) -> Call:
    """A call that begins, with its own key."""
    id_ = uuid7()
    return Call(id=id_, caller=caller, body=body, key=IdempotencyKey(f"call {id_}"), repeats=repeats)


async def cut(ledger: GenerationLedger, call: Call) -> None:
    await ledger.track(replace(call, state=CallState.CUT), DAY)


def refused(generation: Generation) -> Generation:
    return generation.failed(PromptRejected("no", charged=Charged.NO), LATER)


def unknown_end(order: Generation) -> Generation:
    return order.submitted().failed(OutcomeUnknown("cut off"), LATER)


class LedgerContract:
    @pytest.fixture
    async def ledger(self, workplace: Workplace) -> GenerationLedger:
        return await workplace.hire()

    # -- recording

    # One ledger serves all examples, and this test runs against several adapters on purpose.
    @settings(
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(history=histories())
    async def test_every_revision_of_any_generation_is_found_unchanged(
        self, ledger: GenerationLedger, history: list[Generation]
    ) -> None:
        assert await ledger.receive(history[0], UNLIMITED) == history[0]
        assert await ledger.find(history[0].id) == history[0]

        for revision in history[1:]:
            await ledger.record(revision)
            assert await ledger.find(revision.id) == revision

    async def test_every_revision_is_found_by_later_workers(self, workplace: Workplace) -> None:
        order = received(key="k", cost="0.02 USD", samples=2)
        whole = stored(order)[-1]
        worker = await workplace.hire()
        await worker.receive(order, UNLIMITED)

        for revision in [*stored(order), whole.erased(LATER), whole.erased(LATER).emptied()]:
            await worker.record(revision)
            assert await (await workplace.hire()).find(order.id) == revision

    @pytest.mark.parametrize(
        "generation_id", ["01a204ec-a14d-7c27-ada9-1830ac502ff7", "", "none", "nul\0", "사진", "'; --"]
    )
    async def test_an_unknown_generation_is_not_found(self, ledger: GenerationLedger, generation_id: str) -> None:
        await ledger.receive(received(), UNLIMITED)

        assert await ledger.find(generation_id) is None

    async def test_recording_a_revision_again_succeeds(self, ledger: GenerationLedger) -> None:
        generation = received()
        await ledger.receive(generation, UNLIMITED)

        for revision in stored(generation):
            await ledger.record(revision)
            await ledger.record(revision)

        assert await ledger.find(generation.id) == stored(generation)[-1]

    async def test_a_revision_replaces_only_its_predecessor(self, ledger: GenerationLedger) -> None:
        order = received()
        submitted, receipted, whole = drawn(order)
        await written(ledger, order, submitted)

        for wrong in (order, whole, received().submitted()):
            with pytest.raises(Superseded):
                await ledger.record(wrong)
        assert await ledger.find(order.id) == submitted

        await ledger.record(receipted)
        with pytest.raises(Superseded):
            await ledger.record(submitted)

    async def test_only_an_identical_revision_counts_as_a_repetition(self, ledger: GenerationLedger) -> None:
        """Otherwise a worker would still draw a generation that its caller has just cancelled."""
        generation = received()
        await ledger.receive(generation, UNLIMITED)
        await ledger.record(generation.cancelled(LATER))

        with pytest.raises(Superseded):
            await ledger.record(generation.submitted())

        assert await ledger.find(generation.id) == generation.cancelled(LATER)

    async def test_another_workers_revision_does_not_count_as_a_repetition(self, workplace: Workplace) -> None:
        generation, owner, visitor = received(), await workplace.hire(), await workplace.hire()
        await owner.receive(generation, UNLIMITED)
        await visitor.record(generation.cancelled(LATER))

        with pytest.raises(Superseded):
            await owner.record(generation.submitted())

        assert await owner.find(generation.id) == generation.cancelled(LATER)

    @pytest.mark.parametrize("seconds_apart", [0, 1])
    async def test_of_many_workers_that_record_one_revision_one_succeeds(
        self, workplace: Workplace, seconds_apart: int
    ) -> None:
        workers = [await workplace.hire() for _ in range(3)]
        generation = received()
        await workers[0].receive(generation, UNLIMITED)
        ends = [generation.cancelled(NOON + timedelta(seconds=number * seconds_apart)) for number in range(3)]

        outcomes = await asyncio.gather(
            *(worker.record(end) for worker, end in zip(workers, ends, strict=True)), return_exceptions=True
        )

        assert [type(outcome) for outcome in outcomes if outcome] == [Superseded, Superseded]
        assert await workers[0].find(generation.id) == ends[outcomes.index(None)]

    # -- keys

    async def test_of_many_orders_with_one_key_the_first_is_recorded_and_all_get_it(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(2)]
        orders = [received(key="once") for _ in range(100)]

        got = await asyncio.gather(
            *(workers[number % 2].receive(order, UNLIMITED) for number, order in enumerate(orders))
        )

        assert len({generation.id for generation in got}) == 1
        assert await workers[0].page("ada", limit=100) == [got[0]]

    async def test_a_key_stands_for_the_current_revision_of_its_generation(self, ledger: GenerationLedger) -> None:
        first = received(key="k")
        whole = await written(ledger, first, *stored(first))

        assert await ledger.find_by_key("ada", IdempotencyKey("k")) == whole
        assert await ledger.receive(received(key="k"), UNLIMITED) == whole

        erased = whole.erased(LATER)
        await ledger.record(erased)
        assert await ledger.receive(received(key="k"), UNLIMITED) == erased

    @pytest.mark.parametrize("end", [refused, lambda generation: generation.cancelled(LATER)])
    async def test_a_key_is_free_again_if_nothing_was_spent(
        self, ledger: GenerationLedger, end: Callable[[Generation], Generation]
    ) -> None:
        first, second = received(key="k"), received(key="k")
        await written(ledger, first, end(first))

        assert await ledger.find_by_key("ada", IdempotencyKey("k")) is None
        assert await ledger.receive(second, UNLIMITED) == second

    @pytest.mark.parametrize("failure", [OutcomeUnknown("cut"), UnusableImage("garbage")])
    async def test_a_key_is_kept_if_something_may_have_been_spent(
        self, ledger: GenerationLedger, failure: OutcomeUnknown | UnusableImage
    ) -> None:
        first = received(key="k")
        submitted = first.submitted()
        failed = await written(ledger, first, submitted, submitted.failed(failure, LATER))

        assert await ledger.receive(received(key="k"), UNLIMITED) == failed

    async def test_a_key_belongs_to_one_caller(self, ledger: GenerationLedger) -> None:
        await ledger.receive(received(caller="ada", key="k"), UNLIMITED)
        babbages = received(caller="babbage", key="k")

        assert await ledger.find_by_key("babbage", IdempotencyKey("k")) is None
        assert await ledger.receive(babbages, UNLIMITED) == babbages

    async def test_without_a_key_every_order_is_a_new_generation(self, ledger: GenerationLedger) -> None:
        orders = [received() for _ in range(3)]

        assert [await ledger.receive(order, UNLIMITED) for order in orders] == orders

    async def test_receiving_an_order_again_returns_the_recorded_one(self, ledger: GenerationLedger) -> None:
        order = received(samples=2)

        for _ in range(2):
            assert await ledger.receive(order, Limits(images_per_day=2)) == order
        assert await ledger.page("ada", limit=10) == [order]

    # -- calls without a key

    async def test_a_call_has_its_own_key_unless_it_repeats_one_that_was_cut_off(
        self, ledger: GenerationLedger
    ) -> None:
        first, again, third = begun(), begun(), begun()
        assert await ledger.track(first, DAY) == first
        assert await ledger.track(again, DAY) == again  # the first is still connected
        await cut(ledger, first)

        for _ in range(2):  # tracking a call twice changes nothing
            assert (await ledger.track(third, DAY)).key == first.key
        assert (await ledger.track(other := begun(), DAY)).key == other.key  # the third call has taken the first key
        await cut(ledger, third)
        assert (await ledger.track(begun(), DAY)).key == first.key

    async def test_an_answered_or_different_call_is_not_repeated(self, ledger: GenerationLedger) -> None:
        answered = await ledger.track(begun(), DAY)
        for _ in range(2):
            await ledger.track(replace(answered, state=CallState.ANSWERED), DAY)
        await cut(ledger, answered)
        await cut(ledger, await ledger.track(begun(), DAY))

        for new in (begun(repeats=False), begun(caller="eve"), begun(body="a hare")):
            assert (await ledger.track(new, DAY)).key == new.key
        assert (await ledger.track(new := begun(), timedelta(0))).key == new.key

    async def test_a_call_of_a_dead_worker_counts_as_cut_off(self, workplace: Workplace) -> None:
        dying, living = await workplace.hire(), await workplace.hire()
        orphan = await dying.track(begun(), DAY)
        assert (await living.track(new := begun(body="a fox"), DAY)).key == new.key
        await workplace.kill(dying)

        assert (await living.track(begun(), DAY)).key == orphan.key

    @pytest.mark.parametrize("hired_since", [False, True])
    async def test_all_calls_of_a_dead_worker_are_cut_off_for_every_other_worker(
        self, workplace: Workplace, *, hired_since: bool
    ) -> None:
        dying, first, second = [await workplace.hire() for _ in range(3)]
        lost = [await dying.track(begun(caller), DAY) for caller in ("ada", "eve")]
        await workplace.kill(dying)
        if hired_since:  # the new worker notices the dead one first
            await workplace.hire()

        joined = [await first.track(begun("ada"), DAY), await second.track(begun("eve"), DAY)]

        assert [call.key for call in joined] == [call.key for call in lost]

    async def test_each_call_that_was_cut_off_is_joined_by_one_other(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(4)]
        lost = [await workers[number % 4].track(begun(repeats=False), DAY) for number in range(6)]
        await asyncio.gather(*(cut(workers[number % 3], call) for number, call in enumerate(lost)))

        found = await asyncio.gather(*(workers[number % 4].track(begun(), DAY) for number in range(20)))
        keys = [call.key for call in found]
        assert len({*keys}) == 20
        assert {call.key for call in lost} <= {*keys}

    # -- limits

    async def test_a_caller_orders_at_most_its_limit_of_images(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(5)]
        limits = Limits(images_per_day=20)

        outcomes = await asyncio.gather(
            *(workers[number % 5].receive(received(samples=2), limits) for number in range(50)), return_exceptions=True
        )

        assert sum(isinstance(outcome, Generation) for outcome in outcomes) == 10
        assert sum(isinstance(outcome, QuotaExceeded) for outcome in outcomes) == 40
        assert len(await workers[0].page("ada", limit=100)) == 10

    async def test_each_caller_spends_at_most_its_limit(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(5)]
        budgets = {
            "ada": Limits(spend_per_day_per_caller=Money.parse("0.1 USD")),
            "babbage": Limits(spend_per_day_per_caller=Money.parse("0.25 USD")),
        }

        async def order(number: int) -> tuple[str, Generation]:
            caller = ("ada", "babbage")[number % 2]
            ordered = received(caller=caller, cost="0.03 USD")
            return caller, await workers[number % 5].receive(ordered, budgets[caller])

        outcomes = await asyncio.gather(*(order(number) for number in range(60)), return_exceptions=True)

        assert Counter(outcome[0] for outcome in outcomes if isinstance(outcome, tuple)) == {"ada": 3, "babbage": 8}
        assert sum(isinstance(outcome, QuotaExceeded) for outcome in outcomes) == 49

    async def test_a_callers_spend_is_counted_in_its_currency_and_beside_the_services(
        self, ledger: GenerationLedger
    ) -> None:
        own = Limits(spend_per_day=Money.parse("10 USD"), spend_per_day_per_caller=Money.parse("1 USD"))
        await ledger.receive(received(cost="5 EUR"), UNLIMITED)
        await ledger.receive(
            received(caller="babbage", cost="8 USD"), own.of(Caller("babbage", None, Money.parse("9 USD")))
        )
        await ledger.receive(received(cost="0.6 USD"), own)

        with pytest.raises(QuotaExceeded, match=r"^0.5 USD more would pass your limit of 1 USD in 24 hours$"):
            await ledger.receive(received(cost="0.5 USD"), own)
        with pytest.raises(QuotaExceeded, match=r"^this order alone costs 1.5 USD, more than your limit of 1 USD"):
            await ledger.receive(received(cost="1.5 USD"), own)
        await ledger.receive(received(cost="0.4 USD"), own)
        with pytest.raises(SpendLimit):
            await ledger.receive(
                received(caller="noether", cost="1.1 USD"), own.of(Caller("noether", None, Money.parse("9 USD")))
            )

    async def test_the_service_spends_at_most_its_limit(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(5)]
        limits = Limits(spend_per_day=Money.parse("0.1 USD"))

        outcomes = await asyncio.gather(
            *(
                workers[number % 5].receive(received(caller=f"caller-{number}", cost="0.03 USD"), limits)
                for number in range(50)
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Generation) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, SpendLimit) for outcome in outcomes) == 47

    async def test_the_dearest_possible_model_counts_until_the_order_is_drawn(self, ledger: GenerationLedger) -> None:
        limits = Limits(spend_per_day=Money.parse("1 USD"))
        dear = Fallback(ModelVersion("dear"), "another", (), Money.parse("0.9 USD"))
        cheap, other = replace(received(cost="0.1 USD"), fallbacks=(dear,)), received(cost="0.2 USD")
        await ledger.receive(cheap, limits)
        await ledger.record(submitted := cheap.submitted())

        with pytest.raises(SpendLimit):
            await ledger.receive(other, limits)

        await ledger.record(whole := submitted.drawn([image_of(cheap)]))
        await ledger.record(whole.stored(whole.waiting, LATER))
        assert await ledger.receive(other, limits) == other

    async def test_a_limit_counts_only_its_own_caller_and_currency(self, ledger: GenerationLedger) -> None:
        images, spend = Limits(images_per_day=2), Limits(spend_per_day=Money.parse("1 USD"))
        await ledger.receive(received(caller="lovelace", cost="5 EUR"), UNLIMITED)
        await ledger.receive(received(samples=2, cost="1 USD"), spend)

        for order in (received(caller="babbage", samples=2), received(caller="noether", samples=2)):
            await ledger.receive(order, images)
        for order in (received(cost="5 EUR"), received()):
            await ledger.receive(order, spend)
        with pytest.raises(QuotaExceeded):
            await ledger.receive(received(), images)
        with pytest.raises(SpendLimit):
            await ledger.receive(received(cost="0.000001 USD"), spend)

    async def test_a_repeated_order_is_not_limited(self, ledger: GenerationLedger) -> None:
        limits = Limits(images_per_day=1, spend_per_day=Money.parse("1 USD"))
        first = await ledger.receive(received(key="k", cost="1 USD"), limits)

        assert await ledger.receive(received(key="k", cost="1 USD"), limits) == first

    @pytest.mark.parametrize("end", [refused, lambda generation: generation.cancelled(LATER)])
    async def test_an_order_that_cost_nothing_is_no_longer_counted(
        self, ledger: GenerationLedger, end: Callable[[Generation], Generation]
    ) -> None:
        limits = Limits(images_per_day=1, spend_per_day=Money.parse("1 USD"))
        first, second = received(cost="1 USD"), received(cost="1 USD")
        await ledger.receive(first, limits)
        await ledger.record(end(first))

        assert await ledger.receive(second, limits) == second

    async def test_a_deleted_generation_still_counts(self, ledger: GenerationLedger) -> None:
        first = received(cost="1 USD")
        whole = await written(ledger, first, *stored(first))
        await ledger.record(whole.erased(LATER))

        with pytest.raises(QuotaExceeded):
            await ledger.receive(received(), Limits(images_per_day=1))
        with pytest.raises(SpendLimit):
            await ledger.receive(received(cost="1 USD"), Limits(spend_per_day=Money.parse("1 USD")))

    @pytest.mark.parametrize(
        ("limits", "refusal"),
        [
            (Limits(images_per_day=4), QuotaExceeded),
            (Limits(spend_per_day=Money.parse("4 USD")), SpendLimit),
            (Limits(spend_per_day_per_caller=Money.parse("4 USD")), QuotaExceeded),
        ],
    )
    async def test_a_limit_covers_24_hours_and_reports_when_to_retry(
        self, ledger: GenerationLedger, limits: Limits, refusal: type[QuotaExceeded | SpendLimit]
    ) -> None:
        for hour in range(4):
            at = NOON + timedelta(hours=hour)
            await ledger.receive(received(cost="1 USD", at=at), limits)

        async def order(samples: int, at: datetime) -> Generation:
            return await ledger.receive(received(samples=samples, cost=f"{samples} USD", at=at), limits)

        for samples, wait in ((1, 21), (2, 22), (4, 24)):
            with pytest.raises(refusal) as raised:
                await order(samples, NOON + timedelta(hours=3))
            assert raised.value.retry_after == wait * 3600
        with pytest.raises(refusal, match="this order alone") as raised:
            await order(5, NOON + timedelta(hours=3))
        assert raised.value.retry_after == 24 * 3600
        with pytest.raises(refusal) as raised:
            await order(1, NOON + DAY - timedelta(milliseconds=1))
        assert raised.value.retry_after == 1
        await order(1, NOON + DAY)

    async def test_an_order_dated_ahead_by_a_wrong_clock_counts_from_now_on(self, ledger: GenerationLedger) -> None:
        limits, ahead = Limits(images_per_day=2, spend_per_day=Money.parse("2 USD")), NOON + timedelta(hours=25)

        def order(at: datetime) -> Generation:
            return replace(received(cost="1 USD", at=at), id=uuid7(int(at.timestamp() * 1000)))

        first = await ledger.receive(order(ahead), limits)
        second = order(ahead)
        deleted = await written(ledger, second, *stored(second))
        await ledger.record(deleted.erased(ahead))
        before = await ledger.receive(order(NOON - DAY), UNLIMITED)
        assert await ledger.date_back(NOON) == 2
        assert await ledger.date_back(NOON) == 0

        assert (await ledger.find(first.id)) == replace(first, created_at=NOON)
        assert (await ledger.find(before.id)) == before
        (usage,) = await ledger.usage(NOON - timedelta(hours=1), "ada")
        assert (usage.day, usage.images, usage.drawn) == (NOON.date(), 2, 1)
        with pytest.raises((QuotaExceeded, SpendLimit)) as raised:
            await ledger.receive(order(NOON + timedelta(minutes=1)), limits)
        assert raised.value.retry_after == DAY.total_seconds() - 60
        await ledger.receive(order(NOON + DAY), limits)

    async def test_an_end_is_never_dated_ahead_or_before_its_order(self, ledger: GenerationLedger) -> None:
        ahead = NOON + timedelta(hours=25)

        async def ordered() -> Generation:
            order = replace(received(at=ahead), id=uuid7(int(ahead.timestamp() * 1000)))
            return await ledger.receive(order, UNLIMITED)

        running, by_one_clock, set_back = await ordered(), await ordered(), await ordered()
        *on_the_way, last = stored(by_one_clock)
        for revision in (*on_the_way, replace(last, finished_at=ahead + timedelta(seconds=9))):
            await ledger.record(revision)
        *on_the_way, last = stored(set_back)  # as rows were written before the model prevented it
        for revision in (*on_the_way, replace(last, finished_at=NOON - timedelta(seconds=1))):
            await ledger.record(revision)
        assert await ledger.date_back(NOON) == 3

        for revision in stored(running):  # by a worker that has not seen the corrected date
            for _ in range(2):
                await ledger.record(revision)
        assert await ledger.date_back(LATER) == 1
        assert await ledger.date_back(LATER) == 0

        found = [await ledger.find(one.id) for one in (running, by_one_clock, set_back)]
        times = [(one.created_at, one.finished_at) for one in found if one]
        assert times == [(NOON, LATER), (NOON, NOON), (NOON, NOON)]

    async def test_clocks_may_differ_a_little(self, ledger: GenerationLedger) -> None:
        at = NOON + timedelta(minutes=59)
        order = await ledger.receive(replace(received(at=at), id=uuid7(int(at.timestamp() * 1000))), UNLIMITED)
        assert await ledger.date_back(NOON) == 0
        assert await ledger.find(order.id) == order

    # -- pages

    async def test_pages_go_from_the_newest_to_the_oldest(self, ledger: GenerationLedger) -> None:
        orders = [
            await ledger.receive(replace(received(), id=uuid7(1_700_000_000_000 + number)), UNLIMITED)
            for number in range(7)
        ]
        await ledger.receive(received(caller="babbage"), UNLIMITED)
        orders.reverse()

        assert await ledger.page("ada", limit=3) == orders[:3]
        assert await ledger.page("ada", limit=3, before=orders[2].id) == orders[3:6]
        assert await ledger.page("ada", limit=3, before=orders[5].id) == orders[6:]
        assert await ledger.page("ada", limit=3, before=orders[6].id) == []
        assert await ledger.page("a stranger", limit=3) == []

    async def test_pages_omit_deleted_generations(self, ledger: GenerationLedger) -> None:
        kept, deleted = received(), received()
        await ledger.receive(kept, UNLIMITED)
        whole = await written(ledger, deleted, *stored(deleted))
        await ledger.record(whole.erased(LATER))

        assert await ledger.page("ada", limit=10) == [kept]

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            (Search(text=SearchText("FOX")), ["fox", "Fox", "fox of v2.0"]),
            (Search(text=SearchText("x")), ["fox", "Fox", "fox of v2.0"]),
            (Search(text=SearchText("등대")), ["등대", "등대 decomposed"]),
            (Search(text=SearchText("STRASSE")), ["Straße"]),
            (Search(text=SearchText("100%")), ["100% _"]),
            (Search(text=SearchText("_")), ["100% _"]),
            (Search(text=SearchText("\\'\"")), ["quotes"]),
            (Search(text=SearchText("forgotten")), []),
            (Search(state=State.STORED), ["stored"]),
            (Search(state=State.RECEIVED, version=ModelVersion("v2.0")), ["fox of v2.0"]),
            (Search(version=ModelVersion("gone")), []),
            (Search(state=State.STORED, text=SearchText("fox")), []),
        ],
    )
    async def test_a_search_finds_exactly_the_matching_generations(
        self, ledger: GenerationLedger, search: Search, found: list[str]
    ) -> None:
        prompts = {
            "fox": "a red fox",
            "Fox": "A FOX",
            "등대": "바다 위의 등대",
            "등대 decomposed": unicodedata.normalize("NFD", "등대와 바다"),
            "Straße": "eine Straße",
            "100% _": "100% of _ it",
            "quotes": "it says \\'\" here",
            "stored": "a stored one",
        }
        orders = {name: received(prompt=prompt) for name, prompt in prompts.items()}
        orders["fox of v2.0"] = received(prompt="a fox", version="v2.0")
        for order in orders.values():
            await ledger.receive(order, UNLIMITED)
        for revision in stored(orders["stored"]):
            await ledger.record(revision)
        await ledger.receive(received(caller="babbage", prompt="a fox of hers"), UNLIMITED)
        forgotten = received(prompt="a fox that is forgotten")
        await written(ledger, forgotten, *(*stored(forgotten), stored(forgotten)[-1].forgotten()))
        erased = received(prompt="a fox that is erased")
        await written(ledger, erased, *(*stored(erased), stored(erased)[-1].erased(LATER)))
        names = {order.id: name for name, order in orders.items()}

        page = await ledger.search("ada", search, limit=100)

        shown = sorted(names.get(one.id, "another") for one in page.generations if one.id != forgotten.id)
        assert shown == sorted(found)
        assert (forgotten.id in [one.id for one in page.generations]) == (search == Search(state=State.STORED))
        assert page.older_than is None

    @pytest.mark.parametrize(
        "search",
        [Search(text=SearchText("fox")), Search(version=ModelVersion("v2.0")), Search(state=State.RECEIVED)],
        ids=["text", "version", "state"],
    )
    async def test_search_results_are_paged(self, ledger: GenerationLedger, search: Search) -> None:
        foxes = [received(prompt="fox", version="v2.0") for _ in range(8)]
        owls = [received(prompt="owl") for _ in range(4)]
        for order in [one for place in range(4) for one in (owls[place], *foxes[2 * place : 2 * place + 2])]:
            await ledger.receive(order, UNLIMITED)
        for owl in owls:
            await ledger.record(owl.submitted())
        foxes.sort(key=lambda order: order.id, reverse=True)

        first = await ledger.search("ada", search, limit=5)
        second = await ledger.search("ada", search, limit=5, before=first.older_than)

        assert first == HistoryPage(foxes[:5], foxes[4].id)
        assert second == HistoryPage(foxes[5:], None)

    async def test_a_search_reads_a_limited_number_of_rows_and_returns_where_to_continue(
        self, ledger: GenerationLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Search, "LOOKS_AT", 1_000)
        fox = replace(received(prompt="fox"), id=uuid7(1_700_000_000_000))
        await ledger.receive(fox, UNLIMITED)
        owls = [received(prompt="owl") for _ in range(1_001)]
        for batch in range(0, len(owls), 100):
            await asyncio.gather(*(ledger.receive(owl, UNLIMITED) for owl in owls[batch : batch + 100]))
        search = Search(text=SearchText("fox"))
        last_looked_at = sorted(owl.id for owl in owls)[1]

        first = await ledger.search("ada", search, limit=5)

        assert first == HistoryPage([], last_looked_at)
        assert await ledger.search("ada", search, limit=5, before=first.older_than) == HistoryPage([fox], None)

    # -- promises

    async def test_a_promise_is_recorded_without_a_new_revision(self, ledger: GenerationLedger) -> None:
        order = await ledger.receive(received(key="k"), UNLIMITED)

        promised = await ledger.promise(order.id)

        assert promised == await ledger.find(order.id) == replace(order, promised=True)
        assert await ledger.promise(order.id) == promised
        await ledger.record(order.submitted())

    async def test_a_submitted_generation_cannot_be_promised(self, ledger: GenerationLedger) -> None:
        submitted = await written(ledger, order := received(), order.submitted())

        assert await ledger.promise(order.id) == submitted
        assert await ledger.promise(uuid7()) is None

    async def test_a_promise_outlives_its_worker(self, workplace: Workplace) -> None:
        dead, taker = await workplace.hire(), await workplace.hire()
        order = await written(dead, received())
        await dead.promise(order.id)
        await workplace.kill(dead)

        (taken,) = await abandoned(taker)

        assert taken.promised

    async def test_a_promised_order_is_not_withdrawn(self, ledger: GenerationLedger) -> None:
        order = await ledger.receive(received(key="k"), UNLIMITED)
        await ledger.promise(order.id)

        with pytest.raises(Superseded):
            await ledger.withdraw(refused(order))
        assert await ledger.find(order.id) == replace(order, promised=True)

    async def test_an_order_without_a_promise_is_withdrawn_and_its_key_is_free(self, ledger: GenerationLedger) -> None:
        order = await ledger.receive(received(key="k"), UNLIMITED)

        for _ in range(2):
            await ledger.withdraw(refused(order))

        assert await ledger.find_by_key("ada", IdempotencyKey("k")) is None

    # -- corrections after the end

    async def test_an_outcome_can_be_lifted_once_by_any_worker(self, workplace: Workplace) -> None:
        one, other = await workplace.hire(), await workplace.hire()
        unknown = await written(one, order := received(key="k"), order.submitted(), unknown_end(order))
        lifted = unknown.lifted_by([image_of(order)], "it was there", LATER)

        for _ in range(2):
            await other.lift(lifted)

        assert await one.find_by_key("ada", IdempotencyKey("k")) == lifted
        with pytest.raises(Superseded):
            await one.lift(unknown.lifted_by([image_of(order)], "twice", LATER))

    async def test_a_deleted_generation_cannot_be_lifted(self, ledger: GenerationLedger) -> None:
        unknown = await written(ledger, order := received(), order.submitted(), unknown_end(order))
        await ledger.record(unknown.erased(LATER))

        with pytest.raises(Superseded):
            await ledger.lift(unknown.lifted_by([image_of(order)], "late", LATER))

    async def test_after_a_late_refusal_the_order_is_no_longer_counted(self, ledger: GenerationLedger) -> None:
        limits = Limits(images_per_day=1, spend_per_day=Money.parse("1 USD"))
        unknown = await written(ledger, order := received(cost="1 USD", key="k"), order.submitted(), unknown_end(order))

        await ledger.lift(unknown.refused_late(GeneratorUnavailable("closed"), "late", LATER))

        assert await ledger.receive(second := received(cost="1 USD", key="k"), limits) == second

    # -- dead workers

    async def test_unfinished_generations_of_dead_workers_are_taken_as_a_new_revision(
        self, workplace: Workplace
    ) -> None:
        dead, taker = await workplace.hire(), await workplace.hire()
        orders = [received(samples=2) for _ in range(6)]
        revisions = [
            await written(dead, orders[0]),
            await written(dead, orders[1], *drawn(orders[1])[:1]),
            await written(dead, orders[2], *drawn(orders[2])[:2]),
            await written(dead, orders[3], *drawn(orders[3])),
        ]
        await written(dead, orders[4], *stored(orders[4]))
        await written(dead, orders[5], refused(orders[5]))
        await workplace.kill(dead)

        taken = await abandoned(taker)

        assert sorted(taken, key=lambda one: one.id) == [
            replace(revision, revision=revision.revision + 1) for revision in sorted(revisions, key=lambda one: one.id)
        ]
        for generation in taken:
            assert await taker.find(generation.id) == generation

    async def test_generations_of_living_workers_are_never_taken(self, workplace: Workplace) -> None:
        living, dead, taker = [await workplace.hire() for _ in range(3)]
        orders = [received() for _ in range(3)]
        busy = [
            await written(living, orders[0]),
            await written(living, orders[1], *drawn(orders[1])[:1]),
            await written(living, orders[2], *drawn(orders[2])),
        ]
        left = await written(dead, received())
        await workplace.kill(dead)

        # A taker that sees the dead worker as dead also sees the living one as alive.
        assert [generation.id for generation in await abandoned(taker)] == [left.id]
        assert [await taker.find(generation.id) for generation in busy] == busy

    async def test_each_abandoned_generation_is_taken_by_one_worker(self, workplace: Workplace) -> None:
        dead, *takers = [await workplace.hire() for _ in range(5)]
        left = [await written(dead, received()) for _ in range(120)]
        await workplace.kill(dead)

        taken: list[str] = []

        async def take_until_nothing_is_left(taker: GenerationLedger) -> None:
            own: set[str] = set()
            while len(taken) < len(left):
                batch = await taker.take_abandoned(3, at_work=own)
                own |= {generation.id for generation in batch}
                taken.extend(generation.id for generation in batch)
                await asyncio.sleep(0 if batch else 0.05)

        async with asyncio.timeout(30):
            await asyncio.gather(*(take_until_nothing_is_left(taker) for taker in takers))

        assert sorted(taken) == sorted(generation.id for generation in left)

    async def test_a_worker_considered_dead_cannot_record_any_more(self, workplace: Workplace) -> None:
        dead, taker = await workplace.hire(), await workplace.hire()
        order = await written(dead, received())
        await workplace.kill(dead)
        (taken,) = await abandoned(taker)

        visitor = await workplace.hire()
        with pytest.raises(Superseded):
            await visitor.record(order.submitted())
        await taker.record(taken.submitted())

    async def test_a_worker_takes_its_own_generations_that_it_is_not_working_on(self, workplace: Workplace) -> None:
        worker = await workplace.hire()
        busy, lost = await written(worker, received()), await written(worker, received())

        (taken,) = await eventually(lambda: worker.take_abandoned(100, at_work={busy.id}))

        assert taken == replace(lost, revision=1)
        assert await worker.take_abandoned(100, at_work={busy.id, lost.id}) == []

    async def test_at_most_the_requested_number_is_taken(self, workplace: Workplace) -> None:
        dead, taker = await workplace.hire(), await workplace.hire()
        left = {(await written(dead, received())).id for _ in range(5)}
        await workplace.kill(dead)

        first = {generation.id for generation in await abandoned(taker, limit=3)}
        rest = {generation.id for generation in await taker.take_abandoned(3, at_work=first)}

        assert (len(first), len(rest)) == (3, 2)
        assert first | rest == left

    async def test_abandoned_lists_generations_without_taking_them(self, workplace: Workplace) -> None:
        dead, living, looker = [await workplace.hire() for _ in range(3)]
        ended, *orders = [received() for _ in range(4)]
        await written(dead, ended, *stored(ended))
        left = [await written(dead, orders[0]), await written(dead, orders[1], *drawn(orders[1]))]
        await written(living, orders[2])
        await workplace.kill(dead)

        listed = await eventually(lambda: looker.abandoned(100))

        assert [one.generation for one in listed] == sorted(left, key=lambda generation: generation.id)
        assert len({one.spool for one in listed}) == 1
        assert await looker.abandoned(1) == listed[:1]
        assert [await looker.find(generation.id) for generation in left] == left

    async def test_a_dead_workers_generation_is_stored_if_all_its_images_are_in_storage(
        self, workplace: Workplace
    ) -> None:
        dead, looker = await workplace.hire(), await workplace.hire()
        order, half = received(samples=2), received(samples=2)
        whole, storage = await written(dead, order, *drawn(order)), InMemoryImageStorage()
        await written(dead, half, *drawn(half))
        for image in (*whole.waiting, image_of(half)):
            await storage.put(image, IMAGE)
        await workplace.kill(dead)
        lost = LostSpools(storage, InMemoryImageSpool(), looker, policy=Policy(), clock=lambda: LATER)

        await eventually(lost)

        assert await looker.find(order.id) == whole.stored(whole.waiting, LATER)
        assert await looker.find(half.id) == drawn(half)[-1]
        assert await lost() == 0

    # -- the quota of a provider

    async def test_a_minute_has_exactly_the_room_of_the_providers_quota(self, workplace: Workplace) -> None:
        workers = [await workplace.hire() for _ in range(2)]

        waits = await asyncio.gather(*(workers[number % 2].reserve("karlo", 2, 30) for number in range(20)))

        assert waits.count(0) == 15
        assert all(0 < wait <= 60 for wait in waits if wait)
        assert await workers[0].reserve("another", 30, 30) == 0

        await workplace.wait_a_minute()
        assert await workers[0].reserve("karlo", 30, 30) == 0
        assert await workers[0].reserve("karlo", 1, 30) > 0

    async def test_a_reservation_that_does_not_fit_takes_no_room(self, ledger: GenerationLedger) -> None:
        assert await ledger.reserve("karlo", 6, 10) == 0

        assert await ledger.reserve("karlo", 5, 10) > 0
        assert await ledger.reserve("karlo", 4, 10) == 0

    # -- usage

    async def test_usage_is_summed_by_caller_model_and_day(self, ledger: GenerationLedger) -> None:
        async def order(*ends: Callable[[Generation], Sequence[Generation]], **what: object) -> None:
            generation = received(**what)  # type: ignore[arg-type]  # as `received` takes them
            await written(ledger, generation, *(revision for end in ends for revision in end(generation)))

        def unknown(generation: Generation) -> Sequence[Generation]:
            submitted = generation.submitted()
            return [submitted, submitted.failed(OutcomeUnknown("cut"), LATER)]

        midnight = datetime(2026, 3, 15, tzinfo=UTC)
        await order(samples=2, cost="0.04 USD")
        await order(stored, samples=3, cost="0.06 USD")
        await order(unknown, samples=4, cost="0.08 USD")
        await order(lambda generation: [refused(generation)], samples=8, cost="0.16 USD")
        await order(lambda generation: [generation.cancelled(LATER)], samples=8, cost="0.16 USD")
        await order(cost="10 USD", at=midnight)
        await order(at=midnight - timedelta(microseconds=1), version="v2.0")
        await order(caller="babbage", cost="20 KRW")
        await order(caller="babbage", samples=2)
        await order(at=NOON - timedelta(microseconds=1))

        nothing = Usage(
            caller="ada", version="v2.1", day=date(2026, 3, 14), images=0, drawn=0, stored=0, unknown=0, cost=None
        )
        adas = [
            replace(nothing, version="v2.0", images=1),
            replace(nothing, images=9, drawn=3, stored=3, unknown=4, cost=Money.parse("0.18 USD")),
            replace(nothing, day=date(2026, 3, 15), images=1, cost=Money.parse("10 USD")),
        ]
        babbages = [
            replace(nothing, caller="babbage", images=2),
            replace(nothing, caller="babbage", images=1, cost=Money.parse("20 KRW")),
        ]
        assert await ledger.usage(NOON) == [*adas[:2], *babbages, adas[2]]
        assert await ledger.usage(NOON, "ada") == adas
        assert [str(account.cost) for account in await ledger.usage(NOON)] == [
            "None",
            "0.18 USD",
            "None",
            "20 KRW",
            "10 USD",
        ]
        assert await ledger.usage(midnight + timedelta(seconds=1)) == []

    async def test_usage_equals_the_sum_over_the_rows(self, ledger: GenerationLedger) -> None:
        counted, dice = InMemoryGenerationLedger(), random.Random(7)
        versions, costs = ["v2.0", "v2.1"], [None, "0.02 USD", "20 KRW"]
        for _ in range(60):
            generation = received(
                caller=dice.choice(["ada", "babbage"]),
                samples=dice.randint(1, 4),
                cost=dice.choice(costs),
                version=dice.choice(versions),
                at=NOON + timedelta(minutes=dice.randint(-3000, 3000)),
            )
            submitted, *_, last = stored(generation)
            paths = [
                [],
                [submitted],
                [*stored(generation)[:-1], replace(last, cost=Money.parse("1 USD"))],
                [submitted, submitted.failed(OutcomeUnknown("cut"), LATER)],
                [refused(generation)],
                [generation.cancelled(LATER)],
                stored(generation),
                [*stored(generation), last.erased(LATER), last.erased(LATER).emptied()],
            ]
            path = dice.choice(paths)
            for one in (ledger, counted):
                await written(one, generation, *path)

        for since in (NOON - timedelta(days=3), NOON, NOON + timedelta(minutes=7), NOON + timedelta(days=1, seconds=1)):
            for caller in (None, "ada", "babbage", "charles"):
                assert await ledger.usage(since, caller) == await counted.usage(since, caller)

    async def test_drawn_images_are_counted_separately_from_stored_ones(self, ledger: GenerationLedger) -> None:
        async def account() -> tuple[int, int, int]:
            (row,) = await ledger.usage(NOON)
            return row.images, row.drawn, row.stored

        whole, partly = received(samples=2), received(samples=3)
        await written(ledger, whole, *stored(whole))
        submitted = partly.submitted()
        came = submitted.drawn([image_of(partly)], UnusableImage("two are missing"))
        await written(ledger, partly, submitted)
        assert await account() == (5, 2, 2)
        await ledger.record(came)
        kept = came.stored(came.waiting, LATER)
        await ledger.record(kept)
        assert await account() == (5, 3, 3)

        for generation in (stored(whole)[-1], kept):
            await ledger.record(generation.erased(LATER))
            await ledger.record(generation.erased(LATER).emptied())
        assert await account() == (5, 3, 0)

    # -- durations

    async def test_durations_are_those_of_stored_orders_like_the_request(self, ledger: GenerationLedger) -> None:
        async def order(*, seconds: float = 9, samples: int = 1, version: str = "v2.1") -> Generation:
            generation = received(samples=samples, version=version)
            *on_the_way, last = stored(generation)
            return await written(
                ledger, generation, *on_the_way, replace(last, finished_at=NOON + timedelta(seconds=seconds))
            )

        await order(seconds=3.5, samples=2)
        await order(seconds=4, samples=4)
        await order(seconds=5, samples=8)
        await order(samples=1, seconds=6)
        await order(samples=4, version="v2.0")
        deleted = await order(samples=4)
        await ledger.record(deleted.erased(LATER))
        await ledger.record(deleted.erased(LATER).emptied())
        failed = received(samples=4)
        await written(ledger, failed, failed.submitted(), failed.submitted().failed(UnusableImage("garbage"), LATER))
        running = received(samples=4)
        await written(ledger, running, *drawn(running))

        took = await ledger.durations(received(samples=4).request)

        assert sorted(took) == [timedelta(seconds=3.5), timedelta(seconds=4), timedelta(seconds=5)]
        assert await ledger.durations(received(samples=4, version="v9").request) == []

    async def test_durations_exclude_lifted_orders_and_those_whose_clock_was_set_back(
        self, ledger: GenerationLedger
    ) -> None:
        for seconds in (-3600, 0, 5):
            generation = received()
            *on_the_way, last = stored(generation)
            end = replace(last, finished_at=NOON + timedelta(seconds=seconds))
            await written(ledger, generation, *on_the_way, end)
        lifted = received()
        unknown = await written(ledger, lifted, lifted.submitted(), unknown_end(lifted))
        await ledger.lift(unknown.lifted_by([image_of(lifted)], "it was there after all", NOON + timedelta(days=3)))

        assert await ledger.durations(received().request) == [timedelta(seconds=5)]

    async def test_durations_are_those_of_the_latest_100_orders(self, ledger: GenerationLedger) -> None:
        for second in range(110):
            generation = received(at=NOON - timedelta(seconds=second))
            *on_the_way, last = stored(generation)
            await written(ledger, generation, *on_the_way, replace(last, finished_at=NOON + timedelta(hours=second)))

        took = await ledger.durations(received().request)

        assert min(took) == timedelta(hours=10, seconds=10)
        assert len(took) == 100

    # -- retention

    async def test_only_finished_and_old_generations_are_swept(self, ledger: GenerationLedger) -> None:
        def order(day: int) -> Generation:
            return received(at=NOON + timedelta(days=day))

        old, older, young, running = order(1), order(0), order(9), order(0)
        for generation in (old, older, young):
            await written(ledger, generation, *stored(generation))
        await written(ledger, running, *drawn(running))

        async def due(erase: int | None, forget: int | None) -> set[str]:
            swept = await ledger.sweepable(
                erase_before=None if erase is None else NOON + timedelta(days=erase),
                forget_before=None if forget is None else NOON + timedelta(days=forget),
            )
            return {generation.id for generation in swept}

        assert await due(None, None) == set()
        assert await due(2, None) == await due(None, 2) == {old.id, older.id}
        assert await due(1, 2) == {old.id, older.id}
        assert await due(1, None) == {older.id}

        whole = stored(older)[-1]
        await ledger.record(whole.forgotten())
        assert await due(None, 2) == {old.id}
        assert await due(2, None) == {old.id, older.id}

        erased = whole.forgotten().erased(LATER)
        await ledger.record(erased)
        assert await due(None, None) == {older.id}

        await ledger.record(erased.emptied())
        assert await due(2, 2) == {old.id}

    async def test_a_generation_with_a_deleted_image_is_swept_until_that_is_gone(
        self, ledger: GenerationLedger
    ) -> None:
        order = received(samples=2)
        without = stored(order)[-1].without(1)
        await written(ledger, order, *stored(order), without)

        assert await ledger.sweepable(erase_before=None, forget_before=None) == [without]
        assert {image.key async for image in ledger.images()} == {image_of(order, index).key for index in range(2)}

        await ledger.record(without.emptied())

        assert await ledger.sweepable(erase_before=None, forget_before=None) == []
        assert [image.key async for image in ledger.images()] == [image_of(order, 0).key]

    async def test_sweepable_returns_generations_unchanged(self, ledger: GenerationLedger) -> None:
        order = received()
        whole = await written(ledger, order, *stored(order))

        assert await ledger.sweepable(erase_before=LATER, forget_before=LATER) == [whole]

    async def test_every_image_is_listed_while_it_may_be_in_storage(self, ledger: GenerationLedger) -> None:
        waiting, kept, erased, emptied, bare = [received(samples=2) for _ in range(5)]
        await written(ledger, bare)
        await written(ledger, waiting, *drawn(waiting))
        await written(ledger, kept, *stored(kept))
        await written(ledger, erased, *stored(erased), stored(erased)[-1].erased(LATER))
        gone = stored(emptied)[-1].erased(LATER)
        await written(ledger, emptied, *stored(emptied), gone, gone.emptied())

        listed = [(image.key, image.waits) async for image in ledger.images()]

        assert sorted(listed) == sorted(
            (image_of(generation, index).key, generation is waiting)
            for generation in (waiting, kept, erased)
            for index in range(2)
        )

    async def test_all_of_many_images_are_listed(self, ledger: GenerationLedger) -> None:
        orders = [received() for _ in range(1100)]
        await asyncio.gather(*(written(ledger, order, *drawn(order)) for order in orders))

        assert {image.key async for image in ledger.images()} == {image_of(order).key for order in orders}
