from __future__ import annotations

import asyncio
import base64
import gzip
import random
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path
from typing import Final

import httpx
import pytest

from darkroom.adapters.byte_room import ByteRoom
from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.outbound_http.bodies import BodyReader
from darkroom.adapters.outbound_http.image_fetcher import ImageFetcher
from darkroom.adapters.outbound_http.image_hosts import ImageHosts, Origin
from darkroom.adapters.outbound_http.room import open_provider_http
from darkroom.domain.model.errors import Charged, UnusableImage
from unit.provider_http.full import full
from unit.provider_http.wire import OK, Wire, wire

LINK: Final = "https://cdn.example/image.webp?signature=secret"
LONGEST: Final = 10_000
IMAGE: Final = tile(64, 64, 0)


class Cdn(httpx.AsyncBaseTransport):
    """Gives the next answer or error for each request, and repeats the last one."""

    def __init__(self, *answers: int | Exception, content: bytes = b"image", **headers: str) -> None:
        self._answers, self.content, self._headers = list(answers), content, headers
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        headers = {name.replace("_", "-"): value for name, value in self._headers.items()}
        return httpx.Response(answer, headers=headers, stream=httpx.ByteStream(self.content), request=request)


def fetcher(cdn: Cdn, *, patience: float = 30.0, bodies: BodyReader | None = None) -> ImageFetcher:
    return ImageFetcher(
        cdn,
        ImageHosts.parse(["cdn.example", "other.example"]),
        bodies or BodyReader(ByteRoom(2**20)),
        timeout=patience,
        longest=LONGEST,
        headers={Origin("https", "other.example", 443): {"Authorization": "Bearer key"}},
    )


async def fetched(cdn: Cdn, *, patience: float = 30.0, link: str = LINK) -> bytes:
    return await fetched_by(fetcher(cdn, patience=patience), link)


async def fetched_by(images: ImageFetcher, link: str = LINK) -> bytes:
    async with images.fetched("image 0", link) as data:
        return data


@asynccontextmanager
async def opened(*answers: bytes, patience: float = 30.0) -> AsyncIterator[tuple[Wire, ImageFetcher, str]]:
    """A CDN that closes each connection after an answer, a fetcher that is allowed to use it, and a link."""
    async with (
        wire(*answers, hang_up=True) as cdn,
        open_provider_http(image_hosts=[cdn.origin], call_timeout=30, fetch_timeout=patience) as http,
    ):
        yield cdn, http.images, f"{cdn.origin}/x"


async def test_a_file_is_fetched_unchanged() -> None:
    cdn = Cdn(200)

    assert await fetched(cdn) == b"image"
    (request,) = cdn.requests
    assert (request.method, str(request.url)) == ("GET", LINK)
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


@pytest.mark.parametrize(
    "failure",
    [
        *(403, 404, 408, 425, 429, 500, 502, 503, 504),
        *(httpx.ConnectError("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")),
        *(MemoryError(), ZeroDivisionError()),
    ],
)
async def test_a_temporary_failure_is_tried_again(failure: int | Exception) -> None:
    cdn = Cdn(failure, failure, 200)

    assert await fetched(cdn) == b"image"
    assert len(cdn.requests) == 3


@pytest.mark.parametrize(("failure", "why"), [(503, ": HTTP 503"), (404, ": HTTP 404"), (httpx.ReadError("x"), "")])
async def test_a_lasting_failure_is_given_up_at_the_deadline(failure: int | Exception, why: str) -> None:
    with pytest.raises(UnusableImage, match=rf"image 0 could not be fetched within 0\.3 s{why}$") as raised:
        await fetched(Cdn(failure), patience=0.3)

    assert raised.value.charged is Charged.YES


async def test_a_fault_of_ours_is_never_attributed_to_the_provider() -> None:
    with pytest.raises(MemoryError):
        await fetched(Cdn(MemoryError()), patience=0.3)


