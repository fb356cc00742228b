"""The generator for ComfyUI."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from http import HTTPStatus
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from darkroom.adapters.generators.comfyui.errors import comfyui_failure
from darkroom.adapters.generators.comfyui.job import File, Job, job_id, not_drawn, read_job_id, read_place
from darkroom.adapters.generators.comfyui.models import FOLDER, ComfyUIModel
from darkroom.adapters.generators.moderation import explain, understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.png_text import without_text
from darkroom.adapters.generators.queued import job_at_its_end
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.images import drawn_image
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.paid_calls import PaidCalls
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.errors import (
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    UnusableImage,
)
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt
from darkroom.domain.use_cases.patience import pauses

log = logging.getLogger(__name__)

_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes: a job repeats its workflow, and an error the inputs of its nodes
_LONGEST_QUEUE: Final = 64 * 1024 * 1024  # bytes: the workflows of all pending jobs
_TIMES_LOOKED: Final = 5  # over about three seconds: ComfyUI validates a workflow before it queues it
_NOT_LET_IN: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ELSEWHERE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)


class ComfyUIImageGenerator(ImageGenerator):
    """Draws one image per job. A job's id is derived from the key, so it is known before the order is sent."""

    def __init__(
        self,
        endpoint: Endpoint,
        http: ProviderHttp,
        models: Mapping[str, ComfyUIModel],
        *,
        partner_key: str | None,
        keep_metadata: bool,
        trying: float,
        patience: float,
    ) -> None:
        """`models` is by version. The endpoint's key is the whole value of the header Authorization.

        `partner_key` is sent with paid workflows only. `trying` is the seconds within which ComfyUI must answer whether
        it has a job; after `patience` seconds of polling, a job is cancelled.
        """
        self._endpoint, self._http, self._models = endpoint, http, models
        self._partner_key, self._keep_metadata = partner_key, keep_metadata
        self._trying, self._patience = trying, patience

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        model, job = self._models[request.version.value], job_id(request.version.value, key)
        receipt = Receipt(job.encode())
        if await self._arrived_before(job):
            return receipt
        try:
            answer = await self._http.paid.send(self._order(request, model, job), longest=_LONGEST_ANSWER)
            said = self._taken(answer, request, job)
        except (OutcomeUnknown, UnusableImage) as lost:
            # The id is ours, so the order can be looked up, whatever the answer was.
            await self._looked_up(job, lost, paid=model.paid)
            return receipt
        if said.get("node_errors"):
            await self._take_back(job)
            detail = "ComfyUI accepted only a part of the workflow, so the job is cancelled"
            raise OutcomeUnknown(detail) if model.paid else GeneratorRefused(detail)
        return receipt

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        model, job = self._models.get(request.version.value), read_job_id(receipt.reference)
        if model is None or job is None:
            raise UnusableImage("the receipt names no job")
        with _unknown_otherwise():
            ended = await job_at_its_end(
                lambda: self._asked(job), patience=self._patience, take_back=lambda: self._take_back(job)
            )
            left_behind = await self._left_behind(job) if ended.missing else None
        if ended.missing and left_behind is None:
            raise not_drawn("ComfyUI no longer knows the job, and has no file of it", paid=model.paid)
        try:
            file = left_behind or ended.file(model.output, paid=model.paid)
        except DrawingFailed as failure:
            raise explain(failure, ended.said, request, self._secrets, wordings=True) from failure
        async with self._http.images.fetched("image 0", str(self._view(file))) as data:
            seed = next(iter(request.seeds), None)  # a job reports no seed: the sent one counts
            image = drawn_image(request, index=0, seed=seed, data=data, image_id=job)
            # Metadata is removed from complete images only: a damaged one is kept unchanged as evidence.
            yield image if self._keep_metadata else replace(image, data=without_text(image.data))

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        del receipt
        answer = await self._http.free.send(self._request("GET", "/queue"), longest=_LONGEST_QUEUE)
        return read_place(answer.document(), job_id(request.version.value, key)) if answer.is_success else None

    async def find(self, request: GenerationRequest, key: str) -> Receipt | None:
        job = job_id(request.version.value, key)
        return Receipt(job.encode()) if await self._arrived_before(job) else None

    async def check(self) -> str:
        answer = await self._free("GET", "/system_stats")
        system = answer.document().get("system")
        if not isinstance(system, dict):
            raise GeneratorUnavailable("the server at this address is not ComfyUI")
        classes = sorted({name for model in self._models.values() for name in model.workflow.classes})
        known = {name: await self._described(name) for name in classes}
        for version, model in self._models.items():
            _look_over(version, model, known)
        return f"ComfyUI answers at {self._endpoint.base_url} and has every node and file that the models need"

    def _order(self, request: GenerationRequest, model: ComfyUIModel, job: str) -> httpx.Request:
        body: dict[str, Any] = {"prompt": model.graph(request, job), "prompt_id": job}
        if model.paid and self._partner_key:
            body["extra_data"] = {"api_key_comfy_org": self._partner_key}
        return self._request("POST", "/prompt", body)

    def _taken(self, answer: Answer, request: GenerationRequest, job: str) -> Mapping[str, Any]:
        """Return the document of an answer that accepts the order.

        Raises:
            DrawingFailed: it does not accept the order.
        """
        if not answer.is_success:
            with understood(answer, request, *self._secrets):
                raise comfyui_failure(answer)
        said = answer.document()
        if said.get("prompt_id") != job:
            raise UnusableImage("the answer does not name our job", evidence=answer.body)
        return said

    async def _arrived_before(self, job: str) -> bool:
        """Return whether ComfyUI knows the job or has its file.

        Raises:
            GeneratorUnavailable: it does not answer within `trying` seconds.
        """
        try:
            async with asyncio.timeout(self._trying):
                for pause in pauses():
                    said = await self._asked(job)
                    if said.known:
                        return True
                    if said.missing:
                        return await self._left_behind(job) is not None
                    await asyncio.sleep(pause)
        except TimeoutError as late:
            raise GeneratorUnavailable("ComfyUI cannot be reached") from late
        raise AssertionError("pauses never end")

    async def _looked_up(self, job: str, cut: DrawingFailed, *, paid: bool) -> None:
        """Return if ComfyUI has the job, or may have it, after the answer to the order was lost (`cut`).

        Raises:
            DrawingFailed: ComfyUI does not have it.
        """
        with _unknown_otherwise():
            said = await self._asked(job)
            for pause in islice(pauses(), _TIMES_LOOKED):
                if said.known:
                    log.warning("the answer to an order was lost, but its job was found: %s", cut)
                    return
                await asyncio.sleep(pause)
                said = await self._asked(job)
        if said.missing:
            raise not_drawn(f"{cut.detail}, and ComfyUI does not know the job", paid=paid, evidence=cut.evidence)

    async def _asked(self, job: str) -> Job:
        """Look a job up; return it empty if ComfyUI does not answer now.

        Raises:
            GeneratorRefused: a proxy in front of ComfyUI refuses our credentials.
        """
        try:
            answer = await self._http.free.send(self._request("GET", f"/api/jobs/{job}"), longest=_LONGEST_ANSWER)
            if answer.is_success:
                return Job(answer.document())
            if answer.status == HTTPStatus.NOT_FOUND and "error" in answer.document():
                return Job({}, missing=True)
            if answer.status in _NOT_LET_IN:
                raise comfyui_failure(answer)
            return await self._asked_in_the_old_way(job) if answer.status in _ELSEWHERE else Job({})
        except GeneratorUnavailable as reason:
            log.warning("the state of a job cannot be read now: %s", reason)
            return Job({})

    async def _asked_in_the_old_way(self, job: str) -> Job:
        """Look a job up in the queue, then in the history, of versions without `/api/jobs`."""
        queue = await self._http.free.send(self._request("GET", "/queue"), longest=_LONGEST_QUEUE)
        if place := read_place(queue.document(), job):
            return Job({"status": "pending" if place.position else "in_progress"})
        history = await self._http.free.send(self._request("GET", f"/history/{job}"), longest=_LONGEST_ANSWER)
        if not (queue.is_success and history.is_success and "queue_running" in queue.document()):
            return Job({})
        entry = history.document().get(job)
        return Job.of_history(entry) if isinstance(entry, dict) else Job({}, missing=not history.document())

    async def _take_back(self, job: str) -> None:
        """Cancel this job only: without an id, ComfyUI interrupts any running job."""
        try:
            answer = await self._http.free.send(
                self._request("POST", f"/api/jobs/{job}/cancel", {}), longest=_LONGEST_ANSWER
            )
            if answer.status not in _ELSEWHERE:
                return
            await self._http.free.send(self._request("POST", "/queue", {"delete": [job]}), longest=_LONGEST_ANSWER)
            queue = await self._http.free.send(self._request("GET", "/queue"), longest=_LONGEST_QUEUE)
            place = read_place(queue.document(), job)
            if place and place.position == 0:
                stop = self._request("POST", "/interrupt", {"prompt_id": job})
                await self._http.free.send(stop, longest=_LONGEST_ANSWER)
        except GeneratorUnavailable as reason:
            log.warning("a job cannot be cancelled now: %s", reason)

    async def _left_behind(self, job: str) -> File | None:
        """Return the file that a job has saved, None if there is none; ComfyUI may have forgotten the job itself."""
        file = File(f"{job}_00001_.png", FOLDER, "output")
        call = httpx.Request("GET", self._view(file), headers=self._headers)
        answer = await self._http.free.send(call, longest=self._http.intake.image)
        return file if answer.is_success else None

    async def _described(self, node: str) -> Mapping[str, Any] | None:
        """Return the description of a node class; None if ComfyUI does not have it."""
        described = (await self._free("GET", f"/object_info/{_escaped(node)}")).document().get(node)
        return described if isinstance(described, dict) else None

    async def _free(self, verb: str, path: str) -> Answer:
        answer = await self._http.free.send(self._request(verb, path), longest=_LONGEST_ANSWER)
        if not answer.is_success:
            failure = comfyui_failure(answer)
            raise failure if isinstance(failure, GeneratorRefused) else GeneratorUnavailable(failure.detail)
        return answer

    def _view(self, file: File) -> httpx.URL:
        return self._endpoint.url(file.path)

    def _request(self, verb: str, path: str, body: object = None) -> httpx.Request:
        content = None if body is None else json.dumps(body).encode()
        headers = self._headers if content is None else {**self._headers, "Content-Type": "application/json"}
        return httpx.Request(verb, self._endpoint.url(path), headers=headers, content=content)

    @property
    def _secrets(self) -> Sequence[str]:
        return [*self._endpoint.api_key.split(), self._partner_key or ""]

    @property
    def _headers(self) -> dict[str, str]:
        headers = {**HEADERS, "Accept": "application/json"}
        return headers | ({"Authorization": self._endpoint.api_key} if self._endpoint.api_key else {})


