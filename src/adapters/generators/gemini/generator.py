"""The generator for Google's Gemini models."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx

from darkroom.adapters.generators.gemini.answer import read_answer
from darkroom.adapters.generators.gemini.call import call_body
from darkroom.adapters.generators.gemini.errors import gemini_failure
from darkroom.adapters.generators.gemini.models import GeminiModel
from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.linked_image import collect_one
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator, Receipt

GEMINI: Final = "https://generativelanguage.googleapis.com/v1beta"

_LONGEST_DESCRIPTION: Final = 65_536  # bytes of a model's description
_MOST_PICTURES: Final = 2  # of full size: the image itself, and one for all the drafts together, which are smaller


class GeminiImageGenerator(ImageGenerator):
    """Draws one image per call, which is in the answer."""

    def __init__(self, endpoint: Endpoint, http: ProviderHttp, models: Mapping[str, GeminiModel]) -> None:
        """`models` is by version."""
        self._endpoint, self._http, self._models = endpoint, http, models

    @property
    def cards(self) -> Sequence[ModelCard]:
        return tuple(model.card for model in self._models.values())

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # the provider takes no idempotency key: each call is charged
        name = request.version.value
        call = self._request("POST", f"/models/{name}:generateContent", call_body(request, self._models[name]))
        answer = await self._http.paid.send(call, longest=self._http.intake.longest_answer(_MOST_PICTURES))
        with understood(answer, request, self._endpoint.api_key):
            return read_answer(answer, request, self._models[name].prices)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return collect_one(request, receipt, self._http.images)

    async def check(self) -> str:
        for name in self._models:
            await self._see(name)
        return (
            f"the Gemini API answers at {self._endpoint.base_url}, accepts the key and knows {', '.join(self._models)}"
        )

    async def _see(self, name: str) -> None:
        """Check that a model exists and that our key may use it.

        Raises:
            DrawingFailed: it does not, the key may not, or Google does not answer.
        """
        answer = await self._http.free.send(self._request("GET", f"/models/{name}"), longest=_LONGEST_DESCRIPTION)
        if answer.is_success:
            return
        failure = gemini_failure(answer)
        told = f"{name}: {failure.detail}"
        if isinstance(failure, OutcomeUnknown):
            raise GeneratorUnavailable(told)
        raise failure.again(told)

    def _request(self, verb: str, path: str, content: bytes | None = None) -> httpx.Request:
        headers = {**HEADERS, "Accept": "application/json", "x-goog-api-key": self._endpoint.api_key}
        if content is not None:
            headers["Content-Type"] = "application/json"
        return httpx.Request(verb, self._endpoint.url(path), headers=headers, content=content)


@asynccontextmanager
async def open_gemini(
    *,
    api_key: str,
    models: Mapping[str, GeminiModel],
    base_url: str = GEMINI,
    call_timeout: float = 180.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`; `at_once` is the most concurrent calls.

    Raises:
        InvalidValue: the key or the base URL is invalid.
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
        yield OneByOneImageGenerator(GeminiImageGenerator(endpoint, http, models), at_once=at_once)
