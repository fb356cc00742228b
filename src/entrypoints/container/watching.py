"""Observability: context in log lines always, metrics and traces if the settings ask for them.

Their libraries are imported only then.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from darkroom.adapters.spools.disk import DiskImageSpool
from darkroom.adapters.watching.ports.both import BothWatchers
from darkroom.adapters.watching.ports.generator import WatchedImageGenerator
from darkroom.adapters.watching.ports.handed_on import HandsOnTraces
from darkroom.adapters.watching.ports.ledger import WatchedGenerationLedger
from darkroom.adapters.watching.ports.spool import WatchedImageSpool
from darkroom.adapters.watching.ports.storage import WatchedImageStorage
from darkroom.adapters.watching.ports.watcher import WATCHER, Answered, Headers, Watcher
from darkroom.adapters.watching.ports.webhook_ledger import WatchedWebhookLedger
from darkroom.adapters.watching.trace_context import trace_id
from darkroom.domain.model.generation import Generation
from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageSpool, ImageStorage, WebhookLedger
from darkroom.domain.use_cases.application import Application
from darkroom.entrypoints import logs
from darkroom.entrypoints.container.clock import now
from darkroom.entrypoints.container.models import Models
from darkroom.entrypoints.http.auth.published_keys import PublishedKeys
from darkroom.entrypoints.http.event_stream import StreamRoom
from darkroom.entrypoints.refusals import Refusal
from darkroom.entrypoints.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from darkroom.adapters.watching.metrics.instruments import Instruments
    from darkroom.adapters.watching.metrics.watcher import MetricsWatcher

log = logging.getLogger(__name__)


class LogsWatcher(Watcher):
    """Adds the trace id and the generation to log lines."""

    @contextmanager
    def request(self, headers: Headers) -> Iterator[Answered]:
        with logs.carrying(trace_id=trace_id()), super().request(headers) as answered:
            yield answered

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        with logs.carrying(generation=generation.id, trace_id=trace_id()):
            yield


class Watching:
    """Wraps work in watchers, and ports too if metrics or traces are on."""

    def __init__(self, *, tracing: Watcher | None = None, instruments: "Instruments | None" = None) -> None:
        self._instruments = instruments
        self._metrics = _counting(instruments) if instruments else None
        self._looks_at_calls = bool(tracing or self._metrics)
        watcher: Watcher = BothWatchers(tracing or HandsOnTraces(), LogsWatcher())
        self._watcher = BothWatchers(watcher, self._metrics) if self._metrics else watcher
        self._shown: list[Callable[[], None]] = []

    def generator(self, generator: ImageGenerator) -> ImageGenerator:
        """Return the port, wrapped in watchers if metrics or traces are on."""
        return WatchedImageGenerator(generator, self._watcher) if self._looks_at_calls else generator

    def storage(self, storage: ImageStorage) -> ImageStorage:
        """Return the port, wrapped in watchers if metrics or traces are on."""
        return WatchedImageStorage(storage, self._watcher) if self._looks_at_calls else storage

    def spool(self, spool: ImageSpool) -> ImageSpool:
        """Return the port, wrapped in watchers if metrics are on."""
        return WatchedImageSpool(spool, self._watcher) if self._metrics else spool

    def ledger(self, ledger: GenerationLedger) -> GenerationLedger:
        """Return the port, wrapped in watchers if metrics or traces are on."""
        return WatchedGenerationLedger(ledger, self._watcher) if self._looks_at_calls else ledger

    def webhooks(self, ledger: WebhookLedger) -> WebhookLedger:
        """Return the port, wrapped in watchers if metrics are on."""
        return WatchedWebhookLedger(ledger, self._watcher) if self._metrics else ledger

    def keys(self, keys: PublishedKeys) -> None:
        """Show the age of the published keys in the metrics from now on."""
        if self._instruments:
            age = self._instruments.keys_age
            self._instruments.keys_max_age.set(keys.max_age)
            self._shown.append(lambda: age.set(keys.age))

    def refused(self, refusal: Refusal) -> None:
        """Note that we closed a connection."""
        self._watcher.refused(refusal.reason)

    def request(self, headers: Headers) -> AbstractContextManager[Answered]:
        """Return a context manager that watches a request until its answer."""
        return self._watcher.request(headers)

    @contextmanager
    def generation(self, generation: Generation) -> Iterator[None]:
        """Watch the work on a generation within the block."""
        token = WATCHER.set(self._watcher)
        try:
            with self._watcher.generation(generation):
                yield
        finally:
            WATCHER.reset(token)

    def addresses(self, addresses: Iterable[tuple[str, str]]) -> None:
        """Note the methods that are supported, each with its route, for the metrics."""
        if self._metrics:
            self._metrics.expect_faults(addresses)

    def begin(
        self,
        settings: Settings,
        models: Models,
        application: Application,
        streams: StreamRoom,
        spool: DiskImageSpool,
    ) -> None:
        """Show the models on offer and the limits in the metrics, and the present load from now on."""
        if self._instruments is None or self._metrics is None:
            return
        from darkroom.adapters.watching.metrics.gauges import Gauges

        self._metrics.expect(models.cards.values(), models.chains, [refusal.reason for refusal in Refusal])
        gauges = Gauges(
            self._instruments,
            application.generate.work,
            max_in_flight=settings.limits.max_in_flight,
            max_queued=settings.limits.max_queued,
            max_streams=streams.most,
            spool_mark=spool.mark,
            spend_per_day=settings.limits.spend_per_day,
        )
        self._shown.append(
            lambda: gauges.show(
                streams=streams.taken,
                spool_images=spool.counted.images,
                spool_bytes=spool.counted.bytes,
                out_of_reach=application.lost.out_of_reach,
            )
        )

    async def show(self) -> None:
        """Update the gauges; call it regularly."""
        for show in self._shown:
            show()

    async def show_waiting(self, ledger: WebhookLedger) -> None:
        """Update the gauge of waiting webhooks; call it less often, as the ledger has to count them."""
        if self._instruments:
            self._instruments.webhooks_waiting.set((await ledger.backlog()).waiting)


@asynccontextmanager
async def open_watching(settings: Settings, registry: "CollectorRegistry | None") -> AsyncIterator[Watching]:
    """Yield the watchers; `registry` collects the metrics, None if none are wanted."""
    instruments = _instruments(registry) if registry else None
    if settings.watching.otlp_endpoint is None:
        yield Watching(instruments=instruments)
        return
    try:
        from darkroom.adapters.watching.tracing import TracingWatcher, open_tracer
    except ModuleNotFoundError as missing:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent: %s; install it with "
            ".venv/bin/python -m pip install --editable '.[otel]'",
            missing,
        )
        yield Watching(instruments=instruments)
        return
    async with open_tracer() as tracer:
        yield Watching(instruments=instruments, tracing=TracingWatcher(tracer))


def _instruments(registry: "CollectorRegistry") -> "Instruments":
    from darkroom.adapters.watching.metrics.instruments import Instruments

    return Instruments(registry)


def _counting(instruments: "Instruments") -> "MetricsWatcher":
    from darkroom.adapters.watching.metrics.watcher import MetricsWatcher

    return MetricsWatcher(instruments, now)
