"""`GET /docs`, `GET /docs/openapi.json`: the contract, for people and in OpenAPI 3.1.

It is built from the declarations that requests are checked against.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from typing import Final

import msgspec
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from darkroom.domain.model.errors import (
    DRAWING_FAILURES,
    DarkroomError,
    GenerationRunning,
    Gone,
    IdempotencyKeyReused,
    NotFound,
    Overloaded,
    QuotaExceeded,
    SpendLimit,
)
from darkroom.domain.model.generation import State
from darkroom.domain.model.history import Search, SearchText
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.values import IdempotencyKey, ModelVersion, WebhookUrl
from darkroom.entrypoints.http.auth.authentication import OPEN_TO_ALL
from darkroom.entrypoints.http.contract.openapi_parts import HEADERS, PARAMETERS, Json, answer, operation, schema
from darkroom.entrypoints.http.contract.order_schema import order_schema
from darkroom.entrypoints.http.contract.reference.page import HEADERS as REFERENCE_HEADERS
from darkroom.entrypoints.http.contract.reference.page import reference_page
from darkroom.entrypoints.http.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType
from darkroom.entrypoints.http.event_stream import EVENT_STREAM
from darkroom.entrypoints.http.generation_events import ProgressShown, UnfinishedShown
from darkroom.entrypoints.http.generations import GENERATIONS, GenerationPage, PageLength
from darkroom.entrypoints.http.health import Health
from darkroom.entrypoints.http.images_api import description as images_api_description
from darkroom.entrypoints.http.mcp import description as mcp_description
from darkroom.entrypoints.http.models import Models
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES
from darkroom.entrypoints.http.problems import ProblemAnswer
from darkroom.entrypoints.http.public_path import public
from darkroom.entrypoints.http.usage import CSV, GROUPS, CallerUsage, UsageReport
from darkroom.entrypoints.http.webhook_message import GenerationFinished

_SHOWN: Final = (
    *(GenerationPage, ProgressShown, UnfinishedShown, GenerationFinished),
    *(Models, CallerUsage, UsageReport, Health, ProblemAnswer),
)

_DESCRIBED_AT: Final = "/docs/openapi.json"
_ORDER_PROBLEMS: Final[tuple[type[DarkroomError], ...]] = (
    *(MalformedBody, BodyTooLarge, UnsupportedMediaType, IdempotencyKeyReused, Gone),
    *(QuotaExceeded, SpendLimit, Overloaded),
    *DRAWING_FAILURES.values(),
)


def documentation_routes(
    cards: Mapping[str, ModelCard], *, images_api: bool = True, mcp: bool = True
) -> Sequence[HTTPRouteHandler]:
    """Return the routes that show the contract for these models, to all.

    The document is built on the first request for it, since that takes longer than an order.
    """

    @cache
    def shown() -> tuple[bytes, str]:
        document = openapi(cards, images_api=images_api, mcp=mcp)
        return msgspec.json.encode(document), reference_page(document, described_at=public(_DESCRIBED_AT))

    @get(_DESCRIBED_AT, opt=OPEN_TO_ALL, sync_to_thread=False)
    def openapi_json() -> Response[bytes]:
        """Show the contract in OpenAPI."""
        return Response(shown()[0], media_type=MediaType.JSON)

    @get("/docs", opt=OPEN_TO_ALL, sync_to_thread=False)
    def reference() -> Response[str]:
        """Show the contract to people."""
        return Response(shown()[1], media_type=MediaType.HTML, headers=REFERENCE_HEADERS)

    return openapi_json, reference


def openapi(cards: Mapping[str, ModelCard], *, images_api: bool = True, mcp: bool = True) -> Json:
    """Return the OpenAPI document for these model cards, by version.

    `images_api` and `mcp` include the doors for OpenAI's clients and for agents.
    """
    shown = (
        *_SHOWN,
        *(images_api_description.SHOWN if images_api else ()),
        *(mcp_description.SHOWN if mcp else ()),
    )
    _, schemas = msgspec.json.schema_components(shown, ref_template=schema("{name}")["$ref"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Darkroom",
            "version": metadata.version("darkroom"),
            "description": "Draws images with the provider of your choice and keeps them in your own storage. "
            "Every error is a problem (RFC 9457) that says whether money was spent.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public("") or "/"}],
        "security": [{"token": []}],
        "paths": {
            "/api/images": {"post": _draw_images()},
            GENERATIONS: {"get": _list_generations()},
            GENERATIONS + "/{generation_id}": {
                "parameters": [_path_parameter("generation_id", {"type": "string", "format": "uuid"})],
                "get": _show_generation(),
                "delete": _delete_generation(),
            },
            GENERATIONS + "/{generation_id}/images/{index}": {
                "parameters": [
                    _path_parameter("generation_id", {"type": "string", "format": "uuid"}),
                    _path_parameter("index", {"type": "integer", "minimum": 0}),
                ],
                "delete": _delete_image(),
            },
            GENERATIONS + "/{generation_id}/events": {
                "parameters": [_path_parameter("generation_id", {"type": "string", "format": "uuid"})],
                "get": _follow_generation(),
            },
            "/api/models": {"get": _list_models()},
            "/api/usage": {"get": _show_usage()},
            "/health/live": {"get": _health("live", "Report that the process is alive")},
            "/health/ready": {"get": _health("ready", "Report whether orders are accepted", Overloaded)},
            "/problems/{slug}": {
                "parameters": [
                    _path_parameter("slug", {"enum": sorted({kind.slug for kind in PROBLEM_TYPES.values()})})
                ],
                "get": _explain_problem(),
            },
            **(images_api_description.paths() if images_api else {}),
            **(mcp_description.paths() if mcp else {}),
        },
        "webhooks": {"generation.finished": {"post": _generation_finished()}},
        "components": {
            "schemas": schemas
            | {"Order": order_schema(cards.values())}
            | ({"ImagesRequest": images_api_description.request_schema(cards.values())} if images_api else {}),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _draw_images() -> Json:
    image = {"id": "0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88", "seed": 7, "image": "https://pictures.example/7.png"}
    images = {"type": "array", "items": schema("Image"), "examples": [[image]]}
    return operation(
        "draw_images",
        "Draw images and keep them in storage",
        {
            200: answer(
                "The images, in the order of the seeds.",
                images,
                *("Link", "Idempotency-Replay", "Darkroom-Generator", "Darkroom-Model", "Darkroom-Cost"),
            ),
            202: answer(
                "The generation, for a client that does not wait.",
                schema("GenerationShown"),
                *("Link", "Location", "Preference-Applied", "Retry-After", "Idempotency-Replay", "Darkroom-Cost"),
            ),
        },
        *_ORDER_PROBLEMS,
        parameters=[
            _header(
                "Idempotency-Key",
                "Your own name for the order: repeating the order under it costs nothing.",
                {
                    "minLength": 1,
                    "maxLength": IdempotencyKey.MAX_LENGTH,
                    "pattern": "^[!-~]([ -~]*[!-~])?$",
                },
            ),
            _header("Prefer", "`respond-async`: do not wait for the images.", {"examples": ["respond-async"]}),
            _header(
                "Webhook-URL",
                "The URL of your webhook for the end, with `Prefer: respond-async`: an https address. Only if the "
                "operator has enabled webhooks.",
                {"format": "uri", "maxLength": WebhookUrl.MAX_LENGTH},
            ),
        ],
        requestBody={"required": True, "content": {"application/json": {"schema": schema("Order")}}},
    )


def _list_generations() -> Json:
    return operation(
        "list_generations",
        "List your generations, newest first",
        {
            200: answer(
                f"A page of them. With `state`, `version` or `text` at most {Search.LOOKS_AT} are searched for a page: "
                "it may have fewer than `limit`, and still have a `next_cursor`.",
                schema("GenerationPage"),
            )
        },
        Overloaded,
        parameters=[
            _query(
                "limit",
                "How many at most.",
                {
                    "type": "integer",
                    "minimum": PageLength.MIN,
                    "maximum": PageLength.MAX,
                    "default": PageLength.DEFAULT,
                },
            ),
            _query(
                "cursor",
                "Where to continue: the `next_cursor` of the previous page.",
                {"type": "string", "format": "uuid"},
            ),
            _query("state", "Only those in this state.", {"type": "string", "enum": [*State]}),
            _query(
                "version",
                "Only those for which this model was ordered.",
                {"type": "string", "minLength": 1, "maxLength": ModelVersion.MAX_LENGTH},
            ),
            _query(
                "text",
                "Only those whose prompt contains this, in upper or lower case.",
                {"type": "string", "minLength": 1, "maxLength": SearchText.MAX_LENGTH},
            ),
        ],
    )


def _show_generation() -> Json:
    headers = ("Darkroom-Generator", "Darkroom-Model", "Darkroom-Cost")
    shown = answer("The generation in its present state.", schema("GenerationShown"), *headers)
    return operation("show_generation", "Show one of your generations", {200: shown}, NotFound, Gone, Overloaded)


def _follow_generation() -> Json:
    stream = answer(
        "Server-sent events. `progress` is sent at each change: a `ProgressShown`. `done` is the last one: the "
        "`GenerationShown`, as reading it returns it. If a stream ends without `done`, open it again. With "
        "`unfinished=true`, `unfinished` is sent too when the image that is being drawn has changed, if the provider "
        "shows it: an `UnfinishedShown`.",
        {
            "type": "string",
            "examples": [
                (
                    'event: progress\nid: 1-0\ndata: {"state":"submitted","position":0,"step":null,"steps":null,'
                    '"seconds_left":7}\n\n'
                ),
            ],
        },
        media_type=EVENT_STREAM,
    )
    events = {"progress": "ProgressShown", "unfinished": "UnfinishedShown", "done": "GenerationShown"}
    return operation(
        "follow_generation",
        "Follow one of your generations to its end",
        {200: stream | {"x-events": {name: schema(shown) for name, shown in events.items()}}},
        *(NotFound, Gone, Overloaded),
        parameters=[
            _header(
                "Last-Event-ID",
                "The `id` of the last event that you have seen: nothing older is sent.",
                {"examples": ["2-17"]},
            ),
            _query(
                "unfinished",
                "Whether to send images as far as they are drawn.",
                {"type": "boolean", "default": False},
            ),
        ],
    )


def _delete_generation() -> Json:
    return operation(
        "delete_generation",
        "Cancel a generation, or remove its images and prompts",
        {204: answer("It is cancelled, or removed.")},
        *(NotFound, Gone, GenerationRunning, Overloaded),
    )


def _delete_image() -> Json:
    return operation(
        "delete_image",
        "Remove one image of a generation",
        {204: answer("It is removed; the others stay. From now on the order's key gets 410.")},
        *(NotFound, Gone, GenerationRunning, Overloaded),
    )


def _generation_finished() -> Json:
    """Return the operation of the webhook, which follows the Standard Webhooks specification."""
    return {
        "operationId": "generation_finished",
        "summary": "Your generation has ended",
        "description": "Sent to the `Webhook-URL` of an order, at least once. Verify the signature, and answer within "
        "15 seconds; what is not answered with 2xx is sent again over three days, unless the answer is 410.",
        "security": [],
        "parameters": [
            _required_header("Webhook-Id", "The same at each attempt: the generation's id.", {"format": "uuid"}),
            _required_header("Webhook-Timestamp", "When it was signed, in Unix seconds.", {"pattern": "^[0-9]+$"}),
            _required_header(
                "Webhook-Signature",
                "`v1,` and the HMAC-SHA256 of `{id}.{timestamp}.{body}` in base64; one for each secret, with blanks.",
                {"pattern": "^v1,[A-Za-z0-9+/]+=*( v1,[A-Za-z0-9+/]+=*)*$"},
            ),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema("GenerationFinished")}}},
        "responses": {
            "2XX": {"description": "It was received, and is not sent again."},
            "410": {"description": "The receiver is gone: the webhook is not sent again."},
        },
    }


def _list_models() -> Json:
    return operation(
        "list_models",
        "List the models on offer",
        {
            200: answer("The models, each with its limits.", schema("Models"), "ETag"),
            304: answer("The list has not changed since the one that `If-None-Match` names.", None, "ETag"),
        },
        parameters=[_header("If-None-Match", "The `ETag` of the list that you have.", {})],
    )


def _show_usage() -> Json:
    shown = answer(
        "Your images and money, today and this month. With `by`: those of all callers, also as CSV.",
        {"anyOf": [schema("CallerUsage"), schema("UsageReport")]},
    )
    shown["content"][CSV] = {"schema": {"type": "string"}}
    return operation(
        "show_usage",
        "Show what you have ordered and may still order, or what all callers have ordered",
        {200: shown},
        Overloaded,
        parameters=[
            _query(
                "by",
                "Show what all callers have ordered, added up by this. Needs the scope `usage:read`.",
                {"type": "string", "enum": [*GROUPS]},
            ),
            _query(
                "since",
                "With `by`: since the beginning of this day (UTC). By default, of the day 30 days ago.",
                {"type": "string", "format": "date"},
            ),
            _query(
                "format",
                "With `by`: the form of the answer, in place of the one that `Accept` asks for.",
                {"type": "string", "enum": ["json", "csv"]},
            ),
        ],
    )


def _health(name: str, summary: str, *problems: type[Overloaded]) -> Json:
    return operation(name, summary, {200: answer("Yes.", schema("Health"))}, *problems, open_to_all=True)


def _explain_problem() -> Json:
    page = answer("A page to read.", {"type": "string"}, media_type="text/html")
    return operation("explain_problem", "Explain a problem type", {200: page}, NotFound, open_to_all=True)


def _path_parameter(name: str, of: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": of}


def _query(name: str, description: str, of: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": of}


def _header(name: str, description: str, of: Json) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"} | of}


def _required_header(name: str, description: str, of: Json) -> Json:
    return _header(name, description, of) | {"required": True}
