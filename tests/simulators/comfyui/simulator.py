"""A simulated ComfyUI on a loopback port."""

from __future__ import annotations

import json
import struct
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.charges import ChargeBook
from simulators.comfyui.faults import COMFYUI_MENU
from simulators.comfyui.nodes import NODES
from simulators.comfyui.order import Order, Refused, read_order
from simulators.exchange import Answer
from simulators.faults.fault import Entry, OfFetch
from simulators.faults.poll import OfPoll
from simulators.faults.switchboard import CallFaults
from simulators.gallery import Gallery
from simulators.links import SignedLinks
from simulators.pictures import Picture
from simulators.provider import PaidWork, ProviderSimulator

PNG = b"\x89PNG\r\n\x1a\n"
END_OF_HEADER = 33  # bytes: the signature, and the chunk IHDR


@dataclass(slots=True)
class Job:
    """A job; `queued`, `began` and `ended` are in Unix seconds. `faults` are those of the call that ordered it."""

    number: int
    order: Order
    outputs: dict[str, Any]
    faults: CallFaults
    queued: float
    began: float | None = None
    ended: float | None = None
    interrupted: bool = False

    @property
    def status(self) -> str:
        if self.ended is None:
            return "pending" if self.began is None else "in_progress"
        if self.interrupted:
            return "cancelled"
        return "failed" if self.order.failure else "completed"

    @property
    def queue_entry(self) -> list[object]:
        return [self.number, self.order.id, self.order.graph, {}, list(self.order.saved)]


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file in the output folder, which is kept after the job is forgotten."""

    picture: Picture
    graph: str
    faults: CallFaults


class ComfyUISimulator(ProviderSimulator):
    """Draws one job after the other, for callers that send `authorization`; None requires none.

    `old` is a ComfyUI without `/api/jobs`.
    """

    links_live = "as long as its folder keeps them"

    def __init__(
        self,
        book: ChargeBook,
        gallery: Gallery,
        *,
        port: int,
        seconds_per_image: float,
        authorization: str | None,
        old: bool,
        clock: Callable[[], float],
    ) -> None:
        # Only the job takes time, not the order.
        super().__init__(COMFYUI_MENU, book, gallery, port=port, seconds_per_image=0.0)
        self.authorization, self._old = authorization, old
        self._clock, self._drawing_seconds = clock, seconds_per_image
        self._queue: list[Job] = []
        self._history: list[Job] = []
        self._files: dict[str, SavedFile] = {}
        self._numbers = 0
        self.taken_back = self.interrupted_blindly = 0

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        jobs = [
            web.get("/api/jobs/{id}", self._guarded(self._job)),
            web.post("/api/jobs/{id}/cancel", self._guarded(self._cancel)),
        ]
        return [
            web.post("/prompt", self._guarded(self._prompt)),
            web.get("/queue", self._guarded(self._report_queue)),
            web.post("/queue", self._guarded(self._change_queue)),
            web.get("/history/{id}", self._guarded(self._report_history)),
            web.post("/interrupt", self._guarded(self._interrupt)),
            web.get("/view", self._guarded(self._view)),
            web.get("/system_stats", self._guarded(self._system_stats)),
            web.get("/object_info/{class}", self._guarded(self._object_info)),
            *([] if self._old else jobs),
        ]

    @property
    def files(self) -> list[str]:
        """The names of the files in the output folder."""
        return list(self._files)

    def restart(self) -> None:
        """Forget queue and history, but keep files, like a restart."""
        self._advance()
        self._queue, self._history = [], []

    def _guarded(self, handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if "origin" in request.headers:
                return web.Response(status=403)
            if self.authorization is not None and request.headers.get("authorization") != self.authorization:
                return web.Response(status=401, text="Who are you?\n")
            self._advance()
            response: web.StreamResponse = await handler(request)
            return response

        return guarded

    def _advance(self) -> None:
        """Advance the jobs to what the worker would have done by now."""
        free_at = max((job.ended or 0.0 for job in self._history), default=0.0)
        while self._queue:
            job = self._queue[0]
            if job.began is None:
                job.began = max(job.queued, free_at)
            end = job.began + self._drawing_seconds
            if end > self._clock():
                return
            job.ended = free_at = end
            self._history.append(self._queue.pop(0))
            if not job.order.failure:
                self._save(job)

    def _save(self, job: Job) -> None:
        graph = json.dumps(job.order.graph)
        for prefix in job.order.saved.values():
            self._files[_name(prefix, self._files)] = SavedFile(job.order.picture(), graph, job.faults)

    async def _prompt(self, request: web.Request) -> web.StreamResponse:
        call = await self.book.note_call(request)
        try:
            order = read_order(call.body, old=self._old)
        except Refused as refused:
            return refused.response()
        queued: list[CallFaults] = []
        work = PaidWork(order.prompt, 1, partial(self._draw, order, queued), partial(self._enqueue, order, queued))
        return await self.answer(request, call, work)

    async def _draw(self, order: Order, queued: list[CallFaults], faults: CallFaults) -> list[Entry]:
        queued.append(faults)
        # ComfyUI has no ids and seeds of images: they are here for the faults that all providers share.
        taken = dict.fromkeys(self._files)
        for job in self._queue:
            for prefix in job.order.saved.values():
                taken[_name(prefix, taken)] = None
        return [{"id": f"{order.id}", "seed": 0, "image": _name(prefix, taken)} for prefix in order.saved.values()]

    def _enqueue(self, order: Order, queued: list[CallFaults], images: list[Entry]) -> Answer:
        (faults,) = queued
        said = [_said(entry["image"]) for entry in images if "image" in entry]
        self._numbers += 1
        outputs = {node: {"images": said} for node in order.saved}
        self._queue.append(Job(self._numbers, order, outputs, faults, self._clock()))
        answer = {"prompt_id": order.id, "number": self._numbers, "node_errors": order.partial}
        return Answer(json.dumps(answer).encode())

    async def _job(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request.match_info["id"])
        if job is None:
            return web.json_response({"error": "Job not found"}, status=404)
        failure = job.order.failure if job.status == "failed" else None
        answer = Answer(
            json.dumps(
                {
                    "id": job.order.id,
                    "status": job.status,
                    "priority": job.number,
                    "workflow": {"prompt": job.order.graph},
                }
                | ({"outputs": job.outputs if job.status == "completed" else {}} if job.ended else {})
                | ({"execution_error": failure} if failure else {})
            ).encode()
        )
        if spoiled := job.faults.first(OfPoll):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    def _find(self, id_: str) -> Job | None:
        """Return the job of an id, the last one if the id was sent twice; None if there is none."""
        return next((job for job in reversed([*self._history, *self._queue]) if job.order.id == id_), None)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request.match_info["id"])
        return web.json_response({"cancelled": bool(job and self._stop(job))})

    def _stop(self, job: Job) -> bool:
        if job.ended is not None:
            return False
        self._queue.remove(job)
        self.taken_back += 1
        if job.began is not None:  # a job that has not begun does not enter the history
            job.interrupted, job.ended = True, self._clock()
            self._history.append(job)
        return True

    async def _report_queue(self, request: web.Request) -> web.StreamResponse:
        running = [job.queue_entry for job in self._queue if job.began is not None]
        pending = [job.queue_entry for job in self._queue if job.began is None]
        return web.json_response({"queue_running": running, "queue_pending": pending})

    async def _change_queue(self, request: web.Request) -> web.StreamResponse:
        for id_ in (await request.json()).get("delete", []):
            job = self._find(id_)
            if job and job.began is None:
                self._stop(job)
        return web.Response()

    async def _report_history(self, request: web.Request) -> web.StreamResponse:
        job = self._find(request.match_info["id"])
        if job is None or job.ended is None:
            return web.json_response({})
        done = job.status == "completed"
        messages: list[object] = [["execution_start", {"prompt_id": job.order.id}]]
        if job.interrupted:
            messages.append(["execution_interrupted", {"prompt_id": job.order.id}])
        elif job.order.failure:
            messages.append(["execution_error", job.order.failure])
        status = {"status_str": "success" if done else "error", "completed": done, "messages": messages}
        entry = {"prompt": job.queue_entry, "outputs": job.outputs if done else {}, "status": status, "meta": {}}
        return web.json_response({job.order.id: entry})

    async def _interrupt(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read() or b"{}")
        running = next((job for job in self._queue if job.began is not None), None)
        if running and body.get("prompt_id") in (None, running.order.id):
            self.interrupted_blindly += body.get("prompt_id") is None
            self._stop(running)
        return web.Response()

    async def _view(self, request: web.Request) -> web.StreamResponse:
        self.book.note_fetch(request)
        asked = {name: request.query.get(name, "") for name in ("filename", "subfolder", "type")}
        if ".." in asked["filename"] or asked["filename"].startswith("/"):
            return web.Response(status=400)
        if ".." in asked["subfolder"]:
            return web.Response(status=403)
        path = f"{asked['subfolder']}/{asked['filename']}".lstrip("/")
        file = self._files.get(path) if asked["type"] in ("", "output") else None
        if file is None:
            return web.Response(status=404)
        data = _with_text(await self.bytes_of(file.picture, 0, file.faults), file.graph)
        answer = Answer(data, file.picture.media_type)
        if spoiled := file.faults.first(OfFetch, 0):
            return await spoiled.fault.act(self._exchange(request).answered(answer), spoiled.options)
        return answer.response()

    async def _system_stats(self, request: web.Request) -> web.StreamResponse:
        version = "0.3.64" if self._old else "0.36.0"
        return web.json_response({"system": {"comfyui_version": version}, "devices": [{"name": "cuda:0"}]})

    async def _object_info(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["class"]
        return web.json_response({name: NODES[name].described(name)} if name in NODES else {})


def _name(prefix: str, taken: Iterable[str]) -> str:
    """Return the name of the next file for a prefix: its number is one more than the highest so far."""
    numbers = [int(name[len(prefix) + 1 : len(prefix) + 6]) for name in taken if name.startswith(f"{prefix}_")]
    return f"{prefix}_{max(numbers, default=0) + 1:05}_.png"


def _said(image: object) -> dict[str, object]:
    """Return the description of a file in an output."""
    if not isinstance(image, str):
        return {"filename": image, "subfolder": "", "type": "output"}
    subfolder, _, filename = image.rpartition("/")
    return {"filename": filename, "subfolder": subfolder, "type": "output"}


def _with_text(data: bytes, graph: str) -> bytes:
    """Return a PNG with the workflow in a text chunk; other data are unchanged."""
    if not data.startswith(PNG):
        return data
    text = b"prompt\0" + graph.encode("ascii")
    chunk = struct.pack(">I", len(text)) + b"tEXt" + text + struct.pack(">I", zlib.crc32(b"tEXt" + text))
    return data[:END_OF_HEADER] + chunk + data[END_OF_HEADER:]


def comfyui_simulator(
    authorization: str | None = None,
    *,
    port: int = 0,
    seconds_per_image: float = 0.0,
    old: bool = False,
    charges_file: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> ComfyUISimulator:
    """Return a simulator, to be used with `async with`; by default it listens on a free port.

    `authorization` is the header that a proxy in front of it requires. `charges_file` is the file of `ChargeBook`;
    `clock`, in Unix seconds, determines when jobs end.
    """
    return ComfyUISimulator(
        ChargeBook(clock, charges_file),
        Gallery(SignedLinks(clock)),
        port=port,
        seconds_per_image=seconds_per_image,
        authorization=authorization,
        old=old,
        clock=clock,
    )
