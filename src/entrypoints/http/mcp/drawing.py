"""The tools `draw_image` and `get_generation`: order images, and show a generation."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Final
from uuid import UUID

from darkroom.domain.model.errors import (
    InvalidRequest,
    InvalidValue,
    LedgerUnavailable,
    StorageUnavailable,
    Violation,
)
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.order import Order, read_order
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import IdempotencyKey
from darkroom.entrypoints.http.generations import GenerationShown, SizedImage, address_of
from darkroom.entrypoints.http.mcp.calls import Call, read_arguments, string
from darkroom.entrypoints.http.mcp.messages import Json
from darkroom.entrypoints.http.mcp.previews import previewed, with_previews
from darkroom.entrypoints.http.mcp.results import ToolResult, refused

PATIENCE: Final = 25.0
"""Seconds until a call is answered without the images; agents give up after 40."""

_STANDS: Final = {
    State.RECEIVED: "waits to be drawn",
    State.SUBMITTED: "is being drawn",
    State.DRAWN: "is drawn, and is being stored",
}


async def draw_image(call: Call) -> ToolResult:
    """Order images, and wait for them for at most `PATIENCE` seconds.

    Raises:
        DarkroomError: the order was not accepted.
    """
    order, key = _read(call)
    # Promised, so that it is drawn whether or not the agent waits, and its id is known at once.
    outcome = await call.services.generate(order, call.caller, key, wait=False)
    return await _at_its_end(outcome.generation, call)


async def get_generation(call: Call) -> ToolResult:
    """Show a generation; if it has not ended, wait for it for at most `PATIENCE` seconds.

    Raises:
        DarkroomError: the generation cannot be shown.
    """
    generation_id: str = read_arguments(call.arguments, required={"id": _id})["id"]
    generation = await call.services.keep.one(generation_id, call.caller.subject)
    return await _at_its_end(generation, call)


def _id(value: object) -> str:
    with suppress(ValueError):
        if isinstance(value, str):
            return str(UUID(value))
    raise InvalidValue("must be the id of a generation, as draw_image and list_generations give it")


def _read(call: Call) -> tuple[Order, IdempotencyKey | None]:
    fields, broken, key, order = dict(call.arguments), list[Violation](), None, None
    given = fields.pop("key", None)
    try:
        key = None if given is None else string(IdempotencyKey)(given)
    except InvalidValue as rule:
        broken.append(Violation("/key", str(rule)))
    try:
        order = read_order(fields, call.services.cards)
    except InvalidRequest as wrong:
        broken += wrong.violations
    if broken or order is None:
        raise InvalidRequest(broken)
    return order, key


async def _at_its_end(generation: Generation, call: Call) -> ToolResult:
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE
    generation, progress = await _waited_for(generation, call)
    generation = await previewed(generation, call, seconds=until - clock())
    try:
        shown = await GenerationShown.of(generation, call.services.storage)
    except StorageUnavailable as fault:
        more = [f"Generation {generation.id}."]
        return refused(call.request, fault, *more, instance=address_of(generation), cost=generation.cost)
    if not generation.state.final:
        return ToolResult(text=_under_way(generation, progress), data=shown)
    stored = [_line(place, image) for place, image in enumerate(shown.images, 1)]
    links = [_link(generation, place, image) for place, image in enumerate(shown.images)]
    if error := generation.error:
        more = [
            f"Generation {generation.id}.",
            *(["These images were stored nevertheless:", *stored] if stored else []),
        ]
        refusal = refused(call.request, error, *more, instance=address_of(generation), cost=generation.cost)
        return await with_previews(replace(refusal, data=shown, links=links), generation, call)
    cost = f", cost {generation.cost}" if generation.cost else ""
    count = "1 image" if len(stored) == 1 else f"{len(stored)} images"
    first = f"{count} drawn with {generation.model.value} ({generation.generator}): generation {generation.id}{cost}."
    result = ToolResult(text="\n".join([first, *stored]), data=shown, links=links)
    return await with_previews(result, generation, call)


async def _waited_for(generation: Generation, call: Call) -> tuple[Generation, Progress]:
    """Return the generation once it has ended, or its state after `PATIENCE` seconds; and its progress."""
    seen, progress = generation, Progress()
    if generation.state.final:
        return seen, progress
    # A ledger that does not answer does not stop a generation that was accepted.
    with suppress(TimeoutError, LedgerUnavailable):
        async with asyncio.timeout(PATIENCE), aclosing(call.services.follow(generation)) as looks:
            async for look in looks:
                seen, progress = look
    return seen, progress


def _under_way(generation: Generation, progress: Progress) -> str:
    words = _STANDS[generation.state]
    if progress.position:
        words += f", at place {progress.position}"
    if progress.step is not None and progress.steps:
        words += f", step {progress.step} of {progress.steps}"
    if progress.seconds_left is not None:
        words += f", about {progress.seconds_left:.0f} s left"
    return (
        f"Not finished yet: generation {generation.id} {words}. It goes on by itself and is paid once. "
        f"Call get_generation with this id to get its images; do not order it again."
    )


def _line(place: int, image: SizedImage) -> str:
    seed = "" if image.seed is None else f"seed {image.seed}, "
    size = f"{image.width}x{image.height}, " if image.width and image.height else ""
    return f"{place}. {seed}{size}{image.image}"


def _link(generation: Generation, index: int, image: SizedImage) -> Json:
    file = generation.images[index]
    link: Mapping[str, object] = {
        "type": "resource_link",
        "uri": image.image,
        "name": file.key.rpartition("/")[2],
        "mimeType": file.media_type,
        "size": file.length,
    }
    seed = {} if image.seed is None else {"description": f"seed {image.seed}"}
    return {**link, **seed}
