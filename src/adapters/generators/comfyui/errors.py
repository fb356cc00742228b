"""ComfyUI's error answers to an order."""

import re
from http import HTTPStatus
from typing import Final

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused

_TYPE: Final = re.compile(r"[a-z_]{1,64}")


def comfyui_failure(answer: Answer) -> DrawingFailed:
    """Return the error for an order's answer other than 2xx, naming the validation rules that the workflow breaks."""
    failure = answer.failure()
    if not isinstance(failure, GeneratorRefused):
        return failure
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return GeneratorRefused(f"{failure.detail}: the server in front of ComfyUI refuses our credentials")
    return GeneratorRefused(failure.detail + "".join(f", {broken}" for broken in _broken_rules(answer)))


def _broken_rules(answer: Answer) -> list[str]:
    document = answer.document()
    error, nodes = document.get("error"), document.get("node_errors")
    told = [error] if isinstance(error, dict) else []
    for node in nodes.values() if isinstance(nodes, dict) else ():
        errors = node.get("errors") if isinstance(node, dict) else None
        told += [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    types = (one.get("type") for one in told)
    return list(dict.fromkeys(type_ for type_ in types if isinstance(type_, str) and _TYPE.fullmatch(type_)))[:8]
