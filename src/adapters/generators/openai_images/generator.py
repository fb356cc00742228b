"""The generator for servers with the Images API."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import httpx

from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.openai_images.answer import read_answer
from darkroom.adapters.generators.openai_images.api import PAYS_AGAIN, ImagesAPI, is_litellm
from darkroom.adapters.generators.openai_images.call import GPTImageOptions, ResponseFormat, call_body
from darkroom.adapters.generators.openai_images.listing import Listing
from darkroom.adapters.generators.openai_images.models import OpenAIModel
from darkroom.adapters.generators.png_text import without_parameters
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.linked_image import collect_one, stripped
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator, Receipt

log = logging.getLogger(__name__)

OPENAI: Final = "https://api.openai.com/v1"

_PATH: Final = "/images/generations"


class OpenAIImageGenerator(ImageGenerator):
    """Draws one image per call."""

    def __init__(
        self,
        api: ImagesAPI,
        http: ProviderHttp,
        models: Mapping[str, OpenAIModel],
        options: GPTImageOptions,
        response_format: ResponseFormat,
    ) -> None:
        """`models` is by version; `options` are for GPT image models, `response_format` for all others."""
        self._api, self._http, self._models = api, http, models
        self._options, self._response_format = options, response_format
        self._warned = False

    @property
    def cards(self) -> Sequence[ModelCard]:
        chosen = MediaType(f"image/{self._options.output_format}")
        return tuple(
            replace(model.card, media_type=chosen) if model.is_gpt_image else model.card
            for model in self._models.values()
        )

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # the provider takes no idempotency key: each call is charged
        model = self._models[request.version.value]
        call = httpx.Request(
            "POST",
            self._api.url(_PATH),
            headers={**self._api.headers, "Content-Type": "application/json"},
            content=call_body(request, model, self._options, self._response_format),
        )
        answer = await self._http.paid.send(call, longest=self._http.intake.longest_answer(1))
        self._notice_gateway(answer)
        with understood(answer, request, self._api.key):
            receipt = read_answer(answer, request, seed_told=model.card.seed_told)
        return stripped(receipt, without_parameters)

    def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        return collect_one(request, receipt, self._http.images, strip=without_parameters)

    async def check(self) -> str:
        return await Listing(self._api, self._http.free, tuple(model.name for model in self._models.values())).told()

    def _notice_gateway(self, answer: Answer) -> None:
        if is_litellm(answer) and not self._warned:
            log.warning("%s", PAYS_AGAIN)
            self._warned = True


@asynccontextmanager
async def open_openai_images(
    *,
    api_key: str,
    base_url: str = OPENAI,
    models: Mapping[str, OpenAIModel],
    options: GPTImageOptions | None = None,
    response_format: ResponseFormat = "b64_json",
    key_header: str | None = None,
    query: str = "",
    image_hosts: Iterable[str] = (),
    call_timeout: float = 180.0,
    fetch_timeout: float = 60.0,
    intake: Intake | None = None,
    links_with_key: bool = False,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    `models` comes from `parse_models`; `options` are for GPT image models, `response_format` for all others. The key is
    sent in `key_header`, such as `api-key`, or as a Bearer token if that is None. `query`, such as
    `api-version=preview`, is added to every call. Links may lead to `image_hosts` and the server itself;
    `links_with_key` sends the key with the latter. `at_once` is the most concurrent calls. According to OpenAI, a call
    can take two minutes.

    Raises:
        InvalidValue: the key, its header, the base URL, the query or a host is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    api = ImagesAPI.parse(endpoint, key_header=key_header, query=query)
    async with open_provider_http(
        image_hosts=(*image_hosts, endpoint.origin),
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        intake=intake,
        link_headers={endpoint: api.key_headers} if links_with_key else None,
        trust_env=trust_env,
    ) as http:
        generator = OpenAIImageGenerator(api, http, models, options or GPTImageOptions(), response_format)
        yield OneByOneImageGenerator(generator, at_once=at_once, patience=call_timeout)
