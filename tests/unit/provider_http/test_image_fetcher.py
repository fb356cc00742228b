from __future__ import annotations

import asyncio

import httpx
import pytest

from darkroom.adapters.outbound_http.image_fetcher import ImageFetcher
from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.adapters.outbound_http.room import open_provider_http
from darkroom.domain.model.errors import Charged, UnusableImage
from unit.provider_http.wire import OK, wire

LINK = "https://cdn.example/image.webp?signature=secret"
LONGEST = 1000


class Cdn(httpx.AsyncBaseTransport):
    """Gives one answer or error after the other, the last one again and again."""

    def __init__(self, *answers: int | Exception, content: bytes = b"image", **headers: str) -> None:
        self._answers, self._content, self._headers = list(answers), content, headers
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        headers = {name.replace("_", "-"): value for name, value in self._headers.items()}
        return httpx.Response(answer, headers=headers, stream=httpx.ByteStream(self._content), request=request)


def fetcher(cdn: Cdn, *, patience: float = 30.0) -> ImageFetcher:
    return ImageFetcher(cdn, ImageHosts.parse(["cdn.example"]), timeout=patience)


async def test_a_file_comes_as_it_is() -> None:
    cdn = Cdn(200)

    assert await fetcher(cdn).fetch("image 0", LINK, longest=LONGEST) == b"image"
    (request,) = cdn.requests
    assert (request.method, str(request.url)) == ("GET", LINK)
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


@pytest.mark.parametrize(
    "passing",
    [408, 425, 429, 500, 502, 503, 504, httpx.ConnectError("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")],
)
async def test_what_may_pass_is_tried_again(passing: int | Exception) -> None:
    cdn = Cdn(passing, passing, 200)

    assert await fetcher(cdn).fetch("image 0", LINK, longest=LONGEST) == b"image"
    assert len(cdn.requests) == 3


async def test_what_does_not_pass_is_given_up_at_the_deadline() -> None:
    with pytest.raises(UnusableImage, match=r"image 7 could not be fetched within 0\.3 s") as raised:
        await fetcher(Cdn(503), patience=0.3).fetch("image 7", LINK, longest=LONGEST)

    assert raised.value.charged is Charged.YES


@pytest.mark.parametrize("status", [204, 206, 301, 302, 307, 308, 400, 401, 403, 404, 410, 451])
async def test_a_dead_link_is_final(status: int) -> None:
    cdn = Cdn(status, location="https://cdn.example/elsewhere")
    with pytest.raises(UnusableImage, match=f"dead.*{status}"):
        await fetcher(cdn).fetch("image 0", LINK, longest=LONGEST)

    assert len(cdn.requests) == 1


@pytest.mark.parametrize(
    ("cdn", "why"),
    [(Cdn(200, content=b"x" * (LONGEST + 1)), "longer"), (Cdn(200, content_encoding="gzip"), "packed")],
)
async def test_what_cannot_be_the_image_is_final_too(cdn: Cdn, why: str) -> None:
    with pytest.raises(UnusableImage, match=why) as raised:
        await fetcher(cdn).fetch("image 0", LINK, longest=LONGEST)

    assert len(cdn.requests) == 1
    assert 0 < len(raised.value.evidence) <= LONGEST


@pytest.mark.parametrize("link", ["http://cdn.example/x", "https://elsewhere.example/x", "\ud800"])
async def test_a_link_that_is_not_allowed_is_never_followed(link: str) -> None:
    cdn = Cdn(200)
    with pytest.raises(UnusableImage, match="its link") as raised:
        await fetcher(cdn).fetch("image 0", link, longest=LONGEST)

    assert cdn.requests == []
    assert raised.value.evidence
    assert link not in str(raised.value)


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    async with (
        wire(OK) as inside,
        open_provider_http(image_hosts=[f"localhost:{inside.port}"], call_timeout=30, fetch_timeout=30) as http,
    ):
        with pytest.raises(UnusableImage, match="not public"):
            await http.images.fetch("image 0", f"https://localhost:{inside.port}/x", longest=LONGEST)

    assert inside.connections == 0


async def test_an_origin_that_the_operator_trusts_may_be_anywhere() -> None:
    async with wire(OK) as inside:
        origin = f"http://localhost:{inside.port}"
        async with open_provider_http(image_hosts=[origin], call_timeout=30, fetch_timeout=30) as http:
            both = await asyncio.gather(
                *(http.images.fetch(f"image {index}", f"{origin}/x", longest=LONGEST) for index in range(2))
            )

    assert both == [b"hi", b"hi"]
