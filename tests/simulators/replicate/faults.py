"""Replicate's own faults: its errors, ends of predictions, and answers to polls."""

from __future__ import annotations

from typing import Any

from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.poll import OfPoll, polls, told, untold, without
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
    _created("with-path", "A prediction whose `id` leads elsewhere.", "../account?"),
    told("failed", "The prediction has failed.", status="failed", output=None, error="CUDA out of memory"),
    told("failed-silently", "The prediction has failed and says nothing of it.", status="failed", output=None),
    told("failed-nsfw", f"It has failed: {NSFW}", status="failed", output=None, error=NSFW),
    told("failed-sensitive", f"It has failed: {SENSITIVE}", status="failed", output=None, error=SENSITIVE),
    told("canceled", "Somebody has canceled the prediction.", status="canceled", output=None),
    told(
        "canceled-before-it-began",
        "Somebody has canceled the prediction before it began.",
        status="canceled",
        started_at=None,
        output=None,
        metrics={},
    ),
    OfPoll("never-begins", "It is starting until it is taken back.", changing(_not_begun)),
    told("aborted", "The prediction was aborted before it began.", status="aborted", output=None),
    told("data-removed", "Its data has been removed.", status="succeeded", data_removed=True, output=None),
    told("never-ending", "It is processing, for ever.", status="processing", output=None),
    told("status-unknown", "Its status is one that nobody has documented.", status="pondering"),
    untold("status-missing", "It has no status.", "status"),
    told("output-null", "It has succeeded without output.", status="succeeded", output=None),
    told("output-object", "Its output is an object.", status="succeeded", output={"image": 1}),
    told("output-of-numbers", "Its output is a list of numbers.", status="succeeded", output=[1]),
    told("output-huge", "Its output is a link of 10 kB.", status="succeeded", output=f"https://x/{'x' * 10_000}"),
    *polls(401, 403, 404, 410, 429, 500, 503),
)
