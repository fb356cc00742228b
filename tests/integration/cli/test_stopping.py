from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGINT, SIGTERM

import httpx
import pytest

from integration.cli.command_line import CommandLine
from servers.darkroom import Darkroom
from simulators.karlo import KarloSimulator

ORDER = {"version": "v2.1", "prompt": "a lighthouse", "width": 512, "height": 512}
ASK = b"GET /health/live HTTP/1.1\r\nhost: darkroom\r\n\r\n"


@asynccontextmanager
async def client_of(shell: CommandLine, darkroom: Darkroom) -> AsyncIterator[httpx.AsyncClient]:
    token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{darkroom.port}", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        yield client


async def draw(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/images", json=ORDER)


async def until_asked(karlo: KarloSimulator, calls: int) -> None:
    while len(karlo.calls) < calls:  # noqa: ASYNC110  # the simulator does not announce calls
        await asyncio.sleep(0.01)


async def serve(shell: CommandLine, settings: dict[str, str], **more: str) -> Darkroom:
    # In a thread, because the simulated provider runs in the event loop of the test.
    return await asyncio.to_thread(shell.serve, **settings, **more)


@pytest.mark.parametrize("signal", [SIGTERM, pytest.param(SIGINT, marks=pytest.mark.thorough)])
async def test_orders_in_progress_are_answered_and_new_ones_are_refused(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str], signal: int
) -> None:
    karlo.faults.set("slow", seconds=4.0)  # longer than the requests below take
    darkroom = await serve(shell, with_karlo)
    async with client_of(shell, darkroom) as client:
        begun = [asyncio.create_task(draw(client)) for _ in range(5)]
        await until_asked(karlo, 5)
        if signal == SIGTERM:
            darkroom.terminate()
        else:
            darkroom.interrupt()
        await asyncio.to_thread(darkroom.wait_for, "stopping", stream="stderr")

        refused, ready, live = await draw(client), await client.get("/health/ready"), await client.get("/health/live")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
        assert refused.json()["charged"] == "no"
        assert "retry-after" in refused.headers
        assert refused.headers["connection"] == "close"
        assert (ready.status_code, live.status_code) == (503, 200)

        answers = await asyncio.gather(*begun)
        assert [answer.status_code for answer in answers] == [200] * 5
        assert {answer.headers["connection"] for answer in answers} == {"close"}
        for answer in answers:
            link = answer.json()[0]["image"]
            assert link.startswith(str(client.base_url))
    assert await asyncio.to_thread(darkroom.wait) == 0
    assert karlo.charged_calls == 5


async def test_an_idle_service_ends_at_once(shell: CommandLine) -> None:
    darkroom = await serve(shell, {})
    darkroom.terminate()
    assert await asyncio.to_thread(darkroom.wait, 10) == 0


async def test_a_request_on_a_connection_that_is_being_closed_is_answered_with_retry_after(shell: CommandLine) -> None:
    darkroom = await serve(shell, {})
    reader, writer = await asyncio.open_connection("127.0.0.1", darkroom.port)
    writer.write(ASK)
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"}")
    darkroom.terminate()
    head = await reader.readuntil(b"\r\n\r\n")  # sent unasked; then the connection is half closed
    writer.write(ASK)
    await writer.drain()
    body = await reader.read()  # fails if the server does not read the request
    writer.close()
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after" in head
    assert json.loads(body)["charged"] == "no"
    assert await asyncio.to_thread(darkroom.wait) == 0


async def test_a_second_signal_ends_it_immediately(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("black-hole-after-charge")
    darkroom = await serve(shell, with_karlo)
    async with client_of(shell, darkroom) as client:
        begun = asyncio.create_task(draw(client))
        await until_asked(karlo, 1)
        darkroom.terminate()
        await asyncio.to_thread(darkroom.wait_for, "stopping", stream="stderr")
        darkroom.terminate()
        assert await asyncio.to_thread(darkroom.wait) == 128 + SIGTERM
        with pytest.raises(httpx.TransportError):
            await begun

        # The next process settles the interrupted order before it is ready.
        again = await serve(shell, with_karlo)
    async with client_of(shell, again) as client:
        (generation,) = (await client.get("/api/generations")).json()["items"]
    assert generation["state"] == "unknown"
    assert karlo.charged_calls == 1
