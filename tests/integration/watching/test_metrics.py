"""What the metrics for Prometheus report."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from signal import SIGKILL

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.waiting import until_seen
from integration.cli.command_line import CommandLine
from integration.tokens.issuer import KEYS, jwk
from integration.watching.ordering import PROMPT, order, with_karlo
from servers.darkroom import Darkroom
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.receiver import receiver
from simulators.karlo import KarloSimulator
from simulators.key_server import KeyServer


class Scraped:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the samples with this name and these labels."""
        return sum(self.all(name, **labels))

    def all(self, name: str, **labels: str) -> list[float]:
        """The samples with this name and these labels."""
        return [
            sample.value
            for sample in self._samples
            if sample.name == f"darkroom_{name}" and labels.items() <= sample.labels.items()
        ]


async def scrape(port: int) -> Scraped:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{LOOPBACK}:{port}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return Scraped(answer.text)


async def answered(port: int, requests: int, route: str) -> Scraped:
    """The metrics as soon as this number of requests is counted, which happens after their answers."""

    async def all_of_them() -> bool:
        return (await scrape(port))("http_requests_total", route=route) == requests

    await until_seen(all_of_them)
    return await scrape(port)


def workers_of(darkroom: Darkroom) -> list[str]:
    """The ids of its worker processes."""
    children = Path(f"/proc/{darkroom.pid}/task/{darkroom.pid}/children")
    if not children.exists():
        raise PartMissing("/proc", "shows which worker processes there are; Linux has it")
    return children.read_text(encoding="ascii").split()


async def serving(shell: CommandLine, **settings: str) -> tuple[Darkroom, int]:
    port = free_port()
    return await asyncio.to_thread(shell.serve, DARKROOM_METRICS_PORT=str(port), **settings), port


async def test_images_money_and_times_are_reported(shell: CommandLine, karlo: KarloSimulator) -> None:
    settings = with_karlo(karlo, DARKROOM_PRICES="v2.1=0.5 USD", DARKROOM_SPEND_PER_DAY="9 USD")
    darkroom, port = await serving(shell, **settings)
    before = await scrape(port)
    assert before("images_total") == 0
    await order(darkroom.port, samples=2)
    karlo.faults.set("reset-after-charge")
    await order(darkroom.port)
    karlo.faults.clear()
    karlo.faults.set("fetch-500", times=1)
    await order(darkroom.port, prompt="")
    await order(darkroom.port)
    told = await answered(port, 4, route="/api/images")
    assert told("images_total", model="v2.1", generator="karlo", outcome="stored") == 3
    assert told("images_total", outcome="unknown") == 1
    assert told("spend_total", model="v2.1", currency="USD", charged="yes") == 1.5
    assert told("spend_total", charged="unknown") == 0.5
    assert told("spend_limit", currency="USD") == 9
    assert told("provider_seconds_count", generator="karlo", step="submit") == 3
    assert told("provider_seconds_count", generator="karlo", step="collect") == 2
    assert told("provider_faults_total", step="submit", problem="outcome-unknown") == 1
    assert told("provider_requests_total", purpose="fetch", status="500") == 1
    assert told("provider_requests_total", purpose="fetch", status="200") == 3
    assert told("storage_seconds_count", call="put") == 3
    assert told("own_seconds_count") == 3
    assert told("own_seconds_sum") < told("provider_seconds_sum") + told("http_request_seconds_sum")
    assert told("ledger_seconds_count", call="receive") == 3
    asked = {"method": "POST", "route": "/api/images"}
    assert told("http_requests_total", **asked, status="200", problem="none") == 2
    assert told("http_requests_total", **asked, problem="outcome-unknown") == 1
    assert told("http_requests_total", **asked, problem="invalid-request") == 1
    assert told("in_flight_limit") == 64
    assert told("spool_mark_bytes") == 2**30 * 0.8


async def test_internal_errors_are_reported_as_zero_before_the_first_one(shell: CommandLine) -> None:
    _, port = await serving(shell)
    told = await scrape(port)
    for method, route in (
        ("POST", "/api/images"),
        ("GET", "/api/models"),
        ("HEAD", "/"),
        ("DELETE", "/api/generations/{generation_id}"),
    ):
        labels = {"method": method, "route": route, "status": "500", "problem": "internal"}
        assert told.all("http_requests_total", **labels) == [0], labels


async def test_metrics_contain_nothing_of_a_caller_or_an_order(shell: CommandLine, karlo: KarloSimulator) -> None:
    darkroom, port = await serving(shell, **with_karlo(karlo))
    await order(darkroom.port)
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{darkroom.port}", trust_env=False) as client:
        await client.get("/canary/path")
        assert (await client.get("/metrics")).status_code == 401
    told = await answered(port, 2, route="none")
    for canary in (PROMPT, "ada", "canary"):
        assert canary not in told.text


async def test_running_and_queued_orders_are_reported(shell: CommandLine, karlo: KarloSimulator) -> None:
    karlo.faults.set("black-hole-after-charge")
    darkroom, port = await serving(shell, **with_karlo(karlo, DARKROOM_MAX_IN_FLIGHT="1"))
    orders = [asyncio.create_task(order(darkroom.port, f"order {number}")) for number in range(3)]

    async def they_wait() -> bool:
        told = await scrape(port)
        return (told("in_flight"), told("queued")) == (1, 2)

    await until_seen(they_wait)
    karlo.faults.clear()
    for waiting in orders:
        waiting.cancel()


