"""The parts of OpenAPI operations: answers, their headers, and problems."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from darkroom.domain.model.errors import DarkroomError, InvalidRequest
from darkroom.entrypoints.http.auth.access import SCOPES
from darkroom.entrypoints.http.errors import Forbidden, Internal, KeysUnavailable, Unauthorized
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES
from darkroom.entrypoints.http.problems import PROBLEM_JSON
from darkroom.entrypoints.http.public_path import public

Json = dict[str, Any]

_CHALLENGES: Final = [
    "Bearer",
    'Bearer error="invalid_token"',
    'Bearer error="insufficient_scope"',
    *(f'Bearer error="insufficient_scope", scope="{scope}"' for scope in SCOPES),
]
HEADERS: Final[Mapping[str, Json]] = {
    name: {"description": description, "schema": {"type": "string"} | schema}
    for name, description, schema in (
        (
            "X-Request-ID",
            "The request's id: the client's own, if it sent a valid one.",
            {"pattern": "^[A-Za-z0-9_-]{1,64}$"},
        ),
        ("Cache-Control", "No cache may store this answer.", {"const": "no-store"}),
        ("Link", 'Where the generation is shown, with `rel="describedby"`.', {}),
        ("Location", "Where the generation is shown.", {"format": "uri-reference"}),
        ("Idempotency-Replay", "The order was accepted before, under the same key.", {"const": "true"}),
        ("Darkroom-Generator", "The generator that drew the images.", {"examples": ["karlo"]}),
        ("Darkroom-Model", "The model that drew the images, as `GET /api/models` names it.", {"examples": ["v2.1"]}),
        (
            "Darkroom-Cost",
            "What the provider charges, or may have charged, for the images; only if a price is known.",
            {"pattern": r"^\d+(\.\d+)? [A-Z]{3}$", "examples": ["0.04 USD"]},
        ),
        ("Preference-Applied", "The request did not wait for the images.", {"const": "respond-async"}),
        ("Retry-After", "Seconds after which to try again.", {"type": "integer", "minimum": 0}),
        ("WWW-Authenticate", "What is missing.", {"enum": _CHALLENGES}),
        ("ETag", "Identifies the current version of the answer.", {}),
    )
}
# Every request may carry these.
PARAMETERS: Final[Mapping[str, Json]] = {
    "X-Request-ID": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "Your own id for the request; used if it matches `[A-Za-z0-9_-]{1,64}`.",
        "schema": {"type": "string"},
    },
    "traceparent": {
        "name": "traceparent",
        "in": "header",
        "description": "The trace that the request belongs to (W3C Trace Context); handed on to provider and storage.",
        "schema": {"type": "string", "examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]},
    },
}
_OF_TOKENS: Final = (Unauthorized, Forbidden, KeysUnavailable)
_HEADERS_OF_PROBLEMS: Final = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    429: ("Retry-After",),
    502: ("Darkroom-Cost",),
    503: ("Retry-After", "Darkroom-Cost"),
}


def schema(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(description: str, content: Json | None = None, *headers: str, media_type: str = "application/json") -> Json:
    """Describe an answer: the schema of its content, None if it has no body, and the names of its headers."""
    named = ("X-Request-ID", "Cache-Control", *headers)
    described: Json = {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in named},
    }
    return described | ({"content": {media_type: {"schema": content}}} if content is not None else {})


def operation(
    operation_id: str,
    summary: str,
    answers: Mapping[int, Json],
    *problems: type[DarkroomError],
    open_to_all: bool = False,
    parameters: Iterable[Json] = (),
    **more: Any,  # noqa: ANN401  # whatever else OpenAPI lets an operation hold
) -> Json:
    """Describe an operation: its own answers and `problems`, and the problems that any operation may cause."""
    any_may: tuple[type[DarkroomError], ...] = (Internal,) if open_to_all else (InvalidRequest, *_OF_TOKENS, Internal)
    responses = {
        str(status): described
        for status, described in sorted((dict(answers) | _problem_answers((*problems, *any_may))).items())
    }
    return {
        "operationId": operation_id,
        "summary": summary,
        **({"security": []} if open_to_all else {}),
        "parameters": [*parameters, *({"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS)],
        **more,
        "responses": responses,
    }


def _problem_answers(kinds: Iterable[type[DarkroomError]]) -> dict[int, Json]:
    by_status = defaultdict[int, list[type[DarkroomError]]](list)
    for kind in kinds:
        by_status[PROBLEM_TYPES[kind.code].status].append(kind)
    answers = {}
    for status, together in by_status.items():
        titles = "; ".join(f"`{PROBLEM_TYPES[kind.code].slug}`: {PROBLEM_TYPES[kind.code].title}" for kind in together)
        described = answer(
            titles, schema("ProblemAnswer"), *_HEADERS_OF_PROBLEMS.get(status, ()), media_type=PROBLEM_JSON
        )
        described["content"][PROBLEM_JSON]["examples"] = {
            PROBLEM_TYPES[kind.code].slug: {"value": _example(kind)} for kind in together
        }
        answers[status] = described
    return answers


def _example(kind: type[DarkroomError]) -> Json:
    told = PROBLEM_TYPES[kind.code]
    example = {
        "type": public(told.uri),
        "title": told.title,
        "status": told.status,
        "detail": told.title,
        "instance": public("/api/images"),
        "charged": kind.charged,
        "request_id": "0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88",
    }
    if kind is InvalidRequest:
        example["errors"] = [{"pointer": "/width", "detail": "is required"}]
    return example
