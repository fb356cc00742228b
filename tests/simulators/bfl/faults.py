"""BFL's own faults: refusals, ends of tasks, and answers to polls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulators.exchange import AnsweredExchange
from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Options
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.poll import OfPoll, polls, told, untold, without

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


async def at_its_own_host(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    url = f"http://{exchange.request.host}/v1/get_result?id=1"
    return web.json_response({"id": "1", "polling_url": url, "cost": 3})


BFL_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"{status}: {detail}", saying_instead({"detail": detail}, status))
        for name, (status, detail) in REFUSALS.items()
    ),
    _url("missing", "A task without a polling URL.", without("polling_url")),
    _url("number", "A polling URL that is a number.", lambda order: {**order, "polling_url": 7}),
    _url(
        "stranger", "A polling URL of a stranger.", lambda order: {**order, "polling_url": "https://bfl.ai.example/x"}
    ),
    AfterCharge("cost-missing", "A task that does not say what it costs.", changing(without("cost"))),
    AfterCharge("polling-own-host", "A polling URL of the host that it was ordered from.", at_its_own_host),
    told("request-moderated", "It was held back before it was drawn.", status="Request Moderated", **REASONS),
    told("content-moderated", "It was held back once it was drawn.", status="Content Moderated", **REASONS),
    told("error", "It has failed.", status="Error", result=None, details=None),
    told("failed", "It has failed, in other words.", status="Failed", result=None),
    told("not-found-any-more", "The task is not known any more.", status="Task not found", result=None),
    told("never-ending", "It is pending, for ever.", status="Pending", result=None),
    told("status-unknown", "Its status is one that is not documented.", status="Pondering"),
    untold("status-missing", "It has no status.", "status"),
    told("result-null", "It is ready without a result.", status="Ready", result=None),
    told("result-list", "It is ready, and its result is a list.", status="Ready", result=[]),
    _result("sample-null", "Its link is null.", sample=None),
    _result("sample-number", "Its link is a number.", sample=7),
    _result("sample-huge", "Its link has 10 kB.", sample=f"https://x/{'x' * 10_000}"),
    *polls(401, 403, 404, 410, 429, 500, 503),
)
