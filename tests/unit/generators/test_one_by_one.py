"""One call for each sample: what is asked, what is kept, and what is reported about the rest."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.in_memory.generator import WIDEST_CARD, tile
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import ImageSize, Prompt, Seed
from darkroom.domain.ports import ImageGenerator, Receipt
from darkroom.domain.use_cases.meter import METER
from harness.waiting import until

KEY = "0199"
Outcome = str | DrawingFailed


def image_of(request: GenerationRequest) -> GeneratedImage:
    seed = request.seeds[0] if request.seeds else None
    return GeneratedImage(index=0, seed=seed, data=tile(16, 16, seed.value if seed else 0))


@dataclass
class Scripted(ImageGenerator):
    """Answers each sample, which its seed identifies, as scripted: "inline", "linked", "dead link", or a failure."""

    script: Mapping[int, Outcome]
    asked: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def cards(self) -> Sequence[ModelCard]:
        return (replace(WIDEST_CARD, samples_max=1),)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        (seed,) = request.seeds
        self.asked.append((request.samples, seed.value, key))
        match self.script[seed.value]:
            case DrawingFailed() as failure:
                raise failure
            case "inline":
                return Receipt(images=(image_of(request),))
            case outcome:
                return Receipt(reference=outcome.encode())

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        if receipt.reference == b"dead link":
            raise UnusableImage("its link is dead")
        yield image_of(request)


def request_of(samples: int, *, seeds: bool = True) -> GenerationRequest:
    return GenerationRequest(
        version=WIDEST_CARD.version,
        prompt=Prompt("a lighthouse"),
        size=ImageSize(16, 16),
        samples=samples,
        seeds=tuple(Seed(100 + index) for index in range(samples)) if seeds else (),
    )


async def collected(
    generator: ImageGenerator, request: GenerationRequest, receipt: Receipt
) -> tuple[list[GeneratedImage], DrawingFailed | None]:
    images: list[GeneratedImage] = []
    try:
        async with aclosing(generator.collect(request, receipt)) as coming:
            async for image in coming:
                images.append(image)  # noqa: PERF401 - what came before a failure counts
    except DrawingFailed as failure:
        return images, failure
    return images, None


def failures() -> st.SearchStrategy[DrawingFailed]:
    return st.one_of(
        st.builds(GeneratorRefused, st.just("our key is wrong")),
        st.builds(GeneratorUnavailable, st.just("not now"), retry_after=st.integers(1, 60)),
        st.builds(PromptRejected, st.just("moderation"), charged=st.sampled_from(Charged)),
        st.builds(OutcomeUnknown, st.just("cut off"), evidence=st.binary(max_size=8)),
        st.builds(UnusableImage, st.just("no image"), evidence=st.binary(max_size=8)),
    )


OUTCOMES = st.lists(st.one_of(st.sampled_from(["inline", "linked", "dead link"]), failures()), min_size=1, max_size=8)


def expected_failures(outcomes: Sequence[Outcome]) -> list[DrawingFailed]:
    dead = [UnusableImage() for outcome in outcomes if outcome == "dead link"]
    return dead + [outcome for outcome in outcomes if isinstance(outcome, DrawingFailed)]


def kind_and_charge(failure: DrawingFailed) -> tuple[type[DrawingFailed], Charged]:
    return type(failure), failure.charged


@given(OUTCOMES)
async def test_no_sample_is_asked_for_twice_or_lost(outcomes: list[Outcome]) -> None:
    request = request_of(len(outcomes))
    scripted = Scripted({100 + index: outcome for index, outcome in enumerate(outcomes)})
    generator = OneByOneImageGenerator(scripted, at_once=8, patience=0)
    wrong = expected_failures(outcomes)

    try:
        receipt = await generator.submit(request, KEY)
    except DrawingFailed as failure:
        images: list[GeneratedImage] = []
        reported: DrawingFailed | None = failure
        assert failure.charged is Charged.NO
        assert len(wrong) == len(outcomes)
    else:
        images, reported = await collected(generator, request, receipt)
        assert any(not isinstance(one, DrawingFailed) or one.charged is not Charged.NO for one in outcomes)

    assert sorted(scripted.asked) == [(1, 100 + index, f"{KEY}.{index}") for index in range(len(outcomes))]
    came = [index for index, outcome in enumerate(outcomes) if outcome in {"inline", "linked"}]
    assert sorted((image.index, image.seed) for image in images) == [(index, Seed(100 + index)) for index in came]
    if reported is None:
        assert not wrong
    else:
        worst = max(failure.charged.badness for failure in wrong)
        assert kind_and_charge(reported) in {
            kind_and_charge(failure) for failure in wrong if failure.charged.badness == worst
        }
        assert all(failure.detail in reported.detail for failure in wrong)


@given(OUTCOMES)
async def test_a_recorded_receipt_collects_every_image_that_was_linked(outcomes: list[Outcome]) -> None:
    request = request_of(len(outcomes))
    scripted = Scripted({100 + index: outcome for index, outcome in enumerate(outcomes)})
    generator = OneByOneImageGenerator(scripted, at_once=8, patience=0)
    try:
        receipt = await generator.submit(request, KEY)
    except DrawingFailed:
        return

    images, failure = await collected(generator, request, Receipt(receipt.reference))

    assert sorted(image.index for image in images) == [i for i, one in enumerate(outcomes) if one == "linked"]
    wrong = expected_failures(outcomes) + [UnusableImage() for one in outcomes if one == "inline"]
    worst = max((one.charged.badness for one in wrong), default=None)
    assert (failure and failure.charged.badness) == worst


@given(st.binary(min_size=1))
async def test_bytes_that_are_not_our_receipt_are_an_unusable_image(reference: bytes) -> None:
    generator = OneByOneImageGenerator(Scripted({}), at_once=1)

    images, failure = await collected(generator, request_of(2), Receipt(reference))

    assert images == []
    assert isinstance(failure, UnusableImage)


class Slow(Scripted):
    """Answers for the last sample only when `let_go` is set."""

    let_go: asyncio.Event

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        if request.seeds[0].value == 100 + len(self.script) - 1:
            await self.let_go.wait()
        return await super().submit(request, key)


@pytest.mark.parametrize(
    ("first", "images", "brought_back"), [("inline", [0, 1], []), ("linked", [], [0, 1]), ("dead link", [], [])]
)
async def test_results_are_reported_before_the_slowest_call_has_answered(
    first: str, images: list[int], brought_back: list[int]
) -> None:
    slow = Slow({100: first, 101: first, 102: "inline"})
    slow.let_go = asyncio.Event()
    generator, request = OneByOneImageGenerator(slow, at_once=8), request_of(3)

    async with aclosing(generator.answers(request, KEY)) as answers:
        so_far = await anext(answers)
        while len(so_far.images) < len(images):
            so_far = await anext(answers)
        slow.let_go.set()
        whole = [receipt async for receipt in answers][-1]

    assert [image.index for image in so_far.images] == images
    assert [image.index for image in whole.images] == sorted({*images, 2})
    if first == "inline":
        assert so_far.reference == b""  # nothing left to collect
    else:
        came, failure = await collected(generator, request, Receipt(so_far.reference))
        assert [image.index for image in came] == brought_back
        assert isinstance(failure, OutcomeUnknown)
        assert "sample 2: the service was interrupted before it was answered" in failure.detail


async def test_an_idempotent_generator_gets_no_receipt_before_all_have_answered() -> None:
    class Idempotent(Slow):
        @property
        def cards(self) -> Sequence[ModelCard]:
            return tuple(replace(card, idempotent=True) for card in super().cards)

    slow = Idempotent({100: "linked", 101: "linked"})
    slow.let_go = asyncio.Event()
    generator = OneByOneImageGenerator(slow, at_once=8)

    async with aclosing(generator.answers(request_of(2), KEY)) as answers:
        assert (await anext(answers)).reference == b""
        slow.let_go.set()
        assert (await anext(answers)).reference != b""


async def test_images_inside_the_answers_leave_an_empty_receipt() -> None:
    generator = OneByOneImageGenerator(Scripted({100: "inline", 101: "inline"}), at_once=8)

    assert (await generator.submit(request_of(2), KEY)).reference == b""


async def test_a_failure_names_its_sample_and_keeps_its_evidence() -> None:
    broken = UnusableImage("no image", evidence=b"<html>")
    generator = OneByOneImageGenerator(Scripted({100: "linked", 101: broken, 102: "dead link"}), at_once=8)
    request = request_of(3)

    receipt = await generator.submit(request, KEY)
    images, failure = await collected(generator, request, Receipt(receipt.reference))

    assert [image.index for image in images] == [0]
    assert failure is not None
    assert failure.detail == "sample 1: no image; sample 2: its link is dead"
    assert receipt.evidence == (b"<html>",)


async def test_evidence_is_kept_whole_and_is_not_part_of_the_receipt() -> None:
    answers = [b"<html>%d" % index * 100_000 for index in range(8)]
    broken = {index: UnusableImage("no image", evidence=answer) for index, answer in enumerate(answers, start=100)}
    generator = OneByOneImageGenerator(Scripted(broken), at_once=8)

    receipt = await generator.submit(request_of(8), KEY)

    assert len(receipt.reference) < 4_000
    assert sorted(map(bytes, receipt.evidence)) == answers  # type: ignore[arg-type]  # all are in memory


async def test_the_failure_of_a_single_sample_is_raised_unchanged() -> None:
    generator = OneByOneImageGenerator(Scripted({100: GeneratorUnavailable("not now", retry_after=7)}), at_once=1)

    with pytest.raises(GeneratorUnavailable) as failure:
        await generator.submit(request_of(1), KEY)

    assert (failure.value.detail, failure.value.retry_after) == ("not now", 7)


async def test_a_model_without_seeds_is_sent_none() -> None:
    class Seedless(Scripted):
        async def submit(self, request: GenerationRequest, key: str) -> Receipt:
            assert request.seeds == ()
            return Receipt(images=(image_of(request),))

    receipt = await OneByOneImageGenerator(Seedless({}), at_once=8).submit(request_of(3, seeds=False), KEY)

    assert [(image.index, image.seed) for image in receipt.images] == [(0, None), (1, None), (2, None)]


async def test_a_fault_in_one_call_does_not_lose_the_others() -> None:
    generator = OneByOneImageGenerator(Scripted({100: "inline"}), at_once=8)  # a KeyError for any other sample
    request = request_of(2)

    images, failure = await collected(generator, request, await generator.submit(request, KEY))

    assert [image.index for image in images] == [0]
    assert isinstance(failure, OutcomeUnknown)


class Counting(Scripted):
    """Holds every call until `let_go` is set, and counts the calls that it holds."""

    held = 0
    let_go: asyncio.Event

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        self.held += 1
        try:
            await self.let_go.wait()
        finally:
            self.held -= 1
        return await super().submit(request, key)


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_calls_run_concurrently_up_to_a_limit_shared_by_all_requests() -> None:
    counting = Counting({100 + index: "inline" for index in range(8)})
    counting.let_go = asyncio.Event()
    generator = OneByOneImageGenerator(counting, at_once=5)

    submitting = [asyncio.create_task(generator.submit(request_of(4), f"{KEY}{turn}")) for turn in range(2)]
    await settled()
    assert counting.held == 5

    counting.let_go.set()
    receipts = await asyncio.gather(*submitting)
    assert [len(receipt.images) for receipt in receipts] == [4, 4]


async def test_cancelling_submit_cancels_every_call() -> None:
    counting = Counting({100 + index: "inline" for index in range(4)})
    counting.let_go = asyncio.Event()

    submitting = asyncio.create_task(OneByOneImageGenerator(counting, at_once=8).submit(request_of(4), KEY))
    await settled()
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting

    assert counting.held == 0


def test_its_card_allows_as_many_samples_as_an_order_may_have() -> None:
    (card,) = OneByOneImageGenerator(Scripted({}), at_once=1).cards

    assert card == replace(WIDEST_CARD, one_by_one_for=180.0)


@pytest.mark.parametrize(
    ("of_each", "submitted", "progress"),
    [
        ([None, None], False, None),
        ([Progress(step=3, steps=20, seconds_left=9)], False, Progress(step=3, steps=20, seconds_left=9)),
        ([None, Progress(position=0, step=3, steps=20), None], False, Progress(position=0, step=23, steps=60)),
        ([Progress(step=20, steps=20), None, Progress(step=3, steps=20)], True, Progress(step=23, steps=60)),
        ([None, Progress(position=2)], True, Progress(position=2)),
    ],
)
async def test_progress_is_the_sum_over_the_samples(
    of_each: list[Progress | None], submitted: bool, progress: Progress | None
) -> None:
    class Progressing(Scripted):
        async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
            index = int(key.removeprefix("key."))
            assert request == request_of(1) if index == 0 else request.samples == 1
            assert (receipt.reference if receipt else b"") == (b"linked" if submitted else b"")
            return of_each[index]

    generator = OneByOneImageGenerator(Progressing(dict.fromkeys(range(100, 108), "linked")), at_once=8)
    request = request_of(len(of_each))
    receipt = await generator.submit(request, "key") if submitted else None
    assert await generator.progress(request, "key", receipt) == progress


@pytest.mark.parametrize("submitted", [False, True])
async def test_the_unfinished_image_is_that_of_the_sample_that_shows_one(*, submitted: bool) -> None:
    class Showing(Scripted):
        async def unfinished(
            self, request: GenerationRequest, key: str, receipt: Receipt | None
        ) -> GeneratedImage | None:
            assert request.samples == 1
            assert (receipt.reference if receipt else b"") == (b"linked" if submitted else b"")
            return GeneratedImage(index=0, seed=request.seeds[0], data=tile(8, 8, 7)) if key == "key.1" else None

    generator = OneByOneImageGenerator(Showing(dict.fromkeys(range(100, 108), "linked")), at_once=8)
    request = request_of(3)
    receipt = await generator.submit(request, "key") if submitted else None
    assert await generator.unfinished(request, "key", receipt) == GeneratedImage(
        index=1, seed=request.seeds[1], data=tile(8, 8, 7)
    )
    assert await generator.unfinished(request_of(1), "key", receipt) is None


@dataclass
class Named(Scripted):
    """Finds the receipt of each key that it was asked with."""

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        return Receipt(b"linked") if key in [asked for *_, asked in self.asked] else None


async def test_find_looks_for_each_sample_and_reports_the_others_as_unknown() -> None:
    generator = Named({100: "linked"})
    alone = OneByOneImageGenerator(generator, at_once=1)
    request = request_of(2)
    assert await alone.find(request, KEY) is None

    await generator.submit(replace(request, samples=1, seeds=request.seeds[:1]), f"{KEY}.0")
    found = await alone.find(request, KEY)
    assert found is not None
    images, failure = await collected(alone, request, found)

    assert [image.index for image in images] == [0]
    assert failure is not None
    assert kind_and_charge(failure) == (OutcomeUnknown, Charged.UNKNOWN)


@dataclass
class Busy(ImageGenerator):
    """Refuses calls beyond its quota for `retry_after` seconds, and records when each accepted sample was asked for."""

    quota: int
    retry_after: int = 1
    left: list[tuple[float, int]] = field(default_factory=list)
    refusals: int = 0

    @property
    def cards(self) -> Sequence[ModelCard]:
        return (replace(WIDEST_CARD, samples_max=1),)

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        now = asyncio.get_running_loop().time()
        if sum(at > now - self.retry_after for at, _ in self.left) >= self.quota:
            self.refusals += 1
            raise GeneratorUnavailable("too many", retry_after=self.retry_after)
        self.left.append((now, request.seeds[0].value))
        return Receipt(images=(image_of(request),))


async def test_samples_refused_for_free_are_asked_for_again_after_retry_after() -> None:
    busy = Busy(quota=2)
    receipt = await OneByOneImageGenerator(busy, at_once=8).submit(request_of(5), KEY)

    assert sorted(image.index for image in receipt.images) == [0, 1, 2, 3, 4]
    assert sorted(seed for _, seed in busy.left) == [100, 101, 102, 103, 104]
    assert receipt.reference == b""


async def test_if_every_sample_is_refused_none_is_asked_for_again() -> None:
    busy = Busy(quota=0)
    with pytest.raises(GeneratorUnavailable) as refused:
        await OneByOneImageGenerator(busy, at_once=8).submit(request_of(3), KEY)

    assert (refused.value.charged, busy.refusals) == (Charged.NO, 3)


async def test_a_sample_that_cannot_be_asked_for_in_time_fails_at_once() -> None:
    busy = Busy(quota=2, retry_after=60)
    generator = OneByOneImageGenerator(busy, at_once=8, patience=30)
    images, failure = await collected(generator, request_of(3), await generator.submit(request_of(3), KEY))

    assert len(images) == 2
    assert (type(failure), busy.refusals) == (GeneratorUnavailable, 1)


async def test_each_sample_waits_for_the_meter() -> None:
    busy, turns = Busy(quota=8), asyncio.Semaphore(2)
    deadlines: list[float] = []

    async def meter(until: float) -> None:
        deadlines.append(until)
        await turns.acquire()

    METER.set(meter)
    generator = OneByOneImageGenerator(busy, at_once=8, patience=7)
    began = asyncio.get_running_loop().time()
    submitting = asyncio.create_task(generator.submit(request_of(4), KEY))
    await until(lambda: len(busy.left) >= 2 and len(deadlines) == 4)
    assert len(busy.left) == 2
    turns.release()
    turns.release()

    assert len((await submitting).images) == 4
    assert all(began <= until - 7 <= began + 1 for until in deadlines)


def test_its_card_counts_each_sample_against_the_quota() -> None:
    (card,) = OneByOneImageGenerator(Busy(quota=1), at_once=8, patience=100).cards

    assert card.metered(3).samples_max == 6
    assert card.metered(4).samples_max == 8
    assert "at most 3 images a minute" in card.metered(3).rule("samples")
