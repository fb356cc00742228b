"""A client of the service: it orders images, and repeats a request whose answer was lost without paying twice."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Self

import httpx

# Seconds before each further try: in total long enough for a service to restart.
PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0)

# No connection was made, so nothing was sent.
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

Json = dict[str, Any]
Told = Callable[[Json], None]


class Problem(Exception):
    """A request failed; `members` are those of the service's problem (RFC 9457)."""

    def __init__(self, members: Json) -> None:
        super().__init__(f"{members['title']}: {members['detail']}")
        self.members = members

    @classmethod
    def unanswered(cls, error: httpx.TransportError, *, charged: str) -> Self:
        """Return the problem for a request without an answer."""
        where = error.request.url.copy_with(raw_path=b"/")
        said = str(error) or type(error).__name__
        problem = cls({"title": "No answer", "detail": f"{where} does not answer: {said}", "charged": charged})
        problem.__cause__ = error
        return problem


class Client:
    """A client of one service, as one caller."""

    def __init__(
        self, http: httpx.AsyncClient, token: str, *, own_links: str = "", pauses: Sequence[float] = PAUSES
    ) -> None:
        """Call the service through `http`, whose base URL is that of the service; `token` is sent to no other.

        `own_links` is the prefix of links that the service serves itself if only `http` can reach it, else empty.
        `pauses` are the seconds before each further try.
        """
        self._http, self._authorization = http, {"Authorization": f"Bearer {token}"}
        self._own_links, self._pauses = own_links, pauses

    async def models(self) -> list[Json]:
        """Return the models on offer, as `GET /api/models` lists them.

        Raises:
            Problem: the service does not answer, or refuses.
        """
        models: list[Json] = (await self._read("/api/models"))["models"]
        return models

    async def generations(self, asked: Mapping[str, str]) -> Json:
        """Return a page of the caller's generations; `asked` are the parameters of `GET /api/generations`.

        Raises:
            Problem: the service does not answer, or refuses.
        """
        page: Json = await self._read("/api/generations", asked)
        return page

    async def generation(self, generation_id: str) -> Json:
        """Return one of the caller's generations.

        Raises:
            Problem: the service does not answer, or has no such generation.
        """
        generation: Json = await self._read(f"/api/generations/{generation_id}")
        return generation

    async def delete(self, generation_id: str, image: int | None = None) -> None:
        """Delete a generation, or one of its images by its index.

        The request is sent once only, because a second one would delete a generation that the first one cancelled.

        Raises:
            Problem: the service does not answer, or it cannot be deleted.
        """
        path = f"/api/generations/{generation_id}" + ("" if image is None else f"/images/{image}")
        try:
            answer = await self._http.delete(path, headers=self._authorization)
        except httpx.TransportError as error:
            raise Problem.unanswered(error, charged="no") from error
        _accepted(answer, charged="no")

    async def _read(self, path: str, asked: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401  # JSON
        answer = await self._repeated(
            lambda: self._http.get(path, params=asked, headers=self._authorization), charged="no"
        )
        return _accepted(answer, charged="no")

    async def draw(self, order: Mapping[str, object], key: str, told: Told | None = None) -> list[Json]:
        """Order images, wait for them and return them; if the answer is lost, repeat the request under the same key.

        `told` is called with each progress event of `GET /api/generations/{id}/events`.

        Raises:
            Problem: no image was drawn, or not all; its member `images` holds those that were.
        """
        lost = False
        if told:
            try:
                if shown := await self._followed(order, key, told):
                    return _images_of(shown)
            except _NotHeard:
                lost = True
        headers = {**self._authorization, "Idempotency-Key": key}
        answer = await self._repeated(lambda: self._http.post("/api/images", json=order, headers=headers), lost=lost)
        images: list[Json] = _accepted(answer)
        return images

    async def _repeated(
        self, send: Callable[[], Awaitable[httpx.Response]], *, charged: str | None = None, lost: bool = False
    ) -> httpx.Response:
        """Send a request that may be repeated, and repeat it if its answer was lost.

        After that, it is also repeated if the service cannot be reached or has no room, as it may be restarting.
        `charged` says whether money was spent if no answer comes; None for an order, for which it is `unknown` if an
        answer was `lost`, and else `no`.

        Raises:
            Problem: no answer came.
        """
        # A read that times out is not repeated: the service is busy enough.
        given_up = _NOT_SENT if charged is None else (*_NOT_SENT, httpx.TimeoutException)
        for pause in (*self._pauses, None):
            try:
                answer = await send()
            except httpx.TransportError as error:
                lost = lost or not isinstance(error, given_up)
                problem = Problem.unanswered(error, charged=charged or ("unknown" if lost else "no"))
            else:
                if not (lost and _has_no_room(answer)):
                    return answer
                problem = Problem({**_problem(answer).members, "charged": charged or "unknown"})
            if pause is None or not lost:
                raise problem
            await asyncio.sleep(pause)
        raise AssertionError("the last try gives an answer or raises")

    async def hand_on(self, message: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Send a message of the Model Context Protocol to the door for agents, and return the answer.

        Raises:
            Problem: no answer came; `charged` says whether an order may have cost money.
        """
        headers = {**self._authorization, **headers, "Content-Type": "application/json"}
        try:
            return await self._http.post("/mcp", content=message, headers=headers)
        except httpx.TransportError as error:
            charged = "no" if isinstance(error, _NOT_SENT) else "unknown"
            raise Problem.unanswered(error, charged=charged) from error

    async def _followed(self, order: Mapping[str, object], key: str, told: Told) -> Json | None:
        """Order and follow the generation, and return it once it has ended; None if nothing was ordered.

        Raises:
            _NotHeard: it may have been ordered, and its end was not received.
        """
        headers = {**self._authorization, "Idempotency-Key": key, "Prefer": "respond-async"}
        try:
            answer = await self._http.post("/api/images", json=order, headers=headers)
        except _NOT_SENT:
            return None
        except httpx.TransportError as error:
            raise _NotHeard from error
        if answer.status_code != HTTPStatus.ACCEPTED:
            if not answer.is_success and _problem(answer).members["charged"] == "no":
                return None
            raise _NotHeard
        try:
            address = f"{answer.url.join(answer.headers['Location'])}/events"
            async with self._http.stream("GET", address, headers=self._authorization) as stream:
                async for name, data in _events(stream):
                    if name == "done":
                        return data
                    told(data)
        except (httpx.TransportError, ValueError, KeyError) as error:  # cut off, or not a Darkroom service
            raise _NotHeard from error
        raise _NotHeard

    async def fetch(self, link: str) -> bytes:
        """Return the bytes of the image behind a link, which needs no token.

        Raises:
            Problem: it cannot be fetched.
        """
        answer = await self._repeated(lambda: self._http.get(link.removeprefix(self._own_links)), charged="yes")
        if answer.status_code != HTTPStatus.OK:
            raise Problem({"title": "No image", "detail": f"its link answers {answer.status_code}", "charged": "yes"})
        return answer.content


class _NotHeard(Exception):
    """The order may have been accepted, but its outcome was not received."""


async def _events(stream: httpx.Response) -> AsyncIterator[tuple[str, Json]]:
    """Yield the name and the data of each event; nothing if the answer is not a stream of events."""
    name = ""
    async for line in stream.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data" and name:
            yield name, json.loads(value)


def _images_of(shown: Json) -> list[Json]:
    images: list[Json] = shown["images"]
    if shown["state"] == "stored":
        return images
    cancelled = {"title": "It was cancelled", "detail": "nothing was drawn", "charged": "no"}
    raise Problem({**(shown["problem"] or cancelled), "images": images})


def _has_no_room(answer: httpx.Response) -> bool:
    """Return whether the service has no room now and charged nothing; if it is restarting, it may have room soon."""
    return answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and _problem(answer).members["charged"] == "no"


def _accepted(answer: httpx.Response, *, charged: str = "unknown") -> Any:  # noqa: ANN401  # JSON of any kind
    if not answer.is_success:
        raise _problem(answer, charged=charged)
    try:
        return answer.json() if answer.content else None
    except ValueError as error:
        raise _not_ours(answer, charged) from error


def _problem(answer: httpx.Response, *, charged: str = "unknown") -> Problem:
    """Return the problem in an answer, or one that says that the answer is not from Darkroom.

    `charged` applies if the answer does not say whether money was spent.
    """
    try:
        members = answer.json()
        return Problem({"charged": charged, **members, "title": members["title"], "detail": members["detail"]})
    except (ValueError, KeyError, TypeError):
        return _not_ours(answer, charged)


def _not_ours(answer: httpx.Response, charged: str) -> Problem:
    detail = f"{answer.url.copy_with(query=None)} answered {answer.status_code}, and is not Darkroom"
    return Problem({"title": "No answer", "detail": detail, "charged": charged})
