"""The generator for Stability AI."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import httpx

from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.stability.answer import read_answer
from darkroom.adapters.generators.stability.models import MODELS, RATIOS, stability_cards
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.linked_image import collect_one
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator, Receipt

OutputFormat = Literal["png", "jpeg"]


class StabilityImageGenerator(ImageGenerator):
    """Draws one image per call, which is in the answer."""

    def __init__(
        self, endpoint: Endpoint, http: ProviderHttp, cards: Sequence[ModelCard], output_format: OutputFormat
    ) -> None:
        self._endpoint, self._http, self._cards, self._output_format = endpoint, http, cards, output_format

    @property
    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # the provider takes no idempotency key: each call is charged
        service = MODELS[request.version.value].service
        call = httpx.Request(
            "POST",
            self._endpoint.url(f"/v2beta/stable-image/generate/{service}"),
            headers={**HEADERS, "Accept": "application/json", "Authorization": self._authorization},
            files=self._form(request),
        )
        call.read()  # `send` needs the whole form in memory
        answer = await self._http.paid.send(call, longest=self._http.intake.longest_answer(1))
        with understood(answer, request, self._endpoint.api_key):
            return read_answer(answer, request)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return collect_one(request, receipt, self._http.images)

    async def check(self) -> str:
        await self._http.free.reach(self._endpoint.url("/v1/user/balance"), authorization=self._authorization)
        return f"Stability AI answers at {self._endpoint.base_url} and accepts the key"

    @property
    def _authorization(self) -> str:
        return f"Bearer {self._endpoint.api_key}"

    def _form(self, request: GenerationRequest) -> dict[str, tuple[None, str]]:
        """Return the form's fields, as texts without file names, with the given parameters only."""
        given = request.parameters.given
        (seed,) = request.seeds
        fields = {
            "prompt": request.prompt.value,
            "negative_prompt": given.get("negative_prompt"),
            "model": MODELS[request.version.value].model,
            "aspect_ratio": RATIOS.shape(request.size).ratio,
            "seed": str(seed.value),
            "cfg_scale": str(given["guidance_scale"]) if "guidance_scale" in given else None,
            "output_format": self._output_format,
        }
        return {name: (None, value) for name, value in fields.items() if value is not None}


@asynccontextmanager
async def open_stability(
    *,
    api_key: str,
    base_url: str = "https://api.stability.ai",
    models: Iterable[str] = tuple(MODELS),
    output_format: OutputFormat = "png",
    call_timeout: float = 100.0,
    intake: Intake | None = None,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` are versions in `MODELS`; `at_once` is the most concurrent calls.

    Raises:
        InvalidValue: the key, the base URL or a model is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    cards = stability_cards(models, MediaType(f"image/{output_format}"))
    # The API is not known to return links; only links to its own origin would be followed.
    async with open_provider_http(
        image_hosts=[endpoint.origin],
        call_timeout=call_timeout,
        fetch_timeout=call_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        generator = StabilityImageGenerator(endpoint, http, cards, output_format)
        yield OneByOneImageGenerator(generator, at_once=at_once, patience=call_timeout)
