"""Previews in a result: images that an agent can look at, within the size that its client accepts."""

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
"""The most seconds that a result waits for previews that are being made."""

LARGEST: Final = 150_000
"""The most bytes of a preview that is sent."""

ROOM: Final = 1_000_000
"""The most bytes of a result with previews, as `darkroom mcp` writes it; Claude Desktop accepts 1 MiB."""

_GLANCE: Final = 0.25  # seconds between two looks at the ledger
_READING: Final = 2.0  # seconds for reading all previews of a result
_AROUND: Final = 100  # bytes of JSON around each preview


@dataclass(frozen=True, slots=True)
class _Sent:
    """The preview of the image at this place in the result, counted from 1."""

    place: int
    preview: StoredImage

    @property
    def in_base64(self) -> int:
        """Its length in base64, in bytes (RFC 4648, 4)."""
        return 4 * ceil(self.preview.length / 3)


async def previewed(generation: Generation, call: Call, *, seconds: float) -> Generation:
    """Return the generation once its previews are stored, or its state after at most `seconds`.

    If no previews are made here, return it at once.
    """
    making = call.services.previews
    if making is None:
        return generation
    making.want(generation)
    # If the ledger does not answer, the result has no previews.
    with suppress(TimeoutError, LedgerUnavailable):
        async with asyncio.timeout(min(seconds, PATIENCE)):
            while generation.awaits_previews:  # another process may be making them
                await asyncio.sleep(_GLANCE)
                generation = await call.services.ledger.find(generation.id) or generation
    return generation


async def with_previews(result: ToolResult, generation: Generation, call: Call) -> ToolResult:
    """Return the result with those previews that exist, can be read and fit; `call.held` releases their memory."""
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
    # `data` is bytes, which msgspec encodes in base64.
    contents = [{"type": "image", "data": data, "mimeType": "image/webp"} for _, data in shown]
    said = _said([place for place, _ in shown], all_of_them=len(shown) == len(generation.images))
    return replace(result, text=f"{result.text}\n{said}", previews=contents)


def _chosen(generation: Generation, room: int) -> Sequence[_Sent]:
    """Return the first previews that together need at most `room` bytes."""
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
