"""The generator for Karlo."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

import httpx

from darkroom.adapters.byte_room import Stay
from darkroom.adapters.generators.karlo.answer import read_answer
from darkroom.adapters.generators.karlo.call import CallOptions, ImageFormat, ReturnType, call_body
from darkroom.adapters.generators.karlo.cards import karlo_cards
from darkroom.adapters.generators.karlo.receipt import KarloReceipt, LinkedImage
from darkroom.adapters.generators.moderation import understood
from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.adapters.outbound_http.headers import HEADERS
from darkroom.adapters.outbound_http.images import as_they_come, drawn_image
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.adapters.outbound_http.room import ProviderHttp, open_provider_http
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import ImageGenerator, Receipt

_PATH: Final = "/v2/inference/karlo/t2i"


class KarloImageGenerator(ImageGenerator):
    """Draws with a server that has Karlo's contract: one paid call per order, answered with links or base64."""

    def __init__(self, endpoint: Endpoint, http: ProviderHttp, options: CallOptions) -> None:
        self._endpoint, self._http, self._options = endpoint, http, options
        self._url = endpoint.url(_PATH)
        self._cards = karlo_cards(MediaType(f"image/{options.image_format}"))

    @property
    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    async def answers(self, request: GenerationRequest, key: str) -> AsyncGenerator[Receipt, None]:
        with Stay() as stay:
            with stay.current():
                receipt = await self.submit(request, key)
            yield receipt

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        del key  # Karlo has no idempotency key: each call is charged
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
            return read_answer(answer, request)

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
        return f"Karlo answers at {self._endpoint.base_url}; only drawing would show whether it accepts the key"

    def _longest_answer(self, request: GenerationRequest) -> int:
        """Return the most bytes of an answer; if links were requested, unexpected base64 has room for one image."""
        images = 1 if self._options.return_type == "url" else request.samples
        return self._http.intake.longest_answer(images)

    @asynccontextmanager
    async def _fetched(self, request: GenerationRequest, image: LinkedImage) -> AsyncIterator[GeneratedImage]:
        async with self._http.images.fetched(f"image {image.index}", image.link) as data:
            seed = None if image.seed is None else Seed(image.seed)
            yield drawn_image(request, index=image.index, seed=seed, data=data, image_id=image.id)


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
    intake: Intake | None = None,
    trust_env: bool = False,
) -> AsyncIterator[KarloImageGenerator]:
    """Open the generator; it is closed when the block ends. Timeouts are in seconds, as in `open_provider_http`.

    Raises:
        InvalidValue: the key, the base URL or a host is invalid.
    """
    endpoint = Endpoint.parse(base_url=base_url, api_key=api_key)
    options = CallOptions(return_type, image_format, nsfw_checker)
    async with open_provider_http(
        image_hosts=image_hosts,
        call_timeout=call_timeout,
        fetch_timeout=fetch_timeout,
        intake=intake,
        trust_env=trust_env,
    ) as http:
        yield KarloImageGenerator(endpoint, http, options)
