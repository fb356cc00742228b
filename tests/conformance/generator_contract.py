"""What every image generator MUST do, as tests.

A subclass of `GeneratorContract` names the generator by one fixture, `generator`. Where a provider stands behind it, a
subclass of `ProviderContract` has two more: `provider`, which makes each situation happen and knows what was asked and
charged, and `impatient`, a generator for the same provider whose deadlines are a second or so. Tests are coroutines:
pytest-asyncio in its mode `auto` runs them.

    class TestMine(ProviderContract):
        situations = frozenset(Situation) - {Situation.LINKS_DEAD}  # it has no links

        @pytest.fixture
        async def provider(self): ...

        @pytest.fixture
        async def generator(self, provider): ...

        @pytest.fixture
        async def impatient(self, provider): ...
"""

from __future__ import annotations

import asyncio
import traceback
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Self, TypeVar

import pytest

from domain.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from domain.generation import GeneratedImage, GenerationRequest
from domain.image_file import MediaType
from domain.model_card import ModelCard, PixelRange
from domain.ports import ImageGenerator, Receipt
from domain.values import GuidanceScale, ImageSize, InferenceSteps, Prompt, Seed

T = TypeVar("T")

AT_ONCE = 64
CANCELLED = 100
PROMPT = 'A "quoted" fox, 50 % {of} it\\in\tfog;\n한국의 여우 🦊'
NEGATIVE_PROMPT = "<b>blurry</b> & 'dark'"


class Situation(Enum):
    """What may become of a request; the value says it in a sentence, with the provider as its subject."""

    UNREACHABLE = "nobody listens where it should be"
    KEY_REFUSED = "it does not know our key"
    REQUEST_REFUSED = "it calls the request wrong"
    QUOTA_USED_UP = "it takes no more requests for now"
    MAINTENANCE = "it says that it is closed for maintenance"
    CONNECTION_LOST = "it breaks the connection off without an answer, once the request is there"
    SILENCE = "it takes the request and never answers"
    SERVER_ERROR = "it answers with a server's error"
    GARBAGE = "it charges, and what it says is no answer"
    CUT_SHORT = "it charges, and its answer ends half way"
    TOO_LARGE = "it charges, and its answer does not end"
    NO_IMAGES = "it charges, and answers without an image"
    TOO_FEW_IMAGES = "it charges, and answers with one image less than ordered"
    NO_IMAGE_FILES = "it charges, and what it gives are no images"
    ONE_NO_IMAGE_FILE = "it charges, and the first image is none"
    ALL_HELD_BACK = "its moderation says no to all of it"
    ONE_HELD_BACK = "it charges, and its moderation holds the first image back"
    LINKS_DEAD = "it charges, and its links do not open"
    LINKS_ASTRAY = "it charges, and its links lead to places that nobody allowed"
    IMAGES_OUT_OF_REACH = "it charges, and its images do not come, however often they are fetched"
    FETCHES_STUMBLE = "each image comes at the second try only"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the port allows: an error, if any, what it says of the money, and whether images come with it."""

    error: type[DrawingFailed] | None
    charged: frozenset[Charged] = frozenset({Charged.NO})
    some_images: bool = False
    at_the_deadline: bool = False


_NO, _YES, _UNKNOWN = (frozenset({charged}) for charged in Charged)

OUTCOMES = {
    Situation.UNREACHABLE: Outcome(GeneratorUnavailable, _NO, at_the_deadline=True),
    Situation.KEY_REFUSED: Outcome(GeneratorRefused, _NO),
    Situation.REQUEST_REFUSED: Outcome(GeneratorRefused, _NO),
    Situation.QUOTA_USED_UP: Outcome(GeneratorUnavailable, _NO),
    Situation.MAINTENANCE: Outcome(GeneratorUnavailable, _NO),
    Situation.CONNECTION_LOST: Outcome(OutcomeUnknown, _UNKNOWN),
    Situation.SILENCE: Outcome(OutcomeUnknown, _UNKNOWN, at_the_deadline=True),
    Situation.SERVER_ERROR: Outcome(OutcomeUnknown, _UNKNOWN),
    Situation.GARBAGE: Outcome(UnusableImage, _YES),
    Situation.CUT_SHORT: Outcome(UnusableImage, _YES),
    Situation.TOO_LARGE: Outcome(UnusableImage, _YES),
    Situation.NO_IMAGES: Outcome(UnusableImage, _YES),
    Situation.TOO_FEW_IMAGES: Outcome(UnusableImage, _YES, some_images=True),
    Situation.NO_IMAGE_FILES: Outcome(UnusableImage, _YES),
    Situation.ONE_NO_IMAGE_FILE: Outcome(UnusableImage, _YES, some_images=True),
    Situation.ALL_HELD_BACK: Outcome(PromptRejected, _NO | _YES),
    Situation.ONE_HELD_BACK: Outcome(PromptRejected, _YES, some_images=True),
    Situation.LINKS_DEAD: Outcome(UnusableImage, _YES),
    Situation.LINKS_ASTRAY: Outcome(UnusableImage, _YES),
    Situation.IMAGES_OUT_OF_REACH: Outcome(UnusableImage, _YES, at_the_deadline=True),
    Situation.FETCHES_STUMBLE: Outcome(None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of a paid call as they arrived; None for one that did not."""

    version: str
    prompt: str
    negative_prompt: str | None
    width: int
    height: int
    samples: int
    seeds: tuple[int, ...]
    num_inference_steps: int | None
    guidance_scale: float | None

    @classmethod
    def of(cls, request: GenerationRequest) -> Self:
        """What should arrive."""
        return cls(
            version=request.version.value,
            prompt=request.prompt.value,
            negative_prompt=request.negative_prompt.value if request.negative_prompt else None,
            width=request.size.width,
            height=request.size.height,
            samples=request.samples,
            seeds=tuple(seed.value for seed in request.seeds),
            num_inference_steps=request.num_inference_steps.value if request.num_inference_steps else None,
            guidance_scale=request.guidance_scale.value if request.guidance_scale else None,
        )


