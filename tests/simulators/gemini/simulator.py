"""The image part of the Gemini API, on a loopback port."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from aiohttp import web

from simulators.charges import Call, ChargeBook
from simulators.exchange import Answer, url_as_sent
from simulators.faults.fault import Entry
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Gallery
from simulators.gemini.errors import RATE_LIMIT, Refused
from simulators.gemini.faults import GEMINI_MENU
from simulators.gemini.order import GeminiOrder, authorised, model_of, read_order
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota

API_KEY = "AIza-gemini-test-key"
TOKENS_OF_AN_IMAGE = 1120


class GeminiSimulator(ProviderSimulator):
    """Draws one image for each call, for callers that send `api_key`."""

    def __init__(
        self,
        api_key: str,
        quota: ImageQuota,
        book: ChargeBook,
        gallery: Gallery,
        *,
        port: int,
        seconds_per_image: float,
    ) -> None:
        super().__init__(GEMINI_MENU, book, gallery, port=port, seconds_per_image=seconds_per_image)
        self.api_key = api_key
        self._quota = quota

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/v1beta/models/{model}:generateContent", self._generate),
            web.get("/v1beta/models/{model}", self._model),
        ]

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        name = request.match_info["model"]
        try:
            order = self._accept(call, name)
        except Refused as refused:
            return refused.error.answer().response()
        work = PaidWork(order.prompt, 1, partial(self._draw, order), partial(_render, name))
        return await self.answer(request, call, work)

    def _accept(self, call: Call, name: str) -> GeminiOrder:
        order = read_order(call, name, self.api_key)
        if not self._quota.take(1):
            raise Refused(RATE_LIMIT)
        return order

    async def _model(self, request: web.Request) -> web.StreamResponse:
        """Describe a model, for free."""
        name = request.match_info["model"]
        try:
            headers = {key.lower(): value for key, value in request.headers.items()}
            authorised(headers, url_as_sent(request), self.api_key)
            model_of(name)
        except Refused as refused:
            return refused.error.answer().response()
        return web.json_response({"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]})

    async def _draw(self, order: GeminiOrder, faults: CallFaults) -> list[Entry]:
        data = await self.bytes_of(order.picture(), 0, faults)
        # The API has no ids and seeds: they are here for the faults that all providers share.
        return [{"id": secrets.token_hex(4), "seed": 0, "image": base64.b64encode(data).decode()}]


def _render(name: str, images: list[Entry]) -> Answer:
    parts: list[dict[str, object]] = [{"text": "Here you are."}]
    parts += [
        {"inlineData": {"mimeType": "image/png", **({"data": image["image"]} if "image" in image else {})}}
        for image in images
    ]
    counted = TOKENS_OF_AN_IMAGE * len(images)
    answer = {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 10,
            "candidatesTokenCount": counted,
            "thoughtsTokenCount": 100,
            "totalTokenCount": 110 + counted,
        },
        "modelVersion": name,
        "responseId": secrets.token_hex(12),
    }
    return Answer(json.dumps(answer).encode())


def gemini_simulator(
    api_key: str = API_KEY,
    *,
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> GeminiSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `charges_file` is the file of `ChargeBook`; `clock`, in Unix seconds, determines the quota.
    """
    return GeminiSimulator(
        api_key,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
    )
