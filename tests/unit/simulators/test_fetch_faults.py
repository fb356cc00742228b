"""Faults while an image is fetched, as bytes on the wire."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from simulators.karlo import karlo_simulator
from unit.simulators.karlo_client import Heard, KarloClient


async def hear_fault(client: KarloClient, options: str) -> Heard:
    """Fetch an image whose prompt requested the fault."""
    return await client.hear_fetch(await client.link(prompt=f"a lighthouse [fault:fetch-{options}]"))


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
async def test_a_link_may_be_dead(client: KarloClient, status: int) -> None:
    assert (await hear_fault(client, str(status))).status == status


async def test_a_link_may_work_after_some_tries(client: KarloClient) -> None:
    link = await client.link(prompt="a lighthouse [fault:fetch-503 times=2]")

    assert [(await client.fetch(link))[0] for _ in range(4)] == [503, 503, 200, 200]


async def test_one_link_of_three_may_be_dead(client: KarloClient) -> None:
    images = await client.draw(samples=3, prompt="a lighthouse [fault:fetch-404 index=1]")

    assert [(await client.fetch(image["image"]))[0] for image in images] == [200, 404, 200]


async def test_a_fault_switched_on_later_affects_existing_links(client: KarloClient) -> None:
    link = await client.link()
    client.karlo.faults.set("fetch-410")

    assert (await client.fetch(link))[0] == 410


@pytest.mark.parametrize(("fault", "ending"), [("reset", "RST"), ("close", "FIN")])
async def test_ends_without_a_byte(client: KarloClient, fault: str, ending: str) -> None:
    assert await hear_fault(client, fault) == Heard("", b"", ending)


@pytest.mark.parametrize("fault", ["cut-short", "reset-midway"])
async def test_ends_midway(client: KarloClient, fault: str) -> None:
    heard = await hear_fault(client, fault)

    assert heard.ending == ("RST" if fault == "reset-midway" else "FIN")
    assert heard.body.startswith(b"RIFF")
    assert f"Content-Length: {len(heard.body)}" not in heard.head


async def test_never_answers(client: KarloClient) -> None:
    async with karlo_simulator() as karlo:
        client = KarloClient(karlo, client.session)
        hearing = asyncio.create_task(hear_fault(client, "black-hole"))
        await karlo.book.until(lambda: len(karlo.fetches) == 1)
        assert not hearing.done()
    assert await hearing == Heard("", b"", "FIN")


async def test_redirects_to_itself(client: KarloClient) -> None:
    link = await client.link(prompt="a lighthouse [fault:fetch-redirect-to-itself]")

    assert f"Location: {link}" in (await client.hear_fetch(link)).head


async def test_redirects_to_another_port_that_serves_the_image(client: KarloClient) -> None:
    link = await client.link(prompt="a lighthouse [fault:fetch-redirect-elsewhere times=1]")

    async with client.session.get(link) as answer:
        assert (answer.status, answer.content_type) == (200, "image/webp")
    assert [urlsplit(fetch.url).port for fetch in client.karlo.fetches] == [
        urlsplit(client.karlo.base_url).port,
        urlsplit(client.karlo.elsewhere).port,
    ]


@pytest.mark.parametrize(
    ("fault", "media_type"),
    [("as-html", "text/html"), ("as-octets", "application/octet-stream"), ("as-other-image", "image/bmp")],
)
async def test_has_another_media_type(client: KarloClient, fault: str, media_type: str) -> None:
    heard = await hear_fault(client, fault)

    assert f"Content-Type: {media_type}" in heard.head
    assert heard.body.startswith(b"RIFF")


async def test_html_is_served_as_an_image(client: KarloClient) -> None:
    link = await client.link(prompt="a lighthouse [fault:image-html]")

    _, media_type, data = await client.fetch(link)
    assert media_type == "image/webp"
    assert data.startswith(b"<!doctype html>")


async def test_a_fetch_is_recorded_with_the_host_that_the_client_used(client: KarloClient) -> None:
    link = await client.link()
    await client.fetch(link.replace("127.0.0.1", "localhost"))

    (fetch,) = client.karlo.fetches
    assert fetch.url.startswith("http://localhost:")
    assert fetch.headers["host"] == urlsplit(fetch.url).netloc
    assert "authorization" not in fetch.headers


async def test_a_drip_ends_with_the_simulator(client: KarloClient) -> None:
    async with karlo_simulator() as karlo:
        client = KarloClient(karlo, client.session)
        hearing = asyncio.create_task(hear_fault(client, "drip seconds=3600"))
        await karlo.book.until(lambda: len(karlo.fetches) == 1)
    assert (await hearing).body in {b"", b"R"}