async def test_refused_connections_and_webhooks_are_reported(shell: CommandLine, karlo: KarloSimulator) -> None:
    secret = f"whsec_{base64.b64encode(b'w' * 32).decode()}"
    async with receiver("410") as at:
        webhooks = {"DARKROOM_WEBHOOK_SECRETS": secret, "DARKROOM_WEBHOOK_HOSTS": at.origin}
        darkroom, port = await serving(shell, **with_karlo(karlo, **webhooks, DARKROOM_FALLBACKS="v2.1=v2.0"))
        before = await scrape(port)
        assert (before("connections_refused_total"), before("webhooks_total"), before("fallbacks_total")) == (0, 0, 0)
        for prompt in ("given up", "delivered"):
            headers = {"Prefer": "respond-async", "Webhook-URL": at.url}
            assert (await order(darkroom.port, prompt, headers=headers)).status_code == 202
        reader, writer = await asyncio.open_connection(LOOPBACK, darkroom.port)
        writer.write(b"no HTTP\r\n\r\n")
        await reader.read()
        writer.close()

        async def all_is_told() -> bool:
            told = await scrape(port)
            return told("webhooks_total") == 2

        await until_seen(all_is_told)
    told = await scrape(port)
    assert (told("webhooks_total", outcome="given-up"), told("webhooks_total", outcome="delivered")) == (1, 1)
    assert told("connections_refused_total", reason="no-http") == 1


async def test_open_streams_are_reported(shell: CommandLine, karlo: KarloSimulator) -> None:
    karlo.faults.set("black-hole-after-charge")
    darkroom, port = await serving(shell, **with_karlo(karlo, DARKROOM_MAX_STREAMS="7"))
    accepted = await order(darkroom.port, headers={"Prefer": "respond-async"})
    events = f"http://{LOOPBACK}:{darkroom.port}/api/generations/{accepted.json()['id']}/events"

    async def open_streams(streams: int) -> bool:
        told = await scrape(port)
        return (told("streams"), told("streams_limit")) == (streams, 7)

    async with httpx.AsyncClient(trust_env=False) as client:
        async with client.stream("GET", events, headers={"Authorization": accepted.request.headers["Authorization"]}):
            await until_seen(lambda: open_streams(1))
        await until_seen(lambda: open_streams(0))
    karlo.faults.clear()


async def test_the_age_of_published_keys_is_reported(shell: CommandLine) -> None:
    async with KeyServer([jwk(KEYS[0], "first")]) as published:
        keys = {"DARKROOM_JWT_JWKS_URL": published.jwks_url, "DARKROOM_JWT_KEYS_MAX_AGE": "600"}
        _, port = await serving(shell, **keys)
        assert (await scrape(port))("keys_max_age_seconds") == 600

        async def they_grow_old() -> bool:
            return 0 < (await scrape(port))("keys_age_seconds") < 600

        await until_seen(they_grow_old)


@pytest.mark.thorough
async def test_counters_of_workers_add_up_and_outlive_them(shell: CommandLine, karlo: KarloSimulator) -> None:
    darkroom, port = await serving(shell, **with_karlo(karlo, DARKROOM_WORKERS="2"))
    for _ in range(6):
        assert (await order(darkroom.port)).status_code == 200
    assert (await scrape(port))("images_total", outcome="stored") == 6

    for worker in workers_of(darkroom):

        async def another_is_there(killed: str = worker) -> bool:
            workers = workers_of(darkroom)
            return killed not in workers and len(workers) == 2

        os.kill(int(worker), SIGKILL)
        await until_seen(another_is_there)
    assert (await scrape(port))("images_total", outcome="stored") == 6
    for _ in range(3):
        assert (await order(darkroom.port)).status_code == 200
    told = await scrape(port)
    assert told("images_total", outcome="stored") == 9
    assert len(list((shell.folder / ".darkroom" / f"metrics-{port}").glob("counter_*.db"))) == 2

    async def both_are_there() -> bool:
        return (await scrape(port))("in_flight_limit") == 64  # which the two workers share

    await until_seen(both_are_there)


def test_a_port_that_is_taken_is_reported(shell: CommandLine) -> None:
    port = str(free_port())
    shell.serve(DARKROOM_METRICS_PORT=port)
    ended = shell.run("serve", DARKROOM_PORT="0", DARKROOM_METRICS_PORT=port)
    assert ended.status == 2
    assert "DARKROOM_METRICS_PORT must be an address that is free" in ended.stderr


@pytest.mark.parametrize("host", ["no.such.host.invalid", "127.0.0.1:9464"])
def test_an_invalid_host_is_reported(shell: CommandLine, host: str) -> None:
    ended = shell.run("serve", DARKROOM_PORT="0", DARKROOM_METRICS_PORT=str(free_port()), DARKROOM_METRICS_HOST=host)
    assert ended.status == 2
    assert ended.stderr.startswith("darkroom: DARKROOM_METRICS_HOST")
    assert "must be" in ended.stderr
