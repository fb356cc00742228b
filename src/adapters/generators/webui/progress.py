"""Reads the progress of a drawing."""

import math
from typing import Any

from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.progress import Progress


def read_progress(answer: Answer, task: str) -> Progress | None:
    """Return the progress of `task`; None if the server draws another one, or its report is invalid."""
    document = answer.document()
    state = document.get("state")
    if document.get("current_task") != task or not isinstance(state, dict):
        return None
    step, steps = (_count(state.get(name)) for name in ("sampling_step", "sampling_steps"))
    if step is None or not steps or step > steps:
        return Progress(position=0)
    return Progress(position=0, step=step, steps=steps, seconds_left=_seconds(document.get("eta_relative")))


def _count(value: Any) -> int | None:  # noqa: ANN401  # whatever JSON it is
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(value: Any) -> float | None:  # noqa: ANN401  # whatever JSON it is
    return value if isinstance(value, int | float) and math.isfinite(value) and value > 0 else None
