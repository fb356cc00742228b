"""Watchers, which observe the service: for metrics and traces."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from darkroom.domain.model.generation import Generation

Headers = Iterable[tuple[bytes, bytes]]
Step = Callable[[], AbstractContextManager[None]]
WebhookOutcome = Literal["delivered", "put-off", "given-up"]


@dataclass(slots=True)
class Call:
    """A call to the outside; `name` is the port's method, or the purpose of an HTTP request.

    `about` has details, without prompts and secrets. `status` is that of the HTTP response, set when there is one.
    """

    port: Literal["provider", "storage", "spool", "ledger", "http"]
    name: str
    about: Mapping[str, str | int] = field(default_factory=dict)
    status: int | None = None


class Answered(Protocol):
    """Called when a request was answered; `route` is the path's template, None for an unknown path.

    `status` is None if there was no response; `problem` is the type of the problem, None if it is not one.
    """

    def __call__(
        self, *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
    ) -> None: ...


class Watcher:
    """Ignores everything; a subclass overrides the methods for what it observes."""

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        """Enclose the handling of a request, in its task; yield a function to be called with the response."""
        del headers
        yield _unheard

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        """Enclose the work on a generation, in its task."""
        del generation
        yield

    def call(self, call: Call) -> AbstractContextManager[Step]:
        """Return a context manager that encloses a call; it yields a function for context managers around each step.

        Most calls have one step; an async generator has one for each item. Context variables must be set in the steps,
        since the caller's code runs between them.
        """
        del call
        return nullcontext(nullcontext)

    @property
    def ignores_calls(self) -> bool:
        """Whether `call` does nothing."""
        return type(self).call is Watcher.call

    def recorded(self, generation: Generation) -> None:
        """Observe a generation that has just been recorded."""

    def settling(self, generations: int) -> None:
        """Observe that this worker took over that many abandoned `generations`."""

    def refused(self, reason: str) -> None:
        """Observe that a connection was closed by the HTTP server itself, for one of a few reasons."""

    def webhook(self, outcome: WebhookOutcome) -> None:
        """Observe the recorded outcome of an attempt to deliver a webhook."""

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        """Enclose a call of one step."""
        with self.call(call) as step, step():
            yield


def _unheard(*, method: str, route: str | None, status: int | None, problem: str | None, seconds: float) -> None:
    del method, route, status, problem, seconds


WATCHER: Final[ContextVar[Watcher | None]] = ContextVar("watcher", default=None)
"""The watcher of the current task, for code in adapters that cannot be decorated."""
