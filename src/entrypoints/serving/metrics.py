"""The listener that Prometheus scrapes: one for all processes of a service.

Workers write their metrics to memory-mapped files, which outlive them; the parent adds them up. Each worker has a seat.
The successor of a worker that died continues the files of its seat, so no counter goes backwards, and files do not
accumulate.

Without the metrics listener, Prometheus's client is not imported: it brings its own web servers.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.entrypoints.container.data_folder import data_folder
from darkroom.entrypoints.settings import BadSettings, Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


@contextmanager
def metrics_listener(settings: Settings) -> Iterator["CollectorRegistry | None"]:
    """Answer scrapes within the block, and yield the registry for a service without workers.

    It yields None if no metrics port is set.

    Raises:
        BadSettings: the address is in use, or not one of this machine.
    """
    host, port = settings.watching.metrics_host or settings.service.host, settings.watching.metrics_port
    if port is None:
        yield None
        return
    from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as fault:
        raise BadSettings(
            f"DARKROOM_METRICS_HOST and DARKROOM_METRICS_PORT must be an address that is free, not {host}, "
            f"port {port}: {fault.strerror}"
        ) from fault
    try:
        if settings.workers > 1:
            folder = _folder(settings)
            # We hold the port, so no other service uses the folder that the last one left.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def counting_at_seat(settings: Settings, seat: str) -> "CollectorRegistry | None":
    """Return the registry of a worker, whose files its parent reads; None if no metrics port is set.

    Call it before anything is counted.
    """
    if settings.watching.metrics_port is None:
        return None
    from prometheus_client import CollectorRegistry, values

    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_folder(settings))
    values.ValueClass = values.MultiProcessValue(lambda: seat)  # type: ignore[no-untyped-call]
    return CollectorRegistry()


def seat_is_empty(settings: Settings, seat: str) -> None:
    """Remove the gauges of a worker that has ended."""
    if settings.watching.metrics_port is not None:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(seat, str(_folder(settings)))  # type: ignore[no-untyped-call]


def _folder(settings: Settings) -> Path:
    return data_folder(settings) / f"metrics-{settings.watching.metrics_port}"
