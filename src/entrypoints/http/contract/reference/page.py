"""The reference page."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from darkroom.entrypoints.http.contract.reference.markup import code, link, prose, table, text
from darkroom.entrypoints.http.contract.reference.operations import Operation, described, operations_in
from darkroom.entrypoints.http.contract.reference.schemas import described as schema_described
from darkroom.entrypoints.http.contract.reference.schemas import told
from darkroom.entrypoints.http.problem_types import PROBLEM_TYPES, ProblemType
from darkroom.entrypoints.http.public_path import public

_LOOK: Final = (Path(__file__).parent / "look.css").read_text(encoding="utf-8")
# The page has no scripts; its only style is allowed by its hash (CSP 3, 2.3.1).
_STYLE_HASH: Final = b64encode(hashlib.sha256(_LOOK.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def reference_page(document: Mapping[str, Any], *, described_at: str) -> str:
    """Return the page with every operation, webhook, problem, header and schema of the document.

    `described_at` is the address of the document itself, which the page links to.
    """
    info, components = document["info"], document["components"]
    operations, webhooks = list(operations_in(document["paths"])), list(operations_in(document["webhooks"]))
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n',
            '<meta name="viewport" content="width=device-width">\n',
            f"<title>{text(info['title'])}: the API</title>\n<style>{_LOOK}</style>\n",
            f"<header><h1>{text(info['title'])} <small>{text(info['version'])}</small></h1>\n",
            f"<p>{prose(info['description'])}</p>\n",
            (
                "<p>Send an access token with each request that is not open to all: "
                f"{code('Authorization: Bearer <access token>')}. "
            ),
            f"Programs read the same as {link(described_at, 'OpenAPI ' + text(document['openapi']))}.</p></header>\n",
            _contents([*operations, *webhooks]),
            "<main>\n<h2>Operations</h2>\n",
            *(described(document, one) for one in operations),
            "<h2>Webhooks</h2>\n",
            *(described(document, one) for one in webhooks),
            "<h2 id=problems>Problems</h2>\n",
            f"<p>{prose('Every failure is one of these. `charged` says whether money was spent.')}</p>\n",
            table("", ("Type", "Status", "Meaning"), map(_problem, dict.fromkeys(PROBLEM_TYPES.values()))),
            "<h2 id=headers>Headers of answers</h2>\n",
            table("", ("Header", "Value", "Meaning"), map(_header, components["headers"].items())),
            "<h2 id=schemas>Schemas</h2>\n",
            *(schema_described(name, schema) for name, schema in components["schemas"].items()),
            "</main>\n</html>\n",
        ]
    )


def _contents(operations: Sequence[Operation]) -> str:
    entries = [link(f"#{one.id}", one.title) for one in operations]
    entries += [link(f"#{name.lower()}", name) for name in ("Problems", "Headers", "Schemas")]
    return "<nav aria-label=Contents><ul>" + "".join(f"<li>{entry}" for entry in entries) + "</ul></nav>\n"


def _problem(kind: ProblemType) -> tuple[str, ...]:
    meaning = f"<strong>{text(kind.title)}.</strong> {prose(kind.meaning)}"
    return link(public(kind.uri), code(kind.slug)), str(int(kind.status)), meaning


def _header(named: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
    name, header = named
    return f'<span id="header-{text(name)}">{code(name)}</span>', told(header["schema"]), prose(header["description"])
