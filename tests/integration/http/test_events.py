"""`GET /api/generations/{id}/events`: the stream of a generation's progress."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from gc import get_objects
from typing import Any
from zlib import crc32

import httpx
import pytest

from conformance.generations import received, stored
from darkroom.adapters.in_memory.generator import tile
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.domain.model.errors import GeneratorUnavailable, OutcomeUnknown, UnusableImage
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import Receipt
from darkroom.domain.use_cases import follow
from darkroom.entrypoints.http import event_stream
from harness.event_stream import Stream
from harness.waiting import until
from integration.http.faults import StorageInTrouble
from integration.http.generators import FailingGenerator, GatedGenerator, TellingGenerator
from integration.http.house import House, bearer, open_house
from simulators.pictures import Picture

ASYNC = {"Prefer": "respond-async"}


@asynccontextmanager
async def listening(
    house: House, address: str, headers: dict[str, str] | None = None, query: str = ""
) -> AsyncIterator[Stream]:
    """Open a stream, with a client that does not first read it to its end to check the contract."""
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), timeout=30, trust_env=False) as client,
        client.stream("GET", f"{address}/events{query}", headers=headers) as answer,
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


def as_shown(data: bytes, media_type: str = "image/png") -> dict[str, Any]:
    """Return the data of the event for an unfinished image."""
    return {"index": 0, "image": f"data:{media_type};base64,{base64.b64encode(data).decode()}"}


async def asked(generator: TellingGenerator, times: int) -> None:
    """Wait until the generator was asked that many times for an unfinished image."""
    await until(lambda: generator.looked >= times)


async def test_each_change_of_an_unfinished_image_is_one_event() -> None:
    generator, (first, second) = TellingGenerator(), (tile(8, 6, colour) for colour in (1, 2))
    jpeg = Picture("a sea", 8, 6, "jpeg").encoded()
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address, query="?unfinished=true") as stream:
            await stream.until(state="submitted", step=None)
            for step, shown in enumerate((first, first, second, None, second, jpeg), start=1):
                generator.shown, generator.told = shown, Progress(step=step, steps=20)
                await stream.until(step=step)
                await asked(generator, step + 1)
            generator.gate.set()
            rest = await stream.rest()
        events = [event for event in stream.events if event.name != "progress"]
    assert [event.name for event in events] == ["unfinished"] * 3 + ["done"]
    assert [event.data for event in events[:3]] == [as_shown(first), as_shown(second), as_shown(jpeg, "image/jpeg")]
    assert [event.id for event in events[:3]] == ["1-1", "1-3", "1-6"]
    assert rest[-1].name == "done"


async def test_a_new_stream_begins_with_the_present_unfinished_image() -> None:
    generator = TellingGenerator()
    generator.shown = tile(8, 6, 1)
    async with open_house(generator=generator) as house:
        address = await begun(house)
        for headers in ({}, {"Last-Event-ID": "1-0"}):
            async with listening(house, address, headers, "?unfinished=true") as stream:
                while (event := await stream.next()).name != "unfinished":
                    assert event.name == "progress"
        generator.gate.set()


@pytest.mark.parametrize("query", ["", "?unfinished=false"])
async def test_without_the_parameter_the_generator_is_not_asked_for_an_image(query: str) -> None:
    generator = TellingGenerator()
    generator.shown = tile(8, 6, 1)
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address, query=query) as stream:
            generator.told = Progress(step=3, steps=20)
            await stream.until(step=3)
            generator.gate.set()
            await stream.rest()
    assert {event.name for event in stream.events} == {"progress", "done"}
    assert generator.looked == 0


async def test_nothing_is_shown_before_the_drawing_begins_and_after_it_has_ended() -> None:
    generator, storage = TellingGenerator(), StorageInTrouble()
    generator.shown = tile(8, 6, 1)
    async with open_house(generator=generator, storage=storage, max_in_flight=1) as house:
        first, second = await begun(house), await begun(house)
        async with listening(house, second, query="?unfinished=true") as stream:
            assert (await stream.until(state="received")).data["position"] == 1
            await house.client.delete(second)
            assert (await stream.until(state="cancelled")).name == "done"
        assert generator.looked == 0
        generator.gate.set()
        async with listening(house, first, query="?unfinished=true") as stream:
            await stream.until(state="drawn")
            storage.well = True
            await stream.until(state="stored")
        assert "unfinished" not in {event.name for event in stream.events}


@pytest.mark.parametrize("fault", [GeneratorUnavailable("busy"), UnusableImage("no image", evidence=b"<svg/>")])
async def test_a_generator_that_fails_to_show_an_image_changes_nothing(fault: Exception) -> None:
    generator = TellingGenerator()
    generator.shown = fault
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address, query="?unfinished=true") as stream:
            await stream.until(state="submitted")
            await until(lambda: generator.looked > 0)
            generator.gate.set()
            await stream.until(state="stored")
    assert {event.name for event in stream.events} == {"progress", "done"}


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("?unfinished=yes", "unfinished", "must be true or false"),
        ("?unfinished=", "unfinished", "must be true or false"),
        ("?unfinished=true&unfinished=true", "unfinished", "is given more than once"),
        ("?preview=true", "preview", "is not a parameter here"),
    ],
)
async def test_wrong_parameters_are_named(house: House, query: str, pointer: str, detail: str) -> None:
    address = (await house.order()).links["describedby"]["url"]
    refused = await house.client.get(f"{address}/events{query}")
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/invalid-request")
    assert refused.json()["errors"] == [{"parameter": pointer, "detail": detail}]


class Holding(TellingGenerator):
    """Answers calls of `unfinished` once `told_enough` is set; `most` is the most that waited at once."""

    under_way = most = 0

    def __init__(self) -> None:
        super().__init__()
        self.told_enough = asyncio.Event()

    async def unfinished(self, request: GenerationRequest, key: str, receipt: Receipt | None) -> GeneratedImage | None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.told_enough.wait()
        self.under_way -= 1
        return None


async def test_at_most_four_unfinished_images_are_held_and_other_streams_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "_PATIENCE", 60.0)
    generator, count = Holding(), 12
    async with open_house(generator=generator, max_streams=count) as house, AsyncExitStack() as opened:
        address = await begun(house)
        streams = [
            await opened.enter_async_context(listening(house, address, query="?unfinished=true")) for _ in range(count)
        ]
        for stream in streams:
            await stream.until(state="submitted")
        await until(lambda: generator.under_way >= 4)
        generator.told = Progress(step=3, steps=20)
        told = [asyncio.ensure_future(stream.until(step=3)) for stream in streams]
        await until(lambda: sum(one.done() for one in told) == count - 4)
        assert (generator.under_way, generator.most) == (4, 4)
        generator.told_enough.set()
        await asyncio.gather(*told)
        generator.gate.set()


async def test_a_sent_unfinished_image_does_not_stay_in_memory() -> None:
    generator, shown = TellingGenerator(), tile(8, 6, 1)
    generator.shown = shown
    async with open_house(generator=generator) as house:
        address = await begun(house)
        async with listening(house, address, query="?unfinished=true") as stream:
            while (await stream.next()).name != "unfinished":
                pass
            await until(lambda: not any(isinstance(one, GeneratedImage) and one.data == shown for one in get_objects()))
            generator.told = Progress(step=3, steps=20)
            await stream.until(step=3)
        generator.gate.set()


async def stalled(house: House, address: str) -> socket.socket:
    """Open a connection that asks for the events and does not read them."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (house.client.base_url.host, house.port))
    head = f"GET {address}/events?unfinished=true HTTP/1.1\r\nHost: x\r\n"
    await loop.sock_sendall(connection, f"{head}Authorization: {bearer()['Authorization']}\r\n\r\n".encode())
    return connection


async def test_an_image_that_the_client_does_not_read_counts_as_held() -> None:
    generator, length = TellingGenerator(), 12 * 2**20
    whole, text = tile(8, 6, 1), bytes(length)
    chunk = length.to_bytes(4, "big") + b"noTe" + text + crc32(b"noTe" + text).to_bytes(4, "big")
    generator.shown = large = whole[:-12] + chunk + whole[-12:]
    async with open_house(generator=generator) as house:
        address = await begun(house)
        connections = [await stalled(house, address) for _ in range(4)]
        await until(lambda: generator.looked == 4)
        async with listening(house, address, query="?unfinished=true") as stream:
            for step in range(1, 4):
                generator.told = Progress(step=step, steps=20)
                assert (await stream.until(step=step)).name == "progress"
            assert generator.looked == 4
            for connection in connections:
                connection.close()
            await until(lambda: house.services.streams.taken == 1)
            generator.told = Progress(step=4, steps=20)
            await stream.until(step=4)
            assert (await stream.next()).data == as_shown(large)
        generator.gate.set()


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
