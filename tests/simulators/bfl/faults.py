"""BFL's own faults: refusals, ends of tasks, and answers to polls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulators.exchange import AnsweredExchange
from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Options
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.poll import OfPoll, poll_with, poll_without, polls, without

REFUSALS: dict[str, tuple[int, object]] = {
    "key": (403, "Not authenticated - Invalid Authentication"),
    "no-credits": (402, "Insufficient credits"),
    "not-found": (404, "Not Found"),
    "unprocessable": (422, [{"loc": ["body", "width"], "msg": "must be a multiple of 16", "type": "value_error"}]),
    "too-many-tasks": (429, "Too many active tasks"),
}
"""Errors by the name of their fault without `error-`: no task is begun."""

REASONS: dict[str, object] = {"result": None, "details": {"Moderation Reasons": ["Derivative Works Filter"]}}


def _result(name: str, sentence: str, **members: object) -> OfPoll:
    def change(task: dict[str, Any]) -> object:
        return {**task, "result": {**task["result"], **members}} if task.get("result") else task

    return OfPoll(name, sentence, changing(change))


def _url(name: str, sentence: str, change: Callable[[dict[str, Any]], object]) -> AfterCharge:
    return AfterCharge(f"polling-{name}", sentence, changing(change))


def _polled_at(origin: str) -> web.StreamResponse:
    return web.json_response({"id": "1", "polling_url": f"{origin}/v1/get_result?id=1", "cost": 3})


async def at_another_host(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    return _polled_at(exchange.elsewhere)


async def at_its_own_host(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    return _polled_at(f"http://{exchange.request.host}")


BFL_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"{status}: {detail}", saying_instead({"detail": detail}, status))
        for name, (status, detail) in REFUSALS.items()
    ),
    _url("missing", "A task without a polling URL.", without("polling_url")),
    _url("number", "A polling URL that is a number.", lambda order: {**order, "polling_url": 7}),
    AfterCharge("polling-stranger", "A polling URL on another host.", at_another_host),
    AfterCharge("cost-missing", "A task that does not say what it costs.", changing(without("cost"))),
    AfterCharge("polling-own-host", "A polling URL on the host that took the order.", at_its_own_host),
    poll_with(
        "request-moderated",
        "Moderation rejected the prompt before anything was drawn.",
        status="Request Moderated",
        **REASONS,
    ),
    poll_with(
        "content-moderated", "Moderation withheld the image after it was drawn.", status="Content Moderated", **REASONS
    ),
    poll_with("error", "The task failed with the status Error.", status="Error", result=None, details=None),
    poll_with("failed", "The task failed with the status Failed.", status="Failed", result=None),
    poll_with("not-found-any-more", "The task is no longer known.", status="Task not found", result=None),
    poll_with("never-ending", "The task stays pending.", status="Pending", result=None),
    poll_with("status-unknown", "The status is not documented.", status="Pondering"),
    poll_without("status-missing", "The answer has no status.", "status"),
    poll_with("result-null", "The task is ready, but has no result.", status="Ready", result=None),
    poll_with("result-list", "The task is ready, but its result is a list.", status="Ready", result=[]),
    _result("sample-null", "The link is null.", sample=None),
    _result("sample-number", "The link is a number.", sample=7),
    _result("sample-huge", "A link of 10 kB.", sample=f"https://x/{'x' * 10_000}"),
    *polls(401, 403, 404, 410, 429, 500, 503),
)
