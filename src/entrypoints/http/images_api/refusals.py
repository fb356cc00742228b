"""Errors in OpenAI's format; status and meaning are those of the problem table, with one exception.

OpenAI's SDKs repeat a request automatically after 408, 409, 429 and any 5xx. An error that may have cost money is
therefore answered with 424, which they do not repeat.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final

from litestar import Response
from msgspec import UNSET, Meta, Struct, UnsetType

from darkroom.domain.model.errors import Charged, DarkroomError, InvalidRequest
from darkroom.entrypoints.http.answers import Image
from darkroom.entrypoints.http.problem_types import problem_type_of
from darkroom.entrypoints.http.problems import AnyRequest, headers_of, problem_answer
from darkroom.entrypoints.http.query import PARAMETER

BELOW: Final = "/v1"
"""The path of this door; everything below it answers in OpenAI's format."""

OFFERED: Final = "POST /v1/images/generations, GET /v1/models and GET /v1/models/{id}"

MAYBE_PAID: Final = HTTPStatus.FAILED_DEPENDENCY


class Refusal(Struct, frozen=True, kw_only=True):
    """What went wrong, and whether money was spent."""

    message: str
    type: Annotated[str, Meta(extra_json_schema={"enum": ["invalid_request_error", "server_error"]})]
    param: Annotated[str | None, Meta(description="The first field, header or parameter that breaks a rule.")]
    code: Annotated[str, Meta(description="The type of problem, as `/problems/{code}` explains it.")]
    charged: Charged
    request_id: str
    provider_message: Annotated[
        str | UnsetType, Meta(description="What the provider said, if the operator lets callers see it.")
    ] = UNSET
    images: Annotated[list[Image], Meta(description="The images that were stored nevertheless.")] | UnsetType = UNSET


class RefusalAnswer(Struct, frozen=True):
    """An error in OpenAI's format."""

    error: Refusal


def refusal_response(
    request: AnyRequest,
    error: DarkroomError,
    *,
    images: Sequence[Image] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[RefusalAnswer]:
    """Return the answer to a failed request of this door; `images` are those that were stored despite the error."""
    kind, problem = problem_type_of(error), problem_answer(request, error, images=images)
    told = headers_of(error)
    status = kind.status
    if error.charged is not Charged.NO:
        status = MAYBE_PAID
        told.pop("Retry-After", None)
        told["x-should-retry"] = "false"
    refusal = Refusal(
        message=problem.detail,
        type="invalid_request_error" if kind.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error",
        param=_first_broken(error),
        code=kind.slug,
        charged=error.charged,
        request_id=problem.request_id,
        provider_message=problem.provider_message,
        images=problem.images,
    )
    return Response(RefusalAnswer(refusal), status_code=status, headers={**told, **(headers or {})})


def is_below(path: str) -> bool:
    """Return whether a path belongs to this door."""
    return path == BELOW or path.startswith(f"{BELOW}/")


def _first_broken(error: DarkroomError) -> str | None:
    if not isinstance(error, InvalidRequest):
        return None
    return error.violations[0].pointer.removeprefix(PARAMETER) or None
