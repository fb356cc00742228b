"""All metrics. Labels have few values: never a caller, prompt or id."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_PROVIDER_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 40, 80, 160)
_STORAGE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_LEDGER_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_OWN_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_REQUEST_SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 40, 80, 160)


class Instruments:
    """The metrics, by the names that `docs/watching.md` explains.

    Over several processes, counters, histograms and the gauges of `added_up` are summed; of the gauges of `shared`, the
    maximum is shown.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"darkroom_{name}", about, labels, registry=registry)

        def histogram(name: str, about: str, seconds: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"darkroom_{name}", about, labels, buckets=seconds, registry=registry)

        def added_up(name: str, about: str) -> Gauge:
            return Gauge(f"darkroom_{name}", about, registry=registry, multiprocess_mode="livesum")

        def shared(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(f"darkroom_{name}", about, labels, registry=registry, multiprocess_mode="livemax")

        self.images = counter("images", "Images ordered, by outcome.", "model", "generator", "outcome")
        self.spend = counter("spend", "Money, by whether it was charged.", "model", "currency", "charged")
        self.settled = counter("settled", "Generations that a dead process left unfinished.")
        self.fallbacks = counter("fallbacks", "Generations for which a fallback was asked.", "model", "fallback")
        self.provider = histogram(
            "provider_seconds", "Seconds to submit or to collect.", _PROVIDER_SECONDS, "generator", "step"
        )
        self.provider_faults = counter("provider_faults", "Failed calls to providers.", "generator", "step", "problem")
        self.model_ends = shared(
            "model_ends_timestamp_seconds", "When a provider may remove a model, Unix time.", "model", "generator"
        )
        self.provider_requests = counter(
            "provider_requests", "HTTP requests to providers and the hosts of their images.", "purpose", "status"
        )
        self.own = histogram("own_seconds", "Seconds of a generation without provider and storage.", _OWN_SECONDS)
        self.storage = histogram("storage_seconds", "Seconds of a call to the storage.", _STORAGE_SECONDS, "call")
        self.storage_faults = counter("storage_faults", "Failed calls to the storage.", "call")
        self.spool_faults = counter("spool_faults", "Failed calls to the spool.", "call")
        self.ledger = histogram("ledger_seconds", "Seconds of a call to the ledger.", _LEDGER_SECONDS, "call")
        self.ledger_faults = counter("ledger_faults", "Failed calls to the ledger.", "call")
        self.requests = counter("http_requests", "HTTP requests answered.", "method", "route", "status", "problem")
        self.request_seconds = histogram(
            "http_request_seconds", "Seconds to answer.", _REQUEST_SECONDS, "method", "route"
        )
        self.refused = counter("connections_refused", "Connections closed by the service, by reason.", "reason")
        self.streams = added_up("streams", "Event streams that are open.")
        self.streams_limit = added_up("streams_limit", "Event streams that may be open.")
        self.webhooks = counter("webhooks", "Attempts to deliver webhooks, by outcome.", "outcome")
        self.webhooks_waiting = shared("webhooks_waiting", "Webhooks to be delivered, now or later.")
        self.keys_age = shared("keys_age_seconds", "Seconds since the keys of access tokens were fetched.")
        self.keys_max_age = shared("keys_max_age_seconds", "Seconds for which fetched keys are trusted.")
        self.in_flight = added_up("in_flight", "Generations being drawn.")
        self.in_flight_limit = added_up("in_flight_limit", "Generations that may be drawn at once.")
        self.queued = added_up("queued", "Generations waiting to be drawn.")
        self.queue_limit = added_up("queue_limit", "Generations that may wait to be drawn.")
        self.being_stored = added_up("being_stored", "Generations drawn and on their way to the storage.")
        self.spool_bytes = shared("spool_bytes", "Bytes of drawn images that wait on this machine.")
        self.spool_images = shared("spool_images", "Drawn images that wait on this machine.")
        self.spool_mark = shared("spool_mark_bytes", "Bytes at which no more orders are accepted.")
        self.out_of_reach = shared("generations_out_of_reach", "Generations whose images wait in a spool out of reach.")
        self.spend_limit = shared("spend_limit", "Money that may be spent in 24 hours.", "currency")
