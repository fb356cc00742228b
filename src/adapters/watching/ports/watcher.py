"""What observes the service at work: metrics, traces and logs."""

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
    """A call to the outside: `name` is the port's method, or why an HTTP request is sent.

    `about` says more of it, without prompts and secrets. `status` is that of an HTTP answer, once there is one.
    """

    port: Literal["provider", "storage", "spool", "ledger", "http"]
    name: str
    about: Mapping[str, str | int] = field(default_factory=dict)
    status: int | None = None


class Answered(Protocol):
    """Called with an answer to a request: `route` is the path's template, None for an unknown path.

    `status` is None where nothing was answered; `problem` is the name of its type, where it is one.
    """

    def __call__(
        self, *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
    ) -> None: ...


class Watcher:
    """Looks away. Those that look override what they want to see."""

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        """A block around the answering of a request, in its task; it yields the function that reports the answer."""
        del headers
        yield _unheard

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        """Be there while a generation is worked on, in its task."""
        del generation
        yield

    def call(self, call: Call) -> AbstractContextManager[Step]:
        """Be there from a call's beginning to its end; each step of it, of which most have one, is entered within.

        What is held for a task alone belongs to the steps: a generator of images is left and entered again.
        """
        del call
        return nullcontext(nullcontext)

    def recorded(self, generation: Generation) -> None:
        """A generation has been written down, as it stands."""

    def settling(self, generations: int) -> None:
        """`count` generations that dead workers left unfinished are taken over here."""

    def refused(self, reason: str) -> None:
        """A connection was closed for a reason of which there are few, before or beside any answer of a handler."""

    def webhook(self, outcome: WebhookOutcome) -> None:
        """The outcome of an attempt to deliver a webhook is recorded."""

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        """Be there during a call of one step."""
        with self.call(call) as step, step():
            yield


def _unheard(*, method: str, route: str | None, status: int | None, problem: str | None, seconds: float) -> None:
    del method, route, status, problem, seconds


WATCHER: Final[ContextVar[Watcher | None]] = ContextVar("watcher", default=None)
"""Who watches the task at hand, for what lies too deep within an adapter to be decorated."""
