"""JSON Schema in words and tables."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from darkroom.entrypoints.http.contract.reference.markup import code, example, link, prose, table, text

Schema = Mapping[str, Any]

_RANGES: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
)
_LONGEST_PATTERN: Final = 40  # characters; a longer pattern is left to the description


def name_of(schema: Schema) -> str:
    """Return the name of the schema that a `$ref` refers to."""
    return str(schema["$ref"]).rpartition("/")[2]


def told(schema: Schema) -> str:
    """Return a description of the values that a schema allows, on one line."""
    if "$ref" in schema:
        return link(f"#schema-{name_of(schema)}", code(name_of(schema)))
    types = schema.get("type", ())
    nothing = f", or {code(None)}" if "null" in types and types != "null" else ""
    default = f"; left out: {code(schema['default'])}" if "default" in schema else ""
    return ", ".join([_kind(schema), *_rules(schema)]) + nothing + default


def described(name: str, schema: Schema) -> str:
    """Return the section of a schema of the document."""
    parts = [f'<section id="schema-{text(name)}"><h3>{code(name)}</h3>\n{_about(schema)}']
    alternatives = schema.get("anyOf", ())
    if alternatives and all("properties" in one for one in alternatives):
        for one in alternatives:
            parts += [f"<h4>{code(one['title'])}</h4>\n", _fields(one)]
    else:
        parts.append(_fields(schema) if "properties" in schema else f"<p>{told(schema)}</p>\n")
    return "".join([*parts, "</section>\n"])


def _about(schema: Schema) -> str:
    return f"<p>{prose(schema['description'])}</p>\n" if "description" in schema else ""


def _kind(schema: Schema) -> str:
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return " or ".join(code(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(told(one) for one in schema["anyOf"])
    types = schema.get("type", "anything")
    kind = text(types if isinstance(types, str) else " or ".join(name for name in types if name != "null"))
    if "items" in schema:
        item = told(schema["items"])
        kind += f" of ({item})" if ", " in item else f" of {item}"
    return f"{kind} ({text(schema['format'])})" if "format" in schema else kind


def _rules(schema: Schema) -> Iterator[str]:
    for least, most, of_what in _RANGES:
        match schema.get(least), schema.get(most):
            case None, None:
                pass
            case low, None:
                yield f"at least {code(low)}{of_what}"
            case None, high:
                yield f"at most {code(high)}{of_what}"
            case low, high:
                yield f"{code(low)}{of_what}" if low == high else f"{code(low)} to {code(high)}{of_what}"
    if (step := schema.get("multipleOf", 1)) != 1:
        yield f"a multiple of {code(step)}"
    if 0 < len(schema.get("pattern", "")) <= _LONGEST_PATTERN:
        yield f"matching {code(schema['pattern'])}"


def _fields(schema: Schema) -> str:
    required, examples = schema.get("required", ()), schema.get("examples", ())
    rows = (
        (
            code(name) + (" <small>required</small>" if name in required else ""),
            told(field),
            prose(field.get("description", "")),
        )
        for name, field in schema["properties"].items()
    )
    return "".join(
        [
            table("Fields", ("Field", "Value", "Meaning"), rows),
            *(f"<p>{_choice(rule)}</p>\n" for rule in schema.get("allOf", ())),
            f"<p>{prose(schema['then']['description'])}</p>\n" if "then" in schema else "",
            *(example(one) for one in examples),
        ]
    )


def _choice(rule: Schema) -> str:
    return f"One of: {'; '.join(_together(one['properties']) for one in rule['anyOf'])}."


def _together(fields: Mapping[str, Schema]) -> str:
    return " and ".join(f"{code(name)} {told(rule)}" for name, rule in fields.items())
