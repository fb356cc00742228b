"""Replicate's own faults: its errors, ends of predictions, and whatever may come while one asks about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.faults import wire
from simulators.faults.fault import AfterCharge, AnswerAct, AnyFault, BeforeCharge, Fault
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.paid_call import DEEP, HTML, NOT_TEXT
from simulators.replicate.errors import (
    NO_CREDIT,
    NO_SUCH_VERSION,
    NOT_FOUND,
    THROTTLED,
    UNAUTHENTICATED,
    ReplicateError,
    invalid_input,
)


class OfPoll(Fault[AnswerAct]):
    """Instead of what is said of a prediction, whether it was asked about or taken back."""

    stage = "poll of a prediction"


REFUSALS: dict[str, ReplicateError] = {
    "unauthenticated": UNAUTHENTICATED,
    "no-credit": NO_CREDIT,
    "not-found": NOT_FOUND,
    "no-such-version": NO_SUCH_VERSION,
    "invalid-input": invalid_input("- input.seed: Invalid type. Expected: integer, given: string"),
    "throttled": THROTTLED,
}
"""By the name of their fault, after `error-`: no prediction is created."""

NSFW = "NSFW content detected. Try running it again, or try a different prompt."
SENSITIVE = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"


def _created(name: str, sentence: str, prediction_id: object) -> AfterCharge:
    return AfterCharge(f"created-{name}", sentence, changing(lambda prediction: {**prediction, "id": prediction_id}))


def _told(name: str, sentence: str, **members: object) -> OfPoll:
    """A prediction told with other members than it has."""
    return OfPoll(name, sentence, changing(lambda prediction: {**prediction, **members}))


def _not_begun(prediction: dict[str, Any]) -> object:
    status = "canceled" if prediction["status"] == "canceled" else "starting"
    return {**prediction, "status": status, "started_at": None, "output": None, "metrics": {}}


def _poll(name: str, sentence: str, act: AnswerAct, *reads: str) -> OfPoll:
    return OfPoll(f"poll-{name}", sentence, act, reads)


def _without(member: str) -> Callable[[dict[str, Any]], object]:
    return lambda prediction: {name: value for name, value in prediction.items() if name != member}


REPLICATE_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"{error.status}: {error.detail}", saying_instead(error.body, error.status))
        for name, error in REFUSALS.items()
    ),
    AfterCharge("created-without-id", "A prediction without an `id`.", changing(_without("id"))),
    _created("with-number", "A prediction whose `id` is a number.", 7),
    _created("with-path", "A prediction whose `id` leads elsewhere.", "../account?"),
    _told("failed", "The prediction has failed.", status="failed", output=None, error="CUDA out of memory"),
    _told("failed-silently", "The prediction has failed and says nothing of it.", status="failed", output=None),
    _told("failed-nsfw", f"It has failed: {NSFW}", status="failed", output=None, error=NSFW),
    _told("failed-sensitive", f"It has failed: {SENSITIVE}", status="failed", output=None, error=SENSITIVE),
    _told("canceled", "Somebody has canceled the prediction.", status="canceled", output=None),
    _told(
        "canceled-before-it-began",
        "Somebody has canceled the prediction before it began.",
        status="canceled",
        started_at=None,
        output=None,
        metrics={},
    ),
    OfPoll("never-begins", "It is starting until it is taken back.", changing(_not_begun)),
    _told("aborted", "The prediction was aborted before it began.", status="aborted", output=None),
    _told("data-removed", "Its data has been removed.", status="succeeded", data_removed=True, output=None),
    _told("never-ending", "It is processing, for ever.", status="processing", output=None),
    _told("status-unknown", "Its status is one that nobody has documented.", status="pondering"),
    OfPoll("status-missing", "It has no status.", changing(_without("status"))),
    _told("output-null", "It has succeeded without output.", status="succeeded", output=None),
    _told("output-object", "Its output is an object.", status="succeeded", output={"image": 1}),
    _told("output-of-numbers", "Its output is a list of numbers.", status="succeeded", output=[1]),
    _told("output-huge", "Its output is a link of 10 kB.", status="succeeded", output=f"https://x/{'x' * 10_000}"),
    *(
        _poll(str(status), f"{status} with a line of text.", wire.replying(b"No.\n", "text/plain", status))
        for status in (401, 403, 404, 410, 429, 500, 503)
    ),
    _poll("reset", "The connection is reset (RST) without a byte of an answer.", wire.reset),
    _poll("close", "The connection is closed (FIN) without a byte of an answer.", wire.close),
    _poll("not-http", "The answer is the greeting of an SSH server.", wire.not_http),
    _poll("black-hole", "The connection stays open, nothing ever comes.", wire.black_hole),
    _poll("cut-short", "Half of the answer, less than Content-Length says, then FIN.", wire.cut_short),
    _poll("oversized", "The answer and 300 MB of blanks, or `size` bytes, in chunks.", wire.oversized, "size"),
    _poll("gzip-bomb", "The answer and 300 MB of blanks, or `size` bytes, gzipped.", wire.gzip_bomb, "size"),
    _poll("redirect-elsewhere", "A 307, or the `status`, to another port.", wire.redirect_elsewhere, "status"),
    _poll("html", "200 with a page of HTML.", wire.replying(HTML, "text/html")),
    _poll("garbage", "200 with bytes that are no text.", wire.replying(NOT_TEXT, "application/json")),
    _poll("deep", "200 with JSON nested 100,000 deep.", wire.replying(DEEP, "application/json")),
)
