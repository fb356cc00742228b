"""Previews in the results of tools: images for an agent, made in time and within the limits of its client."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import httpx
import pytest
from PIL import Image

from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import NoPreview, PreviewMaker, PreviewsUnavailable
from darkroom.entrypoints.http.mcp import previews
from integration.http.generators import StingyGenerator
from integration.http.house import ORDER, House, open_house
from integration.http.test_mcp import call, text

MIB = 1_048_576
SENTENCE = "shown here; the links lead to the images themselves."


@cache
def webp(length: int = 0) -> bytes:
    """A picture of 512 x 384, padded to at least `length` bytes."""
    file = io.BytesIO()
    Image.effect_mandelbrot((512, 384), (-2, -1.5, 1, 1.5), 20).save(file, "WEBP")
    return file.getvalue().ljust(length, b"\0")


class Maker(PreviewMaker):
    """Makes previews of these lengths, one after the other, or raises `fault`."""

    def __init__(self, *lengths: int, fault: Exception | None = None) -> None:
        self._lengths, self._fault = list(lengths), fault

    async def make(self, data: bytes, image: StoredImage, generation: Generation) -> bytes:
        if self._fault:
            raise self._fault
        return webp(self._lengths.pop(0) if self._lengths else 0)


class Slow(PreviewMaker):
    async def make(self, data: bytes, image: StoredImage, generation: Generation) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError


def shown(result: dict[str, Any]) -> Sequence[bytes]:
    """The previews in a result; each must open."""
    contents = [content for content in result["content"] if content["type"] == "image"]
    assert {content["mimeType"] for content in contents} <= {"image/webp"}
    pictures = [base64.b64decode(content["data"], validate=True) for content in contents]
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
            assert (image.format, image.size) == ("WEBP", (512, 384))
    return pictures


def as_without(result: dict[str, Any]) -> bool:
    """Whether a result has no previews and does not mention any."""
    return {content["type"] for content in result["content"]} == {"text", "resource_link"} and SENTENCE not in text(
        result
    )


async def test_a_result_shows_previews_besides_its_links() -> None:
    async with open_house(previews=Maker()) as house:
        drawn = await call(house, "draw_image", **ORDER, samples=2)
        found = await call(house, "get_generation", id=drawn["structuredContent"]["id"])
    assert [content["type"] for content in drawn["content"]] == ["text", *["resource_link"] * 2, *["image"] * 2]
    assert shown(drawn) == shown(found) == [webp(), webp()]
    assert text(drawn).endswith(f"\nSmall previews are {SENTENCE}")
    assert all(image["preview"] for image in drawn["structuredContent"]["images"])


async def test_images_that_were_stored_without_previews_get_them_when_they_are_read() -> None:
    maker = Maker(fault=PreviewsUnavailable("not now"))
    async with open_house(previews=maker) as house:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(previews, "PATIENCE", 0.1)
            drawn = await call(house, "draw_image", **ORDER)
        maker._fault = None  # noqa: SLF001
        found = await call(house, "get_generation", id=drawn["structuredContent"]["id"])
    assert as_without(drawn)
    assert shown(found) == [webp()]


async def test_a_failed_result_shows_the_images_that_were_stored() -> None:
    async with open_house(generator=StingyGenerator(None), previews=Maker()) as house:
        result = await call(house, "draw_image", **ORDER, samples=2)
    assert (result["isError"], len(shown(result))) == (True, 1)


@pytest.mark.parametrize(
    "maker", [Slow(), Maker(fault=NoPreview("no image")), Maker(fault=PreviewsUnavailable("not now"))]
)
async def test_previews_that_are_not_made_in_time_are_left_out(
    maker: PreviewMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "PATIENCE", 0.3)
    async with open_house(previews=maker) as house:
        async with asyncio.timeout(10):
            drawn = await call(house, "draw_image", **ORDER)
    assert (drawn["isError"], as_without(drawn)) == (False, True)


class WithoutPreviews(InMemoryImageStorage):
    """Cannot give previews back: reading one hangs or fails."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__()
        self._hangs = hangs

    async def get(self, image: StoredImage) -> bytes:
        if image.media_type is MediaType.WEBP:
            if self._hangs:
                await asyncio.Event().wait()
            raise StorageFault("away")
        return await super().get(image)


@pytest.mark.parametrize("hangs", [True, False])
async def test_previews_that_cannot_be_read_in_time_are_left_out(
    monkeypatch: pytest.MonkeyPatch, *, hangs: bool
) -> None:
    monkeypatch.setattr(previews, "_READING", 0.3)
    async with open_house(previews=Maker(), storage=WithoutPreviews(hangs=hangs)) as house:
        drawn = await call(house, "draw_image", **ORDER)
    assert (drawn["isError"], as_without(drawn)) == (False, True)


async def test_previews_count_as_memory_until_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "_READING", 0.3)
    async with open_house(previews=Maker()) as house:
        async with house.services.memory(2**20):
            drawn = await call(house, "draw_image", **ORDER)
        assert as_without(drawn)
        assert shown(await call(house, "get_generation", id=drawn["structuredContent"]["id"]))
        async with asyncio.timeout(5), house.services.memory(2**20):
            pass  # all of the memory is free again


async def raw(house: House, **arguments: Any) -> httpx.Response:  # noqa: ANN401  # what JSON holds
    params = {"name": "draw_image", "arguments": arguments}
    return await house.client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


async def test_a_result_with_eight_images_is_within_the_limits_of_clients() -> None:
    prompt = "등대 " * 80
    lengths = [previews.LARGEST] * 3 + [previews.LARGEST + 1] + [previews.LARGEST] * 4
    async with open_house(previews=Maker(*lengths), memory_bytes=2**22) as house:
        answer = await raw(house, **ORDER | {"prompt": prompt}, samples=8)
    result = answer.json()["result"]
    pictures = shown(result)
    assert len(answer.content) < MIB
    assert len(result["content"]) == 9 + len(pictures)
    assert max(map(len, pictures)) <= previews.LARGEST
    assert f"\nSmall previews of 1, 2, 3 and 5 are {SENTENCE}" in text(result)


async def test_eight_previews_of_usual_length_all_fit() -> None:
    async with open_house(previews=Maker(*[80_000] * 8)) as house:
        answer = await raw(house, **ORDER, samples=8)
    result = answer.json()["result"]
    assert len(shown(result)) == 8
    assert len(answer.content) < MIB
    # Claude Code accepts 25,000 tokens. It counts four characters as one, and an image as 1,600.
    assert len(text(result)) / 4 + 8 * 1600 < 25_000
