"""A marking generator fulfils the contract of its port, and its images carry marks."""

import asyncio
import logging
from dataclasses import replace

import pytest

from darkroom.adapters.conformance import GeneratorContract
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.sketch import SketchImageGenerator
from darkroom.adapters.in_memory.generator import WIDEST_CARD, InMemoryImageGenerator
from darkroom.adapters.marks.files import embedded, properties, stated_in_xmp
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.marks.statement import SOURCE_TYPES, Statement
from darkroom.domain.model.errors import InvalidValue, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import MediaSource
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed
from darkroom.domain.ports import ImageGenerator, Receipt
from unit.marks.variants import pixels

REQUEST = GenerationRequest(
    version=ModelVersion("memory"),
    prompt=Prompt("a fox"),
    parameters=Parameters.of(negative_prompt="hounds"),
    size=ImageSize(32, 16),
    samples=2,
    seeds=(Seed(7), Seed(8)),
)


class TestMarkedSketch(GeneratorContract):
    @pytest.fixture
    def generator(self) -> ImageGenerator:
        return MarkingImageGenerator(SketchImageGenerator(), stated_in_xmp, prompts=True)


class TestMarkedInMemory(GeneratorContract):
    @pytest.fixture
    def generator(self) -> ImageGenerator:
        return MarkingImageGenerator(InMemoryImageGenerator(), stated_in_xmp, prompts=False)


async def drawn(generator: ImageGenerator, request: GenerationRequest = REQUEST) -> list[GeneratedImage]:
    receipt = await generator.submit(request, "key")
    return [image async for image in generator.collect(request, receipt)]


def said(image: GeneratedImage) -> dict[str, str]:
    return dict(properties(embedded(image.data, image.file.media_type)))


async def test_each_image_is_marked_and_otherwise_unchanged() -> None:
    bare = await drawn(InMemoryImageGenerator())
    marked = await drawn(MarkingImageGenerator(InMemoryImageGenerator(), stated_in_xmp, prompts=False))

    for before, after in zip(bare, marked, strict=True):
        assert after.seed is not None
        assert said(after) == {
            "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + "trainedAlgorithmicMedia",
            "Iptc4xmpExt:AISystemUsed": "memory",
            "Iptc4xmpExt:AISystemVersionUsed": "memory",
            "xmp:CreatorTool": "Darkroom",
            "darkroom:Generator": "memory",
            "darkroom:Model": "memory",
            "darkroom:Seed": str(after.seed.value),
        }
        assert replace(after, data=before.data) == before
        assert pixels(after.data) == pixels(before.data)


async def test_an_image_inside_an_answer_is_marked_once() -> None:
    made = 0

    def counted(data: bytes, media_type: MediaType, statement: Statement) -> bytes:
        nonlocal made
        made += 1
        return stated_in_xmp(data, media_type, statement)

    marking = MarkingImageGenerator(OneByOneImageGenerator(InMemoryImageGenerator(), at_once=8), counted, prompts=False)

    receipts = [receipt async for receipt in marking.answers(REQUEST, "key")]
    collected = [image async for image in marking.collect(REQUEST, receipts[-1])]

    assert all(said(image) for receipt in receipts for image in receipt.images)
    assert sorted(image.index for image in collected) == [0, 1]
    assert made == 2


async def test_the_prompt_is_in_the_mark_only_if_the_operator_chose_so() -> None:
    with_prompts = MarkingImageGenerator(InMemoryImageGenerator(), stated_in_xmp, prompts=True)
    without_prompts = MarkingImageGenerator(InMemoryImageGenerator(), stated_in_xmp, prompts=False)

    assert said((await drawn(with_prompts))[0])["Iptc4xmpExt:AIPromptInformation"] == "a fox\nNegative prompt: hounds"
    assert "a fox" not in str(said((await drawn(without_prompts))[0]))


