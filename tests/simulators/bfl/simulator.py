"""BFL's API on a loopback port, and the host for polling on another."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from simulators.bfl.faults import BFL_MENU
from simulators.bfl.order import CREDITS, Input, Refused, authorised, picture, read_order
from simulators.charges import ChargeBook
from simulators.exchange import Answer
from simulators.faults.fault import Entry
from simulators.faults.poll import OfPoll
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Exhibit, Gallery
from simulators.links import SignedLinks
from simulators.provider import PaidWork, ProviderSimulator

API_KEY = "bfl-test-key"
TASKS_AT_ONCE = 24
KEPT = 3600.0
"""Seconds for which a task is known."""


@dataclass(slots=True)
class Task:
    """A task; `done_at` is in Unix seconds, `faults` are those of the call that ordered it."""

    id: str
    given: Input
    done_at: float
    faults: CallFaults
    sample: object = None
    seed: object = None
    polls: int = 0

    def ready(self, now: float) -> bool:
        return now >= self.done_at and self.polls > 1


class BflSimulator(ProviderSimulator):
    """Draws for callers that send `api_key`, with two models; at most `tasks_at_once` tasks, None is unlimited."""

    polling_host: str
    """The origin at which tasks are polled."""

    links_live = "ten minutes"

    def __init__(
        self,
        api_key: str,
        book: ChargeBook,
        gallery: Gallery,
        *,
        port: int,
        seconds_per_image: float,
        tasks_at_once: int | None,
        clock: Callable[[], float],
    ) -> None:
        # Only the task takes time, not the order.
        super().__init__(BFL_MENU, book, gallery, port=port, seconds_per_image=0.0)
        self.api_key = api_key
        self._tasks_at_once, self._clock, self._drawing_seconds = tasks_at_once, clock, seconds_per_image
        self._tasks: dict[str, Task] = {}

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/v1/get_result", self._get_result),
            web.get("/v1/credits", self._credits),
            web.get("/files/{name}", self.serve_image),
            web.post("/v1/{model}", self._order),
        ]

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.polling_host = await self.listen()
        return self

    async def _order(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        model = request.match_info["model"]
        try:
            given = read_order(call.headers, call.body, self.api_key, model)
            self._make_room()
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        task = Task(str(uuid.uuid4()), given, self._clock() + self._drawing_seconds, CallFaults((), {}))
        draw, render = partial(self._draw, task, model), partial(self._begin, task, model)
        return await self.answer(request, call, PaidWork(given.prompt, 1, draw, render))

    def _make_room(self) -> None:
        under_way = sum(not task.ready(self._clock()) for task in self._tasks.values())
        if self._tasks_at_once is not None and under_way >= self._tasks_at_once:
            raise Refused(429, "Too many active tasks")

    async def _draw(self, task: Task, model: str, faults: CallFaults) -> list[Entry]:
        task.faults = faults
        seed, drawn = picture(model, task.given)
        path = f"/files/{uuid.uuid4()}.{drawn.image_format}"
        link = self.gallery.hang(path, Exhibit(drawn, 0, faults, self.gallery.expiry()))
        return [{"id": task.id, "seed": seed, "image": self.base_url + link}]

    def _begin(self, task: Task, model: str, images: list[Entry]) -> Answer:
        first = images[0] if images else {}
        task.sample, task.seed = first.get("image"), first.get("seed")
        self._tasks[task.id] = task
        said = {
            "id": task.id,
            "polling_url": f"{self.polling_host}/v1/get_result?id={task.id}",
            "cost": CREDITS[model],
            "input_mp": 0,
            "output_mp": 1,
        }
        return Answer(json.dumps(said).encode())

    async def _get_result(self, request: web.Request) -> web.StreamResponse:
        try:
            authorised({name.lower(): value for name, value in request.headers.items()}, self.api_key)
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        task = self._tasks.get(request.query.get("id", ""))
        now = self._clock()
        if task is None or f"http://{request.host}" != self.polling_host or now > task.done_at + KEPT:
            return web.json_response({"id": request.query.get("id"), "status": "Task not found", "result": None})
        task.polls += 1
        answer = Answer(json.dumps(self._said(task, now)).encode())
        if spoiled := task.faults.first(OfPoll):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    def _said(self, task: Task, now: float) -> dict[str, Any]:
        ready = task.ready(now)
        result = {"sample": task.sample, "prompt": task.given.prompt, "seed": task.seed, "duration": 1.5}
        return {
            "id": task.id,
            "status": "Ready" if ready else "Pending",
            "result": result if ready else None,
            "progress": None if ready else 0.5,
            "details": None,
        }

    async def _credits(self, request: web.Request) -> web.StreamResponse:
        """Report the remaining credits, for free."""
        try:
            authorised({name.lower(): value for name, value in request.headers.items()}, self.api_key)
        except Refused as refused:
            return web.json_response({"detail": refused.detail}, status=refused.status)
        return web.json_response({"credits": 1000.0})


def bfl_simulator(
    api_key: str = API_KEY,
    *,
    port: int = 0,
    seconds_per_image: float = 0.0,
    tasks_at_once: int | None = TASKS_AT_ONCE,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> BflSimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `charges_file` is the file of `ChargeBook`; `clock`, in Unix seconds, determines when links expire and tasks end.
    """
    return BflSimulator(
        api_key,
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        tasks_at_once=tasks_at_once,
        clock=clock,
    )
