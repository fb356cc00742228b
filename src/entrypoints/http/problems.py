"""Problems (RFC 9457): what went wrong, and whether money was spent."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, Final
from urllib.parse import quote

from litestar import Request, Response
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from darkroom.domain.model.errors import (
    Charged,
    DarkroomError,
    DrawingFailed,
    InvalidRequest,
    ModelForbidden,
    Violation,
)
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.answers import Image, Price
from darkroom.entrypoints.http.errors import Forbidden, MethodNotAllowed, Unauthorized
from darkroom.entrypoints.http.problem_types import problem_type_of
from darkroom.entrypoints.http.public_path import public
from darkroom.entrypoints.http.query import PARAMETER
from darkroom.entrypoints.http.request_id import request_id_of

AnyRequest = Request[Any, Any, Any]

PROBLEM_JSON: Final = "application/problem+json"
PROBLEM: Final = "problem"
"""The key in the scope's state of the problem type that was answered; metrics and the access log read it."""


class BrokenRule(Struct, frozen=True):
    """One broken rule, and its place: in the body, in a header, or in a parameter of the query."""

    detail: str
    pointer: Annotated[str, Meta(description="A JSON pointer into the body.", examples=["/seed/0"])] | UnsetType = UNSET
    header: str | UnsetType = UNSET
    parameter: str | UnsetType = UNSET

    @classmethod
    def of(cls, violation: Violation) -> "BrokenRule":
        """Make one from a violation.

        Its pointer is a parameter if it begins with `PARAMETER`, a JSON pointer if it is empty or begins with a slash,
        and else the name of a header.
        """
        where = violation.pointer
        if where.startswith(PARAMETER):
            return cls(violation.detail, parameter=where.removeprefix(PARAMETER))
        if not where or where.startswith("/"):
            return cls(violation.detail, pointer=where)
        return cls(violation.detail, header=where)


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, and whether money was spent."""

    type: Annotated[str, Meta(description="Where this type of problem is explained.")]
    title: str
    status: int
    detail: str
    instance: Annotated[
        str, Meta(description="What the problem is about: the generation, otherwise the requested address.")
    ]
    charged: Charged
    cost: Annotated[
        Price | UnsetType, Meta(description="What the provider charges, or may have charged, if a price is known.")
    ] = UNSET
    provider_message: Annotated[
        str | UnsetType, Meta(description="What the provider said, if the operator lets callers see it.")
    ] = UNSET


class ProblemAnswer(Problem, frozen=True, kw_only=True):
    """The problem of one request."""

    request_id: str
    errors: list[BrokenRule] | UnsetType = UNSET
    images: Annotated[list[Image], Meta(description="The images that were stored nevertheless.")] | UnsetType = UNSET


_SHOWN: Final = ContextVar("provider messages are shown", default=False)


@contextmanager
def provider_messages(*, shown: bool) -> Iterator[None]:
    """Set whether problems made within the block include the provider's message (`DARKROOM_SHOW_PROVIDER_MESSAGES`)."""
    before = _SHOWN.set(shown)
    try:
        yield
    finally:
        _SHOWN.reset(before)


def problem_of(error: DarkroomError, instance: str, cost: Money | None = None) -> Problem:
    """Return the problem for an error of `instance`; `cost` is left out if nothing was charged."""
    kind = problem_type_of(error)
    said = error.provider_message if _SHOWN.get() and isinstance(error, DrawingFailed) else ""
    return Problem(
        type=public(kind.uri),
        title=kind.title,
        status=kind.status,
        detail=error.detail or kind.title,
        instance=instance,
        charged=error.charged,
        cost=UNSET if cost is None or error.charged is Charged.NO else Price.of(cost),
        provider_message=said or UNSET,
    )


def problem_response(
    request: AnyRequest,
    error: DarkroomError,
    *,
    instance: str | None = None,
    images: Sequence[Image] = (),
    cost: Money | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[ProblemAnswer]:
    """Return the answer to a request that failed with `error`.

    `instance` is the address of the failed generation, by default the address of the request. `images` are those that
    were stored despite the error. `cost` is what the provider charges, or may have charged; None if that is not known.
    """
    answer = problem_answer(request, error, instance=instance, images=images, cost=cost)
    return Response(
        answer, status_code=answer.status, media_type=PROBLEM_JSON, headers={**headers_of(error), **(headers or {})}
    )


def problem_answer(
    request: AnyRequest,
    error: DarkroomError,
    *,
    instance: str | None = None,
    images: Sequence[Image] = (),
    cost: Money | None = None,
) -> ProblemAnswer:
    """Return the problem of a request, and note its type for the access log; arguments as in `problem_response`."""
    problem = problem_of(error, instance or public(quote(request.scope["path"])), cost)
    request.scope["state"][PROBLEM] = problem_type_of(error).slug
    return ProblemAnswer(
        **structs.asdict(problem),
        request_id=request_id_of(request.scope),
        errors=[BrokenRule.of(violation) for violation in error.violations]
        if isinstance(error, InvalidRequest)
        else UNSET,
        images=list(images) or UNSET,
    )


def headers_of(error: DarkroomError) -> dict[str, str]:
    """Return the headers that belong to an error, whatever the format of the answer."""
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if error.token_sent else "Bearer"
    if isinstance(error, Forbidden):
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    if isinstance(error, ModelForbidden):
        headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'  # RFC 6750, 3.1; no scope allows a model
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allowed
    return headers
