"""The generator for servers with the web UI's API."""

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import httpx

from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.png_text import without_text
from darkroom.adapters.generators.webui.answer import read_answer
from darkroom.adapters.generators.webui.call import CallOptions, call_body
from darkroom.adapters.generators.webui.errors import webui_failure
from darkroom.adapters.generators.webui.models import WebUIModel, parse_models
from darkroom.adapters.generators.webui.progress import read_progress, read_unfinished
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.linked_image import collect_one, stripped
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable, InvalidValue
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

_PATH: Final = "/sdapi/v1/txt2img"
_MODELS_PATH: Final = "/sdapi/v1/sd-models"
_PROGRESS_PATH: Final = "/internal/progress"
_LONGEST_LIST: Final = 8 * 1024 * 1024  # bytes
_LONGEST_PROGRESS: Final = 64 * 1024
_LONGEST_UNFINISHED: Final = 4 * 1024 * 1024  # room for a PNG of 1024 x 1024 pixels in base64
_NAMES: Final = ("title", "model_name", "hash", "sha256")


class WebUIImageGenerator(ImageGenerator):
    """Draws one image per call, which is in the answer."""

    def __init__(
        self,
        endpoint: Endpoint,
        http: ProviderHttp,
        models: Mapping[str, WebUIModel],
        options: CallOptions,
        *,
        keep_metadata: bool,
    ) -> None:
        """`models` is by version; the endpoint's key is `user:password`, or empty."""
        self._endpoint, self._http, self._models, self._options = endpoint, http, models, options
        self._strip = bytes if keep_metadata else without_text

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        model = self._models[request.version.value]
        call = httpx.Request(
            "POST",
            self._endpoint.url(_PATH),
            headers={**self._headers, "Content-Type": "application/json"},
            content=call_body(request, model.checkpoint, self._options, key),
        )
        answer = await self._http.paid.send(call, longest=self._http.intake.longest_answer(1))
        with understood(answer, request, self._endpoint.api_key):
            receipt = read_answer(answer, request, model)
        return stripped(receipt, self._strip)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return collect_one(request, receipt, self._http.images, strip=self._strip)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        del receipt
        answer = await self._how_far(key, with_image=False, longest=_LONGEST_PROGRESS)
        asked: int | None = request.parameters.given.get("num_inference_steps")
        return read_progress(answer, steps=asked or self._models[request.version.value].steps)

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        del receipt
        answer = await self._how_far(key, with_image=True, longest=_LONGEST_UNFINISHED)
        image = read_unfinished(answer, request)
        return image and replace(image, data=self._strip(image.data))

    async def check(self) -> str:
        call = httpx.Request("GET", self._endpoint.url(_MODELS_PATH), headers=self._headers)
        answer = await self._http.free.send(call, longest=_LONGEST_LIST)
        if not answer.is_success:
            failure = webui_failure(answer)
            raise failure if isinstance(failure, GeneratorRefused) else GeneratorUnavailable(failure.detail)
        there = _checkpoints(answer)
        wanted = [model.checkpoint for model in self._models.values() if model.checkpoint is not None]
        if missing := [checkpoint for checkpoint in wanted if checkpoint not in there]:
            raise GeneratorRefused(f"the server has no checkpoint called {' or '.join(missing)}")
        return f"the web UI answers at {self._endpoint.base_url} and has every checkpoint that the models need"

    async def _how_far(self, task: str, *, with_image: bool, longest: int) -> Answer:
        body = json.dumps({"id_task": task, "live_preview": with_image}).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        call = httpx.Request("POST", self._endpoint.url(_PROGRESS_PATH), headers=headers, content=body)
        return await self._http.free.send(call, longest=longest)

    @property
    def _headers(self) -> dict[str, str]:
        headers = {**HEADERS, "Accept": "application/json"}
        if self._endpoint.api_key:
            headers["Authorization"] = f"Basic {base64.b64encode(self._endpoint.api_key.encode()).decode()}"
        return headers


def _checkpoints(answer: Answer) -> set[str]:
    """Return all names of the server's checkpoints."""
    try:
        entries: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise GeneratorUnavailable("the answer is not a list of checkpoints")
    models = [entry for entry in entries if isinstance(entry, dict)]
    names = {name for model in models for key in _NAMES if isinstance(name := model.get(key), str)}
    # A title is the file's name and a hash in brackets; the server accepts the name alone too.
    return names | {name.partition(" [")[0] for name in names}


@asynccontextmanager
async def open_webui(
    *,
    base_url: str,
    models: Iterable[str] = ("webui",),
    auth: str | None = None,
    options: CallOptions | None = None,
    call_timeout: float = 300.0,
    intake: Intake | None = None,
    at_once: int = 1,
    keep_metadata: bool = False,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` is in the form that `parse_models` reads, `auth` is `user:password`, None for none. `at_once` is the most
    concurrent calls; the server draws one after another, so others would wait there while their timeout runs.
    `keep_metadata` leaves prompts and settings in PNGs.

    Raises:
        InvalidValue: the base URL, the credentials or a model is invalid.
    """
    if auth is not None and ":" not in auth:
        raise InvalidValue("the credentials must be user:password")
    endpoint, known = Endpoint.parse(base_url=base_url, api_key=auth), parse_models(models)
    async with open_provider_http(
        image_hosts=(endpoint.origin,),
        call_timeout=call_timeout,
        fetch_timeout=call_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        generator = WebUIImageGenerator(endpoint, http, known, options or CallOptions(), keep_metadata=keep_metadata)
        yield OneByOneImageGenerator(generator, at_once=at_once, patience=call_timeout)
