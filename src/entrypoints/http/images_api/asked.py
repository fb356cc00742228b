"""Parses a request of the Images API into an order."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from darkroom.domain.model.errors import InvalidRequest, OutOfBounds, Violation
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.model_card import HONOURABLE, ModelCard
from darkroom.domain.model.order import Order, read_order
from darkroom.domain.model.values import IdempotencyKey, ImageSize
from darkroom.entrypoints.http.body import decode_fields
from darkroom.entrypoints.http.headers import Headers, idempotency_key, values_of

URL: Final = "url"
BYTES: Final = "b64_json"
FORMS: Final = (URL, BYTES)
"""The values of `response_format`; a request without it is answered in both forms."""

USER_MAX: Final = 512  # characters

NEUTRAL: Final[Mapping[str, tuple[object, ...]]] = {
    "quality": ("auto", "standard"),
    "style": ("vivid",),
    "background": ("auto",),
    "moderation": ("auto",),
    "stream": (False,),
    "output_compression": (),
    "partial_images": (),
}
"""OpenAI's fields that are not honoured here, and the values that are accepted for each because they are defaults."""

USERS: Final = ("user", "safety_identifier")
"""Fields that name the caller's own user: accepted, and not stored."""

FIELDS: Final = (
    *("model", "prompt", "n", "size", *HONOURABLE),
    *("response_format", "output_format", *NEUTRAL, *USERS),
)

_TRIED: Final = b"x-stainless-retry-count"
_SIZE: Final = re.compile("([0-9]{1,5})x([0-9]{1,5})")
_AUTO: Final = "auto"
_HERE: Final = {"version": "model", "samples": "n", "width": "size", "height": "size"}
_ANY_SIZE: Final = ImageSize(1024, 1024)  # stands in for a bad size, so that the rest of the order is checked too


@dataclass(frozen=True, slots=True)
class Asked:
    """An order with its idempotency key, if any, and the forms in which its images are answered.

    `body` is the SHA-256 of the given fields in canonical JSON, in hexadecimal. `repeats`: the request may be a retry.
    OpenAI's SDKs send a retry count, 0 for the first try; other clients do not, so theirs always may be one.
    """

    order: Order
    key: IdempotencyKey | None
    forms: Collection[str]
    body: str
    repeats: bool


def read_request(headers: Headers, body: bytes, cards: Mapping[str, ModelCard]) -> Asked:
    """Parse a request.

    Raises:
        MalformedBody: the body is not JSON.
        InvalidRequest: headers or body break rules; it names every one of them.
    """
    members, repeated = decode_fields(body, FIELDS)
    broken = [Violation(violation.pointer.removeprefix("/"), violation.detail) for violation in repeated]
    broken += (Violation(name, "is not a field of this request") for name in members if name not in FIELDS)
    fields = {name: value for name, value in members.items() if value is not None}
    key = order = None
    try:
        key = idempotency_key(headers)
    except InvalidRequest as wrong:
        broken += wrong.violations
    version = fields.get("model")
    card = cards.get(version) if isinstance(version, str) else None
    broken += _broken_here(fields, card)
    try:
        order = read_order(_as_order(fields, _size(fields, card) or _ANY_SIZE), cards)
    except InvalidRequest as wrong:
        broken += map(_named_here, wrong.violations)
    if broken or order is None:
        raise InvalidRequest(broken)
    form = fields.get("response_format")
    return Asked(
        order,
        key,
        FORMS if form is None else (str(form),),
        body=hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest(),
        repeats=values_of(headers, _TRIED) != ["0"],
    )


def _size(fields: Mapping[str, object], card: ModelCard | None) -> ImageSize | None:
    """Return the requested size, or the default size of the model for `auto`; None if no order may have that size."""
    size = fields.get("size", _AUTO)
    if size == _AUTO:
        return card.default_size if card else _ANY_SIZE
    sides = _SIZE.fullmatch(size) if isinstance(size, str) else None
    try:
        return ImageSize(int(sides[1]), int(sides[2])) if sides else None
    except OutOfBounds:
        return None


def _broken_here(fields: Mapping[str, object], card: ModelCard | None) -> Iterator[Violation]:
    """Yield violations in the fields that only this door has."""
    if _size(fields, card) is None:
        bounds = f"from {ImageSize.MIN} to {ImageSize.MAX} pixels"
        yield Violation("size", f"must be auto, or width and height {bounds}, such as 1024x1024")
    if (form := fields.get("response_format")) is not None and form not in FORMS:
        yield Violation("response_format", f"must be {' or '.join(FORMS)}")
    drawn = [card.media_type] if card else list(MediaType)
    formats = [media_type.removeprefix("image/") for media_type in drawn]
    if fields.get("output_format", formats[0]) not in formats:
        yield Violation("output_format", f"must be {' or '.join(formats)}, which is what the model draws")
    for name in USERS:
        user = fields.get(name, "")
        if not isinstance(user, str) or len(user) > USER_MAX:
            yield Violation(name, f"must be a string of at most {USER_MAX} characters")
    for name, neutral in NEUTRAL.items():
        value = fields.get(name)
        # 0 equals False, but is not a boolean in JSON.
        if value is not None and not (isinstance(value, str | bool) and value in neutral):
            instead = "".join(f", or send {json.dumps(one)}" for one in neutral)
            yield Violation(name, f"is not honoured here: leave it out{instead}")


def _as_order(fields: Mapping[str, object], size: ImageSize) -> dict[str, object]:
    order = {name: fields[name] for name in ("prompt", *HONOURABLE) if name in fields}
    order |= {"version": fields.get("model"), "samples": fields.get("n"), "width": size.width, "height": size.height}
    if "seed" in order and not isinstance(order["seed"], list):
        order["seed"] = [order["seed"]]
    return order


def _named_here(violation: Violation) -> Violation:
    """Return a violation with the name that the field has at this door."""
    field, *index = violation.pointer.removeprefix("/").split("/")
    side = f"(the {field}) " if field in ("width", "height") else ""
    name = _HERE.get(field, field) + "".join(f"[{place}]" for place in index)
    return Violation(name, side + violation.detail)