@pytest.mark.parametrize("status", [204, 206, 300, 304, 400, 401, 410, 451])
async def test_a_dead_link_is_final(status: int) -> None:
    cdn = Cdn(status, location="https://cdn.example/elsewhere")
    with pytest.raises(UnusableImage, match=f"dead.*{status}"):
        await fetched(cdn)

    assert len(cdn.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_within_the_allowed_hosts_is_followed(status: int) -> None:
    cdn = Cdn(status, 200, location="//other.example/image?a=%2B")

    assert await fetched(cdn) == b"image"
    assert str(cdn.requests[1].url) == "https://other.example/image?a=%2B"
    assert [request.headers.get("authorization") for request in cdn.requests] == [None, "Bearer key"]


@pytest.mark.parametrize("location", ["https://elsewhere.example/", "http://cdn.example/", "http://[oops", "ftp://x/"])
async def test_each_hop_of_a_redirect_is_checked_like_the_first(location: str) -> None:
    cdn = Cdn(302, location=location)
    with pytest.raises(UnusableImage, match="its link"):
        await fetched(cdn)

    assert len(cdn.requests) == 1


async def test_at_most_five_redirects_are_followed() -> None:
    cdn = Cdn(*[302] * 5, 200, location="/next")
    assert await fetched(cdn) == b"image"

    cdn = Cdn(302, location="/next")
    with pytest.raises(UnusableImage, match="more than 5"):
        await fetched(cdn)
    assert len(cdn.requests) == 6


@pytest.mark.parametrize(
    "coding", ["aws-chunked", "", "identity", "gzip", "deflate", "br", "zstd", "x-label, aws-chunked", "UTF-8"]
)
async def test_a_false_content_encoding_is_ignored(coding: str) -> None:
    assert await fetched(Cdn(200, content=IMAGE, content_encoding=coding)) == IMAGE


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(IMAGE)),
        ("aws-chunked", gzip.compress(IMAGE)),
        ("gzip, gzip", gzip.compress(gzip.compress(IMAGE))),
        ("gzip", gzip.compress(IMAGE[:100]) + gzip.compress(IMAGE[100:]) + b"padding"),
        ("gzip", gzip.compress(IMAGE) + b"\x1f\x8bpadding"),
        ("gzip", gzip.compress(IMAGE)[:-8] + b"checksum"),
        ("deflate", zlib.compress(IMAGE)),
        ("deflate", zlib.compress(IMAGE)[2:-4]),
    ],
)
async def test_a_compressed_image_is_decompressed(coding: str, packed: bytes) -> None:
    assert await fetched(Cdn(200, content=packed, content_encoding=coding)) == IMAGE


@pytest.mark.parametrize(
    ("cdn", "why"),
    [
        (Cdn(200, content=b"x" * (LONGEST + 1)), "longer"),
        (Cdn(200, content=gzip.compress(bytes(1_000_000))), "longer"),
        (Cdn(200, content=b"something packed", content_encoding="br"), "compressed with br"),
    ],
)
async def test_an_unusable_body_is_final_and_kept_as_evidence(cdn: Cdn, why: str) -> None:
    with pytest.raises(UnusableImage, match=why) as raised:
        await fetched(cdn)

    assert len(cdn.requests) == 1
    assert raised.value.evidence == cdn.content[:LONGEST]


@pytest.mark.parametrize("link", ["http://cdn.example/x", "https://elsewhere.example/x", "ftp://cdn.example/x"])
async def test_a_link_that_is_not_allowed_is_never_followed(link: str) -> None:
    cdn = Cdn(200)
    with pytest.raises(UnusableImage, match="its link") as raised:
        await fetched(cdn, link=link)

    assert cdn.requests == []
    assert raised.value.evidence
    assert link not in str(raised.value)


@pytest.mark.parametrize("place", ["/files/a.png", "\ud800", "", "https://cdn.example/\u00f6"])
async def test_text_that_is_not_a_link_is_not_fetched(place: str) -> None:
    cdn = Cdn(200)
    with pytest.raises(UnusableImage, match="image 0"):
        await fetched(cdn, link=place)

    assert cdn.requests == []


async def test_an_image_in_place_of_a_link_is_accepted() -> None:
    cdn = Cdn(200)

    assert await fetched(cdn, link=f"data:image/png;base64,{base64.b64encode(IMAGE).decode()}") == IMAGE
    assert cdn.requests == []


HALF: Final = IMAGE[:-30]
CUT: Final = {
    "less than announced": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(IMAGE) + HALF,
    "without the last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(HALF), HALF),
    "without any length": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + HALF,
    "without any length or byte": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    "packed": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + gzip.compress(IMAGE)[:-20],
}


