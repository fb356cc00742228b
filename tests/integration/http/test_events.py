"""`GET /api/generations/{id}/events`: the stream of a generation's progress."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from conformance.generations import received, stored
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.progress import Progress
from darkroom.entrypoints.http import event_stream
from harness.waiting import until
from integration.http.faults import StorageInTrouble
from integration.http.generators import FailingGenerator, GatedGenerator, TellingGenerator
from integration.http.house import House, bearer, open_house

ASYNC = {"Prefer": "respond-async"}


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: dict[str, Any]


class Stream:
    """An open stream; it keeps every line."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.lines = answer, list[str]()
        self.coming = answer.aiter_lines()

    async def next(self) -> Event:
        """Return the next event; raise `StopAsyncIteration` if the stream has ended."""
        block: dict[str, str] = {}
        while line := await anext(self.coming):
            self._note(line, block)
        return Event(block["event"], block["id"], json.loads(block["data"])) if "data" in block else await self.next()

    async def until(self, **what: object) -> Event:
        """Return the next event whose data includes `what`."""
        while True:
            event = await self.next()
            if what.items() <= event.data.items():
                return event

    async def rest(self) -> list[Event]:
        events = []
        while True:
            try:
                events.append(await self.next())
            except StopAsyncIteration:
                return events

    def _note(self, line: str, block: dict[str, str]) -> None:
        self.lines.append(line)
        field, _, value = line.partition(": ")
        block[field] = value


@asynccontextmanager
async def listening(house: House, address: str, headers: dict[str, str] | None = None) -> AsyncIterator[Stream]:
    """Open a stream, with a client that does not first read it to its end to check the contract."""
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), timeout=30, trust_env=False) as client,
        client.stream("GET", f"{address}/events", headers=headers) as answer,
    ):
        yield Stream(answer)


async def begun(house: House, **changes: object) -> str:
    """Order without waiting, and return the address of the generation."""
    return (await house.order(ASYNC, **changes)).headers["location"]


async def test_a_generation_is_followed_to_its_end() -> None:
    generator = TellingGenerator()
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            first = await stream.until(state="submitted")
            generator.told = Progress(step=3, steps=20, seconds_left=6.2)
            second = await stream.until(step=3)
            generator.gate.set()
            (*_, done) = await stream.rest()
        shown = (await house.client.get(address)).json()
    assert stream.answer.headers["content-type"] == "text/event-stream"
    assert stream.answer.headers["cache-control"] == "no-store"
    assert stream.lines[0] == "retry: 2000"
    nothing = {"state": "submitted", "position": 0, "step": None, "steps": None, "seconds_left": None}
    assert (first.name, first.data) == ("progress", nothing)
    assert second.data == nothing | {"step": 3, "steps": 20, "seconds_left": 7}
    assert (done.name, done.data) == ("done", shown)
    assert (first.id, second.id, done.id) == ("1-0", "1-3", "3-0")


async def test_a_finished_generation_is_reported_at_once_to_every_listener(house: House) -> None:
    address = (await house.order()).links["describedby"]["url"]
    for headers in ({}, {"Last-Event-ID": "3-0"}):
        async with listening(house, address, headers) as stream:
            (done,) = await stream.rest()
        assert done.data == (await house.client.get(address)).json()


async def test_a_failed_generation_ends_with_its_problem() -> None:
    async with open_house(generator=FailingGenerator(OutcomeUnknown("cut off"))) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            (*_, done) = await stream.rest()
    assert (done.name, done.data["state"]) == ("done", "unknown")
    assert done.data["problem"]["type"] == "/problems/outcome-unknown"


