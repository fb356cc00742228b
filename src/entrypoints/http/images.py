"""`POST /api/images`: an order comes in, stored images go out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar import Controller, Response, post
from litestar.di import NamedDependency

from darkroom.domain.model.errors import InvalidRequest, StorageFault, StorageUnavailable
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.order import Order, read_order
from darkroom.domain.model.values import IdempotencyKey, WebhookUrl
from darkroom.domain.ports import WebhookSender
from darkroom.entrypoints.http.answers import Image, linked, no_links
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.body import decode_fields, read_json
from darkroom.entrypoints.http.generations import GenerationShown, address_of, drawn_by
from darkroom.entrypoints.http.headers import Headers, idempotency_key, prefers_not_to_wait, webhook_url
from darkroom.entrypoints.http.problems import ProblemAnswer, problem_response
from darkroom.entrypoints.http.services import Services

LOOK_AGAIN: Final = 2
"""Seconds after which a client who does not wait may ask what has become of its order."""


class ImagesController(Controller):
    """Where images are ordered."""

    path = "/api/images"

    @post(status_code=200)
    async def draw(
        self, request: CallerRequest, services: NamedDependency[Services]
    ) -> Response[list[Image]] | Response[GenerationShown] | Response[ProblemAnswer]:
        """Draw images from a text and keep them in storage."""
        asked = read_request(request.scope["headers"], await read_json(request), services.cards, services.webhooks)
        accepted = await services.generate.accept(
            asked.order, request.user, asked.key, promise=asked.leaves, webhook=asked.webhook
        )
        generation, address = accepted.generation, address_of(accepted.generation)
        headers = {"Link": f'<{address}>; rel="describedby"'}
        if accepted.replay:
            headers["Idempotency-Replay"] = "true"
        if asked.leaves and not generation.state.final:
            headers |= {"Location": address, "Preference-Applied": "respond-async", "Retry-After": str(LOOK_AGAIN)}
            return Response(await GenerationShown.of(generation, services.storage), status_code=202, headers=headers)
        generation = await services.generate.outcome(generation)
        headers |= drawn_by(generation)
        try:
            images = await linked(generation.images, services.storage)
        except StorageFault as fault:
            error = no_links(fault, generation.charged)
            return problem_response(request, error, instance=address, headers=headers | {"Location": address})
        if generation.error is None:
            return Response(images, headers=headers)
        if isinstance(generation.error, StorageUnavailable):
            headers["Location"] = address
        return problem_response(request, generation.error, instance=address, images=images, headers=headers)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: an order under the caller's key, whether it waits, and where it wants to be told."""

    order: Order
    key: IdempotencyKey | None
    leaves: bool
    webhook: WebhookUrl | None


def read_request(
    headers: Headers, body: bytes, cards: Mapping[str, ModelCard], webhooks: WebhookSender | None
) -> Asked:
    """Read a request; `webhooks` says whom callers may have called, if anybody.

    Raises:
        MalformedBody: the body is no JSON.
        InvalidRequest: naming every rule that is broken, in the headers and in the body.
    """
    fields, broken = decode_fields(body)
    key = order = webhook = None
    try:
        key = idempotency_key(headers)
    except InvalidRequest as wrong:
        broken += wrong.violations
    try:
        webhook = webhook_url(headers, webhooks)
    except InvalidRequest as wrong:
        broken += wrong.violations
    try:
        order = read_order(fields, cards)
    except InvalidRequest as wrong:
        broken += wrong.violations
    if broken or order is None:
        raise InvalidRequest(broken)
    return Asked(order, key, prefers_not_to_wait(headers), webhook)
