"""The results of tools: text for a model, links, and the same as data for a program."""

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
"""The key in an error's `_meta` that holds the problem, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """The result of a tool: `text` for a model, `data` for a program, and `links` and `previews` as further content."""

    text: str
    data: Struct | None = None
    links: Sequence[Json] = ()
    previews: Sequence[Json] = ()
    failed: bool = False
    meta: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return the result in the form of the protocol."""
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
    """Return the result for an error, with `more` lines of text.

    `instance` is the address of the failed generation, by default that of the request; `cost` is what was charged.
    """
    problem = problem_answer(request, error, instance=instance, cost=cost)
    return ToolResult(text="\n".join([told(error, cost), *more]), failed=True, meta={PROBLEM: problem})


def told(error: DarkroomError, cost: Money | None) -> str:
    """Describe an error in words: what it is, whether money was spent, and when another try makes sense."""
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
        lines.append(f"Try again after {error.retry_after} s.")
    return "\n".join(lines)
