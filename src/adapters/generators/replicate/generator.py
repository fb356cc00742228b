"""The generator for Replicate's API."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import httpx

from darkroom.adapters.generators.declared_inputs import DeclaredModel
from darkroom.adapters.generators.moderation import explain, understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.queued import job_at_its_end, said_of_job
from darkroom.adapters.generators.replicate.call import call_body, call_path, listing_path
from darkroom.adapters.generators.replicate.errors import replicate_failure
from darkroom.adapters.generators.replicate.prediction import Prediction, read_id
from darkroom.adapters.generators.seeds import seed_that_drew
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.images import drawn_image
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt

REPLICATE: Final = "https://api.replicate.com/v1"

_LONGEST_ANSWER: Final = 4 * 1024 * 1024  # bytes: a prediction repeats its input and what the model logged


class ReplicateImageGenerator(ImageGenerator):
    """Draws one image per prediction. The receipt holds its id, so any process can poll it later."""

    def __init__(
        self, endpoint: Endpoint, http: ProviderHttp, models: Mapping[str, DeclaredModel], *, patience: float
    ) -> None:
        """`models` is by version. After `patience` seconds of polling, a prediction is cancelled."""
        self._endpoint, self._http, self._models, self._patience = endpoint, http, models, patience

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # Replicate has no idempotency key: each call draws
        model = self._models[request.version.value]
        call = self._request("POST", call_path(model), call_body(request, model))
        answer = await self._http.paid.send(call, longest=_LONGEST_ANSWER)
        with understood(answer, request, self._endpoint.api_key):
            if not answer.is_success:
                raise replicate_failure(answer)
            prediction_id = Prediction(answer.document()).id
            if prediction_id is None:
                raise UnusableImage("the provider's answer names no prediction", evidence=answer.body)
            return Receipt(prediction_id.encode())

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        prediction_id = read_id(receipt.reference.decode("ascii", errors="replace"))
        if prediction_id is None:
            raise UnusableImage("the receipt names no prediction")
        prediction = await self._ended(prediction_id)
        try:
            link = prediction.link()
        except DrawingFailed as failure:
            said, key = prediction.said, self._endpoint.api_key
            raise explain(failure, said, request, [key], wordings=prediction.failed) from failure
        sent, told = next(iter(request.seeds), None), self._models[request.version.value].card.seed_told
        seed = seed_that_drew(list(prediction.reported_seeds()), sent, only_reported=told)
        async with self._http.images.fetched("image 0", link) as data:
            yield drawn_image(request, index=0, seed=seed, data=data, image_id=prediction_id)

    async def progress(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> Progress | None:
        del request, key
        prediction_id = read_id(receipt.reference.decode("ascii", errors="replace")) if receipt else None
        return (await self._asked("GET", f"/predictions/{prediction_id}")).progress if prediction_id else None

    async def check(self) -> str:
        await self._http.free.reach(self._endpoint.url("/account"), authorization=self._authorization)
        listed = {model.name: path for model in self._models.values() if (path := listing_path(model))}
        missing = [name for name, path in listed.items() if not await self._is_listed(path)]
        if missing:
            raise GeneratorRefused(f"Replicate does not have {', '.join(missing)}, or does not show it to this token")
        return f"Replicate answers at {self._endpoint.base_url} and does not refuse the token"

    async def _is_listed(self, path: str) -> bool:
        """Return whether a model or version exists; only a 404 means that it does not."""
        answer = await self._http.free.send(self._request("GET", path), longest=_LONGEST_ANSWER)
        return answer.status != HTTPStatus.NOT_FOUND

    async def _ended(self, prediction_id: str) -> Prediction:
        """Poll a prediction until it ends, cancelling it after `patience` seconds."""
        path = f"/predictions/{prediction_id}"
        return await job_at_its_end(
            lambda: self._asked("GET", path),
            patience=self._patience,
            take_back=lambda: self._asked("POST", f"{path}/cancel"),
        )

    async def _asked(self, verb: str, path: str) -> Prediction:
        """Request a prediction; return it empty if it cannot be read now."""
        answer = await said_of_job(
            self._http.free, self._request(verb, path), longest=self._http.intake.longest_answer(1)
        )
        return Prediction(answer.document() if answer and answer.is_success else {})

    def _request(self, verb: str, path: str, content: bytes | None = None) -> httpx.Request:
        headers = {**HEADERS, "Accept": "application/json", "Authorization": self._authorization}
        if content is not None:
            headers["Content-Type"] = "application/json"
        # URLs from answers are not used: the token must not be sent elsewhere.
        return httpx.Request(verb, self._endpoint.url(path), headers=headers, content=content)

    @property
    def _authorization(self) -> str:
        return f"Bearer {self._endpoint.api_key}"


@asynccontextmanager
async def open_replicate(
    *,
    api_token: str,
    models: Mapping[str, DeclaredModel],
    base_url: str = REPLICATE,
    image_hosts: Iterable[str] = ("replicate.delivery",),
    call_timeout: float = 60.0,
    drawing_timeout: float = 600.0,
    fetch_timeout: float = 60.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`. `call_timeout` is for creating a prediction, `drawing_timeout` for polling it: a
    model that was not used for a while takes minutes to start. `at_once` is the most that are created concurrently.

    Raises:
        InvalidValue: the token, the base URL or a host is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_token)
    async with open_provider_http(
        image_hosts=image_hosts,
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        generator = ReplicateImageGenerator(endpoint, http, models, patience=drawing_timeout)
        yield OneByOneImageGenerator(generator, at_once=at_once, patience=drawing_timeout)
