"""Previews as content of a result: images that an agent can look at, within what its client takes."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import msgspec

from darkroom.domain.model.errors import LedgerUnavailable, StorageFault
from darkroom.domain.model.generation import Generation, StoredImage
from darkroom.entrypoints.http.mcp.calls import Call
from darkroom.entrypoints.http.mcp.results import ToolResult

PATIENCE: Final = 5.0
"""Seconds that a result waits for previews that are being made."""

LARGEST: Final = 150_000
"""Bytes of a preview that is sent."""

ROOM: Final = 1_000_000
"""Bytes of a result with previews, as `darkroom mcp` writes it; Claude Desktop takes 1 MiB."""

_GLANCE: Final = 0.25  # seconds between two looks
_READING: Final = 2.0  # seconds for all previews of a result to be read
_AROUND: Final = 100  # bytes of JSON around each


@dataclass(frozen=True, slots=True)
class _Sent:
    """The preview of the image at this place in the result, counted from 1."""

    place: int
    preview: StoredImage

    @property
    def in_base64(self) -> int:
        """Bytes that it takes in base64 (RFC 4648, 4)."""
        return 4 * ceil(self.preview.length / 3)


async def previewed(generation: Generation, call: Call, *, seconds: float) -> Generation:
    """The generation as soon as its previews are there, or as it stands after that time; at once if none are made."""
    making = call.services.previews
    if making is None:
        return generation
    making.want(generation)
    # If the ledger is away, the result comes without them.
    with suppress(TimeoutError, LedgerUnavailable):
        async with asyncio.timeout(min(seconds, PATIENCE)):
            while generation.awaits_previews:  # in whichever process
                await asyncio.sleep(_GLANCE)
                generation = await call.services.ledger.find(generation.id) or generation
    return generation


async def with_previews(result: ToolResult, generation: Generation, call: Call) -> ToolResult:
    """The result with the previews that are there, can be read now, and fit in; it holds memory until it is sent."""
    chosen = _chosen(generation, ROOM - len(json.dumps(msgspec.to_builtins(result.as_json()))))
    if not chosen:
        return result
    try:
        async with asyncio.timeout(_READING):
            await call.held.enter_async_context(
                call.services.memory(sum(one.preview.length + one.in_base64 for one in chosen))
            )
            read = await asyncio.gather(*(_read(one.preview, call) for one in chosen))
    except TimeoutError:
        return result
    shown = [(one.place, data) for one, data in zip(chosen, read, strict=True) if data is not None]
    if not shown:
        return result
    # `data` is bytes, which are in base64 wherever JSON is made of them.
    contents = [{"type": "image", "data": data, "mimeType": "image/webp"} for _, data in shown]
    said = _said([place for place, _ in shown], all_of_them=len(shown) == len(generation.images))
    return replace(result, text=f"{result.text}\n{said}", previews=contents)


def _chosen(generation: Generation, room: int) -> Sequence[_Sent]:
    """The first previews that take up this many bytes at most."""
    chosen = list[_Sent]()
    for place, image in enumerate(generation.images, 1):
        preview = image.preview_image
        if preview is None or image.awaits_preview or preview.length > LARGEST:
            continue
        one = _Sent(place, preview)
        room -= one.in_base64 + _AROUND
        if room < 0:
            break
        chosen.append(one)
    return chosen


async def _read(preview: StoredImage, call: Call) -> bytes | None:
    with suppress(StorageFault):
        return await call.services.storage.get(preview)
    return None


def _said(places: Sequence[int], *, all_of_them: bool) -> str:
    *others, last = map(str, places)
    which = "" if all_of_them else f" of {', '.join(others)} and {last}" if others else f" of {last}"
    return f"Small previews{which} are shown here; the links lead to the images themselves."
