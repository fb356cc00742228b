"""`POST /v1/images/generations`: an order comes in, and images go out as links, as bytes, or as both."""

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from http import HTTPStatus
from itertools import chain
from math import ceil
from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import UNSET, Meta, Struct, UnsetType

from darkroom.domain.model.errors import DarkroomError, StorageFault, StorageUnavailable
from darkroom.domain.use_cases.generate_images import Outcome
from darkroom.domain.use_cases.links import LinkedImage
from darkroom.entrypoints.http.answers import Image
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.body import read_json
from darkroom.entrypoints.http.generations import address_of, costing, drawn_by
from darkroom.entrypoints.http.images_api.asked import BYTES, URL, read_request
from darkroom.entrypoints.http.images_api.refusals import BELOW, refusal_response
from darkroom.entrypoints.http.services import Services

log = logging.getLogger(__name__)

_NOT_READ: Final = "the images are stored, and cannot be read back just now"

GENERATIONS: Final = f"{BELOW}/images/generations"


class DrawnImage(Struct, frozen=True, kw_only=True):
    """A stored image: its link, its bytes, or both."""

    url: Annotated[str | UnsetType, Meta(description="The URL of the stored image.")] = UNSET
    b64_json: Annotated[bytes | UnsetType, Meta(description="The stored bytes, in base64.")] = UNSET
    seed: Annotated[int | None, Meta(description="The seed that made it; null if the model knows none.")]
    id: Annotated[str, Meta(description="The provider's own id, if it gives one; else one of ours. Opaque.")]


class DrawnImages(Struct, frozen=True):
    """The images, in the order of their seeds."""

    created: Annotated[int, Meta(description="When they were ordered: Unix time in seconds.")]
    data: list[DrawnImage]


@post(GENERATIONS, status_code=200)
async def drawing(request: CallerRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Draw images from a text and keep them in storage."""
    asked = read_request(request.scope["headers"], await read_json(request), services.cards)
    outcome = await services.generate(asked.order, request.user, asked.key)
    return Drawing(request, services, outcome, asked.forms)


class Drawing:
    """What an outcome is answered with, as an ASGI application: so that bytes count as held until they are sent."""

    def __init__(self, request: CallerRequest, services: Services, outcome: Outcome, forms: Collection[str]) -> None:
        self._request, self._services, self._outcome, self._forms = request, services, outcome, forms
        generation = outcome.generation
        self._headers = {"Location": address_of(generation), **drawn_by(generation), **costing(generation)}
        if outcome.replay:
            self._headers["Idempotency-Replay"] = "true"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the images, or what went wrong."""
        images = self._outcome.images
        if error := self._outcome.error:
            await self._refuse(error, scope, receive, send)
            return
        async with self._services.memory(_room(images)) if BYTES in self._forms else nullcontext():
            try:
                shown = [await self._shown(image) for image in images]
            except StorageFault as fault:
                log.warning("a stored image cannot be read back: %s", fault)
                unread = StorageUnavailable(_NOT_READ, charged=self._outcome.generation.charged)
                await self._refuse(unread, scope, receive, send)
                return
            await self._send(shown, send)

    async def _shown(self, linked: LinkedImage) -> bytes:
        """An image in JSON.

        Raises:
            StorageFault: the caller wants its bytes only, and they cannot be read.
        """
        image, url = linked.image, UNSET if URL not in self._forms else linked.url
        data: bytes | UnsetType = UNSET
        if BYTES in self._forms:
            try:
                data = await self._services.storage.get(image)
            except StorageFault:
                if url is UNSET:
                    raise
        shown = DrawnImage(url=url, b64_json=data, seed=image.seed.value if image.seed else None, id=image.id)
        return msgspec.json.encode(shown)

    async def _send(self, images: Sequence[bytes], send: Send) -> None:
        created = int(self._outcome.generation.created_at.timestamp())
        between = chain(*((b",", image) for image in images))
        next(between)
        pieces = [b'{"created":%d,"data":[' % created, *between, b"]}"]
        headers = {"Content-Type": "application/json", "Content-Length": str(sum(map(len, pieces)))} | self._headers
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": encoded})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(self, error: DarkroomError, scope: Scope, receive: Receive, send: Send) -> None:
        images = [Image.of(image) for image in self._outcome.images]
        refused = refusal_response(self._request, error, images=images, headers=self._headers)
        await refused.to_asgi_response(None, self._request)(scope, receive, send)


def _room(images: Iterable[LinkedImage]) -> int:
    """Bytes in memory at once: all images in base64 (RFC 4648, 4), and the longest one as it is."""
    lengths = [linked.image.length for linked in images]
    return sum(4 * ceil(length / 3) for length in lengths) + max(lengths, default=0)
