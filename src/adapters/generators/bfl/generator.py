"""The generator for Black Forest Labs' API."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx

from darkroom.adapters.generators.bfl.errors import bfl_failure
from darkroom.adapters.generators.bfl.models import inputs_for
from darkroom.adapters.generators.bfl.task import BflOrder, Task
from darkroom.adapters.generators.declared_inputs import DeclaredModel
from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.queued import job_at_its_end, said_of_job
from darkroom.adapters.generators.seeds import seed_that_drew
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.adapters.outbound_http.images import drawn_image
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

BFL: Final = "https://api.bfl.ai"
POLLING_HOSTS: Final = (".bfl.ai",)
IMAGE_HOSTS: Final = (".bfl.ai", "bfldeliveryprod.blob.core.windows.net")

_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes: a result repeats its prompt


class BflImageGenerator(ImageGenerator):
    """Draws one image per task. The receipt holds the task's id and polling URL."""

    def __init__(
        self,
        endpoint: Endpoint,
        http: ProviderHttp,
        models: Mapping[str, DeclaredModel],
        *,
        polling_hosts: ImageHosts,
        patience: float,
    ) -> None:
        """`models` is by version. Tasks are polled at `polling_hosts` only, for at most `patience` seconds."""
        self._endpoint, self._http, self._models = endpoint, http, models
        self._polling_hosts, self._patience = polling_hosts, patience

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # BFL has no idempotency key: each call draws
        model = self._models[request.version.value]
        call = httpx.Request(
            "POST",
            self._endpoint.url(f"/v1/{model.name}"),
            headers={**self._headers, "Content-Type": "application/json"},
            content=json.dumps(inputs_for(request, model)).encode(),
        )
        answer = await self._http.paid.send(call, longest=_LONGEST_ANSWER)
        with understood(answer, request, self._endpoint.api_key):
            if not answer.is_success:
                raise bfl_failure(answer)
            order = BflOrder.read(answer.body, self._polling_hosts)
            return Receipt(order.encode(), cost=order.price)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        order = BflOrder.read(receipt.reference, self._polling_hosts)
        task = await job_at_its_end(lambda: self._asked(order), patience=self._patience)
        link = task.link(request, self._endpoint.api_key)
        sent, told = next(iter(request.seeds), None), self._models[request.version.value].card.seed_told
        seed = seed_that_drew(task.reported_seeds, sent, only_reported=told)
        async with self._http.images.fetched("image 0", link) as data:
            yield drawn_image(request, index=0, seed=seed, data=data, image_id=order.id)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        del request, key
        if receipt is None or not receipt.reference:
            return None
        return (await self._asked(BflOrder.read(receipt.reference, self._polling_hosts))).progress

    async def check(self) -> str:
        call = httpx.Request("GET", self._endpoint.url("/v1/credits"), headers=self._headers)
        answer = await self._http.free.send(call, longest=_LONGEST_ANSWER)
        if not answer.is_success:
            failure = bfl_failure(answer)
            raise failure if isinstance(failure, GeneratorRefused) else GeneratorUnavailable(failure.detail)
        credits_left = answer.document().get("credits")
        left = f", which has {credits_left:g} credits" if isinstance(credits_left, int | float) else ""
        return f"BFL answers at {self._endpoint.base_url} and accepts the key{left}"

    async def _asked(self, order: BflOrder) -> Task:
        call = httpx.Request("GET", order.polling_url, headers=self._headers)
        return Task.of(await said_of_job(self._http.free, call, longest=self._http.intake.longest_answer(1)))

    @property
    def _headers(self) -> dict[str, str]:
        return {**HEADERS, "Accept": "application/json", "x-key": self._endpoint.api_key}


@asynccontextmanager
async def open_bfl(
    *,
    api_key: str,
    models: Mapping[str, DeclaredModel],
    base_url: str = BFL,
    polling_hosts: Iterable[str] = POLLING_HOSTS,
    image_hosts: Iterable[str] = IMAGE_HOSTS,
    call_timeout: float = 60.0,
    drawing_timeout: float = 300.0,
    fetch_timeout: float = 60.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`. The key is sent to `base_url` and `polling_hosts`, never to `image_hosts`.
    `call_timeout` is for an order, `drawing_timeout` for polling it; `at_once` is the most concurrent orders.

    Raises:
        InvalidValue: the key, the base URL or a host is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    hosts = ImageHosts.parse(polling_hosts)
    async with open_provider_http(
        image_hosts=image_hosts,
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        generator = BflImageGenerator(endpoint, http, models, polling_hosts=hosts, patience=drawing_timeout)
        yield OneByOneImageGenerator(generator, at_once=at_once)
