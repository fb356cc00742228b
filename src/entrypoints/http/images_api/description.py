"""This door's part of the OpenAPI document."""

from collections.abc import Iterable, Mapping
from typing import Final

from darkroom.domain.model.errors import (
    DRAWING_FAILURES,
    DarkroomError,
    Gone,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    Overloaded,
    QuotaExceeded,
    SpendLimit,
)
from darkroom.domain.model.model_card import ModelCard
from darkroom.entrypoints.http.contract.openapi_parts import PARAMETERS, Json, answer, schema
from darkroom.entrypoints.http.contract.order_schema import fields_at_any_door, one_seed_for_each_image
from darkroom.entrypoints.http.errors import (
    BodyTooLarge,
    Forbidden,
    Internal,
    KeysUnavailable,
    MalformedBody,
    Unauthorized,
    UnsupportedMediaType,
)
from darkroom.entrypoints.http.images_api.asked import FORMS, NEUTRAL, USER_MAX, USERS
from darkroom.entrypoints.http.images_api.drawing import GENERATIONS, DrawnImages
from darkroom.entrypoints.http.images_api.models import MODELS, ListedModel, ListedModels
from darkroom.entrypoints.http.images_api.refusals import MAYBE_PAID, RefusalAnswer
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES

SHOWN: Final = (DrawnImages, ListedModel, ListedModels, RefusalAnswer)
"""The types that need a schema in the document."""

_ANY_MAY: Final[tuple[type[DarkroomError], ...]] = (
    *(InvalidRequest, Unauthorized, Forbidden, KeysUnavailable, Internal),
)
_HEADERS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def paths() -> Json:
    """Return the operations of this door, by path."""
    model_id = {"name": "model_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        GENERATIONS: {"post": _draw()},
        MODELS: {"get": _operation("list_v1_models", "List the models on offer", "The models.", "ListedModels")},
        MODELS + "/{model_id}": {
            "parameters": [model_id],
            "get": _operation("show_v1_model", "Show one model", "The model.", "ListedModel", NotFound),
        },
    }


def request_schema(cards: Iterable[ModelCard]) -> Json:
    """Return the JSON Schema of the body of `POST /v1/images/generations`: one alternative for each model."""
    return {
        "description": "An order under OpenAI's names, held to the limits of its model. `null` for an optional field "
        "is the same as leaving it out.",
        "anyOf": [_request_for(card) for card in cards],
    }


def _request_for(card: ModelCard) -> Json:
    fields = fields_at_any_door(card)
    count = fields.pop("samples")
    return {
        "title": f"{card.version.value} at /v1",
        "type": "object",
        "properties": {
            "model": {"const": card.version.value, "description": "Names the model."},
            **fields,
            "n": count,
            "size": _sizes(card) | {"description": "`auto`, or left out: the size that is nearest to a megapixel."},
            **({"seed": _seeds(card, fields["seed"])} if card.seed else {}),
            "response_format": {"enum": [*FORMS, None], "description": "Left out: both."},
            "output_format": {
                "enum": [card.media_type.removeprefix("image/"), None],
                "description": "What the model draws.",
            },
            **{name: _neutral(values) for name, values in NEUTRAL.items()},
            **{name: _user() for name in USERS},
        },
        "required": ["model", "prompt"],
        "additionalProperties": False,
        **one_seed_for_each_image(card, "n"),
        "else": {
            "if": {
                "properties": {"seed": {"type": "integer"}, "n": {"type": "integer"}},
                "required": ["seed", "n"],
            },
            "then": {"properties": {"n": {"const": 1}}},
        },
    }


def _sizes(card: ModelCard) -> Json:
    if card.sizes is None:
        return {"type": ["string", "null"], "pattern": "^(auto|[0-9]{1,5}x[0-9]{1,5})$"}
    return {"enum": ["auto", *(f"{size.width}x{size.height}" for size in card.sizes), None]}


def _seeds(card: ModelCard, one_for_each: Json) -> Json:
    one = {"type": "integer", "minimum": card.seed_min, "maximum": card.seed_max}
    return {"description": "One seed, or one for each image.", "anyOf": [one, one_for_each]}


def _neutral(values: Iterable[object]) -> Json:
    return {"description": "Has no effect.", "anyOf": [{"type": "null"}, *({"const": value} for value in values)]}


def _user() -> Json:
    return {"type": ["string", "null"], "description": "Accepted, and not kept.", "maxLength": USER_MAX}


def _draw() -> Json:
    may: tuple[type[DarkroomError], ...] = (
        *(MalformedBody, BodyTooLarge, UnsupportedMediaType, IdempotencyKeyReused, Gone),
        *(QuotaExceeded, SpendLimit, Overloaded),
        *DRAWING_FAILURES.values(),
    )
    headers = ("Location", "Idempotency-Replay", "Darkroom-Generator", "Darkroom-Model", "Darkroom-Cost")
    operation = _operation(
        "draw_v1_images", "Draw images for a client of OpenAI's Images API", "The images.", "DrawnImages", *may
    )
    operation["responses"]["200"] = answer("The images.", schema("DrawnImages"), *headers)
    operation["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": schema("ImagesRequest")}},
    }
    key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}
    operation["parameters"].insert(
        0,
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Your own name for the order: repeating the order under it costs nothing.",
            "schema": key,
        },
    )
    return operation


def _operation(operation_id: str, summary: str, shown: str, of: str, *problems: type[DarkroomError]) -> Json:
    return {
        "operationId": operation_id,
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
        "responses": {"200": answer(shown, schema(of)), **_refusals((*problems, *_ANY_MAY))},
    }


def _refusals(kinds: Iterable[type[DarkroomError]]) -> Json:
    """Return an answer for each status, with the codes it may have; errors that may have cost money have their own."""
    codes: dict[int, set[str]] = {MAYBE_PAID: {"anything whose `charged` is not `no`; do not repeat it"}}
    for kind in kinds:
        told = PROBLEM_TYPES[kind.code]
        codes.setdefault(told.status, set()).add(f"`{told.slug}`")
    return {
        str(int(status)): answer("; ".join(sorted(told)), schema("RefusalAnswer"), *_HEADERS.get(status, ()))
        for status, told in sorted(codes.items())
    }
