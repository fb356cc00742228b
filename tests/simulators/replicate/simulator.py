"""Replicate's API, and the host of its output files, on a loopback port."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.charges import Call, ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.poll import OfPoll
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Exhibit, Gallery
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator
from simulators.quota import ImageQuota
from simulators.replicate.errors import NOT_FOUND, THROTTLED, Refused
from simulators.replicate.faults import REPLICATE_MENU
from simulators.replicate.order import FLUX, SDXL, SDXL_VERSION, FluxInput, Input, authorised, pictures, read_order

API_TOKEN = "r8_test_token"


@dataclass(slots=True)
class Prediction:
    """A prediction; `created_at` and `done_at` are in Unix seconds, `faults` are those of the call that created it."""

    id: str
    given: dict[str, Any]
    official: bool
    created_at: float
    done_at: float
    faults: CallFaults
    output: list[object] = field(default_factory=list)
    polls: int = 0
    canceled: bool = False
    began: bool = False

    def status(self, now: float) -> str:
        if self.canceled:
            return "canceled"
        if self.polls == 0:
            return "starting"
        return "succeeded" if now >= self.done_at and self.polls > 1 else "processing"


class ReplicateSimulator(ProviderSimulator):
    """Draws for callers that send `api_token`, with an official model and with a version of another one."""

    links_live = "an hour"

    def __init__(
        self,
        api_token: str,
        quota: ImageQuota,
        book: ChargeBook,
        gallery: Gallery,
        *,
        port: int,
        seconds_per_image: float,
        clock: Callable[[], float],
    ) -> None:
        # Only the prediction takes time, not its creation.
        super().__init__(REPLICATE_MENU, book, gallery, port=port, seconds_per_image=0.0)
        self.api_token = api_token
        self._quota, self._clock, self._drawing_seconds = quota, clock, seconds_per_image
        self._predictions: dict[str, Prediction] = {}

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/v1/predictions", self._create),
            web.post("/v1/models/{owner}/{name}/predictions", self._create),
            web.get("/v1/predictions/{id}", self._get),
            web.post("/v1/predictions/{id}/cancel", self._cancel),
            web.get("/v1/account", self._account),
            web.get("/v1/models/{owner}/{name}", self._model),
            web.get("/v1/models/{owner}/{name}/versions/{version}", self._model),
            web.get("/files/{name}", self.serve_image),
        ]

    @property
    def canceled(self) -> int:
        """The number of predictions that were cancelled before they were done."""
        return sum(prediction.canceled for prediction in self._predictions.values())

    def reset(self) -> None:
        super().reset()
        self._quota.clear()

    async def _create(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        official = "/".join(request.match_info.values()) or None
        try:
            given = self._accept(call, official)
        except Refused as refused:
            return refused.error.answer().response()
        now = self._clock()
        done_at = now + self._drawing_seconds * given.num_outputs
        prediction = Prediction(
            secrets.token_hex(13), call.body["input"], official is not None, now, done_at, CallFaults((), {})
        )
        draw, render = partial(self._draw, prediction, given), partial(self._begin, prediction)
        return await self.answer(request, call, PaidWork(given.prompt, given.num_outputs, draw, render))

    def _accept(self, call: Call, official: str | None) -> Input:
        given = read_order(call, self.api_token, official)
        if not self._quota.take(1):
            raise Refused(THROTTLED)
        return given

    async def _draw(self, prediction: Prediction, given: Input, faults: CallFaults) -> list[Entry]:
        prediction.faults = faults
        expires = self.gallery.expiry()
        ending = given.output_format if isinstance(given, FluxInput) else given.image_format
        # The API has no ids and seeds of images: they are here for the faults that all providers share.
        return [
            {
                "id": f"{index}",
                "seed": index,
                "image": self.base_url
                + self.gallery.hang(f"/files/{uuid.uuid4()}.{ending}", Exhibit(picture, index, faults, expires)),
            }
            for index, picture in enumerate(pictures(given))
        ]

    def _begin(self, prediction: Prediction, images: list[Entry]) -> Answer:
        prediction.output = [entry["image"] for entry in images if "image" in entry]
        self._predictions[prediction.id] = prediction
        return self._said(prediction, 201)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return await self._state(request, cancel=False)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        return await self._state(request, cancel=True)

    async def _state(self, request: web.Request, *, cancel: bool) -> web.StreamResponse:
        try:
            prediction = self._find(request)
        except Refused as refused:
            return refused.error.answer().response()
        prediction.polls += 1
        prediction.began = prediction.began or prediction.status(self._clock()) == "processing"
        if cancel and prediction.status(self._clock()) != "succeeded":
            prediction.canceled = True
        answer = self._said(prediction, 200)
        if spoiled := prediction.faults.first(OfPoll):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    def _find(self, request: web.Request) -> Prediction:
        authorised({name.lower(): value for name, value in request.headers.items()}, self.api_token)
        prediction = self._predictions.get(request.match_info["id"])
        if prediction is None:
            raise Refused(NOT_FOUND)
        return prediction

    async def _model(self, request: web.Request) -> web.StreamResponse:
        """Describe a model, or a version of one, for free."""
        try:
            authorised({name.lower(): value for name, value in request.headers.items()}, self.api_token)
        except Refused as refused:
            return refused.error.answer().response()
        owner, name, version = (request.match_info.get(part) for part in ("owner", "name", "version"))
        if f"{owner}/{name}" + (f":{version}" if version else "") not in (FLUX, SDXL):
            return NOT_FOUND.answer().response()
        return web.json_response({"id": version} if version else {"owner": owner, "name": name, "visibility": "public"})

    async def _account(self, request: web.Request) -> web.StreamResponse:
        """Describe the account of the token, for free."""
        try:
            authorised({name.lower(): value for name, value in request.headers.items()}, self.api_token)
        except Refused as refused:
            return refused.error.answer().response()
        return web.json_response({"type": "user", "username": "painter", "name": "A Painter"})

    def _said(self, prediction: Prediction, status: int) -> Answer:
        url, now = f"{self.base_url}/v1/predictions/{prediction.id}", self._clock()
        state = prediction.status(now)
        done = state == "succeeded"
        said = {
            "id": prediction.id,
            "model": FLUX if prediction.official else "stability-ai/sdxl",
            "version": "hidden" if prediction.official else SDXL_VERSION,
            "input": prediction.given,
            "logs": ""
            if state == "starting"
            else f"Using seed: {prediction.given.get('seed')}\n" + "".join(map(_bar, (0, 14, 28 if done else 21))),
            "output": prediction.output if done else None,
            "data_removed": False,
            "error": None,
            "status": state,
            "created_at": datetime.fromtimestamp(prediction.created_at, UTC).isoformat(),
            "started_at": datetime.fromtimestamp(prediction.created_at, UTC).isoformat() if prediction.began else None,
            "metrics": {"predict_time": now - prediction.created_at} if done else {},
            "urls": {"get": url, "cancel": f"{url}/cancel"},
        }
        return Answer(json.dumps(said).encode(), status=status)


def replicate_simulator(
    api_token: str = API_TOKEN,
    *,
    port: int = 0,
    images_per_minute: int | None = None,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> ReplicateSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `charges_file` is the file of `ChargeBook`; `clock`, in Unix seconds, determines when links expire and predictions
    end, and the quota.
    """
    return ReplicateSimulator(
        api_token,
        ImageQuota(images_per_minute, clock),
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        clock=clock,
    )


def _bar(step: int) -> str:
    """Return a progress line of tqdm."""
    return f"\r{step * 100 // 28:3}%|{'█' * (step // 3):9}| {step}/28 [00:01<00:01, 13.90it/s]"