async def test_a_client_that_reconnects_receives_nothing_older() -> None:
    generator = TellingGenerator()
    async with open_house(generator=generator) as house:
        address = await begun(house)
        generator.told = Progress(step=4, steps=20)
        async with listening(house, address, {"Last-Event-ID": "1-17"}) as stream:
            back = await stream.until(steps=20)
            generator.told = Progress(step=18, steps=20)
            on = await stream.until(step=18)
            generator.told = None
            silent = await stream.until(step=None)
        generator.gate.set()
    assert (back.id, back.data["step"]) == ("1-17", 17)
    assert (on.id, silent.id) == ("1-18", "1-18")


@pytest.mark.parametrize("junk", ["", "x", "1", "1-", "-1-0", "1-2-3", "9" * 40 + "-0"])
async def test_an_invalid_last_event_id_is_ignored(junk: str) -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address, {"Last-Event-ID": junk.encode().decode("latin-1")}) as stream:
            assert (await stream.next()).name == "progress"
        generator.gate.set()


async def test_positions_in_the_queue_follow_the_fair_order_between_callers() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_in_flight=1) as house:
        drawn, *waiting = [await begun(house) for _ in range(3)]
        graces = (await house.order(ASYNC | bearer(sub="grace"))).headers["location"]
        positions = []
        for address, headers in [(drawn, {}), (waiting[0], {}), (graces, bearer(sub="grace")), (waiting[1], {})]:
            async with listening(house, address, headers) as stream:
                positions.append((await stream.next()).data["position"])
        generator.gate.set()
    assert positions == [0, 1, 2, 3]


async def test_while_it_waits_for_the_storage_a_generation_is_drawn_without_an_estimate() -> None:
    storage = StorageInTrouble()
    async with open_house(storage=storage) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            drawn = await stream.until(state="drawn")
            storage.well = True
            (*_, done) = await stream.rest()
    assert drawn.data == {"state": "drawn", "position": None, "step": None, "steps": None, "seconds_left": None}
    assert done.data["state"] == "stored"


async def take(ledger: InMemoryGenerationLedger, seconds: float) -> None:
    """Record an earlier order of the same kind that took this long."""
    order = received(version="memory")
    order = replace(order, request=replace(order.request, size=replace(order.request.size, width=64, height=48)))
    *on_the_way, last = stored(order)
    await ledger.receive(order, Limits())
    for revision in (*on_the_way, replace(last, finished_at=order.created_at + timedelta(seconds=seconds))):
        await ledger.record(revision)


async def test_the_time_left_is_estimated_from_history_if_the_generator_does_not_report_it() -> None:
    generator, ledger = TellingGenerator(), InMemoryGenerationLedger()
    for seconds in (1, 100, 10_000):
        await take(ledger, seconds)
    async with open_house(generator=generator, ledger=ledger) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            estimated = (await stream.next()).data["seconds_left"]
            generator.told = Progress(seconds_left=5)
            await stream.until(seconds_left=5)
        generator.gate.set()
    assert 80 < estimated <= 100


async def test_a_drawing_that_takes_longer_than_any_before_has_no_estimate() -> None:
    generator, ledger = GatedGenerator(), InMemoryGenerationLedger()
    await take(ledger, 0.001)
    async with open_house(generator=generator, ledger=ledger) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            assert (await stream.until(state="submitted")).data["seconds_left"] is None
        generator.gate.set()


async def test_a_drawing_in_another_process_is_followed_through_the_ledger() -> None:
    here, there = InMemoryGenerationLedger(), GatedGenerator()
    async with open_house(generator=there, ledger=here.colleague()) as house, open_house(ledger=here) as other:
        address = await begun(house)
        async with listening(other, address) as stream:
            assert (await stream.until(state="submitted")).data["position"] == 0
            there.gate.set()
            (*_, done) = await stream.rest()
    assert done.data["state"] == "stored"


@pytest.mark.parametrize("fault", [GeneratorUnavailable("busy"), OutcomeUnknown("?")])
async def test_a_provider_that_fails_to_report_progress_changes_nothing(fault: Exception) -> None:
    generator = TellingGenerator()
    generator.told = fault
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            await stream.until(state="submitted", position=0)
            generator.gate.set()
            (*_, done) = await stream.rest()
    assert done.data["state"] == "stored"


