"""Reads images from providers' answers and yields them as they arrive."""

import asyncio
import base64
import logging
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.domain.model.errors import DrawingFailed, PromptRejected, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.values import Seed

log = logging.getLogger(__name__)

_DATA: Final = re.compile(r"data:([^,]*),(.*)", re.IGNORECASE | re.DOTALL)  # RFC 2397
_LINK: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_BLANKS: Final = b" \t\r\n\f\v"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def enclosed_or_linked(value: object, *, index: int) -> bytes | str | None:
    """Return an image field of an answer as the file's bytes or the link to it; None if it is empty or not a string.

    Providers put either into any field: base64 in the standard or URL-safe alphabet, with or without whitespace and
    padding; a `data:` URI of any media type; or a link.

    Raises:
        UnusableImage: the value is neither.
    """
    return read_place(value, f"image {index}")


def read_place(value: object, name: str) -> bytes | str | None:
    """Do the same as `enclosed_or_linked`, with `name` for the image in errors."""
    if not isinstance(value, str) or not (text := value.strip()):
        return None
    if found := _DATA.match(text):
        kind, data = found.groups()
        if kind.rstrip().lower().endswith(";base64"):
            return _from_base64(unquote(data) if "%" in data else data, name)
        return unquote_to_bytes(data)
    if _LINK.match(text):
        if not text.isascii() or len(text) > ImageHosts.LONGEST_LINK:
            evidence = text.encode(errors="backslashreplace")
            raise UnusableImage(f"{name} has a link that cannot be followed", evidence=evidence)
        return text
    return _from_base64(text, name)


def first_of(values: Iterable[object], *, index: int) -> bytes | str | None:
    """Return the first usable value, as `enclosed_or_linked` reads it; None if all are empty.

    Raises:
        UnusableImage: none is usable, and at least one is not empty.
    """
    flaw: UnusableImage | None = None
    for value in values:
        try:
            if (found := enclosed_or_linked(value, index=index)) is not None:
                return found
        except UnusableImage as unusable:
            flaw = flaw or unusable
    if flaw is not None:
        raise flaw
    return None


def _from_base64(text: str, name: str) -> bytes:
    """Decode base64 (RFC 4648) leniently: providers wrap lines, omit the padding or use the URL-safe alphabet."""
    try:
        coded = text.encode("ascii").translate(_URL_SAFE, _BLANKS).rstrip(b"=")
        return base64.b64decode(coded + b"=" * (-len(coded) % 4), validate=True)
    except ValueError as flaw:
        evidence = text.encode(errors="backslashreplace")
        detail = f"{name} is neither a link nor base64 in the provider's answer"
        raise UnusableImage(detail, evidence=evidence) from flaw


def drawn_image(
    request: GenerationRequest, *, index: int, seed: Seed | None, data: bytes, image_id: str | None
) -> GeneratedImage:
    """Return the image in `data`, without any bytes behind its end.

    An image of another size than ordered is returned too, since it was paid for; a warning is logged.

    Raises:
        UnusableImage: `data` is not an image, or is incomplete.
    """
    image = GeneratedImage(index=index, seed=seed, data=data, id=image_id)
    if len(image.data) != len(data):
        log.warning("image %d came with %d bytes after its end, which are cut off", index, len(data) - len(image.data))
    if (image.file.width, image.file.height) != (request.size.width, request.size.height):
        log.warning(
            "image %d has %d x %d pixels, but %d x %d were ordered",
            index,
            image.file.width,
            image.file.height,
            request.size.width,
            request.size.height,
        )
    return image


async def as_they_come(
    images: Iterable[AbstractAsyncContextManager[GeneratedImage]], failures: Iterable[DrawingFailed] = ()
) -> AsyncGenerator[GeneratedImage, None]:
    """Enter `images` concurrently and yield each as soon as it is ready; finally raise if any failed.

    An image's context exits when the next one is requested. `failures` are failures that are already known. Closing
    the generator, or cancelling its consumer, cancels the images that are still pending.

    Raises:
        DrawingFailed: at least one image failed; several failures are combined by `together`.
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
    """Return the image, and the stack that frees it; `entered` closes that stack at the latest."""
    leaving = AsyncExitStack()
    drawn = await leaving.enter_async_context(image)
    entered.push_async_callback(leaving.aclose)
    return drawn, leaving


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def together(failures: list[DrawingFailed]) -> DrawingFailed:
    """Return one error for all `failures`, at least one: the worst of them, with the details and evidence of each.

    The order is that of `Charged.badness`; among equals, a rejected prompt is the least bad.
    """
    worst = max(failures, key=lambda failure: (failure.charged.badness, not isinstance(failure, PromptRejected)))
    if len(failures) == 1:
        return worst
    detail = "; ".join(failure.detail for failure in failures)
    whole = worst.again(detail)
    others = [piece for failure in failures if failure is not worst for piece in failure.all_evidence]
    whole.further_evidence = (*worst.further_evidence, *others)
    return whole