class Provider(ABC):
    """The provider behind a generator under test."""

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """What no error and no line of the log may show: the key, signed links."""

    @property
    @abstractmethod
    def asked(self) -> Sequence[Asked]:
        """The paid calls that arrived, charged or not."""

    @property
    @abstractmethod
    def charged_images(self) -> int:
        """How many images it charged for."""

    @abstractmethod
    async def suffer(self, situation: Situation) -> None:
        """Bring a situation about, for whatever is asked from now on."""

    @abstractmethod
    async def recover(self) -> None:
        """End it."""


def plain_request(card: ModelCard, *, samples: int = 1, first_seed: int = 2**31) -> GenerationRequest:
    """As little as may be said to this model. Seeds count on from `first_seed`, and begin anew after the largest."""
    count = card.seed_max - card.seed_min + 1
    seeds = tuple(Seed(card.seed_min + (first_seed + number - card.seed_min) % count) for number in range(samples))
    size = card.sizes[0] if card.sizes else ImageSize(_smallest(card.width), _smallest(card.height))
    return GenerationRequest(
        version=card.version,
        prompt=Prompt(PROMPT),
        size=size,
        samples=samples,
        seeds=seeds if card.seed else (),
    )


def full_request(card: ModelCard, *, samples: int = 1) -> GenerationRequest:
    """All that may be said to this model, no two numbers of it alike, nothing as it would be by itself."""
    steps, guidance = card.num_inference_steps, card.guidance_scale
    request = plain_request(card, samples=samples, first_seed=card.seed_max + 1 - samples)
    if card.sizes is None and _smallest(card.width) + card.width.step in card.width:
        request = replace(request, size=ImageSize(_smallest(card.width) + card.width.step, request.size.height))
    return replace(
        request,
        negative_prompt=Prompt(NEGATIVE_PROMPT) if card.negative_prompt else None,
        num_inference_steps=InferenceSteps(int(steps.min) + 3) if steps else None,
        guidance_scale=GuidanceScale((guidance.min + guidance.max) / 2 + 0.25) if guidance else None,
    )


