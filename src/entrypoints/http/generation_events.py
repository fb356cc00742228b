"""`GET /api/generations/{id}/events`: the progress of a generation, as server-sent events."""

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

from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.progress import Progress
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.event_stream import EventStream, event
from darkroom.entrypoints.http.generations import GENERATIONS, GenerationShown
from darkroom.entrypoints.http.headers import Headers, values_of
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


@get(GENERATIONS + "/{generation_id:uuid}/events")
async def generation_events(
    request: CallerRequest, services: NamedDependency[Services], generation_id: FromPath[UUID]
) -> ASGIApp:
    """Follow one of the caller's generations to its end."""
    generation = await services.keep.one(str(generation_id), request.user.subject)
    events = _events(services, generation, _last_event(request.scope["headers"]))
    return EventStream(events, services.streams, request.user.subject)


async def _events(
    services: Services, generation: Generation, seen: tuple[int, int]
) -> AsyncGenerator[bytes | None, None]:
    """Yield events that are not older than `seen` (a revision and a step), and None if there is nothing new."""
    told: ProgressShown | None = None
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
        yield None if showing == told else event("progress", f"{seen[0]}-{seen[1]}", msgspec.json.encode(showing))
        told = showing


def _last_event(headers: Headers) -> tuple[int, int]:
    """Return the revision and step of `Last-Event-ID`; (-1, 0) if there is none, or its id is not ours."""
    sent = _EVENT_ID.fullmatch(next(iter(values_of(headers, b"last-event-id")), ""))
    return (int(sent[1]), int(sent[2])) if sent else (-1, 0)
