"""`POST /v1/images/generations`: draw what is ordered, and answer with links, bytes, or both."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from http import HTTPStatus
from itertools import chain
from math import ceil
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import UNSET, Meta, Struct, UnsetType

from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    Gone,
    IdempotencyKeyReused,
    LedgerUnavailable,
    StorageFault,
    StorageUnavailable,
)
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import Call, CallState
from darkroom.domain.use_cases.generate_images import Outcome
from darkroom.domain.use_cases.links import LinkedImage
from darkroom.domain.use_cases.patience import patiently
from darkroom.entrypoints.http.answers import TAKEN, Image
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.body import read_json
from darkroom.entrypoints.http.generations import address_of, costing, drawn_by
from darkroom.entrypoints.http.images_api.asked import BYTES, URL, Asked, read_request
from darkroom.entrypoints.http.images_api.refusals import BELOW, refusal_response
from darkroom.entrypoints.http.services import Services

log = logging.getLogger(__name__)

_NOT_READ: Final = "the images are stored, and cannot be read back now"

_LEDGER_TIMEOUT: Final = 5.0  # seconds for each try to record that a call has ended

GENERATIONS: Final = f"{BELOW}/images/generations"


class DrawnImage(Struct, frozen=True, kw_only=True):
    """A stored image: its link, its bytes, or both."""

    url: Annotated[str | UnsetType, Meta(description="The URL of the stored image.")] = UNSET
    b64_json: Annotated[bytes | UnsetType, Meta(description="The stored bytes, in base64.")] = UNSET
    seed: Annotated[int | None, Meta(description="The seed that made it; null if the model has no seeds.")]
    id: Annotated[str, Meta(description="The provider's own id, if it gives one; otherwise one of ours. Opaque.")]


class DrawnImages(Struct, frozen=True):
    """The images, in the order of their seeds."""

    created: Annotated[int, Meta(description="When they were ordered: Unix time in seconds.")]
    data: list[DrawnImage]


@post(GENERATIONS, status_code=200)
async def drawing(request: CallerRequest, services: NamedDependency[Services]) -> ASGIApp:
    """Draw images from a text and keep them in storage."""
    asked = read_request(request.scope["headers"], await read_json(request), services.cards)
    if asked.key is None:
        return Attended(request, services, asked)
    return Drawing(request, services, asked.forms, lambda: services.generate(asked.order, request.user, asked.key))


class Attended:
    """An ASGI application for a call without an idempotency key; the ledger records whether its answer arrived.

    The clients of this door repeat a call automatically if its connection ends without an answer. The repetition gets
    the order of the first call, so that it is paid for once.
    """

    def __init__(self, request: CallerRequest, services: Services, asked: Asked) -> None:
        self._request, self._services, self._asked = request, services, asked
        self._call = self._own = self._new(repeats=asked.repeats)
        self._sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Draw and answer. If the caller disconnects, the drawing is finished, and the call recorded as cut off."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.body" and not message["more_body"]:
                self._sent = True
            await send(message)

        leaving = asyncio.create_task(_left(receive))
        try:
            await self._begin()
            if leaving.done():  # while the ledger was slow: its repetition may be a new order, so this one is none
                await self._end(CallState.CUT)
                return
            answer = Drawing(self._request, self._services, self._asked.forms, self._outcome)
            answering = asyncio.create_task(answer(scope, receive, sending))
            try:
                await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
                whole = self._sent and await _taken(scope)
                await self._end(CallState.ANSWERED if whole else CallState.CUT)
                await answering
            finally:
                answering.cancel()
        finally:
            leaving.cancel()

    async def _outcome(self) -> Outcome:
        order, caller, call = self._asked.order, self._request.user, self._call
        try:
            return await self._services.generate(order, caller, call.key)
        except (Gone, IdempotencyKeyReused):
            if call.key == self._own.key:
                raise
        # What the first call drew was deleted since, or its model was replaced: draw a new one for this call.
        await self._end(CallState.ANSWERED)
        self._call = self._new(repeats=False)
        await self._begin()
        return await self._services.generate(order, caller, self._call.key)

    def _new(self, *, repeats: bool) -> Call:
        id_, caller = uuid7(), self._request.user.subject
        return Call(id=id_, caller=caller, body=self._asked.body, key=IdempotencyKey(f"{BELOW} {id_}"), repeats=repeats)

    async def _begin(self) -> None:
        try:
            self._call = await self._services.ledger.track(self._call, self._services.repeated_within)
        except LedgerUnavailable as fault:
            fault.charged = Charged.UNKNOWN if self._call.repeats else Charged.NO  # the repeated call may have cost
            raise

    async def _end(self, state: CallState) -> None:
        call, ledger, within = replace(self._call, state=state), self._services.ledger, self._services.repeated_within
        await patiently(lambda: ledger.track(call, within), "the ledger", timeout=_LEDGER_TIMEOUT)


async def _taken(scope: Scope) -> bool:
    """Return whether the client has received the answer; True if the server cannot tell."""
    extension: Mapping[object, Any] = (scope.get("extensions") or {}).get(TAKEN, {})
    return not extension or bool(await extension[TAKEN]())


async def _left(receive: Receive) -> None:
    """Return once the client has disconnected, or the answer is complete."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Drawing:
    """An ASGI application that answers with an outcome, and reserves memory for its bytes until they are sent."""

    def __init__(
        self,
        request: CallerRequest,
        services: Services,
        forms: Collection[str],
        drawn: Callable[[], Awaitable[Outcome]],
    ) -> None:
        self._request, self._services, self._forms, self._drawn = request, services, forms, drawn
        self._headers: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the images, or the error."""
        try:
            outcome = await self._drawn()
        except DarkroomError as error:
            await self._refuse(error, (), scope, receive, send)
            return
        generation, images = outcome.generation, outcome.images
        self._headers = {"Location": address_of(generation), **drawn_by(generation), **costing(generation)}
        if outcome.replay:
            self._headers["Idempotency-Replay"] = "true"
        if outcome.error:
            await self._refuse(outcome.error, images, scope, receive, send)
            return
        async with self._services.memory(_room(images)) if BYTES in self._forms else nullcontext():
            try:
                shown = [await self._shown(image) for image in images]
            except StorageFault as fault:
                log.warning("a stored image cannot be read back: %s", fault)
                unread = StorageUnavailable(_NOT_READ, charged=generation.charged)
                await self._refuse(unread, images, scope, receive, send)
                return
            await self._send(int(generation.created_at.timestamp()), shown, send)

    async def _shown(self, linked: LinkedImage) -> bytes:
        """Return an image as JSON; without its bytes if they cannot be read and the caller also wants the link.

        Raises:
            StorageFault: the bytes cannot be read, and the caller does not want the link.
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

    async def _send(self, created: int, images: Sequence[bytes], send: Send) -> None:
        between = chain(*((b",", image) for image in images))
        next(between)
        pieces = [b'{"created":%d,"data":[' % created, *between, b"]}"]
        headers = {"Content-Type": "application/json", "Content-Length": str(sum(map(len, pieces)))} | self._headers
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": encoded})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(
        self, error: DarkroomError, stored: Iterable[LinkedImage], scope: Scope, receive: Receive, send: Send
    ) -> None:
        images = [Image.of(image) for image in stored]
        refused = refusal_response(self._request, error, images=images, headers=self._headers)
        await refused.to_asgi_response(None, self._request)(scope, receive, send)


def _room(images: Iterable[LinkedImage]) -> int:
    """Return the peak memory in bytes: all images in base64 (RFC 4648, 4), and the longest one unencoded."""
    lengths = [linked.image.length for linked in images]
    return sum(4 * ceil(length / 3) for length in lengths) + max(lengths, default=0)