@pytest.mark.parametrize("how", CUT)
async def test_a_truncated_image_is_fetched_again(how: str) -> None:
    whole = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + IMAGE
    async with opened(CUT[how], whole) as (cdn, images, link), images.fetched("image 0", link) as data:
        assert data == IMAGE
        assert len(cdn.heard) == 2


async def test_the_body_of_a_failed_try_holds_no_room_during_the_next() -> None:
    room, free = ByteRoom(LONGEST), list[bool]()

    class Halves(Cdn):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            free.append(room.offers(LONGEST))
            if free[-1]:
                room.give_back(LONGEST)
            self.content = IMAGE if len(free) == 3 else HALF
            return await super().handle_async_request(request)

    images = ImageFetcher(
        Halves(200), ImageHosts.parse(["cdn.example"]), BodyReader(room), timeout=30.0, longest=LONGEST
    )
    async with images.fetched("image 0", LINK) as data:
        assert (data, free) == (IMAGE, [True] * 3)


async def test_the_received_part_of_a_truncated_image_is_kept_as_evidence() -> None:
    async with opened(CUT["less than announced"], patience=0.5) as (_, images, link):
        with pytest.raises(UnusableImage, match="within") as raised:
            async with images.fetched("image 0", link):
                raise AssertionError

    assert raised.value.evidence in (HALF, b"")  # the last try may not have begun


async def test_the_longest_received_part_is_kept_even_if_later_ones_are_shorter() -> None:
    class Dwindling(Cdn):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.content = HALF[: -len(self.requests) or None]
            return await super().handle_async_request(request)

    cdn = Dwindling(200)
    with pytest.raises(UnusableImage, match="within") as raised:
        await fetched(cdn, patience=2.5)

    assert len(cdn.requests) > 1
    assert raised.value.evidence == HALF


async def test_a_whole_image_is_accepted_even_if_the_connection_then_breaks() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + IMAGE
    async with opened(answer) as (cdn, images, link), images.fetched("image 0", link) as data:
        assert data == IMAGE
        assert len(cdn.heard) == 1


