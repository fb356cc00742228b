"""A simulated web UI on a loopback port."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from simulators.charges import ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Gallery
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator
from simulators.webui.errors import Refused
from simulators.webui.faults import WEBUI_MENU
from simulators.webui.order import CHECKPOINTS, Txt2ImgOrder, authorised, names_of, read_order, short_hash

_REPORT: Final[dict[str, object]] = {
    "completed": False,
    "progress": None,
    "eta": None,
    "live_preview": None,
    "textinfo": None,
}


class WebUISimulator(ProviderSimulator):
    """Draws for callers that send the credentials `auth` (`user:password`); None requires none."""

    tested_against = "its simulator, the server of stable-diffusion.cpp"

    def __init__(
        self, auth: str | None, book: ChargeBook, gallery: Gallery, *, port: int, seconds_per_image: float
    ) -> None:
        super().__init__(WEBUI_MENU, book, gallery, port=port, seconds_per_image=seconds_per_image)
        self.auth = auth
        self.progress_asked: list[dict[str, object]] = []
        self._at_work: list[tuple[Txt2ImgOrder, float]] = []  # one after another, the first one is being drawn

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.post("/sdapi/v1/txt2img", self._txt2img),
            web.get("/sdapi/v1/sd-models", self._sd_models),
            web.post("/internal/progress", self._progress),
        ]

    async def _txt2img(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        try:
            order = read_order(call, self.auth)
        except Refused as refused:
            return refused.error.answer().response()
        work = PaidWork(order.prompt, order.images, partial(self._draw, order), partial(_render, order))
        begun = order, time.monotonic()
        self._at_work.append(begun)
        try:
            return await self.answer(request, call, work)
        finally:
            self._at_work.remove(begun)

    async def _progress(self, request: web.Request) -> web.StreamResponse:
        """Report the progress of a call by its name, for free and without credentials, as the web UI does."""
        asked = await request.json()
        self.progress_asked.append(asked)
        order, began = self._at_work[0] if self._at_work else (None, 0.0)
        if order is None or order.force_task_id != asked["id_task"]:
            queued = any(other.force_task_id == asked["id_task"] for other, _ in self._at_work)
            text = "Queued..." if queued else "Waiting..."
            return web.json_response(
                _REPORT | {"active": False, "queued": queued, "id_live_preview": -1, "textinfo": text}
            )
        part = min((time.monotonic() - began) / (self._seconds_per_image * order.images or 1), 1.0)
        step = int(part * order.steps)
        shown = order.unfinished(step) if asked.get("live_preview", True) else None
        data = base64.b64encode(shown.encoded()).decode() if shown else None
        return web.json_response(
            _REPORT
            | {
                "active": True,
                "queued": False,
                "progress": step / order.steps,
                "eta": (1 - part) * self._seconds_per_image * order.images,
                "live_preview": data and f"data:image/png;base64,{data}",
                "id_live_preview": step,
            }
        )

    async def _sd_models(self, request: web.Request) -> web.StreamResponse:
        """List the checkpoints, for free."""
        try:
            authorised({name.lower(): value for name, value in request.headers.items()}, self.auth)
        except Refused as refused:
            return refused.error.answer().response()
        return web.json_response([_listed(name) for name in CHECKPOINTS])

    async def _draw(self, order: Txt2ImgOrder, faults: CallFaults) -> list[Entry]:
        entries: list[Entry] = []
        for index, seed in enumerate(order.seeds()):
            data = await self.bytes_of(order.picture(seed), index, faults)
            # The API has no ids: they are here for the faults that all providers share.
            entries.append({"id": f"{index}", "seed": seed, "image": base64.b64encode(data).decode()})
        return entries


def _listed(checkpoint: str) -> dict[str, object]:
    title, file, name = names_of(checkpoint)
    return {
        "title": title,
        "model_name": name,
        "hash": short_hash(checkpoint),
        "sha256": None,
        "filename": f"models/Stable-diffusion/{file}",
        "config": None,
    }


def _render(order: Txt2ImgOrder, images: list[Entry]) -> Answer:
    seeds = [entry["seed"] for entry in images if "seed" in entry]
    info = {
        "prompt": order.prompt,
        "all_prompts": [order.prompt] * len(images),
        "negative_prompt": order.negative_prompt,
        "all_negative_prompts": [order.negative_prompt] * len(images),
        "seed": seeds[0] if seeds else None,
        "all_seeds": seeds,
        "width": order.width,
        "height": order.height,
        "sampler_name": order.sampler_name,
        "cfg_scale": order.cfg_scale,
        "steps": order.steps,
        "batch_size": order.batch_size,
        "sd_model_name": order.checkpoint,
        "sd_model_hash": short_hash(order.checkpoint),
        "index_of_first_image": 0,
        "infotexts": [order.infotext(seed) for seed in seeds],
    }
    parameters = {"prompt": order.prompt, "negative_prompt": order.negative_prompt, "steps": order.steps}
    sent = [entry.get("image") for entry in images if "image" in entry] if order.send_images else []
    return Answer(json.dumps({"images": sent, "parameters": parameters, "info": json.dumps(info)}).encode())


def webui_simulator(
    auth: str | None = None,
    *,
    port: int = 0,
    seconds_per_image: float = 0.0,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> WebUISimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `auth` is the value of the web UI's option `--api-auth`. `charges_file` and `clock`, in Unix seconds, are those of
    `ChargeBook`.
    """
    return WebUISimulator(
        auth,
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
    )
