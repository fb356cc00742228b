"""`GET /api/generations/{id}/events`: the progress of a generation, as server-sent events."""

import base64
import hashlib
import math
import re
from collections.abc import AsyncGenerator
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import Meta, Struct

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.generation import GeneratedImage, Generation, State
from darkroom.domain.model.progress import Progress
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.event_stream import EventStream, event
from darkroom.entrypoints.http.generations import GENERATIONS, GenerationShown
from darkroom.entrypoints.http.headers import Headers, values_of
from darkroom.entrypoints.http.query import TAKES_PARAMETERS, read_parameters
from darkroom.entrypoints.http.services import Services

_EVENT_ID: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")

_Count = Annotated[int, Meta(ge=0)]
_Steps = Annotated[int, Meta(ge=1)]


class ProgressShown(Struct, frozen=True):
    """How far a generation is; null is unknown."""

    state: State
    position: Annotated[_Count | None, Meta(description="Its place in the queue; 0 while it is being drawn.")]
    step: Annotated[_Count | None, Meta(description="Inference steps done, over all images of the order.")]
    steps: Annotated[_Steps | None, Meta(description="The number of steps.")]
    seconds_left: Annotated[_Count | None, Meta(description="An estimate of the time until everything is stored.")]

    @classmethod
    def of(cls, generation: Generation, progress: Progress) -> Self:
        """Make one from a generation and what is known of its progress."""
        left = progress.seconds_left
        return cls(
            state=generation.state,
            position=progress.position,
            step=progress.step,
            steps=progress.steps,
            seconds_left=None if left is None else math.ceil(left),
        )


class UnfinishedShown(Struct, frozen=True):
    """An image as far as it is drawn."""

    index: Annotated[_Count, Meta(description="Which image of the order it is, from 0.")]
    image: Annotated[str, Meta(description="PNG, JPEG or WebP, as a data URI (RFC 2397).")]

    @classmethod
    def of(cls, image: GeneratedImage) -> Self:
        """Make one from an image."""
        return cls(image.index, f"data:{image.file.media_type};base64,{base64.b64encode(image.data).decode()}")


@get(GENERATIONS + "/{generation_id:uuid}/events", opt=TAKES_PARAMETERS)
async def generation_events(
    request: CallerRequest, services: NamedDependency[Services], generation_id: FromPath[UUID]
) -> ASGIApp:
    """Follow one of the caller's generations to its end."""
    asked = read_parameters(request.scope["query_string"], {"unfinished": _flag})
    generation = await services.keep.one(str(generation_id), request.user.subject)
    last = _last_event(request.scope["headers"])
    events = _events(services, generation, last, unfinished=asked.get("unfinished", False))
    return EventStream(events, services.streams, request.user.subject)


async def _events(
    services: Services, generation: Generation, seen: tuple[int, int], *, unfinished: bool
) -> AsyncGenerator[bytes | None, None]:
    """Yield events that are not older than `seen` (a revision and a step), and None if there is nothing new.

    `unfinished`: each change of an image that is being drawn is an event too.
    """
    told: ProgressShown | None = None
    seen_image = b""
    async for now, progress in services.follow(generation):
        if now.erased_at:
            return  # a client that reconnects is answered with 410
        if now.state.final:
            shown = await GenerationShown.of(now, services.storage)
            yield event("done", f"{now.revision}-0", msgspec.json.encode(shown))
            return
        seen = max(seen, (now.revision, progress.step or 0))
        if seen[0] > now.revision:
            yield None
            continue
        showing = ProgressShown.of(now, progress)
        if showing.step is not None:
            # Some providers count anew for each image: never report fewer steps than before.
            showing = msgspec.structs.replace(showing, step=seen[1])
        if showing == told:
            yield None
            continue
        told, event_id = showing, f"{seen[0]}-{seen[1]}"
        yield event("progress", event_id, msgspec.json.encode(showing))
        if not unfinished:
            continue
        async with services.follow.unfinished(now) as image:
            if image and (digest := hashlib.sha256(image.data).digest()) != seen_image:
                seen_image = digest
                yield event("unfinished", event_id, msgspec.json.encode(UnfinishedShown.of(image)))
            del image  # its place is free now: it must not stay in memory until the next one


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidValue("must be true or false")
    return text == "true"


def _last_event(headers: Headers) -> tuple[int, int]:
    """Return the revision and step of `Last-Event-ID`; (-1, 0) if there is none, or its id is not ours."""
    sent = _EVENT_ID.fullmatch(next(iter(values_of(headers, b"last-event-id")), ""))
    return (int(sent[1]), int(sent[2])) if sent else (-1, 0)
