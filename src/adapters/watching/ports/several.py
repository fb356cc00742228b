"""Several watchers as one."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from darkroom.adapters.watching.ports.watcher import WATCHER, Answered, Call, Headers, Step, Watcher, WebhookOutcome
from darkroom.domain.model.generation import Generation


class SeveralWatchers(Watcher):
    """Passes everything on to each watcher; the first one is the outermost."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = tuple(watchers)
        # Calls are frequent, and most watchers ignore them.
        self._of_calls = tuple(watcher for watcher in watchers if type(watcher).call is not Watcher.call)

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        with ExitStack() as entered:
            told = [entered.enter_context(watcher.request(headers)) for watcher in self._watchers]

            def answered(
                *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
            ) -> None:
                for tell in told:
                    tell(method=method, route=route, status=status, problem=problem, seconds=seconds)

            yield answered

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        token = WATCHER.set(self)
        try:
            with ExitStack() as entered:
                for watcher in self._watchers:
                    entered.enter_context(watcher.generation(generation))
                yield
        finally:
            WATCHER.reset(token)

    def call(self, call: Call) -> AbstractContextManager[Step]:
        match self._of_calls:
            case ():
                return super().call(call)
            case (alone,):
                return alone.call(call)
            case _:
                return self._called(call)

    @contextmanager
    def _called(self, call: Call) -> Iterator[Step]:
        with ExitStack() as entered:
            steps = [entered.enter_context(watcher.call(call)) for watcher in self._of_calls]

            @contextmanager
            def step() -> Iterator[None]:
                with ExitStack() as stepped:
                    for one in steps:
                        stepped.enter_context(one())
                    yield

            yield step

    def recorded(self, generation: Generation) -> None:
        for watcher in self._watchers:
            watcher.recorded(generation)

    def settling(self, generations: int) -> None:
        for watcher in self._watchers:
            watcher.settling(generations)

    def refused(self, reason: str) -> None:
        for watcher in self._watchers:
            watcher.refused(reason)

    def webhook(self, outcome: WebhookOutcome) -> None:
        for watcher in self._watchers:
            watcher.webhook(outcome)