async def test_streams_of_other_callers_and_of_unknown_generations_are_not_found(house: House) -> None:
    address = (await house.order()).links["describedby"]["url"]
    others = await house.client.get(f"{address}/events", headers=bearer(sub="grace"))
    unknown = await house.client.get("/api/generations/01a204ec-a14d-7c27-ada9-1830ac502ff7/events")
    deleted = await house.client.delete(address)
    gone = await house.client.get(f"{address}/events")
    assert (others.status_code, unknown.status_code, deleted.status_code, gone.status_code) == (404, 404, 204, 410)
    assert others.json()["type"] == unknown.json()["type"] == "/problems/not-found"
    async with httpx.AsyncClient(base_url=house.client.base_url, trust_env=False) as client:
        assert (await client.get(f"{address}/events")).status_code == 401


async def test_the_number_of_streams_is_limited_and_a_listener_that_leaves_frees_its_place() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_streams=1) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            await stream.next()
            refused = await house.client.get(f"{address}/events")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
        assert refused.headers["retry-after"] == "1"
        await until(lambda: house.services.streams.taken == 0)
        async with listening(house, address) as stream:
            assert (await stream.next()).name == "progress"
        generator.gate.set()


async def test_one_caller_may_have_all_places_until_another_wants_its_share() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_streams=3) as house, AsyncExitStack() as opened:
        adas = await begun(house)
        first, *others = [await opened.enter_async_context(listening(house, adas)) for _ in range(3)]
        assert (await first.next()).name == "progress"
        graces = (await house.order(ASYNC | bearer(sub="grace"))).headers["location"]
        grace = await opened.enter_async_context(listening(house, graces, bearer(sub="grace")))
        assert (await grace.next()).name == "progress"
        assert await first.rest() == []  # it ends without `done`, so its client opens it again
        refused = await house.client.get(f"{adas}/events")
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
        enough = await house.client.get(f"{graces}/events", headers=bearer(sub="grace"))
        assert enough.status_code == 503  # with one more she would have more than Ada
        assert house.services.streams.taken == 3
        generator.gate.set()
        for stream in (*others, grace):
            assert (await stream.rest())[-1].name == "done"
    assert house.services.streams.taken == 0


async def test_head_answers_at_once_and_keeps_the_connection_open() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator, max_streams=1) as house:
        address = await begun(house)
        reader, writer = await asyncio.open_connection(house.client.base_url.host, house.port)
        head = f"HEAD {address}/events HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer()['Authorization']}\r\n\r\n"
        async with asyncio.timeout(10):
            for _ in range(3):
                writer.write(head.encode())
                answer = await reader.readuntil(b"\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert b"content-type: text/event-stream" in answer
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await until(lambda: house.services.streams.taken == 0)
        generator.gate.set()


async def test_no_task_remains_for_a_client_that_has_left() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        address = await begun(house)
        before = len(asyncio.all_tasks())
        for _ in range(20):
            async with listening(house, address) as stream:
                await stream.next()
        await until(lambda: len(asyncio.all_tasks()) <= before)
        generator.gate.set()


async def test_comments_are_sent_on_a_silent_stream_to_keep_the_connection_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_stream, "_KEEP_ALIVE", 0.0)
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address) as stream:
            await stream.until(state="submitted")
            while await anext(stream.coming) != ": still here":
                pass
        generator.gate.set()


async def test_a_process_that_stops_ends_the_streams_of_drawings_in_other_processes() -> None:
    here, there = InMemoryGenerationLedger(), GatedGenerator()
    async with open_house(generator=there, ledger=here.colleague()) as house, open_house(ledger=here) as other:
        address = await begun(house)
        async with listening(other, address) as stream:
            await stream.next()
            await other.services.generate.work.drain()
            assert "done" not in [event.name for event in await stream.rest()]
        there.gate.set()
