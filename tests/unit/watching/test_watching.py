from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AbstractContextManager

import pytest
from prometheus_client import CollectorRegistry

from conformance.generations import received
from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.entrypoints.container.watching import Watching, open_watching
from darkroom.entrypoints.logs import JsonFormatter, carrying
from darkroom.entrypoints.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"


def line() -> str:
    return JsonFormatter().format(logging.makeLogRecord({"msg": "x", "request_id": "said by itself"}))


async def test_log_lines_of_a_task_carry_the_context_in_which_it_started() -> None:
    may_go_on = asyncio.Event()

    async def later() -> str:
        await may_go_on.wait()
        return line()

    with carrying(request_id="r", trace_id="t"), carrying(generation="g", trace_id=None):
        begun = asyncio.create_task(later())
    may_go_on.set()
    assert '"trace_id": "t", "generation": "g"' in await begun
    assert '"request_id": "said by itself"' in await begun
    assert "trace_id" not in line()


def test_log_lines_name_their_request_and_generation() -> None:
    generation = received()
    watching = Watching()
    headers = [(b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())]
    with watching.request(headers), watching.generation(generation):
        assert f'"trace_id": "{TRACE}", "generation": "{generation.id}"' in line()


def test_without_watchers_ports_are_not_wrapped() -> None:
    generator, storage, ledger = InMemoryImageGenerator(), InMemoryImageStorage(), InMemoryGenerationLedger()
    watching = Watching()
    assert watching.generator(generator) is generator
    assert watching.storage(storage) is storage
    assert watching.ledger(ledger) is ledger


async def test_without_the_extra_it_is_logged_that_no_traces_are_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "darkroom.adapters.watching.tracing", None)
    settings = Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    async with open_watching(settings, CollectorRegistry()) as watching:
        request: AbstractContextManager[object] = watching.request([])
        with request:
            assert "no traces are sent" in caplog.text
            assert ".venv/bin/python -m pip install --editable '.[otel]'" in caplog.text
