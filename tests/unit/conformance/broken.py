"""Generators that break one rule each: `breaks` names the rule, `message` is what the kit reports."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import ClassVar, Final

import pytest

from darkroom.adapters.conformance import Asked, GeneratorContract, Provider, ProviderContract, Situation
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator, tile
from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.ports import Receipt

BACKGROUND: Final[set[asyncio.Task[None]]] = set()


class Broken(InMemoryImageGenerator):
    """Draws correctly; each subclass changes one thing."""

    breaks: ClassVar[str]
    message: ClassVar[str]

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        images = (await super().submit(request, key)).images
        return Receipt(images=self.changed(request, images))

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        return images


class OffersNothing(Broken):
    breaks, message = "it_offers_models_each_under_its_own_version", "it offers no model"
    cards: Sequence[object] = ()  # type: ignore[assignment]


class ReturnsAnEmptyCheck(Broken):
    breaks, message = "check_returns_a_sentence_without_an_order", "check returns an empty text"

    async def check(self) -> str:
        return ""


class DrawsOneOnly(Broken):
    breaks, message = "each_model_draws_as_many_images_as_it_may", "samples came"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        return images[:1]


class DrawsOneTwice(Broken):
    breaks, message = "each_model_draws_as_many_images_as_it_may", "image 0 comes twice"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        return (images[0], *images)


class MixesUpSeeds(Broken):
    breaks, message = "each_image_is_of_its_own_seed", "the reported seeds are not those of the samples"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        backwards = [image.seed for image in reversed(images)]
        return tuple(replace(image, seed=seed) for image, seed in zip(images, backwards, strict=True))


class DrawsAnotherSize(Broken):
    breaks = "each_image_is_of_the_size_and_type_that_its_model_card_says"
    message = "the image does not have the ordered size"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        return tuple(replace(image, data=tile(64, 64, image.index)) for image in images)


class WritesThePromptIntoTheFile(Broken):
    breaks, message = "no_image_holds_its_prompts", "the prompt is in the file"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        text = b"tEXtparameters\0" + request.prompt.value.encode()
        chunk = (len(text) - 4).to_bytes(4, "big") + text + zlib.crc32(text).to_bytes(4, "big")
        return tuple(replace(image, data=image.data[:33] + chunk + image.data[33:]) for image in images)


class GivesOneIdToAll(Broken):
    breaks, message = "ids_that_it_gives_are_all_different", "two images have the same id"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        return tuple(replace(image, id="the-id") for image in images)


class IgnoresSeeds(Broken):
    breaks, message = "a_seed_makes_the_same_image_again_and_another_one_another", "two seeds give the same image"

    def changed(self, request: GenerationRequest, images: tuple[GeneratedImage, ...]) -> tuple[GeneratedImage, ...]:
        size = request.size
        return tuple(replace(image, data=tile(size.width, size.height, 0)) for image in images)


class ForgetsItsReceipts(Broken):
    breaks, message = "images_can_be_collected_again", "the second collection gives other images"

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        times = self.__dict__.setdefault("times", count())
        for image in receipt.images if next(times) == 0 else ():
            yield image


class FindsOrdersItNeverGot(Broken):
    breaks, message = "what_is_found_by_its_key_is_what_was_submitted", "it finds an order that was never submitted"

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        return await super().submit(request, key)


class StoresAUselessReference(Broken):
    breaks = "the_stored_reference_of_a_receipt_is_enough_to_collect"
    message = "the reference alone does not give what the whole receipt gave"

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        return replace(await super().submit(request, key), reference=b"come back")


class ChangesCollectedImages(Broken):
    breaks = "what_comes_with_the_answer_is_what_is_collected"
    message = "an image in the receipt differs from the collected one"

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        for image in receipt.images:
            yield replace(image, id="touched up")


class MixesUpOrders(Broken):
    breaks, message = "concurrent_orders_each_get_their_own_images", "one request got the image of another"

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        receipt = await super().submit(request, key)
        await asyncio.sleep(0)
        last, _ = self.asked[-1]
        return Receipt(images=tuple(replace(image, seed=last.seeds[image.index]) for image in receipt.images[:1]))


class GoesOnWhenCancelled(Broken):
    breaks, message = "cancelled_at_any_await_it_leaves_nothing_running", "cancellation was reported as a failure"

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            raise OutcomeUnknown("cancelled") from None
        return await super().submit(request, key)


class RaisesKeyError(Broken):
    breaks, message = "each_model_draws_as_many_images_as_it_may", "only a DrawingFailed may be raised"

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        raise KeyError("images")


class Studio(Provider):
    """A provider in memory that can be unreachable, silent or wrong, as the situation demands."""

    def __init__(self) -> None:
        self.situation: Situation | None = None
        self.calls: list[Asked] = []
        self.charged = self.fetched = 0

    @property
    def secrets(self) -> Sequence[str]:
        return ["the-secret-key"]

    @property
    def asked(self) -> Sequence[Asked]:
        return self.calls

    @property
    def charged_images(self) -> int:
        return self.charged

    async def suffer(self, situation: Situation) -> None:
        self.situation, self.fetched = situation, 0

    async def recover(self) -> None:
        self.situation = None

    def fetch(self) -> None:
        self.fetched += 1
        if self.situation is Situation.LINKS_NOT_YET and self.fetched == 1:
            raise LookupError

    async def order(self, request: GenerationRequest) -> None:
        if self.situation is Situation.UNREACHABLE:
            raise ConnectionRefusedError
        self.calls.append(Asked.of(request))
        self.charged += request.samples
        if self.situation is Situation.REFUSED_IN_A_SUCCESS:
            raise PermissionError
        if self.situation is Situation.CONNECTION_LOST:
            raise ConnectionResetError
        if self.situation is Situation.SILENCE:
            await asyncio.get_running_loop().create_future()


class Caller(Broken):
    """Asks the studio correctly; each subclass changes one thing."""

    breaks, message = "", ""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        try:
            await self.order(request)
        except ConnectionRefusedError as fault:
            raise GeneratorUnavailable("the studio is unreachable") from fault
        except ConnectionResetError as fault:
            raise self.lost() from fault
        except PermissionError as fault:
            raise self.rejected() from fault
        if self.studio.situation is Situation.GARBAGE:
            raise self.unreadable(b"garbage")
        self.fetch()
        receipt = await super().submit(request, key)
        if self.studio.situation is Situation.OTHER_SIZE:
            return replace(receipt, images=tuple(map(self.resized, receipt.images)))
        return receipt

    def fetch(self) -> None:
        with suppress(LookupError):
            self.studio.fetch()

    def resized(self, image: GeneratedImage) -> GeneratedImage:
        return replace(image, data=tile(64, 64, image.index))

    def unreadable(self, answer: bytes) -> DrawingFailed:
        return UnusableImage("it cannot be read", evidence=answer)

    async def order(self, request: GenerationRequest) -> None:
        await self.studio.order(request)

    def rejected(self) -> DrawingFailed:
        return PromptRejected("moderation said no", charged=Charged.UNKNOWN)

    def lost(self) -> DrawingFailed:
        return OutcomeUnknown("cut off")

    async def check(self) -> str:
        if self.studio.situation is Situation.UNREACHABLE:
            raise GeneratorUnavailable("the studio is unreachable")
        return "there"


class SendsTheOrderAgain(Caller):
    breaks, message = "each_failure_says_whether_money_was_spent[connection_lost]", "the order was sent again"

    async def order(self, request: GenerationRequest) -> None:
        try:
            await super().order(request)
        except ConnectionResetError:
            await super().order(request)


class ReportsAWrongCharge(Caller):
    breaks = "each_failure_says_whether_money_was_spent[connection_lost]"
    message = "its `charged` is not what is known of the money"

    def lost(self) -> DrawingFailed:
        return OutcomeUnknown("cut off", charged=Charged.NO)


class ReportsAnUnknownCharge(Caller):
    breaks = "each_failure_says_whether_money_was_spent[connection_lost]"
    message = "are recorded as"

    def lost(self) -> DrawingFailed:
        class CutOff(OutcomeUnknown):
            def __init__(self, code: int, host: str) -> None:
                super().__init__(f"{host}: {code}")
                self.charged = "perhaps"  # type: ignore[assignment]  # an author may assign anything

        return CutOff(7, "cut off")


class RaisesAnotherError(Caller):
    breaks = "each_failure_says_whether_money_was_spent[connection_lost]"
    message = "another error must be raised"

    def lost(self) -> DrawingFailed:
        return GeneratorUnavailable("cut off")


class ReportsARejectedPromptAsUnusable(Caller):
    breaks = "each_failure_says_whether_money_was_spent[refused_in_a_success]"
    message = "another error must be raised"

    def rejected(self) -> DrawingFailed:
        return UnusableImage("there is no image in the answer")


class GivesUpAtOnce(Caller):
    breaks, message = "each_failure_says_whether_money_was_spent[links_not_yet]", "another error must be raised"

    def fetch(self) -> None:
        try:
            self.studio.fetch()
        except LookupError as dead:
            raise UnusableImage("its link is dead") from dead


class RefusesAnotherSize(Caller):
    breaks, message = "each_failure_says_whether_money_was_spent[other_size]", "another error must be raised"

    def resized(self, image: GeneratedImage) -> GeneratedImage:
        raise UnusableImage("it is longer than what was ordered can be", evidence=image.data)


class ThrowsEvidenceAway(Caller):
    breaks, message = "each_failure_says_whether_money_was_spent[garbage]", "is not handed on as evidence"

    def unreadable(self, answer: bytes) -> DrawingFailed:
        return UnusableImage("it cannot be read")


class LogsSecrets(Caller):
    breaks = "each_failure_says_whether_money_was_spent[unreachable]"
    message = "a secret or a prompt is in the log"

    async def order(self, request: GenerationRequest) -> None:
        logging.getLogger(__name__).info("calling with the-secret-key")
        await super().order(request)


class DropsAField(Caller):
    breaks, message = "every_parameter_arrives_as_it_was_given", "the provider did not receive what was ordered"

    async def order(self, request: GenerationRequest) -> None:
        await super().order(replace(request, parameters=request.parameters.forgotten()))


class OrdersInCheck(Caller):
    breaks, message = "checking_spends_nothing", "the check ordered images"

    async def check(self) -> str:
        self.studio.calls.append(self.studio.calls[0] if self.studio.calls else _NOTHING)
        return await super().check()


class OrdersInFind(Caller):
    breaks, message = "looking_for_an_order_sends_none", "looking for an order placed one"

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        await self.order(request)
        return None


_NOTHING: Final = Asked(
    version="",
    prompt="",
    width=1,
    height=1,
    samples=0,
    seeds=(),
)
GENERATORS: Final = [kind for kind in Broken.__subclasses__() if kind is not Caller]
CALLERS: Final = Caller.__subclasses__()


@pytest.mark.parametrize("kind", GENERATORS, ids=lambda kind: kind.__name__)
class TestBroken(GeneratorContract):
    @pytest.fixture
    def generator(self, kind: type[Broken]) -> Broken:
        return kind(WIDEST_CARD)


@pytest.mark.parametrize("kind", [Caller, *CALLERS], ids=lambda kind: kind.__name__)
class TestBrokenCaller(ProviderContract):
    situations = frozenset(
        {
            *(Situation.UNREACHABLE, Situation.CONNECTION_LOST, Situation.REFUSED_IN_A_SUCCESS, Situation.GARBAGE),
            *(Situation.LINKS_NOT_YET, Situation.OTHER_SIZE),
        }
    )

    @pytest.fixture
    def provider(self) -> Studio:
        return Studio()

    @pytest.fixture
    def generator(self, kind: type[Caller], provider: Studio) -> Caller:
        return kind(provider)

    @pytest.fixture
    def impatient(self, kind: type[Caller], provider: Studio) -> Caller:
        return kind(provider)
