"""Faults of the spool are counted by the call that failed."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.watching.metrics.instruments import Instruments
from darkroom.adapters.watching.metrics.watcher import MetricsWatcher
from darkroom.adapters.watching.ports.spool import WatchedImageSpool
from darkroom.domain.model.errors import StorageFault
from darkroom.entrypoints.container.clock import now


class ReadOnly(InMemoryImageSpool):
    """A spool that can be read but not written; it raises any exception, listed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.raises: Exception = StorageFault("read-only")

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        raise self.raises


async def test_any_exception_is_counted_as_a_fault() -> None:
    registry, spool = CollectorRegistry(), ReadOnly()
    watcher = MetricsWatcher(Instruments(registry), now)
    watcher.expect((), {}, ())
    watched = WatchedImageSpool(spool, watcher)

    def faults(call: str) -> float | None:
        return registry.get_sample_value("darkroom_spool_faults_total", {"call": call})

    assert (faults("put"), faults("get"), faults("remove")) == (0, 0, 0)
    for fault in (StorageFault("read-only"), MemoryError()):
        spool.raises = fault
        with pytest.raises(type(fault)):
            await watched.put("id", 0, b"image")
    assert await watched.get("id", 0) is None
    assert (faults("put"), faults("get"), faults("remove")) == (2, 0, 0)
