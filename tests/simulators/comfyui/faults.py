"""ComfyUI's own faults: refusals, ends of jobs, and whatever may come while one asks about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulators.comfyui.order import Refused, execution_error
from simulators.exchange import AnsweredExchange
from simulators.faults import wire
from simulators.faults.fault import AfterCharge, AnswerAct, AnyFault, BeforeCharge, Fault, Options
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.paid_call import DEEP, HTML, NOT_TEXT

REFUSALS = {
    "value-not-in-list": Refused(
        "prompt_outputs_failed_validation",
        {"1": {"errors": [{"type": "value_not_in_list", "message": "", "details": "", "extra_info": {}}]}},
    ),
    "no-outputs": Refused("prompt_no_outputs"),
    "missing-node": Refused("missing_node_type"),
}
"""By the name of their fault, after `error-`: nothing is queued."""

OUT_OF_MEMORY = execution_error("5", "KSampler", "torch.OutOfMemoryError", "Allocation on device")
MODERATED = execution_error("1", "Flux2ProImageNode", "Exception", "Task failed: Content Moderated")


class OfPoll(Fault[AnswerAct]):
    """Instead of what is said of a job."""

    stage = "poll of a job"


def _told(name: str, sentence: str, **members: object) -> OfPoll:
    """A job told with other members than it has."""
    return OfPoll(name, sentence, changing(lambda job: {**job, **members}))


def _outputs(name: str, sentence: str, images: object) -> OfPoll:
    def change(job: dict[str, Any]) -> object:
        outputs = {node: {"images": images} for node in job.get("outputs") or {}}
        return {**job, "outputs": outputs} if outputs else job

    return OfPoll(name, sentence, changing(change))


def _poll(name: str, sentence: str, act: AnswerAct, *reads: str) -> OfPoll:
    return OfPoll(f"poll-{name}", sentence, act, reads)


def _without(member: str) -> Callable[[dict[str, Any]], object]:
    return lambda job: {name: value for name, value in job.items() if name != member}


async def taken_in_part(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    answer = json.loads(exchange.answer.body)
    return web.json_response({**answer, "node_errors": {"9": {"errors": [{"type": "value_not_in_list"}]}}})


COMFYUI_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"400: {refused}.", saying_instead(refused.body, 400))
        for name, refused in REFUSALS.items()
    ),
    BeforeCharge("error-credentials", "401 of a proxy before it.", wire.replying(b"Who are you?\n", "text/plain", 401)),
    AfterCharge("node-errors", "200, and one of several outputs does not validate.", taken_in_part),
    AfterCharge("other-id", "200, and the job has another id.", changing(lambda answer: {**answer, "prompt_id": "1"})),
    _told("failed", "The job failed: out of memory.", status="failed", outputs={}, execution_error=OUT_OF_MEMORY),
    _told("failed-silently", "The job failed, and nothing says why.", status="failed", outputs={}),
    _told("moderated-by-a-partner", "A Partner node failed.", status="failed", outputs={}, execution_error=MODERATED),
    _told("cancelled", "Another client has taken the job back.", status="cancelled", outputs={}),
    _told("never-ending", "The job runs, for ever.", status="in_progress"),
    _told("status-unknown", "Its status is one that is not documented.", status="pondering"),
    OfPoll("status-missing", "It has no status.", changing(_without("status"))),
    OfPoll("outputs-missing", "It has ended, and has no outputs.", changing(_without("outputs"))),
    _told("outputs-null", "Its outputs are null.", outputs=None),
    _told("outputs-of-others", "It has outputs of other nodes only.", outputs={"99": {"images": []}}),
    _outputs("images-null", "Its images are null.", None),
    _outputs("images-object", "Its images are an object.", {}),
    _outputs("images-of-strings", "Its images are strings.", ["a.png"]),
    _outputs("filename-missing", "An image has no filename.", [{"subfolder": "", "type": "output"}]),
    _outputs("filename-huge", "A filename of 10 kB.", [{"filename": "x" * 10_000, "subfolder": "", "type": "output"}]),
    _outputs(
        "filename-leads-out",
        "A filename that leads out of the folder.",
        [{"filename": "../../etc/passwd", "subfolder": "", "type": "output"}],
    ),
    *(
        _poll(str(status), f"{status} with a line of text.", wire.replying(b"No.\n", "text/plain", status))
        for status in (401, 403, 410, 429, 500, 503)
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
