"""What a tool answers: text for the model that reads it, links, and the same as data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from darkroom.domain.model.errors import Charged, DarkroomError, InvalidRequest
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.mcp.messages import Json
from darkroom.entrypoints.http.problem_types import problem_type_of
from darkroom.entrypoints.http.problems import AnyRequest, problem_answer

PROBLEM: Final = "darkroom/problem"
"""Under which `_meta` of an error holds the problem, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """`text` is read by a model, `data` by a program; `links` and `previews` are content besides."""

    text: str
    data: Struct | None = None
    links: Sequence[Json] = ()
    previews: Sequence[Json] = ()
    failed: bool = False
    meta: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """The result as the protocol has it."""
        content = [{"type": "text", "text": self.text}, *self.links, *self.previews]
        result: Json = {"content": content, "isError": self.failed}
        if self.data is not None:
            result["structuredContent"] = self.data
        if self.meta:
            result["_meta"] = self.meta
        return result


def refused(
    request: AnyRequest, error: DarkroomError, *more: str, instance: str | None = None, cost: Money | None = None
) -> ToolResult:
    """What went wrong, and `more` lines about it; `instance` is what it happened to, which costs that if it does."""
    problem = problem_answer(request, error, instance=instance, cost=cost)
    return ToolResult(text="\n".join([told(error, cost), *more]), failed=True, meta={PROBLEM: problem})


def told(error: DarkroomError, cost: Money | None) -> str:
    """An error in words: what it is, whether money was spent, and when another try makes sense."""
    title = problem_type_of(error).title
    detail = (
        "; ".join(
            f"{violation.pointer.removeprefix('/')} {violation.detail}".lstrip() for violation in error.violations
        )
        if isinstance(error, InvalidRequest)
        else error.detail
    )
    charged = f"charged: {error.charged}" + (f" ({cost})" if cost and error.charged is not Charged.NO else "")
    lines = [f"{title}: {detail}" if detail else title, charged]
    if error.retry_after is not None:
        lines.append(f"Another try makes sense after {error.retry_after} s.")
    return "\n".join(lines)
