"""The Image API and the descriptions of its models, on a loopback port."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.charges import Call, ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Gallery
from simulators.links import SignedLinks
from simulators.openrouter.errors import NOT_FOUND, RATE_LIMIT, Refused
from simulators.openrouter.faults import OPENROUTER_MENU
from simulators.openrouter.models import described
from simulators.openrouter.order import OpenRouterOrder, authorised, read_order
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota

API_KEY = "sk-or-v1-test-key"


class OpenRouterSimulator(ProviderSimulator):
    """Draws one image for each call, for callers that send `api_key`.

    `models` holds the endpoints of each model and `expiration_dates` the last days of models; tests may change both.
    `describes_models` says whether it answers `GET /model/…`, which is not confirmed for image models.
    """

    def __init__(
        self,
        api_key: str,
        quota: ImageQuota,
        book: ChargeBook,
        gallery: Gallery,
        *,
        port: int,
        seconds_per_image: float,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(OPENROUTER_MENU, book, gallery, port=port, seconds_per_image=seconds_per_image)
        self.api_key = api_key
        self.models = described()
        self.expiration_dates: dict[str, Any] = {}
        self.describes_models = True
        self._quota, self._clock = quota, clock

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/images", self._draw_image),
            web.get("/api/v1/images/models", self._free(self._list)),
            web.get("/api/v1/images/models/{author}/{slug}/endpoints", self._free(self._endpoints)),
            web.get("/api/v1/model/{author}/{slug}", self._free(self._model)),
            web.get("/api/v1/key", self._free(self._key)),
        ]

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _draw_image(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        try:
            order = self._accept(call)
        except Refused as refused:
            return refused.error.answer().response()
        work = PaidWork(order.body.prompt, 1, partial(self._draw, order), partial(self._render, order))
        return await self.answer(request, call, work)

    def _accept(self, call: Call) -> OpenRouterOrder:
        order = read_order(call, self.api_key, self.models)
        if not self._quota.take(1):
            raise Refused(RATE_LIMIT)
        return order

    def _free(self, answer: Callable[[web.Request], object]) -> Callable[[web.Request], Any]:
        """Return a handler of a call that costs nothing, for callers that send the key."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                authorised({name.lower(): value for name, value in request.headers.items()}, self.api_key)
                return web.json_response(answer(request))
            except Refused as refused:
                return refused.error.answer().response()

        return handle

    def _list(self, request: web.Request) -> object:
        return {
            "data": [
                {
                    "id": name,
                    "name": name,
                    "description": "",
                    "created": 1_776_729_600,
                    "architecture": {"input_modalities": ["text"], "output_modalities": ["image"]},
                    "supported_parameters": {
                        key: value for maker in makers for key, value in maker["supported_parameters"].items()
                    },
                    "supports_streaming": False,
                    "endpoints": f"/api/v1/images/models/{name}/endpoints",
                }
                for name, makers in self.models.items()
            ]
        }

    def _endpoints(self, request: web.Request) -> object:
        name = self._named(request)
        return {"id": name, "endpoints": self.models[name]}

    def _model(self, request: web.Request) -> object:
        name = self._named(request)
        if not self.describes_models:
            raise Refused(NOT_FOUND)
        return {"data": {"id": name, "name": name, "expiration_date": self.expiration_dates.get(name)}}

    def _named(self, request: web.Request) -> str:
        name = f"{request.match_info['author']}/{request.match_info['slug']}"
        if name not in self.models:
            raise Refused(NOT_FOUND)
        return name

    def _key(self, request: web.Request) -> object:
        return {"data": {"label": "sk-or-v1-tes...key", "limit": 100, "limit_remaining": 74.5, "usage": 25.5}}

    async def _draw(self, order: OpenRouterOrder, faults: CallFaults) -> list[Entry]:
        picture = order.picture()
        data = await self.bytes_of(picture, 0, faults)
        image = base64.b64encode(data).decode()
        # The API has no ids and seeds: they are here for the faults that all providers share.
        return [{"id": "0", "seed": 0, "image": image, "media_type": picture.media_type}]

    def _render(self, order: OpenRouterOrder, images: list[Entry]) -> Answer:
        data = [
            {name: entry[ours] for name, ours in (("b64_json", "image"), ("media_type", "media_type")) if ours in entry}
            for entry in images
        ]
        usage = {"prompt_tokens": 0, "completion_tokens": 4175, "total_tokens": 4175, "cost": order.cost or 0.05}
        answer = {"created": int(self._clock()), "data": data, "usage": usage | {"is_byok": False}}
        return Answer(json.dumps(answer).encode())


def openrouter_simulator(
    api_key: str = API_KEY,
    *,
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> OpenRouterSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `charges_file` is the file of `ChargeBook`; `clock`, in Unix seconds, determines the quota.
    """
    return OpenRouterSimulator(
        api_key,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        clock=clock,
    )
