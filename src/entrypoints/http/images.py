"""`POST /api/images`: draw what is ordered, and answer with links to the stored images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar import Controller, Response, post
from litestar.di import NamedDependency

from darkroom.domain.model.errors import InvalidRequest, StorageUnavailable
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.order import Order, read_order
from darkroom.domain.model.values import IdempotencyKey, WebhookUrl
from darkroom.domain.ports import ImageStorage, WebhookSender
from darkroom.domain.use_cases.generate_images import Outcome
from darkroom.entrypoints.http.answers import Image
from darkroom.entrypoints.http.auth.authentication import CallerRequest
from darkroom.entrypoints.http.body import decode_fields, read_json
from darkroom.entrypoints.http.generations import GenerationShown, address_of, costing, drawn_by
from darkroom.entrypoints.http.headers import Headers, idempotency_key, prefers_not_to_wait, webhook_url
from darkroom.entrypoints.http.problems import ProblemAnswer, problem_response
from darkroom.entrypoints.http.services import Services

LOOK_AGAIN: Final = 2
"""Seconds after which a client that does not wait may ask for the generation (`Retry-After`)."""


class ImagesController(Controller):
    """Accepts orders for images."""

    path = "/api/images"

    @post(status_code=200)
    async def draw(
        self, request: CallerRequest, services: NamedDependency[Services]
    ) -> Response[list[Image]] | Response[GenerationShown] | Response[ProblemAnswer]:
        """Draw images from a text and keep them in storage."""
        asked = read_request(request.scope["headers"], await read_json(request), services.cards, services.webhooks)
        outcome = await services.generate(
            asked.order, request.user, asked.key, wait=not asked.leaves, webhook=asked.webhook
        )
        return await _answer(request, outcome, services.storage)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: an order with its idempotency key and webhook; `leaves`: the client does not wait."""

    order: Order
    key: IdempotencyKey | None
    leaves: bool
    webhook: WebhookUrl | None


def read_request(
    headers: Headers, body: bytes, cards: Mapping[str, ModelCard], webhooks: WebhookSender | None
) -> Asked:
    """Parse a request; `webhooks` checks webhook URLs, None if webhooks are switched off.

    Raises:
        MalformedBody: the body is not JSON.
        InvalidRequest: headers or body break rules; it names every one of them.
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


async def _answer(
    request: CallerRequest, outcome: Outcome, storage: ImageStorage
) -> Response[list[Image]] | Response[GenerationShown] | Response[ProblemAnswer]:
    generation, error = outcome.generation, outcome.error
    address, images = address_of(generation), [Image.of(image) for image in outcome.images]
    headers = {"Link": f'<{address}>; rel="describedby"'} | costing(generation)
    if outcome.replay:
        headers["Idempotency-Replay"] = "true"
    if outcome.promised:
        headers |= {"Location": address, "Preference-Applied": "respond-async", "Retry-After": str(LOOK_AGAIN)}
        return Response(await GenerationShown.of(generation, storage), status_code=202, headers=headers)
    headers |= drawn_by(generation)
    if error is None:
        return Response(images, headers=headers)
    if isinstance(error, StorageUnavailable):
        headers["Location"] = address
    return problem_response(request, error, instance=address, images=images, cost=generation.cost, headers=headers)
