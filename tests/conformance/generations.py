"""Sample generations for tests."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from darkroom.domain.model.generation import Generation, GenerationRequest, StoredImage
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import (
    IdempotencyKey,
    ImageSize,
    ModelVersion,
    Prompt,
    Seed,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
IMAGE = b"image"
"""The bytes of each image; a ledger does not read them."""


def received(
    *,
    caller: str = "ada",
    key: str | None = None,
    samples: int = 1,
    cost: str | None = None,
    version: str = "v2.1",
    at: datetime = NOON,
    prompt: str = "a lighthouse in the fog",
) -> Generation:
    """A generation just received; `cost` is text such as `0.02 USD`."""
    return Generation(
        id=uuid7(),
        caller=caller,
        request=GenerationRequest(
            version=ModelVersion(version),
            prompt=Prompt(prompt),
            size=ImageSize(512, 512),
            samples=samples,
            seeds=tuple(Seed(number) for number in range(samples)),
        ),
        model=ModelVersion(version),
        generator="karlo",
        fingerprint="f" * 64,
        created_at=at,
        key=IdempotencyKey(key) if key else None,
        cost=Money.parse(cost) if cost else None,
    )


def image_of(generation: Generation, index: int = 0) -> StoredImage:
    """One image of the generation, with its key in the storage."""
    return StoredImage(
        index=index,
        id=f"image-{index}",
        seed=Seed(index),
        key=f"images/2026/03/14/{generation.id}-{index}.webp",
        media_type=MediaType.WEBP,
        length=len(IMAGE),
        sha256=hashlib.sha256(IMAGE).hexdigest(),
    )


def drawn(generation: Generation) -> list[Generation]:
    """The revisions from a received generation to `drawn`."""
    submitted = generation.submitted()
    receipted = submitted.receipted(b"links")
    images = [image_of(generation, index) for index in range(generation.request.samples)]
    return [submitted, receipted, receipted.drawn(images)]


def stored(generation: Generation) -> list[Generation]:
    """The revisions from a received generation to `stored`."""
    revisions = drawn(generation)
    return [*revisions, revisions[-1].stored(revisions[-1].waiting, generation.created_at + timedelta(seconds=9))]
