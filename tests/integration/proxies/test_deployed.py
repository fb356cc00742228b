"""The proxies that deploy/proxies/ configures, with exactly these files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from integration.cli.command_line import CommandLine
from integration.proxies.conftest import Service, serving
from integration.proxies.test_clients import OFFERS, ORDER
from servers.ports import LOOPBACK
from servers.web_proxies import PROXIES, WebProxy, deployed, under_a_path
from simulators.karlo import KarloSimulator

NAMES = ["nginx", "haproxy", "caddy"]
KARLO_ORDER = {"version": "v2.1", "prompt": "a lighthouse", "width": 512, "height": 512}


@pytest.fixture(scope="module", params=NAMES)
def proxy(request: pytest.FixtureRequest, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a proxy in front of the service."""
    folder = tmp_path_factory.mktemp(request.param)
    with WebProxy(folder, request.param, deployed(request.param), service.port) as running:
        yield running.url


@pytest.mark.parametrize("offer", [None, *OFFERS])
def test_orders_pass_with_and_without_an_offer_of_another_protocol(
    service: Service, proxy: str, offer: str | None
) -> None:
    headers = OFFERS[offer] if offer else {}
    with httpx.Client(base_url=proxy, headers=service.headers, trust_env=False, timeout=60) as client:
        for _ in range(3):  # on one connection, and on those that the proxy keeps open
            answer = client.post("/api/images", json=ORDER, headers=headers)
            assert answer.status_code == 200, answer.text
        told = client.post("/api/images", json=ORDER | {"width": 1}, headers=headers)
        large = client.post(
            "/api/images", content=b" " * 100_000, headers=headers | {"Content-Type": "application/json"}
        )
    assert (told.status_code, told.json()["charged"]) == (400, "no")
    assert (large.status_code, large.json()["charged"]) == (413, "no")


@pytest.mark.parametrize("name", NAMES)
async def test_the_offer_is_not_forwarded(name: str, tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        proxy = await asyncio.to_thread(WebProxy, tmp_path, name, deployed(name), port)
        with proxy:
            async with httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client:
                await client.get("/asked", headers=OFFERS["h2c"])
    (head,) = [head for head in heads if head.startswith(b"GET /asked")]
    assert b"\nupgrade:" not in head.lower()


@pytest.mark.parametrize("name", NAMES)
async def test_events_are_forwarded_as_they_come(
    name: str, shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str], tmp_path: Path
) -> None:
    karlo.faults.set("black-hole-after-charge")  # so that drawing takes longer than this test
    service = await asyncio.to_thread(serving, shell, **with_karlo)
    async with _through(name, tmp_path / name, service) as client:
        begun = await client.post("/api/images", json=KARLO_ORDER, headers={"Prefer": "respond-async"})
        assert begun.status_code == 202, begun.text
        address = begun.headers["location"]
        async with asyncio.timeout(30), client.stream("GET", f"{address}/events") as stream:
            lines = stream.aiter_lines()
            while not (await anext(lines)).startswith("event: progress"):
                pass
            shown = (await client.get(address)).json()
        # A stream that the client ended does not affect the next request.
        again = await client.get(address)
    assert shown["finished_at"] is None
    assert again.status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_a_service_under_a_path_is_found_there_and_its_links_lead_there(
    name: str, service_under_a_path: Service, tmp_path: Path
) -> None:
    service = service_under_a_path
    with (
        WebProxy(tmp_path, name, under_a_path(name), service.port, port=service.public_port) as proxy,
        httpx.Client(base_url=proxy.url, headers=service.headers, trust_env=False, timeout=60) as client,
    ):
        ordered = client.post("/darkroom/api/images", json=ORDER, headers={"Prefer": "respond-async"})
        shown = client.get(ordered.headers["location"])
        (image,) = client.post("/darkroom/api/images", json=ORDER).json()
        opened = client.get(image["image"])
        wrong = client.post("/darkroom/api/images", json={})
        explained = client.get(wrong.json()["type"])
        page = client.get("/darkroom/")
        assets = [client.get(f"/darkroom/{link}") for link in re.findall(r'(?:href|src)="(page/[^"]+)"', page.text)]
    assert [answer.status_code for answer in (ordered, shown, opened, wrong, explained)] == [202, 200, 200, 400, 200]
    assert opened.content.startswith(b"\x89PNG")
    assert {answer.status_code for answer in (page, *assets)} == {200}
    assert len(assets) > 4


def test_the_command_line_follows_its_order_under_a_path(service_under_a_path: Service, tmp_path: Path) -> None:
    service = service_under_a_path
    with (
        WebProxy(tmp_path, "nginx", under_a_path("nginx"), service.port, port=service.public_port) as proxy,
        CommandLine(tmp_path) as shell,
    ):
        drawn = shell.run("generate", "a fox", "--url", f"{proxy.url}/darkroom", "--token", service.token)
    assert drawn.status == 0, drawn.stderr


def test_no_proxy_gives_up_before_the_slowest_order() -> None:
    """The longest silence is that of an order that waits for its images."""
    patience = {
        "nginx.conf": r"proxy_read_timeout (\d+)s;",
        "haproxy.cfg": r"timeout server (\d+)s",
        "Caddyfile": r"response_header_timeout (\d+)s",
        "traefik.yaml": r"responseHeaderTimeout: (\d+)s",
    }
    assert {file.name for file in PROXIES.iterdir()} == patience.keys()
    for file, pattern in patience.items():
        (seconds,) = re.findall(pattern, (PROXIES / file).read_text(encoding="utf-8"))
        assert timedelta(seconds=int(seconds)) >= timedelta(minutes=10), file


def test_the_configuration_of_traefik_is_consistent() -> None:
    told = yaml.safe_load((PROXIES / "traefik.yaml").read_text(encoding="utf-8"))["http"]
    (router,) = told["routers"].values()
    assert set(router["middlewares"]) == told["middlewares"].keys()
    balancer = told["services"][router["service"]]["loadBalancer"]
    assert balancer["serversTransport"] in told["serversTransports"]
    # Its buffering middleware would keep events until their stream ends.
    assert [kind for middleware in told["middlewares"].values() for kind in middleware] == ["headers"]


@asynccontextmanager
async def _through(name: str, folder: Path, service: Service) -> AsyncIterator[httpx.AsyncClient]:
    proxy = await asyncio.to_thread(WebProxy, folder, name, deployed(name), service.port)
    with proxy:
        async with httpx.AsyncClient(
            base_url=proxy.url, headers=service.headers, trust_env=False, timeout=30
        ) as client:
            yield client
