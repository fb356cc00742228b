"""The generator for fal's queue."""

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx

from darkroom.adapters.generators.declared_inputs import DeclaredModel
from darkroom.adapters.generators.fal.errors import fal_failure
from darkroom.adapters.generators.fal.order import FalOrder
from darkroom.adapters.generators.fal.result import FalResult, completed, read_place
from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.queued import job_at_its_end, said_of_job
from darkroom.adapters.generators.seeds import seed_that_drew
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.images import drawn_image
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

FAL: Final = "https://queue.fal.run"
HOSTS: Final = ("fal.media", ".fal.media")

_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes: a result repeats its prompt, and an error its input
_SHORTEST_START: Final = 2  # seconds: fal accepts no deadline of a second or less
_NO_ORDER: Final = "00000000-0000-4000-8000-000000000000"


class FalImageGenerator(ImageGenerator):
    """Draws one image per order. The receipt holds the order's URLs, so any process can poll it."""

    def __init__(
        self, endpoint: Endpoint, http: ProviderHttp, models: Mapping[str, DeclaredModel], *, patience: float
    ) -> None:
        """`models` is by version. After `patience` seconds of polling, an order is cancelled."""
        self._endpoint, self._http, self._models, self._patience = endpoint, http, models, patience

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # fal has no idempotency key: each call draws
        model = self._models[request.version.value]
        call = httpx.Request(
            "POST",
            self._endpoint.url(f"/{model.name}"),
            headers={**self._headers, **self._no_second_try, "Content-Type": "application/json"},
            content=json.dumps(model.inputs_for(request)).encode(),
        )
        answer = await self._http.paid.send(call, longest=_LONGEST_ANSWER)
        with understood(answer, request, self._endpoint.api_key):
            if not answer.is_success:
                raise fal_failure(answer)
            return Receipt(FalOrder.read(answer.body, self._endpoint).encode())

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        order = FalOrder.read(receipt.reference, self._endpoint)
        result = await job_at_its_end(
            lambda: self._result(order),
            patience=self._patience,
            take_back=lambda: self._said("PUT", order.cancel_url),
        )
        link = result.link(request, self._endpoint.api_key)
        sent, told = next(iter(request.seeds), None), self._models[request.version.value].card.seed_told
        seed = seed_that_drew(result.reported_seeds, sent, only_reported=told)
        async with self._http.images.fetched("image 0", link) as data:
            yield drawn_image(request, index=0, seed=seed, data=data, image_id=None)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        del request, key
        if receipt is None or not receipt.reference:
            return None
        order = FalOrder.read(receipt.reference, self._endpoint)
        return read_place(await self._said("GET", order.status_url))

    async def check(self) -> str:
        name = next(iter(self._models.values())).name
        # No order has this id; a wrong key is refused before the id is looked up.
        url = self._endpoint.url(f"/{'/'.join(name.split('/')[:2])}/requests/{_NO_ORDER}/status")
        await self._http.free.reach(url, authorization=self._headers["Authorization"])
        return f"fal answers at {self._endpoint.base_url} and does not refuse the key"

    async def _result(self, order: FalOrder) -> FalResult:
        if not completed(await self._said("GET", order.status_url)):
            return FalResult()
        return FalResult(await self._said("GET", order.response_url))

    async def _said(self, verb: str, url: str) -> Answer | None:
        call = httpx.Request(verb, url, headers=self._headers)
        return await said_of_job(self._http.free, call, longest=self._http.intake.longest_answer(1))

    @property
    def _no_second_try(self) -> dict[str, str]:
        """Headers that switch off fal's retries and fallbacks, and limit the wait: retries are Darkroom's decision."""
        return {
            "X-Fal-No-Retry": "1",
            "X-App-Fal-Disable-Fallback": "true",
            "X-Fal-Request-Timeout": str(max(_SHORTEST_START, math.ceil(self._patience))),
        }

    @property
    def _headers(self) -> dict[str, str]:
        return {**HEADERS, "Accept": "application/json", "Authorization": f"Key {self._endpoint.api_key}"}


@asynccontextmanager
async def open_fal(
    *,
    api_key: str,
    models: Mapping[str, DeclaredModel],
    base_url: str = FAL,
    image_hosts: Iterable[str] = HOSTS,
    call_timeout: float = 60.0,
    drawing_timeout: float = 600.0,
    fetch_timeout: float = 60.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`. The key is sent to the origin of `base_url` only, never to `image_hosts`.
    `call_timeout` is for an order, `drawing_timeout` for polling it; `at_once` is the most concurrent orders.

    Raises:
        InvalidValue: the key, the base URL or a host is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    async with open_provider_http(
        image_hosts=image_hosts,
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        generator = FalImageGenerator(endpoint, http, models, patience=drawing_timeout)
        yield OneByOneImageGenerator(generator, at_once=at_once)