@contextmanager
def _unknown_otherwise() -> Iterator[None]:
    """Convert refusals and unavailability to OutcomeUnknown: the order was sent, and may have been drawn."""
    try:
        yield
    except (GeneratorRefused, GeneratorUnavailable) as reason:
        raise OutcomeUnknown(f"ComfyUI does not report the outcome of the job: {reason}") from reason


def _look_over(version: str, model: ComfyUIModel, known: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Check a model's nodes and files.

    Raises:
        GeneratorRefused: one is missing in ComfyUI, or a node costs money and the model is not declared paid.
    """
    if missing := [name for name in model.workflow.classes if known[name] is None]:
        raise GeneratorRefused(f"ComfyUI has no node {' or '.join(missing)}, which {version} needs")
    partners = [name for name in model.workflow.classes if (known[name] or {}).get("api_node") is True]
    if partners and not model.paid:
        raise GeneratorRefused(
            f"{version} has Partner nodes, which cost money ({', '.join(partners)}): declare it paid"
        )
    for node in model.workflow.nodes.values():
        for name, value in node["inputs"].items():
            choices = _choices(known[node["class_type"]] or {}, name)
            if choices and isinstance(value, str) and value not in choices:
                raise GeneratorRefused(f"ComfyUI has no {name} called {value}, which {version} needs")


def _choices(described: Mapping[str, Any], name: str) -> list[str] | None:
    """Return the values that an input may have; None if ComfyUI does not list them."""
    inputs = described.get("input")
    for part in ("required", "optional"):
        group = inputs.get(part) if isinstance(inputs, dict) else None
        match group.get(name) if isinstance(group, dict) else None:
            case [list(choices), *_] | ["COMBO", {"options": list(choices)}, *_]:
                return [choice for choice in choices if isinstance(choice, str)]
            case _:
                pass
    return None


def _escaped(name: str) -> str:
    return urlencode({"": name})[1:].replace("+", "%20")


@asynccontextmanager
async def open_comfyui(
    *,
    base_url: str,
    models: Mapping[str, ComfyUIModel],
    authorization: str | None = None,
    partner_key: str | None = None,
    keep_metadata: bool = False,
    call_timeout: float = 60.0,
    drawing_timeout: float = 600.0,
    fetch_timeout: float = 60.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`. `authorization` is the header's whole value, for a proxy in front of ComfyUI.
    `partner_key` pays for Partner nodes. `keep_metadata` leaves prompts and workflows in the files. `call_timeout` is
    for an order, `drawing_timeout` for the job, including its wait; `at_once` is the most concurrent orders.

    Raises:
        InvalidValue: the base URL is invalid.
    """
    # Not through `parse`, which would refuse the blank in "Bearer ...".
    endpoint = Endpoint(Endpoint.parse(base_url=base_url, api_key=None).base_url, authorization or "")
    async with open_provider_http(
        image_hosts=(endpoint.origin,),
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        intake=intake,
        link_headers={endpoint: {"Authorization": authorization}} if authorization else None,
        trust_env=trust_env,
    ) as http:
        generator = ComfyUIImageGenerator(
            endpoint,
            http,
            models,
            partner_key=partner_key,
            keep_metadata=keep_metadata,
            trying=min(call_timeout, PaidCalls.LONGEST_TRYING),
            patience=drawing_timeout,
        )
        yield OneByOneImageGenerator(generator, at_once=at_once)
