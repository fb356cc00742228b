import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from darkroom.entrypoints.commands.generate.client import Client, Problem
from darkroom.entrypoints.commands.generate.progress import sentence

IMAGES = [{"id": "1", "seed": 7, "image": "https://cdn.example/1.png"}]
NO_ROOM = {"title": "No room", "detail": "about to stop", "charged": "no"}


def drawn(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=IMAGES)


def no_room(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json=NO_ROOM)


def cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("reset", request=request)


def connection_refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def out_of_time(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)


def not_reached(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("no route", request=request)


def other_service(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json={"title": "Bad gateway", "detail": "not here"})


class Service:
    """Answers requests with the given answers in turn, and records them."""

    def __init__(self, *answers: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answers: Iterator[Callable[[httpx.Request], httpx.Response]] = iter(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return next(self._answers)(request)


@asynccontextmanager
async def client_of(service: Service, tries: int = 3, own_links: str = "") -> AsyncIterator[Client]:
    transport = httpx.MockTransport(service)
    async with httpx.AsyncClient(transport=transport, base_url="https://darkroom.example") as http:
        yield Client(http, "the-token", own_links=own_links, pauses=(0.0,) * (tries - 1))


@pytest.mark.parametrize("lost", [[cut_off], [cut_off, cut_off], [cut_off, connection_refused], [cut_off, no_room]])
async def test_a_lost_answer_is_asked_for_again_under_the_same_key(
    lost: list[Callable[[httpx.Request], httpx.Response]],
) -> None:
    service = Service(*lost, drawn)
    async with client_of(service) as client:
        assert await client.draw({"prompt": "a fox"}, "the-key") == IMAGES
    assert len(service.asked) == len(lost) + 1
    assert {request.headers["idempotency-key"] for request in service.asked} == {"the-key"}
    assert {request.content for request in service.asked} == {b'{"prompt":"a fox"}'}


@pytest.mark.parametrize(
    ("answers", "charged"),
    [
        ([connection_refused], "no"),
        ([not_reached], "no"),
        ([no_room], "no"),
        ([other_service], "unknown"),
        ([cut_off, other_service], "unknown"),
        ([cut_off, cut_off, cut_off], "unknown"),
        ([cut_off, connection_refused, connection_refused], "unknown"),
    ],
)
async def test_an_order_is_given_up_and_reports_whether_it_may_have_been_charged(
    answers: list[Callable[[httpx.Request], httpx.Response]], charged: str
) -> None:
    service = Service(*answers)
    async with client_of(service) as client:
        with pytest.raises(Problem) as caught:
            await client.draw({}, "key")
    assert caught.value.members["charged"] == charged
    assert len(service.asked) == len(answers)


async def test_an_overloaded_answer_after_a_lost_one_leaves_the_charge_unknown() -> None:
    async with client_of(Service(cut_off, no_room, no_room)) as client:
        with pytest.raises(Problem) as caught:
            await client.draw({}, "key")
    assert caught.value.members["charged"] == "unknown"


@pytest.mark.parametrize("answer", [httpx.Response(502, text="<html>"), httpx.Response(502, json=[1])])
async def test_an_answer_of_another_service_is_reported_as_such(answer: httpx.Response) -> None:
    async with client_of(Service(lambda _: answer)) as client:
        with pytest.raises(Problem, match=r"https://darkroom\.example/api/images answered 502, and is not Darkroom"):
            await client.draw({}, "key")


async def test_the_token_is_sent_only_to_the_service() -> None:
    service = Service(lambda _: httpx.Response(200, json={"models": []}), lambda _: httpx.Response(200, content=b"png"))
    async with client_of(service) as client:
        assert await client.models() == []
        assert await client.fetch("https://cdn.example/1.png") == b"png"
    assert [request.headers.get("authorization") for request in service.asked] == ["Bearer the-token", None]


async def test_links_of_a_service_in_this_process_are_opened_there() -> None:
    service = Service(lambda _: httpx.Response(200, content=b"png"))
    async with client_of(service, own_links="http://127.0.0.1:8000") as client:
        assert await client.fetch("http://127.0.0.1:8000/files/1.png?expires=1") == b"png"
    assert str(service.asked[0].url) == "https://darkroom.example/files/1.png?expires=1"


Ask = Callable[[Client], Awaitable[object]]
READS: list[Ask] = [
    lambda client: client.models(),
    lambda client: client.generations({"limit": "1"}),
    lambda client: client.generation("1"),
    lambda client: client.fetch("https://cdn.example/1.png"),
]


@pytest.mark.parametrize("ask", READS)
@pytest.mark.parametrize("lost", [[cut_off], [cut_off, cut_off], [cut_off, connection_refused], [cut_off, no_room]])
async def test_a_read_that_is_cut_off_is_repeated(
    ask: Ask, lost: list[Callable[[httpx.Request], httpx.Response]]
) -> None:
    service = Service(*lost, lambda _: httpx.Response(200, json={"models": ["sketch"]}))
    async with client_of(service) as client:
        assert await ask(client)
    assert len({(request.method, request.url) for request in service.asked}) == 1
    assert len(service.asked) == len(lost) + 1


@pytest.mark.parametrize("ask", READS[:-1])
@pytest.mark.parametrize(
    "answers",
    [
        [connection_refused],
        [not_reached],
        [out_of_time],
        [other_service],
        [lambda _: httpx.Response(502, text="<html>")],
        [lambda _: httpx.Response(200, text="<html>")],
        [cut_off, cut_off, cut_off],
        [cut_off, connection_refused, no_room],
        [cut_off, out_of_time, other_service],
    ],
)
async def test_a_read_without_an_answer_costs_nothing(
    ask: Ask, answers: list[Callable[[httpx.Request], httpx.Response]]
) -> None:
    service = Service(*answers)
    async with client_of(service) as client:
        with pytest.raises(Problem) as caught:
            await ask(client)
    assert caught.value.members["charged"] == "no"
    assert len(service.asked) == len(answers)


@pytest.mark.parametrize("answer", [cut_off, out_of_time, connection_refused, other_service])
async def test_deleting_is_not_repeated_and_costs_nothing(
    answer: Callable[[httpx.Request], httpx.Response],
) -> None:
    service = Service(answer)
    async with client_of(service) as client:
        with pytest.raises(Problem) as caught:
            await client.delete("1")
    assert caught.value.members["charged"] == "no"
    assert len(service.asked) == 1


@pytest.mark.parametrize("answer", [connection_refused, lambda _: httpx.Response(404)])
async def test_an_image_that_cannot_be_fetched_was_charged(answer: Callable[[httpx.Request], httpx.Response]) -> None:
    async with client_of(Service(answer)) as client:
        with pytest.raises(Problem) as caught:
            await client.fetch("https://cdn.example/1.png")
    assert caught.value.members["charged"] == "yes"


async def test_a_service_that_does_not_answer_is_reported() -> None:
    async with client_of(Service(connection_refused)) as client:
        with pytest.raises(Problem, match=r"https://darkroom\.example/ does not answer: refused"):
            await client.models()


PROGRESS = {"state": "submitted", "position": 0, "step": 1, "steps": 4, "seconds_left": None}


def promised(_: httpx.Request) -> httpx.Response:
    return httpx.Response(202, json={}, headers={"Location": "/api/generations/1"})


def stream(*events: tuple[str, object]) -> Callable[[httpx.Request], httpx.Response]:
    text = "retry: 2000\n\n" + "".join(
        f"event: {name}\nid: 1-0\ndata: {json.dumps(data)}\n\n: still here\n\n" for name, data in events
    )
    return lambda _: httpx.Response(200, text=text)


async def test_progress_is_reported_if_it_is_asked_for() -> None:
    reported: list[object] = []
    done = {"state": "stored", "images": IMAGES, "problem": None}
    service = Service(promised, stream(("progress", PROGRESS), ("done", done)))
    async with client_of(service) as client:
        assert await client.draw({"prompt": "a fox"}, "the-key", reported.append) == IMAGES
    assert reported == [PROGRESS]
    assert service.asked[0].headers["prefer"] == "respond-async"
    assert service.asked[1].url.path == "/api/generations/1/events"
    assert service.asked[1].headers["authorization"] == "Bearer the-token"


def garbage(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="event: done\ndata: <html>\n\n")


@pytest.mark.parametrize("broken", [stream(("progress", PROGRESS)), cut_off, connection_refused, no_room, garbage])
async def test_without_a_final_event_the_order_is_repeated_under_the_same_key(
    broken: Callable[[httpx.Request], httpx.Response],
) -> None:
    service = Service(promised, broken, connection_refused, drawn)
    async with client_of(service) as client:
        assert await client.draw({}, "the-key", lambda _: None) == IMAGES
    assert [request.headers.get("idempotency-key") for request in service.asked] == ["the-key", None] + ["the-key"] * 2
    assert "prefer" not in service.asked[2].headers


@pytest.mark.parametrize("first", [cut_off, out_of_time, drawn, other_service])
async def test_an_order_that_may_have_been_charged_stays_so_when_it_is_repeated(
    first: Callable[[httpx.Request], httpx.Response],
) -> None:
    service = Service(first, connection_refused, connection_refused, connection_refused)
    async with client_of(service) as client:
        with pytest.raises(Problem) as caught:
            await client.draw({}, "the-key", lambda _: None)
    assert caught.value.members["charged"] == "unknown"
    assert len(service.asked) == 4


async def test_only_a_promise_is_followed() -> None:
    def moved(_: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "https://elsewhere.example"})

    service = Service(moved, drawn)
    async with client_of(service) as client:
        assert await client.draw({}, "the-key", lambda _: None) == IMAGES
    assert {request.url.host for request in service.asked} == {"darkroom.example"}


@pytest.mark.parametrize("first", [connection_refused, no_room, drawn])
async def test_an_order_that_is_not_promised_is_repeated_without_progress(
    first: Callable[[httpx.Request], httpx.Response],
) -> None:
    service = Service(first, drawn)
    async with client_of(service) as client:
        assert await client.draw({}, "the-key", lambda _: None) == IMAGES


@pytest.mark.parametrize(
    ("shown", "charged"),
    [
        ({"state": "unusable", "problem": {"title": "T", "detail": "D", "charged": "yes"}, "images": IMAGES}, "yes"),
        ({"state": "cancelled", "problem": None, "images": []}, "no"),
    ],
)
async def test_an_end_without_its_images_is_a_problem(shown: dict[str, object], charged: str) -> None:
    service = Service(promised, stream(("done", shown)))
    async with client_of(service) as client:
        with pytest.raises(Problem) as caught:
            await client.draw({}, "the-key", lambda _: None)
    assert (caught.value.members["charged"], caught.value.members["images"]) == (charged, shown["images"])


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (PROGRESS, "drawing, step 1 of 4"),
        (
            PROGRESS | {"state": "received", "position": 3, "step": None, "seconds_left": 9},
            "waiting, at place 3, about 9 s left",
        ),
        (PROGRESS | {"state": "drawn"}, "storing"),
        (dict.fromkeys(PROGRESS), "drawing"),
    ],
)
def test_progress_is_described_in_a_few_words(event: dict[str, object], words: str) -> None:
    assert sentence(event) == words
