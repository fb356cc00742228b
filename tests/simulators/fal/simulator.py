"""fal's queue, and the host of its files, on a loopback port."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.charges import ChargeBook
from simulators.exchange import Answer
from simulators.fal.faults import FAL_MENU, OfResult
from simulators.fal.order import FluxInput, Input, Refused, authorised, look_at_order, pictures, read_input
from simulators.faults.fault import Entry
from simulators.faults.poll import OfPoll
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Exhibit, Gallery
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota

API_KEY = "fal-key-id:fal-key-secret"


@dataclass(slots=True)
class Order:
    """An order; `done_at` is in Unix seconds. `refused` is the model's refusal of invalid inputs, if any."""

    id: str
    place: str
    done_at: float
    faults: CallFaults
    refused: Refused | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    polls: int = 0
    taken_back: bool = False

    def status(self, now: float) -> str:
        if self.taken_back:
            return "COMPLETED"
        if self.polls <= 1:
            return "IN_QUEUE"
        return "COMPLETED" if now >= self.done_at else "IN_PROGRESS"


class FalSimulator(ProviderSimulator):
    """Draws for callers that send `api_key`, with two models."""

    links_live = "a week at least"

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
        # Only the drawing takes time, not the order.
        super().__init__(FAL_MENU, book, gallery, port=port, seconds_per_image=0.0)
        self.api_key = api_key
        self._quota, self._clock, self._drawing_seconds = quota, clock, seconds_per_image
        self._orders: dict[str, Order] = {}

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        order = "/{owner}/{app}/requests/{id}"
        return [
            web.get(f"{order}/status", self._status),
            web.get(order, self._result),
            web.put(f"{order}/cancel", self._cancel),
            web.get("/files/{name}", self.serve_image),
            web.post("/{owner}/{app}", self._order),
            web.post("/{owner}/{app}/{path:.+}", self._order),
        ]

    @property
    def taken_back(self) -> int:
        """The number of orders that were cancelled before they began."""
        return sum(order.taken_back for order in self._orders.values())

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _order(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        model = request.path.strip("/")
        try:
            body = look_at_order(call.headers, call.body, self.api_key, model)
            self._make_room()
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        place = f"http://{request.host}/{request.match_info['owner']}/{request.match_info['app']}/requests"
        done_at = self._clock() + self._drawing_seconds * int(body.get("num_images", 1))
        order = Order(str(uuid.uuid4()), place, done_at, CallFaults((), {}))
        try:
            given = read_input(model, body)
        except Refused as refused:
            order.refused = refused
            return self._take(order).response()
        work = PaidWork(
            given.prompt, given.num_images, partial(self._draw, order, given), partial(self._begin, order, given)
        )
        return await self.answer(request, call, work)

    def _make_room(self) -> None:
        if not self._quota.take(1):
            raise Refused(429, "Too many requests")

    async def _draw(self, order: Order, given: Input, faults: CallFaults) -> list[Entry]:
        order.faults = faults
        expires = self.gallery.expiry()
        seed, drawn = pictures(given)
        # fal has no ids of images: they are here for the faults that all providers share.
        flags = {"has_nsfw_concepts": [False] * len(drawn), "prompt": given.prompt}
        order.result = {"timings": {"inference": 0.1}, **flags}
        return [
            {
                "id": f"{index}",
                "seed": seed,
                "image": self.base_url
                + self.gallery.hang(
                    f"/files/{uuid.uuid4()}.{picture.image_format}", Exhibit(picture, index, faults, expires)
                ),
            }
            for index, picture in enumerate(drawn)
        ]

    def _begin(self, order: Order, given: Input, images: list[Entry]) -> Answer:
        files = [
            {"url": entry["image"], "width": 1, "height": 1, "content_type": "image/jpeg"}
            for entry in images
            if "image" in entry
        ]
        seeds = [entry["seed"] for entry in images if "seed" in entry and isinstance(given, FluxInput)]
        order.result = {**order.result, "images": files} | ({"seed": seeds[0]} if seeds else {})
        return self._take(order)

    def _take(self, order: Order) -> Answer:
        self._orders[order.id] = order
        url = f"{order.place}/{order.id}"
        said = {
            "status": "IN_QUEUE",
            "request_id": order.id,
            "response_url": url,
            "status_url": f"{url}/status",
            "cancel_url": f"{url}/cancel",
            "queue_position": 0,
        }
        return Answer(json.dumps(said).encode())

    async def _status(self, request: web.Request) -> web.StreamResponse:
        try:
            order = self._find(request)
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        order.polls += 1
        status = order.status(self._clock())
        said: dict[str, object] = {"status": status, "request_id": order.id}
        said |= {"queue_position": 0} if status == "IN_QUEUE" else {}
        said |= {"error": "cancelled", "error_type": "client_cancelled"} if order.taken_back else {}
        answer = Answer(json.dumps(said).encode(), status=200 if status == "COMPLETED" else 202)
        if spoiled := order.faults.first(OfPoll):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    async def _result(self, request: web.Request) -> web.StreamResponse:
        try:
            order = self._completed(request)
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        if order.taken_back:
            body = {"detail": "The request was cancelled.", "error_type": "client_cancelled"}
            return web.json_response(body, status=499)
        answer = Answer(json.dumps(order.result).encode())
        if spoiled := order.faults.first(OfResult):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        try:
            order = self._find(request)
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        status = order.status(self._clock())
        if status == "COMPLETED":
            return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
        order.taken_back = status == "IN_QUEUE"
        return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)

    def _completed(self, request: web.Request) -> Order:
        order = self._find(request)
        if order.status(self._clock()) != "COMPLETED":
            raise Refused(400, "Request is still in progress")
        if order.refused:
            raise order.refused
        return order

    def _find(self, request: web.Request) -> Order:
        authorised({name.lower(): value for name, value in request.headers.items()}, self.api_key)
        order = self._orders.get(request.match_info["id"])
        if order is None:
            raise Refused(404, "Request not found")
        return order


def fal_simulator(
    api_key: str = API_KEY,
    *,
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> FalSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `charges_file` is the file of `ChargeBook`; `clock`, in Unix seconds, determines when links expire and orders end,
    and the quota.
    """
    return FalSimulator(
        api_key,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        clock=clock,
    )