@pytest.mark.parametrize("lines", [1, 480])
async def test_an_image_with_many_headers_is_fetched(lines: int) -> None:
    head = b"".join(b"X-%d: %s\r\n" % (line, b"x" * (60_000 // lines)) for line in range(lines))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + head + b"\r\nhi"
    async with opened(answer) as (_, images, link), images.fetched("image 0", link) as data:
        assert data == b"hi"


async def test_a_name_with_a_private_address_is_not_connected_to() -> None:
    async with (
        wire(OK) as inside,
        open_provider_http(image_hosts=[f"localhost:{inside.port}"], call_timeout=30, fetch_timeout=30) as http,
    ):
        with pytest.raises(UnusableImage, match="not public"):
            async with http.images.fetched("image 0", f"https://localhost:{inside.port}/x"):
                raise AssertionError

    assert inside.connections == 0


async def test_an_origin_that_the_operator_trusts_may_have_any_address() -> None:
    async with wire(OK) as inside:
        origin = f"http://localhost:{inside.port}"
        async with open_provider_http(image_hosts=[origin], call_timeout=30, fetch_timeout=30) as http:
            both = await asyncio.gather(*(fetched_by(http.images, f"{origin}/x") for _ in range(2)))

    assert both == [b"hi", b"hi"]


@pytest.mark.parametrize("length", [200, 200_000, 2_000_000])
async def test_after_a_pause_the_next_download_comes_at_the_first_try(
    length: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ImageFetcher, "READ_TIMEOUT", 0.2)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + bytes(length)
    async with (
        wire(answer) as cdn,
        open_provider_http(image_hosts=[cdn.origin], call_timeout=30, fetch_timeout=30) as http,
    ):
        for _ in range(2):
            assert len(await fetched_by(http.images, f"{cdn.origin}/x")) == length
            await asyncio.sleep(2 * ImageFetcher.READ_TIMEOUT)

    assert len(cdn.heard) == 2
    assert not caplog.records


@pytest.mark.parametrize("disk", [False, True], ids=["only memory is full", "the disk is full, too"])
async def test_a_wait_for_memory_does_not_count_against_the_provider(*, disk: bool, tmp_path: Path) -> None:
    cdn = Cdn(200, content=IMAGE)
    async with full(tmp_path, disk=disk) as bodies:
        fetching = asyncio.create_task(fetched_by(fetcher(cdn, patience=0.2, bodies=bodies)))
        await asyncio.sleep(0.4)
        assert not fetching.done()

    assert await fetching == IMAGE
    assert len(cdn.requests) == 1


async def test_images_that_wait_for_their_turn_have_all_their_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFetcher, "AT_ONCE", 2)
    busy, most = 0, 0

    class Slow(Cdn):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0.2)
            busy -= 1
            return await super().handle_async_request(request)

    images = fetcher(Slow(200), patience=0.8)

    assert await asyncio.gather(*(fetched_by(images) for _ in range(16))) == [b"image"] * 16
    assert most == 2


class Breaking(httpx.AsyncBaseTransport):
    """Sends images in thirds; the connection breaks before the third that `breaks` has next for the path, if any."""

    THIRD: Final = len(IMAGE) // 3

    def __init__(self, breaks: dict[str, list[int]]) -> None:
        self._breaks = breaks

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        announced = {"content-length": str(len(IMAGE))}
        return httpx.Response(200, headers=announced, stream=self._sent(request.url.path), request=request)

    def _sent(self, path: str) -> httpx.AsyncByteStream:
        breaks = self._breaks.get(path)
        broken_at = breaks.pop(0) if breaks else None

        class Thirds(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                for number, begin in enumerate((0, Breaking.THIRD, 2 * Breaking.THIRD)):
                    if number == broken_at:
                        raise httpx.ReadError("x")
                    yield IMAGE[begin : begin + Breaking.THIRD] if number < 2 else IMAGE[begin:]
                    await asyncio.sleep(0)

        return Thirds()


@pytest.mark.parametrize("seed", range(30))
async def test_downloads_never_wait_for_each_other_for_ever(
    seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk is full, memory has room for a third of an image, and connections break again and again."""
    monkeypatch.setattr(ImageFetcher, "AT_ONCE", 2)
    monkeypatch.setattr("darkroom.adapters.outbound_http.image_fetcher.pauses", lambda: repeat(0.0))
    chance = random.Random(seed)
    paths = [f"/{number}" for number in range(6)]
    breaks = {path: [chance.randrange(3) for _ in range(chance.randrange(4))] for path in paths}
    (tmp_path / "file").touch()
    room = ByteRoom(Breaking.THIRD)
    hosts = ImageHosts.parse(["cdn.example"])
    bodies = BodyReader(room, tmp_path / "file")
    images = ImageFetcher(Breaking(breaks), hosts, bodies, timeout=30, longest=LONGEST)

    async with asyncio.timeout(ByteRoom.STUCK / 2):
        fetching = [fetched_by(images, f"https://cdn.example{path}") for path in paths]
        assert await asyncio.gather(*fetching) == [IMAGE] * len(paths)
    assert not any(breaks.values())
    assert room.offers(Breaking.THIRD)
    assert not room.offers(1)


async def test_an_unpacked_image_that_is_cut_short_is_kept_as_evidence() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + gzip.compress(HALF)
    async with opened(answer, patience=0.5) as (_, images, link):
        with pytest.raises(UnusableImage, match="within") as raised:
            async with images.fetched("image 0", link):
                raise AssertionError

    assert raised.value.evidence == HALF


async def test_an_image_whose_time_is_over_waits_for_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFetcher, "AT_ONCE", 1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Holding(Cdn):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/dead":
                return httpx.Response(404, request=request)
            begun.set()
            await go_on.wait()
            return await super().handle_async_request(request)

    images = fetcher(Holding(200))

    monkeypatch.setattr(images, "_timeout", 0.05)
    failing = asyncio.create_task(fetched_by(images, "https://cdn.example/dead"))
    await asyncio.sleep(0)
    monkeypatch.setattr(images, "_timeout", 30.0)
    holding = asyncio.create_task(fetched_by(images))
    await begun.wait()
    with pytest.raises(UnusableImage, match="HTTP 404"):
        await failing
    assert not holding.done()
    go_on.set()
    assert await holding == b"image"
