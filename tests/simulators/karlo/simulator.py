"""Karlo's text-to-image call and its image host on one loopback port."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from aiohttp import web

from simulators.charges import Call, ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Exhibit, Gallery
from simulators.karlo.errors import Refused
from simulators.karlo.faults import KARLO_MENU
from simulators.karlo.order import KarloOrder, read_order
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota

API_KEY = "karlo-test-key"
KOREAN_TIME = timezone(timedelta(hours=9))
PODS = (
    "karlo-triton-6949b8dc5f-fv728",  # as captured; its base64 ends in "="
    "karlo-triton-~~~",  # invented: its base64 contains a "+"
    "karlo-triton-???",  # invented: its base64 contains a "/"
)


class KarloSimulator(ProviderSimulator):
    """Draws for callers that send `api_key`."""

    links_live = "about ten minutes"

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
        super().__init__(KARLO_MENU, book, gallery, port=port, seconds_per_image=seconds_per_image)
        self.api_key = api_key
        self._quota = quota
        self._clock = clock

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/v2/inference/karlo/t2i", self._text_to_image),
            web.get("/dna/karlo/image/{name:.+}", self.serve_image),
        ]

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _text_to_image(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        try:
            order = self._accept(call)
        except Refused as refused:
            return refused.error.answer().response()
        work = PaidWork(order.prompt, order.samples, draw=partial(self._draw, order), render=partial(_render, order))
        return await self.answer(request, call, work)

    def _accept(self, call: Call) -> KarloOrder:
        order = read_order(call, self.api_key)
        if not self._quota.take(order.samples):
            raise Refused(-10)
        return order

    async def _draw(self, order: KarloOrder, faults: CallFaults) -> list[Entry]:
        expires = self.gallery.expiry()
        return [
            await self._entry(order, Exhibit(order.picture(seed), index, faults, expires), seed)
            for index, seed in enumerate(order.seeds())
        ]

    async def _entry(self, order: KarloOrder, exhibit: Exhibit, seed: int) -> Entry:
        name = uuid.uuid4()
        pod = PODS[exhibit.index % len(PODS)]
        if order.return_type == "url":
            folder = datetime.fromtimestamp(self._clock(), KOREAN_TIME).strftime("%Y-%m-%d/%H")
            path = f"/dna/karlo/image/{folder}/{name}.{order.image_format}"
            image = self.base_url + self.gallery.hang(path, exhibit)
        else:
            data = await self.bytes_of(exhibit.picture, exhibit.index, exhibit.faults)
            image = base64.b64encode(data).decode()
        return {
            "id": f"{base64.b64encode(pod.encode()).decode()}-{name}",
            "image": image,
            "seed": seed,
            "nsfw_content_detected": False if order.nsfw_checker else None,
            "nsfw_score": 0.0123 if order.nsfw_checker else None,
        }


def _render(order: KarloOrder, images: list[Entry]) -> Answer:
    answer = {"id": secrets.token_hex(8), "model_version": order.model.model_version, "images": images}
    return Answer(json.dumps(answer).encode())


def karlo_simulator(
    api_key: str = API_KEY,
    *,
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> KarloSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    Karlo itself allowed 30 `images_per_minute` and needed about 3 `seconds_per_image`. `charges_file` is the file of
    `ChargeBook`; `clock`, in Unix seconds, determines the expiry of links and the quota.
    """
    return KarloSimulator(
        api_key,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        clock=clock,
    )
