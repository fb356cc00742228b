"""A validator for the part of JSON Schema 2020-12 that the contract uses; it raises at any other keyword."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

Schema = Mapping[str, Any]

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
_ANNOTATIONS = {"title", "description", "examples", "default"}


class Validator:
    """Validates values against the schemas of one document; references are of the form `#/...`."""

    def __init__(self, document: Schema) -> None:
        self._document = document

    def resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            target: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        return schema

    def errors(self, value: object, schema: Schema, at: str = "") -> Iterator[str]:
        for keyword, rule in schema.items():
            if keyword not in _ANNOTATIONS and not self._holds(keyword, rule, value, schema):
                yield f"{at or '/'} {value!r:.80} breaks {keyword}: {rule!r:.80}"
        resolved = self.resolve(schema)
        if isinstance(value, dict):
            for name, member in value.items():
                if name in resolved.get("properties", {}):
                    yield from self.errors(member, resolved["properties"][name], f"{at}/{name}")
        if isinstance(value, list) and isinstance(resolved.get("items"), dict):
            for index, item in enumerate(value):
                yield from self.errors(item, resolved["items"], f"{at}/{index}")

    def valid(self, value: object, schema: Schema) -> bool:
        return next(self.errors(value, schema), None) is None

    def _holds(self, keyword: str, rule: Any, value: Any, schema: Schema) -> bool:  # noqa: ANN401, C901, PLR0911, PLR0912
        number, text = type(value) in (int, float), isinstance(value, str)
        match keyword:
            case "$ref":
                return self.valid(value, self.resolve(schema))
            case "type":
                return any(_is_of(value, name) for name in ([rule] if isinstance(rule, str) else rule))
            case "const":
                return type(value) is type(rule) and bool(value == rule)
            case "enum":
                return value in rule
            case "anyOf":
                return any(self.valid(value, one) for one in rule)
            case "allOf":
                return all(self.valid(value, one) for one in rule)
            case "if":
                return not self.valid(value, rule) or self.valid(value, schema["then"])
            case "then":
                return True  # checked with `if`
            case "required":
                return not isinstance(value, dict) or set(rule) <= value.keys()
            case "additionalProperties":
                return not isinstance(value, dict) or value.keys() <= schema["properties"].keys()
            case "properties" | "items":
                return True  # checked by `errors`
            case "prefixItems":
                return not isinstance(value, list) or all(
                    self.valid(item, one) for item, one in zip(value, rule, strict=False)
                )
            case "minItems":
                return not isinstance(value, list) or len(value) >= rule
            case "maxItems":
                return not isinstance(value, list) or len(value) <= rule
            case "minLength":
                return not text or len(value) >= rule
            case "maxLength":
                return not text or len(value) <= rule
            case "pattern":
                return not text or re.search(rule, value) is not None
            case "minimum":
                return not number or value >= rule
            case "maximum":
                return not number or value <= rule
            case "multipleOf":
                return not number or value % rule == 0
            case "contentEncoding":
                return not text or base64.b64encode(base64.b64decode(value)).decode() == value
            case "format":
                return not text or _is_formatted(value, rule)
            case _:
                raise NotImplementedError(keyword)


def _is_of(value: object, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and not isinstance(value, bool)


def _is_formatted(value: str, name: str) -> bool:
    read: Mapping[str, Any] = {
        "date": date.fromisoformat,
        "date-time": datetime.fromisoformat,
        "uuid": UUID,
        "uri-reference": str,
    }
    try:
        read[name](value)
    except ValueError:
        return False
    return True


def references(document: object) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(document, dict):
        for name, member in document.items():
            yield from [member] if name == "$ref" else references(member)
    elif isinstance(document, Sequence) and not isinstance(document, str):
        for item in document:
            yield from references(item)
