"""A watcher that updates metrics."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import product
from typing import Final, get_args

from darkroom.adapters.watching.metrics.ends import Ends
from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.adapters.watching.metrics.own_time import OwnTime
from darkroom.adapters.watching.ports.watcher import Answered, Call, Headers, Step, Watcher, WebhookOutcome
from darkroom.domain.model.errors import (
    DarkroomError,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    LedgerUnavailable,
    OutcomeUnknown,
    PromptRejected,
    Superseded,
    UnusableImage,
    plain,
)
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.model_card import ModelCard

# Other methods share one label, since clients may invent methods.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_DAY: Final = 24 * 60 * 60  # seconds
_NONE: Final = "none"
_PROBLEMS: Final = (GeneratorRefused, GeneratorUnavailable, PromptRejected, OutcomeUnknown, UnusableImage)

_own_time: Final[ContextVar[OwnTime | None]] = ContextVar("own_time", default=None)


class MetricsWatcher(Watcher):
    """Updates the metrics."""

    def __init__(self, instruments: Instruments, clock: Callable[[], datetime]) -> None:
        self._instruments, self._ends, self._clock = instruments, Ends(instruments), clock

    def expect(self, cards: Iterable[ModelCard], chains: Mapping[str, Sequence[str]], refusals: Iterable[str]) -> None:
        """Create the counters of expected events at 0: Prometheus sees no increase in a counter's first sample.

        `chains` as for `Ends.expect`; `refusals` are the reasons for which connections are closed.
        """
        cards = tuple(cards)
        self._ends.expect(cards, chains)
        self._show_endings(cards, chains)
        for generator, step, problem in product({card.generator for card in cards}, ("submit", "collect"), _PROBLEMS):
            self._instruments.provider_faults.labels(generator, step, problem.code)
        for call in ("put", "link", "delete"):
            self._instruments.storage_faults.labels(call)
        for call in ("put", "get", "remove"):
            self._instruments.spool_faults.labels(call)
        for call in ("receive", "record", "find"):
            self._instruments.ledger_faults.labels(call)
        for reason in refusals:
            self._instruments.refused.labels(reason)
        for outcome in get_args(WebhookOutcome):
            self._instruments.webhooks.labels(outcome)

    def _show_endings(self, cards: Iterable[ModelCard], chains: Mapping[str, Sequence[str]]) -> None:
        """Set the gauge of the models' last days; aliases are left out."""
        for card in cards:
            version = card.version.value
            if card.ends and chains[version][0] == version:
                last_day = datetime.combine(card.ends, datetime.min.time(), UTC)
                self._instruments.model_ends.labels(version, card.generator).set(last_day.timestamp() + _DAY)

    def expect_faults(self, addresses: Iterable[tuple[str, str]]) -> None:
        """Create the counters of internal errors at 0; `addresses` are the methods that are answered, with routes."""
        for method, route in addresses:
            self._instruments.requests.labels(method, route, "500", "internal")

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        del headers
        yield self._answered

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        own = OwnTime()
        before = (self._clock() - generation.created_at).total_seconds()
        token = _own_time.set(own)
        try:
            yield
        finally:
            _own_time.reset(token)
        if generation.revision == 0:  # otherwise a dead process has worked on it before
            self._instruments.own.observe(max(before, 0) + own.seconds)

    @contextmanager
    def call(self, call: Call) -> Iterator[Step]:
        match call.port:
            case "provider":
                yield from self._provider(call)
            case "storage":
                yield from self._storage(call)
            case "spool":
                yield from self._spool(call)
            case "ledger":
                yield from self._ledger(call)
            case "http":
                yield from self._http(call)

    def recorded(self, generation: Generation) -> None:
        self._ends.count(generation)

    def settling(self, generations: int) -> None:
        self._instruments.settled.inc(generations)

    def refused(self, reason: str) -> None:
        self._instruments.refused.labels(reason).inc()

    def webhook(self, outcome: WebhookOutcome) -> None:
        self._instruments.webhooks.labels(outcome).inc()

    def _provider(self, call: Call) -> Iterator[Step]:
        waited = 0.0

        @contextmanager
        def step() -> Iterator[None]:
            nonlocal waited
            began = time.perf_counter()
            try:
                with _waiting_for("provider"):
                    yield
            finally:
                waited += time.perf_counter() - began

        generator = call.about["generator"]
        try:
            yield step
        except DrawingFailed as failure:
            self._instruments.provider_faults.labels(generator, call.name, plain(failure).code).inc()
            raise
        finally:
            self._instruments.provider.labels(generator, call.name).observe(waited)

    def _storage(self, call: Call) -> Iterator[Step]:
        try:
            with self._instruments.storage.labels(call.name).time():
                yield lambda: _waiting_for(call.about["key"])
        except Exception:
            self._instruments.storage_faults.labels(call.name).inc()
            raise

    def _spool(self, call: Call) -> Iterator[Step]:
        try:
            yield nullcontext
        except Exception:
            self._instruments.spool_faults.labels(call.name).inc()
            raise

    def _ledger(self, call: Call) -> Iterator[Step]:
        try:
            with self._instruments.ledger.labels(call.name).time():
                yield nullcontext
        except Exception as fault:
            if isinstance(fault, DarkroomError | Superseded) and not isinstance(fault, LedgerUnavailable):
                raise  # an answer of the ledger, not a fault
            self._instruments.ledger_faults.labels(call.name).inc()
            raise

    def _http(self, call: Call) -> Iterator[Step]:
        try:
            yield nullcontext
        finally:
            self._instruments.provider_requests.labels(call.name, str(call.status or _NONE)).inc()

    def _answered(
        self, *, method: str, route: str | None, status: int | None, problem: str | None, seconds: float
    ) -> None:
        known, template = method if method in _METHODS else "other", route or _NONE
        self._instruments.requests.labels(known, template, str(status or _NONE), problem or _NONE).inc()
        self._instruments.request_seconds.labels(known, template).observe(seconds)


def _waiting_for(what: object) -> AbstractContextManager[None]:
    own = _own_time.get()
    return own.waiting_for(what) if own else nullcontext()
