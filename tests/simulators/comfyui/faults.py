"""ComfyUI's own faults: refusals, ends of jobs, and answers to polls."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from simulators.comfyui.order import Refused, execution_error
from simulators.exchange import AnsweredExchange
from simulators.faults import wire
from simulators.faults.fault import AfterCharge, AnyFault, BeforeCharge, Options
from simulators.faults.json_answer import changing, saying_instead
from simulators.faults.poll import OfPoll, poll_with, poll_without, polls

REFUSALS = {
    "value-not-in-list": Refused(
        "prompt_outputs_failed_validation",
        {"1": {"errors": [{"type": "value_not_in_list", "message": "", "details": "", "extra_info": {}}]}},
    ),
    "no-outputs": Refused("prompt_no_outputs"),
    "missing-node": Refused("missing_node_type"),
}
"""Errors by the name of their fault without `error-`: nothing is queued."""

OUT_OF_MEMORY = execution_error("5", "KSampler", "torch.OutOfMemoryError", "Allocation on device")
MODERATED = execution_error("1", "Flux2ProImageNode", "Exception", "Task failed: Content Moderated")


def _outputs(name: str, sentence: str, images: object) -> OfPoll:
    def change(job: dict[str, Any]) -> object:
        outputs = {node: {"images": images} for node in job.get("outputs") or {}}
        return {**job, "outputs": outputs} if outputs else job

    return OfPoll(name, sentence, changing(change))


async def taken_in_part(exchange: AnsweredExchange, options: Options) -> web.StreamResponse:
    answer = json.loads(exchange.answer.body)
    return web.json_response({**answer, "node_errors": {"9": {"errors": [{"type": "value_not_in_list"}]}}})


COMFYUI_MENU: tuple[AnyFault, ...] = (
    *(
        BeforeCharge(f"error-{name}", f"400: {refused}.", saying_instead(refused.body, 400))
        for name, refused in REFUSALS.items()
    ),
    BeforeCharge(
        "error-credentials", "401 of a proxy in front of it.", wire.replying(b"Who are you?\n", "text/plain", 401)
    ),
    AfterCharge("node-errors", "200, but one of several outputs is invalid.", taken_in_part),
    AfterCharge("other-id", "200, but the job has another id.", changing(lambda answer: {**answer, "prompt_id": "1"})),
    poll_with("failed", "The job failed: out of memory.", status="failed", outputs={}, execution_error=OUT_OF_MEMORY),
    poll_with("failed-silently", "The job failed without a reason.", status="failed", outputs={}),
    poll_with(
        "moderated-by-a-partner", "A Partner node failed.", status="failed", outputs={}, execution_error=MODERATED
    ),
    poll_with("cancelled", "Another client cancelled the job.", status="cancelled", outputs={}),
    poll_with("never-ending", "The job never ends.", status="in_progress"),
    poll_with("status-unknown", "The status is not documented.", status="pondering"),
    poll_without("status-missing", "The answer has no status.", "status"),
    poll_without("outputs-missing", "The job has ended, but has no outputs.", "outputs"),
    poll_with("outputs-null", "The outputs are null.", outputs=None),
    poll_with("outputs-of-others", "All outputs are of other nodes.", outputs={"99": {"images": []}}),
    _outputs("images-null", "The images are null.", None),
    _outputs("images-object", "The images are an object.", {}),
    _outputs("images-of-strings", "The images are strings.", ["a.png"]),
    _outputs("filename-missing", "An image has no filename.", [{"subfolder": "", "type": "output"}]),
    _outputs("filename-huge", "A filename of 10 kB.", [{"filename": "x" * 10_000, "subfolder": "", "type": "output"}]),
    _outputs(
        "filename-leads-out",
        "A filename that leads out of the folder.",
        [{"filename": "../../etc/passwd", "subfolder": "", "type": "output"}],
    ),
    *polls(401, 403, 410, 429, 500, 503),
)
