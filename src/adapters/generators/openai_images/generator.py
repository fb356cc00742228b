"""The generator that draws with whoever speaks the Images API."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import httpx

from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.generators.one_by_one import OneByOneImageGenerator
from darkroom.adapters.generators.openai_images.answer import read_answer, the_image
from darkroom.adapters.generators.openai_images.call import GPTImageOptions, ResponseFormat, call_body
from darkroom.adapters.generators.openai_images.models import OpenAIModel
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.images import longest_file
from darkroom.adapters.outbound_http.room import IMAGE_MEMORY, ProviderHttp, open_provider_http
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.ports import ImageGenerator, Receipt

OPENAI: Final = "https://api.openai.com/v1"

_PATH: Final = "/images/generations"
_BESIDES_BASE64: Final = 65_536  # bytes of an answer; base64 makes four of three


class OpenAIImageGenerator(ImageGenerator):
    """Draws one image a call."""

    def __init__(
        self,
        endpoint: Endpoint,
        http: ProviderHttp,
        models: Mapping[str, OpenAIModel],
        options: GPTImageOptions,
        response_format: ResponseFormat,
    ) -> None:
        """`models` by version."""
        self._endpoint, self._http, self._models = endpoint, http, models
        self._options, self._response_format = options, response_format

    @property
    def cards(self) -> Sequence[ModelCard]:
        chosen = MediaType(f"image/{self._options.output_format}")
        return tuple(
            replace(model.card, media_type=chosen) if model.is_gpt_image else model.card
            for model in self._models.values()
        )

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # the API charges for each call, whatever it was called before
        model = self._models[request.version.value]
        call = httpx.Request(
            "POST",
            self._endpoint.url(_PATH),
            headers={
                **HEADERS,
                "Accept": "application/json",
                "Authorization": self._authorization,
                "Content-Type": "application/json",
            },
            content=call_body(request, model, self._options, self._response_format),
        )
        longest = _BESIDES_BASE64 + longest_file(request.size) * 4 // 3
        answer = await self._http.paid.send(call, longest=longest)
        with understood(answer, request, self._endpoint.api_key):
            return read_answer(answer, request)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        for image in receipt.images:
            yield image
        if receipt.reference:
            link, longest = receipt.reference.decode("ascii"), longest_file(request.size)
            async with self._http.room.holding(longest):
                yield the_image(request, await self._http.images.fetch("image 0", link, longest=longest))

    async def check(self) -> str:
        await self._http.free.reach(self._endpoint.url("/models"), authorization=self._authorization)
        return f"the Images API answers at {self._endpoint.base_url} and does not refuse the key"

    @property
    def _authorization(self) -> str:
        return f"Bearer {self._endpoint.api_key}"


@asynccontextmanager
async def open_openai_images(
    *,
    api_key: str,
    base_url: str = OPENAI,
    models: Mapping[str, OpenAIModel],
    options: GPTImageOptions | None = None,
    response_format: ResponseFormat = "b64_json",
    image_hosts: Iterable[str] = (),
    call_timeout: float = 180.0,
    fetch_timeout: float = 60.0,
    image_memory: int = IMAGE_MEMORY,
    at_once: int = 16,
    trust_env: bool = False,
) -> AsyncIterator[ImageGenerator]:
    """Open the generator, for as long as the block lasts; times in seconds, as `open_provider_http` has them.

    `models` are those of `parse_models`, `options` for those that are GPT image models, `response_format` for all
    others. Links may name `image_hosts`, and the server itself. `at_once` calls may be under way. OpenAI says that a
    call can take two minutes.

    Raises:
        InvalidValue: the key, the base URL or a host cannot be used.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    async with open_provider_http(
        image_hosts=(*image_hosts, endpoint.origin),
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        image_memory=image_memory,
        trust_env=trust_env,
    ) as http:
        generator = OpenAIImageGenerator(endpoint, http, models, options or GPTImageOptions(), response_format)
        yield OneByOneImageGenerator(generator, at_once=at_once)
