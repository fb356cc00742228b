"""The generator for OpenRouter."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from darkroom.adapters.durable_folder import DurableFolder
from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.openrouter.answer import read_answer
from darkroom.adapters.generators.openrouter.call import call_body
from darkroom.adapters.generators.openrouter.catalogue import Catalogue
from darkroom.adapters.generators.openrouter.models import Named, OpenRouterModel
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.linked_image import collect_one
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator, Receipt

OPENROUTER: Final = "https://openrouter.ai/api/v1"


class OpenRouterImageGenerator(ImageGenerator):
    """Draws one image per call, which is in the answer."""

    def __init__(self, endpoint: Endpoint, http: ProviderHttp, models: Mapping[str, OpenRouterModel]) -> None:
        """`models` is by version."""
        self._endpoint, self._http, self._models = endpoint, http, models

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # the provider takes no idempotency key: each call is charged
        call = httpx.Request(
            "POST",
            self._endpoint.url("/images"),
            headers={
                **HEADERS,
                "Accept": "application/json",
                "Authorization": self._authorization,
                "Content-Type": "application/json",
            },
            content=call_body(request, self._models[request.version.value]),
        )
        answer = await self._http.paid.send(call, longest=self._http.intake.longest_answer(1))
        with understood(answer, request, self._endpoint.api_key):
            return read_answer(answer, request)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return collect_one(request, receipt, self._http.images)

    async def check(self) -> str:
        await self._http.free.reach(self._endpoint.url("/key"), authorization=self._authorization)
        makers = ", ".join(f"{version} is made by {model.maker}" for version, model in self._models.items())
        return f"OpenRouter answers at {self._endpoint.base_url} and accepts the key; {makers}"

    @property
    def _authorization(self) -> str:
        return f"Bearer {self._endpoint.api_key}"


@asynccontextmanager
async def open_openrouter(
    *,
    api_key: str,
    models: Mapping[str, Named],
    folder: Path,
    base_url: str = OPENROUTER,
    call_timeout: float = 180.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`. What each accepts and costs is read from OpenRouter now, and kept in `folder`
    for a start at which OpenRouter is unreachable. `at_once` is the most concurrent calls.

    Raises:
        InvalidValue: the key, the base URL or a model is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    # The API is not known to return links; only links to its own origin would be followed.
    async with open_provider_http(
        image_hosts=[endpoint.origin],
        call_timeout=call_timeout,
        fetch_timeout=call_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        found = await Catalogue(endpoint, http.free, DurableFolder(folder)).models(models)
        yield OneByOneImageGenerator(OpenRouterImageGenerator(endpoint, http, found), at_once=at_once)
