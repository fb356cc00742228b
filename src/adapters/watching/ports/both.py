"""Two watchers as one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from darkroom.adapters.watching.ports.watcher import Answered, Call, Headers, Step, Watcher, WebhookOutcome
from darkroom.domain.model.generation import Generation


class BothWatchers(Watcher):
    """Passes everything on to two watchers; the blocks of the first enclose those of the second."""

    # It is entered for every request and every generation: two nested blocks need less than a stack of any number.

    def __init__(self, first: Watcher, second: Watcher) -> None:
        self._first, self._second = first, second

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        with self._first.request(headers) as tell_first, self._second.request(headers) as tell_second:

            def answered(
                *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
            ) -> None:
                for tell in (tell_first, tell_second):
                    tell(method=method, route=route, status=status, problem=problem, seconds=seconds)

            yield answered

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        with self._first.generation(generation), self._second.generation(generation):
            yield

    def call(self, call: Call) -> AbstractContextManager[Step]:
        # Calls are frequent, and most watchers ignore them.
        if self._second.ignores_calls:
            return self._first.call(call)
        return self._second.call(call) if self._first.ignores_calls else self._called(call)

    @property
    def ignores_calls(self) -> bool:
        return self._first.ignores_calls and self._second.ignores_calls

    @contextmanager
    def _called(self, call: Call) -> Iterator[Step]:
        with self._first.call(call) as first, self._second.call(call) as second:

            @contextmanager
            def step() -> Iterator[None]:
                with first(), second():
                    yield

            yield step

    def recorded(self, generation: Generation) -> None:
        self._first.recorded(generation)
        self._second.recorded(generation)

    def settling(self, generations: int) -> None:
        self._first.settling(generations)
        self._second.settling(generations)

    def refused(self, reason: str) -> None:
        self._first.refused(reason)
        self._second.refused(reason)

    def webhook(self, outcome: WebhookOutcome) -> None:
        self._first.webhook(outcome)
        self._second.webhook(outcome)