def _smallest(side: PixelRange) -> int:
    return -(-side.min // side.step) * side.step


async def draw(
    generator: ImageGenerator, request: GenerationRequest
) -> tuple[dict[int, GeneratedImage], DrawingFailed | None]:
    """The images that come, by index, and the error, if any. Anything but a `DrawingFailed` fails the test."""
    came: dict[int, GeneratedImage] = {}
    try:
        receipt = await generator.submit(request, "key")
        async with aclosing(generator.collect(request, receipt)) as images:
            async for image in images:
                assert image.index not in came
                came[image.index] = image
    except DrawingFailed as failure:
        return came, failure
    return came, None


async def collected(
    generator: ImageGenerator, request: GenerationRequest, receipt: Receipt
) -> dict[int, GeneratedImage]:
    return {image.index: image async for image in generator.collect(request, receipt)}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # nothing sets an event when it comes true
            await asyncio.sleep(0.005)


async def until_asked(provider: Provider, times: int) -> None:
    await until(lambda: len(provider.asked) >= times)


_watched: ContextVar[set[asyncio.Task[Any]] | None] = ContextVar("_watched", default=None)


def _watching(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
    **options: Any,  # noqa: ANN401  # they differ from one Python to the next
) -> asyncio.Task[T]:
    task = asyncio.Task(coroutine, loop=loop, **options)
    if (watched := _watched.get()) is not None:
        watched.add(task)
    return task


@asynccontextmanager
async def nothing_left_running() -> AsyncIterator[None]:
    """Every task that the block brings about has ended soon after it; a provider's own, in the same loop, may go on."""
    loop = asyncio.get_running_loop()
    brought_about: set[asyncio.Task[Any]] = set()
    usual, token = loop.get_task_factory(), _watched.set(brought_about)
    loop.set_task_factory(_watching)
    try:
        yield
    finally:
        loop.set_task_factory(usual)
        _watched.reset(token)
    await until(lambda: all(task.done() for task in brought_about))


class GeneratorContract:
    """The rules for any generator, whatever draws for it."""

    repeatable: ClassVar[bool] = True
    """Whether equal requests give equal images, down to the bytes."""

    def test_it_offers_models_each_under_its_own_version(self, generator: ImageGenerator) -> None:
        versions = [card.version for card in generator.cards]

        assert versions
        assert len(set(versions)) == len(versions)

    async def test_it_says_how_it_is_without_an_order(self, generator: ImageGenerator) -> None:
        assert await generator.check()

    async def test_each_model_draws_as_many_images_as_it_may(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            for samples in {1, 2, card.samples_max} & set(range(1, card.samples_max + 1)):
                images, failure = await draw(generator, plain_request(card, samples=samples))

                assert failure is None
                assert sorted(images) == list(range(samples))

    async def test_each_image_is_of_its_own_seed(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            request = full_request(card, samples=card.samples_max)
            images, _ = await draw(generator, request)

            expected = request.seeds or (None,) * request.samples
            assert [images[index].seed for index in sorted(images)] == list(expected)

    async def test_each_image_is_of_the_size_and_type_that_its_model_card_says(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            request = full_request(card)
            images, _ = await draw(generator, request)

            file = images[0].file
            assert (ImageSize(file.width, file.height), file.media_type) == (request.size, card.media_type)
            assert file.media_type in MediaType

    async def test_ids_that_it_gives_are_all_different(self, generator: ImageGenerator) -> None:
        card = generator.cards[0]
        drawn = [await draw(generator, plain_request(card, samples=card.samples_max)) for _ in range(2)]

        ids = [image.id for images, _ in drawn for image in images.values() if image.id is not None]
        assert len(set(ids)) == len(ids)
        assert "" not in ids

    async def test_a_seed_makes_the_same_image_again_and_another_one_another(self, generator: ImageGenerator) -> None:
        for card in generator.cards:
            if not (self.repeatable and card.seed):
                continue
            first, second, other = [
                (await draw(generator, plain_request(card, first_seed=seed)))[0][0].data for seed in (5, 5, 6)
            ]

            assert first == second != other

    async def test_images_can_be_collected_again(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0], samples=min(2, generator.cards[0].samples_max))
        receipt = await generator.submit(request, "key")

        assert await collected(generator, request, receipt) == await collected(generator, request, receipt)

    async def test_what_can_be_stored_of_a_receipt_is_all_it_takes(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0])
        receipt = await generator.submit(request, "key")
        at_first = await collected(generator, request, receipt)

        if receipt.reference:
            assert await collected(generator, request, Receipt(receipt.reference)) == at_first
        else:
            assert len(receipt.images) == request.samples

    async def test_many_draw_side_by_side_and_each_gets_its_own(self, generator: ImageGenerator) -> None:
        requests = [plain_request(generator.cards[0], first_seed=number) for number in range(AT_ONCE)]
        drawn = await asyncio.gather(*(draw(generator, request) for request in requests))

        assert [failure for _, failure in drawn if failure] == []
        for request, (images, _) in zip(requests, drawn, strict=True):
            assert [images[0].seed] == list(request.seeds or (None,))

    async def test_cancelled_wherever_it_stands_it_leaves_nothing_running(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0])
        async with nothing_left_running():
            for steps in range(CANCELLED):
                work = asyncio.create_task(draw(generator, request))
                for _ in range(steps):
                    await asyncio.sleep(0)
                work.cancel()
                await asyncio.wait([work])
                assert work.cancelled() or work.result()[1] is None

        assert (await draw(generator, request))[1] is None

    async def test_whoever_stops_collecting_leaves_nothing_running(self, generator: ImageGenerator) -> None:
        request = plain_request(generator.cards[0], samples=generator.cards[0].samples_max)
        receipt = await generator.submit(request, "key")
        async with nothing_left_running():
            for _ in range(CANCELLED):
                async with aclosing(generator.collect(request, receipt)) as images:
                    await anext(images)

        assert len(await collected(generator, request, receipt)) == request.samples


class ProviderContract(GeneratorContract):
    """The rules for a generator with a provider behind it, who is asked, charges, and has his troubles."""

    situations: ClassVar[frozenset[Situation]] = frozenset(Situation)
    """Those that this provider can come into."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "situation" in metafunc.fixturenames and metafunc.cls:
            chosen = [situation for situation in Situation if situation in metafunc.cls.situations]
            metafunc.parametrize("situation", chosen, ids=[situation.name.lower() for situation in chosen])

    async def test_every_parameter_arrives_as_it_was_given(self, generator: ImageGenerator, provider: Provider) -> None:
        for card in generator.cards:
            for request in (full_request(card, samples=card.samples_max), plain_request(card)):
                before = len(provider.asked)
                await draw(generator, request)

                assert together(provider.asked[before:]) == Asked.of(request)

    async def test_checking_spends_nothing(self, generator: ImageGenerator, provider: Provider) -> None:
        await generator.check()

        assert (len(provider.asked), provider.charged_images) == (0, 0)

    async def test_checking_tells_that_nobody_is_there(self, generator: ImageGenerator, provider: Provider) -> None:
        await provider.suffer(Situation.UNREACHABLE)

        with pytest.raises(GeneratorUnavailable):
            await generator.check()

    async def test_trouble_is_told_with_the_truth_about_the_money(
        self,
        generator: ImageGenerator,
        impatient: ImageGenerator,
        provider: Provider,
        situation: Situation,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("DEBUG")
        expected = OUTCOMES[situation]
        asked = impatient if expected.at_the_deadline else generator
        card = asked.cards[0]
        request = plain_request(card, samples=min(3, card.samples_max))
        await provider.suffer(situation)
        async with nothing_left_running():
            images, failure = await draw(asked, request)

        assert sum(call.samples for call in provider.asked) <= request.samples, "it was asked again"
        assert provider.charged_images <= request.samples, "it was paid twice"
        assert type(failure) is (expected.error or type(None))
        if failure is None:
            assert len(images) == request.samples
        else:
            assert failure.charged in expected.charged
            assert failure.charged is not Charged.NO or provider.charged_images == 0, "it was paid after all"
            assert failure.charged is not Charged.YES or provider.charged_images > 0, "it was not paid at all"
            assert failure.detail
            assert 0 < len(images) < request.samples if expected.some_images else images == {}
        shown = caplog.text + "".join(traceback.format_exception(failure))
        assert [secret for secret in (*provider.secrets, PROMPT, NEGATIVE_PROMPT) if secret in shown] == []

    async def test_trouble_passes_without_a_trace(
        self, generator: ImageGenerator, impatient: ImageGenerator, provider: Provider, situation: Situation
    ) -> None:
        asked = impatient if OUTCOMES[situation].at_the_deadline else generator
        await provider.suffer(situation)
        await draw(asked, plain_request(asked.cards[0]))
        await provider.recover()

        for generator_now in (asked, generator):
            assert (await draw(generator_now, plain_request(generator_now.cards[0])))[1] is None

    async def test_waiting_for_the_answer_can_be_cancelled_again_and_again(
        self, generator: ImageGenerator, provider: Provider
    ) -> None:
        request = plain_request(generator.cards[0])
        await provider.suffer(Situation.SILENCE)
        async with nothing_left_running():
            for number in range(1, CANCELLED + 1):
                work = asyncio.create_task(generator.submit(request, "key"))
                await until_asked(provider, number)
                work.cancel()
                await asyncio.wait([work])
                assert work.cancelled(), "something else came of it"
        await provider.recover()

        assert (await draw(generator, request))[1] is None


def together(calls: Sequence[Asked]) -> Asked:
    """Several calls for single samples of one request as the one call that they amount to."""
    if len(calls) == 1:
        return calls[0]
    seeds = tuple(sorted(seed for call in calls for seed in call.seeds))
    whole = {replace(call, samples=sum(one.samples for one in calls), seeds=seeds) for call in calls}
    assert len(whole) == 1, "the calls for one request differ"
    return whole.pop()