async def test_a_mark_without_a_seed_contains_none() -> None:
    seedless = InMemoryImageGenerator(replace(WIDEST_CARD, seed=False, media_source=MediaSource.ALGORITHMIC))
    (image,) = await drawn(
        MarkingImageGenerator(seedless, stated_in_xmp, prompts=True), replace(REQUEST, seeds=(), samples=1)
    )
    assert said(image) == {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + "algorithmicMedia",
        "xmp:CreatorTool": "Darkroom",
        "darkroom:Generator": "memory",
        "darkroom:Model": "memory",
    }


@pytest.mark.parametrize("broken", [b"no image at all", b""])
async def test_an_image_that_cannot_be_marked_is_still_returned(
    broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    bare = await drawn(InMemoryImageGenerator())
    with caplog.at_level(logging.ERROR):
        marked = await drawn(MarkingImageGenerator(InMemoryImageGenerator(), lambda *_: broken, prompts=True))

    assert marked == bare
    assert caplog.text.count("without its mark") == len(bare)
    assert "a fox" not in caplog.text


async def test_slow_marking_does_not_block_the_event_loop() -> None:
    loop, others = asyncio.get_running_loop(), asyncio.Event()

    def waiting_for_others(data: bytes, media_type: MediaType, statement: Statement) -> bytes:
        asyncio.run_coroutine_threadsafe(others.wait(), loop).result(timeout=20)
        return stated_in_xmp(data, media_type, statement)

    loop.call_soon(others.set)
    generator = InMemoryImageGenerator()
    marked = await drawn(MarkingImageGenerator(generator, waiting_for_others, prompts=False, takes_time=True))
    assert all(said(image) for image in marked)


async def test_all_other_calls_go_to_the_wrapped_generator() -> None:
    inner = InMemoryImageGenerator()
    marking = MarkingImageGenerator(inner, stated_in_xmp, prompts=False)

    receipt = await marking.submit(REQUEST, "key")
    assert inner.asked == [(REQUEST, "key")]
    assert marking.cards == inner.cards
    assert await marking.check() == await inner.check()
    assert await marking.progress(REQUEST, "key", receipt) == await inner.progress(REQUEST, "key", receipt)


class Showing(InMemoryImageGenerator):
    """Shows an image while it draws."""

    shown: GeneratedImage | None = None

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        return self.shown


async def test_an_unfinished_image_gets_xmp_whatever_the_mark() -> None:
    inner, made = Showing(), list[bytes]()

    def signing(data: bytes, media_type: MediaType, statement: Statement) -> bytes:
        made.append(data)
        return data

    marking = MarkingImageGenerator(inner, signing, prompts=False, takes_time=True)
    assert await marking.unfinished(REQUEST, "key", None) is None
    (inner.shown, *_) = await drawn(InMemoryImageGenerator())

    marked = await marking.unfinished(REQUEST, "key", None)
    assert marked is not None
    assert said(marked) == said(
        (await drawn(MarkingImageGenerator(InMemoryImageGenerator(), stated_in_xmp, prompts=False)))[0]
    )
    assert pixels(marked.data) == pixels(inner.shown.data)
    assert made == []


async def test_an_unfinished_image_without_room_for_a_mark_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(data: bytes, media_type: MediaType, statement: Statement) -> bytes:
        raise InvalidValue("its own packet leaves no room")

    monkeypatch.setattr("darkroom.adapters.marks.generator.stated_in_xmp", refusing)
    inner = Showing()
    (inner.shown, *_) = await drawn(InMemoryImageGenerator())
    with pytest.raises(UnusableImage, match="cannot be marked: its own packet leaves no room"):
        await MarkingImageGenerator(inner, stated_in_xmp, prompts=False).unfinished(REQUEST, "key", None)


async def test_images_inside_a_found_receipt_are_marked() -> None:
    class Remembering(InMemoryImageGenerator):
        async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
            return await self.submit(request, key) if key == "key" else None

    marking = MarkingImageGenerator(Remembering(), stated_in_xmp, prompts=False)

    found = await marking.find(REQUEST, "key")
    assert found is not None
    assert all(said(image) for image in found.images)
    assert await marking.find(REQUEST, "another") is None
