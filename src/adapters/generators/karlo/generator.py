"""The generator that draws with Karlo."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

import httpx

from darkroom.adapters.generators.karlo.answer import read_answer
from darkroom.adapters.generators.karlo.call import CallOptions, ImageFormat, ReturnType, call_body
from darkroom.adapters.generators.karlo.cards import karlo_cards
from darkroom.adapters.generators.karlo.receipt import KarloReceipt, LinkedImage
from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.images import as_they_come, drawn_image, longest_file
from darkroom.adapters.outbound_http.room import IMAGE_MEMORY, ProviderHttp, open_provider_http
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import ImageGenerator, Receipt

_PATH: Final = "/v2/inference/karlo/t2i"
# Bytes of an answer, base64 not counted. Eight links are some thousands; one link gone wild shall not cost the others.
_BESIDES_BASE64: Final = 2 * 1024 * 1024


class KarloImageGenerator(ImageGenerator):
    """Draws with whoever speaks Karlo's contract: one paid call an order, then links to fetch, or base64."""

    def __init__(self, endpoint: Endpoint, http: ProviderHttp, options: CallOptions) -> None:
        self._endpoint, self._http, self._options = endpoint, http, options
        self._url = endpoint.url(_PATH)
        self._cards = karlo_cards(MediaType(f"image/{options.image_format}"))

    @property
    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # Karlo charges for each call, whatever it was called before
        call = httpx.Request(
            "POST",
            self._url,
            headers={
                **HEADERS,
                "Accept": "application/json",
                "Authorization": f"KakaoAK {self._endpoint.api_key}",
                "Content-Type": "application/json",
            },
            content=call_body(request, self._options),
        )
        answer = await self._http.paid.send(call, longest=self._longest_answer(request))
        with understood(answer, request, self._endpoint.api_key):
            return read_answer(answer, request, self._options)

    async def collect(self, request: GenerationRequest, receipt: Receipt) -> AsyncGenerator[GeneratedImage, None]:
        kept = KarloReceipt.decode(receipt.reference)
        for image in receipt.images:
            yield image
        given = len(receipt.images)
        fetches = (self._fetched(request, image) for image in kept.linked)
        async with aclosing(as_they_come(fetches, kept.failures())) as images:
            async for image in images:
                given += 1
                yield image
        if given < request.samples:
            raise UnusableImage(f"{request.samples - given} images came with the provider's answer and are lost")

    async def check(self) -> str:
        await self._http.free.reach(self._url)
        return f"Karlo answers at {self._endpoint.base_url}; only drawing would tell whether it takes the key"

    @asynccontextmanager
    async def _fetched(self, request: GenerationRequest, image: LinkedImage) -> AsyncIterator[GeneratedImage]:
        longest = longest_file(request.size)
        async with self._http.room.holding(longest):
            data = await self._http.images.fetch(f"image {image.index}", image.link, longest=longest)
            seed = None if image.seed is None else Seed(image.seed)
            yield drawn_image(request, index=image.index, seed=seed, data=data, image_id=image.id)

    def _longest_answer(self, request: GenerationRequest) -> int:
        """In bytes; base64 makes four of three."""
        base64 = 0 if self._options.return_type == "url" else longest_file(request.size) * 4 // 3
        return _BESIDES_BASE64 + request.samples * base64


@asynccontextmanager
async def open_karlo(
    *,
    api_key: str,
    base_url: str,
    image_hosts: Iterable[str] = ("mk.kakaocdn.net",),
    return_type: ReturnType = "url",
    image_format: ImageFormat = "webp",
    nsfw_checker: bool = False,
    call_timeout: float = 100.0,
    fetch_timeout: float = 60.0,
    image_memory: int = IMAGE_MEMORY,
    trust_env: bool = False,
) -> AsyncIterator[KarloImageGenerator]:
    """Open the generator, for as long as the block lasts; times in seconds, as `open_provider_http` has them.

    Raises:
        InvalidValue: the key, the base URL or a host cannot be used.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    options = CallOptions(return_type, image_format, nsfw_checker)
    async with open_provider_http(
        image_hosts=image_hosts,
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        image_memory=image_memory,
        trust_env=trust_env,
    ) as http:
        yield KarloImageGenerator(endpoint, http, options)
