"""Replicate's own faults: its errors, ends of predictions, and answers to polls."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from simulators.exchange import AnsweredExchange
from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Options
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.poll import OfPoll, poll_with, poll_without, polls, without
from simulators.replicate.errors import (
    NO_CREDIT,
    NO_SUCH_VERSION,
    NOT_FOUND,
    THROTTLED,
    UNAUTHENTICATED,
    ReplicateError,
    invalid_input,
)

REFUSALS: dict[str, ReplicateError] = {
    "unauthenticated": UNAUTHENTICATED,
    "no-credit": NO_CREDIT,
    "not-found": NOT_FOUND,
    "no-such-version": NO_SUCH_VERSION,
    "invalid-input": invalid_input("- input.seed: Invalid type. Expected: integer, given: string"),
    "throttled": THROTTLED,
}
"""Errors by the name of their fault without `error-`: no prediction is created."""

NSFW = "NSFW content detected. Try running it again, or try a different prompt."
SENSITIVE = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"


def _created(name: str, sentence: str, prediction_id: object) -> AfterCharge:
    return AfterCharge(f"created-{name}", sentence, changing(lambda prediction: {**prediction, "id": prediction_id}))


async def polled_elsewhere(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    prediction = json.loads(exchange.answer.body)
    url = f"{exchange.elsewhere}/v1/predictions/{prediction['id']}"
    return web.json_response({**prediction, "urls": {"get": url, "cancel": f"{url}/cancel"}}, status=201)


def _not_begun(prediction: dict[str, Any]) -> object:
    status = "canceled" if prediction["status"] == "canceled" else "starting"
    return {**prediction, "status": status, "started_at": None, "output": None, "metrics": {}}


REPLICATE_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"{error.status}: {error.detail}", saying_instead(error.body, error.status))
        for name, error in REFUSALS.items()
    ),
    AfterCharge("created-without-id", "A prediction without an `id`.", changing(without("id"))),
    _created("with-number", "A prediction whose `id` is a number.", 7),
    _created("with-path", "A prediction whose `id` is a path to another resource.", "../account?"),
    AfterCharge("created-elsewhere", "A prediction whose `urls` name another host.", polled_elsewhere),
    poll_with("failed", "The prediction failed.", status="failed", output=None, error="CUDA out of memory"),
    poll_with("failed-silently", "The prediction failed without a reason.", status="failed", output=None),
    poll_with("failed-nsfw", f"The prediction failed: {NSFW}", status="failed", output=None, error=NSFW),
    poll_with("failed-sensitive", f"The prediction failed: {SENSITIVE}", status="failed", output=None, error=SENSITIVE),
    poll_with("canceled", "Another client cancelled the prediction.", status="canceled", output=None),
    poll_with(
        "canceled-before-it-began",
        "Another client cancelled the prediction before it began.",
        status="canceled",
        started_at=None,
        output=None,
        metrics={},
    ),
    OfPoll("never-begins", "The prediction stays in the status starting until it is cancelled.", changing(_not_begun)),
    poll_with("aborted", "The prediction was aborted before it began.", status="aborted", output=None),
    poll_with(
        "data-removed", "The prediction's data has been removed.", status="succeeded", data_removed=True, output=None
    ),
    poll_with("never-ending", "The prediction stays in the status processing.", status="processing", output=None),
    poll_with("status-unknown", "The status is not documented.", status="pondering"),
    poll_without("status-missing", "The answer has no status.", "status"),
    poll_with("output-null", "The prediction succeeded without output.", status="succeeded", output=None),
    poll_with("output-object", "The output is an object.", status="succeeded", output={"image": 1}),
    poll_with("output-of-numbers", "The output is a list of numbers.", status="succeeded", output=[1]),
    poll_with("output-huge", "The output is a link of 10 kB.", status="succeeded", output=f"https://x/{'x' * 10_000}"),
    *polls(401, 403, 404, 410, 429, 500, 503),
)
