"""The Images API, and the host of its images, on a loopback port."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from aiohttp import web

from simulators.charges import Call, ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Exhibit, Gallery
from simulators.links import SignedLinks
from simulators.openai_images.accents import Accent
from simulators.openai_images.errors import RATE_LIMIT, Refused, request_id
from simulators.openai_images.faults import OPENAI_MENU
from simulators.openai_images.order import GPT_MODELS, PLAIN, GPTImageOrder, ImageOrder, read_order
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota

API_KEY = "sk-openai-test-key"
OPEN_MODEL = "flux-dev"


class OpenAIImagesSimulator(ProviderSimulator):
    """Draws for callers that send `api_key`, with the GPT image models and with `open_models`."""

    tested_against = "its simulator, LiteLLM's proxy, the server of stable-diffusion.cpp"

    def __init__(
        self,
        api_key: str,
        open_models: tuple[str, ...],
        quota: ImageQuota,
        book: ChargeBook,
        gallery: Gallery,
        *,
        port: int,
        seconds_per_image: float,
        clock: Callable[[], float],
        accent: Accent,
    ) -> None:
        super().__init__(OPENAI_MENU, book, gallery, port=port, seconds_per_image=seconds_per_image)
        self.api_key, self.open_models = api_key, open_models
        self._quota, self._clock, self._accent = quota, clock, accent
        self.ordered: list[ImageOrder] = []

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/v1/images/generations", self._create_image),
            web.get("/v1/models", self._models),
            web.get("/images/{name}", self.serve_image),
        ]

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _create_image(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        try:
            order = self._accept(call)
        except Refused as refused:
            return refused.error.answer().response()
        work = PaidWork(order.prompt, order.images, partial(self._draw, order), partial(self._render, order))
        return await self.answer(request, call, work)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        """List the models, for free."""
        try:
            headers = {key.lower(): value for key, value in request.headers.items()}
            self._accent.authorised(headers, dict(request.query), self.api_key)
        except Refused as refused:
            return refused.error.answer().response()
        names = tuple(self._accent.models) or (*GPT_MODELS, *self.open_models)
        data = [{"id": name, "object": "model", "created": 1_776_729_600, "owned_by": "system"} for name in names]
        return web.json_response({"object": "list", "data": data})

    def _accept(self, call: Call) -> ImageOrder:
        order = read_order(call, self.api_key, self.open_models, self._accent)
        self.ordered.append(order)
        if not self._quota.take(order.images):
            raise Refused(RATE_LIMIT)
        return order

    async def _draw(self, order: ImageOrder, faults: CallFaults) -> list[Entry]:
        expires = self.gallery.expiry()
        return [
            await self._entry(order, Exhibit(picture, index, faults, expires))
            for index, picture in enumerate(order.pictures())
        ]

    async def _entry(self, order: ImageOrder, exhibit: Exhibit) -> Entry:
        if order.links:
            image = self.base_url + self.gallery.hang(f"/images/{uuid.uuid4()}.png", exhibit)
        else:
            data = await self.bytes_of(exhibit.picture, exhibit.index, exhibit.faults)
            image = base64.b64encode(data).decode()
        # The API has no ids and seeds: they are here for the faults that all providers share.
        return {"id": f"{exhibit.index}", "seed": exhibit.index, "image": image, "linked": order.links}

    def _render(self, order: ImageOrder, images: list[Entry]) -> Answer:
        answer: dict[str, object] = {"created": int(self._clock()), "data": [_rendered(order, one) for one in images]}
        if isinstance(order, GPTImageOrder):
            width, height = order.pixels
            answer |= {
                "background": order.background if order.background == "transparent" else "opaque",
                "output_format": order.image_format,
                "quality": order.quality if order.quality not in {None, "auto"} else "high",
                "size": f"{width}x{height}",
                "usage": {
                    "input_tokens": 10,
                    "input_tokens_details": {"image_tokens": 0, "text_tokens": 10},
                    "output_tokens": 1000 * len(images),
                    "total_tokens": 10 + 1000 * len(images),
                },
            }
        return Answer(json.dumps(answer).encode(), headers=request_id())


def _rendered(order: ImageOrder, entry: Entry) -> dict[str, object]:
    """Return an image in the format of its engine: OpenAI leaves missing members out, vLLM-Omni sends null."""
    name = "url" if entry.get("linked") else "b64_json"
    given = {name: entry["image"]} if "image" in entry else {}
    return (
        given if isinstance(order, GPTImageOrder) else {"b64_json": None, "url": None, "revised_prompt": None} | given
    )


def openai_images_simulator(
    api_key: str = API_KEY,
    *,
    open_models: tuple[str, ...] = (OPEN_MODEL,),
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
    accent: Accent = PLAIN,
) -> OpenAIImagesSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `open_models` are those of a self-hosted engine. `charges_file` is the file of `ChargeBook`; `clock`, in Unix
    seconds, determines when links expire, and the quota. `accent` says how it differs from OpenAI.
    """
    return OpenAIImagesSimulator(
        api_key,
        open_models,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        clock=clock,
        accent=accent,
    )
