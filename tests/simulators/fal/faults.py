"""fal's own faults: refusals, results that are errors, and answers to polls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulators.exchange import AnsweredExchange
from simulators.faults import wire
from simulators.faults.fault import AfterCharge, AnswerAct, AnyFault, BeforeCharge, Fault, Options
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.paid_call import HTML
from simulators.faults.poll import OfPoll, poll_with, poll_without, polls, without


class OfResult(Fault[AnswerAct]):
    """A fault that replaces the result of a completed order."""

    stage = "result of an order"


REFUSALS: dict[str, tuple[int, object]] = {
    "unauthenticated": (401, "Cannot access application. Authentication is required."),
    "locked": (403, "User is locked. Reason: Exhausted balance."),
    "not-found": (404, "Application not found"),
    "throttled": (429, "Too many requests"),
}
"""Errors by the name of their fault without `error-`: no order is accepted."""

SERVER_ERRORS: dict[str, int] = {
    "request-timeout": 504,
    "startup-timeout": 504,
    "runner-scheduling-failure": 503,
    "runner-disconnected": 503,
    "runner-incomplete-response": 502,
    "runner-server-error": 500,
    "internal-error": 500,
}
"""The statuses of fal's own errors by type; they are not charged."""

NOT_CHARGED = frozenset(f"result-{name}" for name in (*SERVER_ERRORS, "error-in-header"))


def _detail(type_: str, **also: object) -> dict[str, object]:
    return {"detail": [{"loc": ["body", "prompt"], "msg": "It cannot be.", "type": type_, "input": "x", **also}]}


def _own_error(name: str) -> dict[str, object]:
    return {"detail": f"It failed: {name}.", "error_type": name.replace("-", "_")}


def _saying(**members: object) -> AnswerAct:
    return changing(lambda order: {**order, **members})


def _result(name: str, sentence: str, act: AnswerAct) -> OfResult:
    return OfResult(f"result-{name}", sentence, act)


def _changed(name: str, sentence: str, change: Callable[[dict[str, Any]], object]) -> OfResult:
    return _result(name, sentence, changing(change))


def _images(name: str, sentence: str, images: object) -> OfResult:
    return _changed(name, sentence, lambda result: {**result, "images": images})


async def elsewhere(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    there = {name: f"{exchange.elsewhere}/{name}" for name in ("status_url", "response_url", "cancel_url")}
    return web.json_response({"status": "IN_QUEUE", "request_id": "1", **there})


def _as_single(result: dict[str, Any]) -> object:
    images = result.pop("images")
    return result | ({"image": images[0]} if images else {})


FAL_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"{status}: {detail}", saying_instead({"detail": detail}, status))
        for name, (status, detail) in REFUSALS.items()
    ),
    AfterCharge("order-without-status-url", "An order without `status_url`.", changing(without("status_url"))),
    AfterCharge("order-with-number", "An order whose `status_url` is a number.", _saying(status_url=7)),
    AfterCharge("order-with-garbage", "A `cancel_url` that is not a URL.", _saying(cancel_url="http://[")),
    AfterCharge("order-elsewhere", "An order whose URLs name another host.", elsewhere),
    poll_with("never-ending", "The order stays in progress.", status="IN_PROGRESS"),
    poll_with("status-unknown", "The status is not documented.", status="PONDERING"),
    poll_without("status-missing", "The answer has no status.", "status"),
    *polls(401, 403, 404, 410, 429, 500, 503),
    *(
        _result(name, f"{status}, {name}.", saying_instead(_own_error(name), status))
        for name, status in SERVER_ERRORS.items()
    ),
    _result(
        "error-in-header",
        "500 with the type of the error in a header.",
        saying_instead({"detail": "No."}, 500, {"X-Fal-Error-Type": "internal_error"}),
    ),
    _result("ingress-page", "502 with an HTML page, as from the ingress.", wire.replying(HTML, "text/html", 502)),
    _result("error-unexplained", "503 with JSON without details.", saying_instead({"error": "internal"}, 503)),
    _result("html", "200 with a page of HTML.", wire.replying(HTML, "text/html")),
    _result("taken-back", "499, client_cancelled.", saying_instead(_own_error("client-cancelled"), 499)),
    _result("policy", "422, content_policy_violation.", saying_instead(_detail("content_policy_violation"), 422)),
    _result("value-error", "422, value_error.", saying_instead(_detail("value_error"), 422)),
    _result("missing-input", "422, missing.", saying_instead(_detail("missing"), 422)),
    _result("gone", "404.", saying_instead({"detail": "Not found"}, 404)),
    _changed(
        "flagged", "The safety checker made the image black.", lambda result: {**result, "has_nsfw_concepts": [True]}
    ),
    _changed("single-image", "`image` instead of `images`.", _as_single),
    _changed("images-missing", "A result without `images`.", without("images")),
    _images("images-null", "`images` is null.", None),
    _images("images-object", "`images` is an object.", {}),
    _images("images-of-strings", "`images` are strings.", ["https://v3.fal.media/x"]),
    _images("without-url", "An image without `url`.", [{"width": 1}]),
    _images("url-huge", "A link of 10 kB.", [{"url": f"https://x/{'x' * 10_000}"}]),
)
"""All faults of fal; those of polling for the status are of the class `OfPoll`."""

__all__ = ["FAL_MENU", "NOT_CHARGED", "REFUSALS", "OfPoll", "OfResult"]
