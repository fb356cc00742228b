"""Gauges, which are updated periodically."""

from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.domain.model.money import Money
from darkroom.domain.use_cases.work import Work


class Gauges:
    """Sets the gauges of running and waiting work, and of their limits."""

    def __init__(
        self,
        instruments: Instruments,
        work: Work,
        *,
        max_in_flight: int,
        max_queued: int,
        max_streams: int,
        spool_mark: float,
        spend_per_day: Money | None,
    ) -> None:
        """`spool_mark`: bytes in the spool from which on no orders are accepted."""
        self._instruments, self._work = instruments, work
        instruments.in_flight_limit.set(max_in_flight)
        instruments.queue_limit.set(max_queued)
        instruments.streams_limit.set(max_streams)
        instruments.spool_mark.set(spool_mark)
        if spend_per_day:
            instruments.spend_limit.labels(spend_per_day.currency).set(float(spend_per_day.amount))

    def show(self, *, streams: int, spool_images: int, spool_bytes: int, out_of_reach: int) -> None:
        """Set the gauges to the current values."""
        self._instruments.in_flight.set(self._work.admission.in_flight)
        self._instruments.queued.set(self._work.admission.queued)
        self._instruments.being_stored.set(self._work.being_stored)
        self._instruments.streams.set(streams)
        self._instruments.spool_images.set(spool_images)
        self._instruments.spool_bytes.set(spool_bytes)
        self._instruments.out_of_reach.set(out_of_reach)
