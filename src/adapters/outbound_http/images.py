"""Images on their way from a provider."""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final

from darkroom.domain.model.errors import DrawingFailed, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import ImageSize, Seed

log = logging.getLogger(__name__)

_BYTES_A_PIXEL: Final = 3
_BESIDES_PIXELS: Final = 512 * 1024


def longest_file(size: ImageSize) -> int:
    """Bytes that a file of this size can need: its pixels at 24 bits, not compressed at all, and room for metadata."""
    return size.width * size.height * _BYTES_A_PIXEL + _BESIDES_PIXELS


def from_base64(text: str, *, index: int) -> bytes:
    """The bytes of an image that came within an answer.

    Raises:
        UnusableImage: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as flaw:
        evidence = text.encode(errors="backslashreplace")
        raise UnusableImage(f"image {index} is no base64 in the provider's answer", evidence=evidence) from flaw


def drawn_image(
    request: GenerationRequest, *, index: int, seed: Seed | None, data: bytes, image_id: str | None
) -> GeneratedImage:
    """An image as the provider drew it.

    One of another size than ordered was paid for like any other, and is no less of an image: it is handed out, and
    the operator is told.

    Raises:
        UnusableImage: it is no image, or not whole.
    """
    image = GeneratedImage(index=index, seed=seed, data=data, id=image_id)
    if (image.file.width, image.file.height) != (request.size.width, request.size.height):
        log.warning(
            "an image of %d x %d pixels came, and %d x %d were ordered",
            image.file.width,
            image.file.height,
            request.size.width,
            request.size.height,
        )
    return image


async def as_they_come(
    images: Iterable[AbstractAsyncContextManager[GeneratedImage]], failures: Iterable[DrawingFailed] = ()
) -> AsyncGenerator[GeneratedImage, None]:
    """Enter images side by side and give each as soon as it is here; then raise, if any failed.

    Each is left as soon as the next one is asked for. `failures` are those known before. Closing the generator, or
    cancelling who reads it, ends what still runs.
    """
    failed = list(failures)
    async with AsyncExitStack() as entered:
        tasks = [asyncio.create_task(_entered(image, entered)) for image in images]
        entered.push_async_callback(end_all, tasks)
        for task in asyncio.as_completed(tasks):
            try:
                image, leaving = await task
            except DrawingFailed as failure:
                failed.append(failure)
            else:
                async with leaving:
                    yield image
    if failed:
        raise together(failed)


async def _entered(
    image: AbstractAsyncContextManager[GeneratedImage], entered: AsyncExitStack
) -> tuple[GeneratedImage, AsyncExitStack]:
    """The image, and what leaves it; should nobody do that, `entered` does at the end."""
    leaving = AsyncExitStack()
    drawn = await leaving.enter_async_context(image)
    entered.push_async_callback(leaving.aclose)
    return drawn, leaving


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def together(failures: list[DrawingFailed]) -> DrawingFailed:
    """One error for all of them: of the worst kind, telling of each."""
    worst = max(failures, key=lambda failure: (failure.charged.badness, not isinstance(failure, PromptRejected)))
    if len(failures) == 1:
        return worst
    detail = "; ".join(failure.detail for failure in failures)
    return type(worst)(detail, charged=worst.charged, retry_after=worst.retry_after, evidence=worst.evidence)
