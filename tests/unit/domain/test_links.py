"""Links to stored images: all of them or an error, and the error always says that they were paid for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.generations import received, stored
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import Charged, StorageUnavailable
from darkroom.domain.model.generation import Preview
from darkroom.domain.use_cases.links import linked

STORED = stored(received(samples=3))[-1]


@pytest.mark.parametrize("fault", [KeyError("no credentials"), MemoryError()])
async def test_images_that_cannot_be_linked_are_reported_as_charged(fault: Exception) -> None:
    class WithoutCredentials(InMemoryImageStorage):
        async def link(self, key: str) -> str:
            raise fault

    with pytest.raises(StorageUnavailable) as raised:
        await linked(STORED, WithoutCredentials())
    assert raised.value.charged is Charged.YES


async def test_each_image_has_its_link_in_the_order_of_the_images() -> None:
    storage = InMemoryImageStorage()
    found = await linked(STORED, storage)
    assert [one.image for one in found] == [*STORED.images]
    assert [one.url for one in found] == [await storage.link(image.key) for image in STORED.images]
    assert {(one.download, one.preview) for one in found} == {(None, None)}


async def test_only_a_stored_preview_is_linked() -> None:
    storage = InMemoryImageStorage()
    there, planned, none = (
        Preview("a.preview.webp", 1, "0" * 64, stored=True),
        Preview("b.preview.webp", 1, "0" * 64),
        None,
    )
    images = [
        replace(image, preview=preview) for image, preview in zip(STORED.images, (there, planned, none), strict=True)
    ]

    found = await linked(replace(STORED, images=tuple(images)), storage, in_every_way=True)

    assert [one.preview for one in found] == [await storage.link("a.preview.webp"), None, None]
