"""A trace is continued through the service to the provider and the storage, and its spans are exported."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from harness.waiting import until
from integration.cli.command_line import CommandLine
from integration.watching.ordering import PROMPT, order, with_karlo
from servers.darkroom import Darkroom
from servers.otlp import TraceReceiver, trace_receiver
from simulators.karlo import KarloSimulator

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SENT = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "r-1"}


async def serving(shell: CommandLine, **settings: str) -> Darkroom:
    return await asyncio.to_thread(shell.serve, **settings)


def lines(darkroom: Darkroom) -> list[dict[str, Any]]:
    return [json.loads(line) for line in darkroom.stderr.splitlines()]


async def test_a_trace_is_continued_and_passed_on(
    shell: CommandLine, karlo: KarloSimulator, traces: TraceReceiver
) -> None:
    settings = with_karlo(karlo, OTEL_EXPORTER_OTLP_ENDPOINT=traces.endpoint, OTEL_BSP_SCHEDULE_DELAY="50")
    darkroom = await serving(shell, **settings)
    answer = await order(darkroom.port, samples=2, headers=SENT)
    assert answer.status_code == 200
    await until(lambda: bool(traces.named("POST /api/images") and traces.named("generation")))  # each ends its own way

    spans = {span.id: span for span in traces.spans}
    assert {span.trace for span in spans.values()} == {TRACE}
    assert {span.service for span in spans.values()} == {"darkroom"}
    (server,), (generation,) = traces.named("POST /api/images"), traces.named("generation")
    assert (server.parent, generation.parent) == (CALLER, server.id)
    (submit,), (collect,) = traces.named("provider submit"), traces.named("provider collect")
    assert {submit.parent, collect.parent} == {generation.id}
    assert submit.attributes["darkroom.generator"] == "karlo"
    (pay,), fetches, puts = traces.named("http pay"), traces.named("http fetch"), traces.named("storage put")
    assert pay.parent == submit.id
    assert [fetch.parent for fetch in fetches] == [collect.id] * 2
    assert [fetch.attributes["http.response.status_code"] for fetch in fetches] == [200, 200]
    assert [put.parent for put in puts] == [generation.id] * 2
    assert traces.named("ledger receive")[0].parent == server.id
    assert all(span.parent == generation.id for span in traces.named("ledger record"))
    assert not any(span.failed for span in spans.values())

    assert [call.headers["traceparent"] for call in karlo.calls] == [f"00-{TRACE}-{pay.id}-01"]
    assert {fetch.headers["traceparent"] for fetch in karlo.fetches} == {f"00-{TRACE}-{one.id}-01" for one in fetches}


async def test_no_prompt_and_no_secret_is_in_a_span(
    shell: CommandLine, karlo: KarloSimulator, traces: TraceReceiver
) -> None:
    karlo.faults.set("reset-after-charge")
    settings = with_karlo(karlo, OTEL_EXPORTER_OTLP_ENDPOINT=traces.endpoint, OTEL_BSP_SCHEDULE_DELAY="50")
    darkroom = await serving(shell, **settings)
    answer = await order(darkroom.port)
    assert answer.json()["type"] == "/problems/outcome-unknown"
    await until(lambda: bool(traces.named("POST /api/images")))
    (submit,), (server,) = traces.named("provider submit"), traces.named("POST /api/images")
    assert submit.failed
    assert submit.attributes["error.type"] == "OutcomeUnknown"
    assert server.failed
    assert server.attributes["error.type"] == "outcome-unknown"
    for secret in (PROMPT, karlo.api_key, "Bearer", "signature="):
        assert secret.encode() not in traces.raw


@pytest.mark.thorough
async def test_spans_do_not_follow_a_redirect(shell: CommandLine, karlo: KarloSimulator, traces: TraceReceiver) -> None:
    async with trace_receiver(redirect_to=f"{traces.endpoint}/v1/traces") as redirecting:
        settings = with_karlo(karlo, OTEL_EXPORTER_OTLP_ENDPOINT=redirecting.endpoint, OTEL_BSP_SCHEDULE_DELAY="50")
        darkroom = await serving(shell, **settings)
        assert (await order(darkroom.port)).status_code == 200
        await until(lambda: redirecting.redirected > 0)
        darkroom.terminate()  # a stop exports what is left
        assert await asyncio.to_thread(darkroom.wait) == 0
    assert traces.raw == b""


@pytest.mark.thorough
async def test_without_a_receiver_a_trace_is_passed_on_unchanged(shell: CommandLine, karlo: KarloSimulator) -> None:
    darkroom = await serving(shell, **with_karlo(karlo))
    await order(darkroom.port, headers=SENT)
    await order(darkroom.port, headers={"traceparent": "00-" + "0" * 32 + "-1-01"})
    await order(darkroom.port)
    assert [call.headers.get("traceparent") for call in karlo.calls] == [SENT["traceparent"], None, None]
    assert [fetch.headers.get("traceparent") for fetch in karlo.fetches] == [SENT["traceparent"], None, None]


async def test_each_log_line_names_its_request_trace_and_generation(shell: CommandLine, karlo: KarloSimulator) -> None:
    karlo.faults.set("fetch-500", times=1)
    darkroom = await serving(shell, **with_karlo(karlo))
    answer = await order(darkroom.port, headers=SENT)
    generation = answer.headers["link"].partition(">")[0].rpartition("/")[2]
    await asyncio.to_thread(darkroom.wait_for, '"status": 200', stream="stderr")  # logged after the answer
    retried, answered = lines(darkroom)
    assert "trying again" in retried["message"]
    assert (retried["request_id"], retried["trace_id"], retried["generation"]) == ("r-1", TRACE, generation)
    assert (answered["request_id"], answered["trace_id"], answered["status"]) == ("r-1", TRACE, 200)


@pytest.mark.thorough
async def test_a_receiver_that_is_away_changes_nothing(shell: CommandLine, karlo: KarloSimulator) -> None:
    settings = with_karlo(karlo, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1")
    darkroom = await serving(shell, **settings)
    assert (await order(darkroom.port)).status_code == 200
    darkroom.terminate()
    assert await asyncio.to_thread(darkroom.wait) == 0
