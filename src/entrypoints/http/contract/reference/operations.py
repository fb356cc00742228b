"""The operations of the contract, one section for each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from darkroom.entrypoints.http.contract.reference.markup import code, example, link, prose, table, text
from darkroom.entrypoints.http.contract.reference.schemas import name_of, told

Described = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its method, its path or the name of its webhook, and its description in the document."""

    method: str
    path: str
    said: Described
    parameters: Sequence[Described]

    @property
    def id(self) -> str:
        """The id of its section."""
        return str(self.said["operationId"])

    @property
    def title(self) -> str:
        """Its method and path, as markup."""
        return code(f"{self.method} {self.path}")


def operations_in(paths: Mapping[str, Described]) -> Iterator[Operation]:
    """Yield each operation of a document's paths or webhooks."""
    for path, item in paths.items():
        for method, said in item.items():
            if method != "parameters":
                yield Operation(method.upper(), path, said, (*item.get("parameters", ()), *said.get("parameters", ())))


def described(document: Described, operation: Operation) -> str:
    """Return the section of an operation."""
    said = operation.said
    open_to_all = operation.path.startswith("/") and said.get("security", document["security"]) == []
    return "".join(
        [
            f'<section id="{text(operation.id)}"><h3>{operation.title}</h3>\n',
            f"<p>{prose(said['summary'])}.{' Open to all.' if open_to_all else ''}</p>\n",
            f"<p>{prose(said['description'])}</p>\n" if "description" in said else "",
            table("Parameters", ("Parameter", "Where", "Value", "Meaning"), _parameters(document, operation)),
            _body(said["requestBody"]) if "requestBody" in said else "",
            table("Answers", ("Status", "Meaning", "Content", "Headers"), _answers(document, said["responses"])),
            *_examples(said["responses"]),
            "</section>\n",
        ]
    )


def _parameters(document: Described, operation: Operation) -> Iterator[tuple[str, ...]]:
    for known in operation.parameters:
        parameter = document["components"]["parameters"][name_of(known)] if "$ref" in known else known
        required = " <small>required</small>" if parameter.get("required") else ""
        yield (
            code(parameter["name"]) + required,
            text(parameter["in"]),
            told(parameter["schema"]),
            prose(parameter.get("description", "")),
        )


def _body(body: Described) -> str:
    return f"<p>Body: {' or '.join(map(_content, body['content'].items()))}.</p>\n"


def _content(shown: tuple[str, Described]) -> str:
    media_type, content = shown
    return f"{told(content['schema'])} as {code(media_type)}"


def _answers(document: Described, responses: Mapping[str, Described]) -> Iterator[tuple[str, ...]]:
    for status, response in responses.items():
        contents = map(_content, response.get("content", {}).items())
        names = (_header(document, name, header) for name, header in response.get("headers", {}).items())
        yield _status(status), prose(response["description"]), "<br>".join(contents), ", ".join(names)


def _status(status: str) -> str:
    return f"{text(status)} {text(HTTPStatus(int(status)).phrase)}" if status.isdecimal() else text(status)


def _header(document: Described, name: str, header: Described) -> str:
    known = name in document["components"]["headers"] and "$ref" in header
    return link(f"#header-{name}", code(name)) if known else code(name)


def _examples(responses: Mapping[str, Described]) -> Iterator[str]:
    for status, response in responses.items():
        for content in response.get("content", {}).values():
            for value in content["schema"].get("examples", ()):
                yield example(value, f"Example of {status}")
