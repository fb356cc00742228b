from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.outbound_http.images import as_they_come, drawn_image, enclosed_or_linked, first_of, together
from darkroom.domain.model.errors import Charged, DrawingFailed, OutcomeUnknown, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import ImageSize, ModelVersion, Prompt, Seed

REQUEST = GenerationRequest(
    version=ModelVersion("v"), prompt=Prompt("p"), size=ImageSize(32, 16), samples=1, seeds=(Seed(1),)
)
REJECTED = PromptRejected("image 0 was withheld", charged=Charged.YES)
UNUSABLE = UnusableImage("image 1 is not an image", evidence=b"raw")
UNKNOWN = OutcomeUnknown("the outcome is unknown")


@asynccontextmanager
async def drawn(
    index: int,
    after: asyncio.Event | None = None,
    left: list[int] | None = None,
    failure: Exception | None = None,
) -> AsyncIterator[GeneratedImage]:
    if after:
        await after.wait()
    if failure:
        raise failure
    try:
        yield drawn_image(REQUEST, index=index, seed=Seed(index), data=tile(32, 16, index), image_id=None)
    finally:
        if left is not None:
            left.append(index)


async def indices(images: AsyncGenerator[GeneratedImage, None], failure: type[Exception]) -> list[int]:
    came = []
    with pytest.raises(failure):  # noqa: PT012  # images before the error count too
        async for image in images:
            came.append(image.index)  # noqa: PERF401  # as above
    return came


def test_an_image_of_the_ordered_size_is_accepted() -> None:
    image = drawn_image(REQUEST, index=3, seed=Seed(2**32 - 1), data=tile(32, 16, 0), image_id="a=b+/")

    assert (image.index, image.seed, image.id) == (3, Seed(2**32 - 1), "a=b+/")


@pytest.mark.parametrize(("width", "height"), [(16, 32), (16, 16), (64, 32)])
def test_an_image_of_another_size_is_accepted_and_logged(
    width: int, height: int, caplog: pytest.LogCaptureFixture
) -> None:
    data = tile(width, height, 0)

    assert drawn_image(REQUEST, index=0, seed=None, data=data, image_id=None).data == data
    assert f"has {width} x {height} pixels, but 32 x 16 were ordered" in caplog.text


def test_bytes_after_the_end_are_cut_off_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    data = tile(32, 16, 0)

    assert drawn_image(REQUEST, index=1, seed=None, data=data + b"<script>", image_id=None).data == data
    assert "image 1 came with 8 bytes after its end" in caplog.text


BYTES = bytes(range(256)) + b"\xfb\xff\xfe"  # its base64 has padding and every character in which the alphabets differ
CODED = base64.b64encode(BYTES).decode()


@pytest.mark.parametrize(
    "text",
    [
        CODED,
        CODED.rstrip("="),
        CODED.translate(str.maketrans("+/", "-_")),
        base64.encodebytes(BYTES).decode(),
        CODED.replace("A", "A\r\n \t"),
        f"  {CODED}\n",
        f"data:image/png;base64,{CODED}",
        f"DATA:application/octet-stream;charset=x;BASE64,{CODED.rstrip('=')}",
        f"data:;base64,{quote(CODED)}",
        f"data:image/webp,{quote(BYTES)}",
    ],
)
def test_base64_is_read_in_any_common_form(text: str) -> None:
    assert enclosed_or_linked(text, index=0) == BYTES


def test_a_link_is_recognised_and_preferred_to_enclosed_images() -> None:
    assert enclosed_or_linked(" https://cdn.example/a?b=%20 ", index=0) == "https://cdn.example/a?b=%20"
    assert first_of((None, "", 7, "%", "http://cdn.example/a", CODED), index=0) == "http://cdn.example/a"
    assert first_of((None, [], {}, " "), index=0) is None


@pytest.mark.parametrize(
    "text",
    ["%%%", "aGkab", "\uff48i==", "\ud800", "/files/a.png", "https://k\u00f6ln.example/", f"https://a/{'x' * 9000}"],
)
def test_text_that_is_neither_an_image_nor_a_link_is_unusable(text: str) -> None:
    with pytest.raises(UnusableImage, match="image 2") as raised:
        first_of((None, text), index=2)

    assert raised.value.evidence == text.encode(errors="backslashreplace")


async def test_images_are_yielded_as_they_arrive() -> None:
    second_was_given = asyncio.Event()
    came = []
    async for image in as_they_come([drawn(0, second_was_given), drawn(1)]):
        came.append(image.index)
        second_was_given.set()

    assert came == [1, 0]


async def test_each_image_is_released_when_the_next_is_requested() -> None:
    left: list[int] = []
    images = as_they_come(drawn(index, left=left) for index in range(3))

    came: list[int] = []
    async for image in images:
        assert left == came
        came.append(image.index)
    assert left == came


async def test_all_images_are_released_when_the_iteration_is_closed() -> None:
    left: list[int] = []
    images = as_they_come([drawn(0, left=left), drawn(1, left=left), drawn(2, asyncio.Event(), left)])
    await anext(images)
    await asyncio.sleep(0)
    await images.aclose()

    assert sorted(left) == [0, 1]


async def test_failures_are_raised_after_all_images() -> None:
    images = as_they_come([drawn(0, failure=UNUSABLE), drawn(1), drawn(2, failure=REJECTED), drawn(3)])

    assert await indices(images, UnusableImage) == [1, 3]


async def test_failures_known_beforehand_are_raised_too() -> None:
    assert await indices(as_they_come([drawn(0)], [REJECTED]), PromptRejected) == [0]


async def test_a_fault_is_raised_unchanged_and_cancels_the_others() -> None:
    never = asyncio.Event()
    before = asyncio.all_tasks()
    images = as_they_come([drawn(0, never), drawn(1, failure=ZeroDivisionError())])

    assert await indices(images, ZeroDivisionError) == []
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("failures", "worst", "charged"),
    [
        ([REJECTED, UNUSABLE], UnusableImage, Charged.YES),
        ([UNUSABLE, REJECTED], UnusableImage, Charged.YES),
        ([UNUSABLE, UNKNOWN, REJECTED], OutcomeUnknown, Charged.UNKNOWN),
        ([PromptRejected("free"), REJECTED], PromptRejected, Charged.YES),
        ([REJECTED], PromptRejected, Charged.YES),
    ],
)
def test_of_several_failures_the_worst_is_raised_and_each_is_named(
    failures: list[DrawingFailed], worst: type[DrawingFailed], charged: Charged
) -> None:
    combined = together(failures)

    assert (type(combined), combined.charged) == (worst, charged)
    assert all(failure.detail in str(combined) for failure in failures)
    if UNUSABLE in failures and worst is UnusableImage:
        assert combined.evidence == b"raw"
