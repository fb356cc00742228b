"""The services that generate images, on a loopback port."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import get_args

from aiohttp import web

from simulators.charges import Call, ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Gallery
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota
from simulators.stability.errors import ERRORS, Refused
from simulators.stability.faults import STABILITY_MENU
from simulators.stability.order import Service, StabilityOrder, authorised, read_order

API_KEY = "sk-stability-test-key"


class StabilitySimulator(ProviderSimulator):
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
        super().__init__(STABILITY_MENU, book, gallery, port=port, seconds_per_image=seconds_per_image)
        self.api_key = api_key
        self._quota = quota

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            *(
                web.post(f"/v2beta/stable-image/generate/{service}", partial(self._generate, service))
                for service in get_args(Service)
            ),
            web.get("/v1/user/balance", self._balance),
        ]

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _generate(self, service: Service, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        try:
            order = self._accept(call, service)
        except Refused as refused:
            return refused.error.answer().response()
        work = PaidWork(order.fields.prompt, 1, partial(self._draw, order), partial(_render, order))
        return await self.answer(request, call, work)

    def _accept(self, call: Call, service: Service) -> StabilityOrder:
        order = read_order(call, service, self.api_key)
        if not self._quota.take(1):
            raise Refused(ERRORS["rate_limit_exceeded"])
        return order

    async def _balance(self, request: web.Request) -> web.StreamResponse:
        """Report the remaining credits for free, as documented in v1 of the API."""
        try:
            authorised({name.lower(): value for name, value in request.headers.items()}, self.api_key)
        except Refused as refused:
            return refused.error.answer().response()
        return web.json_response({"credits": 1000.0})

    async def _draw(self, order: StabilityOrder, faults: CallFaults) -> list[Entry]:
        data = await self.bytes_of(order.picture(), 0, faults)
        image = base64.b64encode(data).decode()
        # The API has no id: it is here for the faults that all providers share.
        return [{"id": secrets.token_hex(4), "image": image, "seed": order.seed, "finish_reason": "SUCCESS"}]


def _render(order: StabilityOrder, images: list[Entry]) -> Answer:
    """Return the answer with the first image: an answer holds only one."""
    said = {name: value for name, value in images[0].items() if name != "id"} if images else {}
    media_type, headers = f"image/{order.fields.output_format}", {"x-request-id": secrets.token_hex(16)}
    if order.in_json:
        return Answer(json.dumps(said).encode(), f"application/json; type={media_type}", headers=headers)
    reported = {"finish-reason": said.get("finish_reason"), "seed": said.get("seed")}
    headers |= {name: str(value) for name, value in reported.items() if value is not None}
    return Answer(_bytes(said.get("image")), media_type, headers=headers)


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text))
    except ValueError:
        return b""  # a fault has changed it


def stability_simulator(
    api_key: str = API_KEY,
    *,
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> StabilitySimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    Stability AI itself allows 150 requests in 10 seconds. `charges_file` is the file of `ChargeBook`; `clock`, in Unix
    seconds, determines the quota.
    """
    return StabilitySimulator(
        api_key,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
    )
