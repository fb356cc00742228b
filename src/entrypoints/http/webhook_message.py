"""The message that webhooks receive."""

from typing import Literal

import msgspec
from msgspec import Struct

from darkroom.domain.model.generation import Generation
from darkroom.domain.ports import ImageStorage
from darkroom.entrypoints.http.generations import GenerationShown, Moment
from darkroom.entrypoints.http.problems import provider_messages
from darkroom.entrypoints.http.public_path import published_under


class GenerationFinished(Struct, frozen=True):
    """A generation has ended; `data` is the generation as `GET /api/generations/{id}` shows it, with new links."""

    type: Literal["generation.finished"]
    timestamp: Moment
    data: GenerationShown


async def webhook_message(
    generation: Generation, storage: ImageStorage, public_path: str = "", *, show_provider_messages: bool = False
) -> bytes:
    """Return the body of the message about a generation that has ended; `public_path` is that of the service.

    Raises:
        StorageUnavailable: the storage cannot make links at present.
    """
    with published_under(public_path), provider_messages(shown=show_provider_messages):
        shown = await GenerationShown.of(generation, storage)
    message = GenerationFinished("generation.finished", generation.finished_at or generation.created_at, shown)
    return msgspec.json.encode(message)
