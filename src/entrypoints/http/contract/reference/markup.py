"""Pieces of HTML. Every text is escaped by `text` or `prose`."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Final

_CODE: Final = re.compile("`(.+?)`")

text = escape


def prose(said: str) -> str:
    """Escape a text, and mark words between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(said))


def code(said: object) -> str:
    """Return a value in JSON, or a non-empty string as it is, marked as code."""
    shown = said if said and isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"<code>{escape(shown)}</code>"


def link(to: str, said: str) -> str:
    """Return a link; `said` is markup, and is not escaped."""
    return f'<a href="{escape(to)}">{said}</a>'


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of `rows`, whose cells are markup; an empty string if there are no rows.

    Without a `caption` none is shown.
    """
    body = "".join(
        "<tr>" + "".join(f"<th scope=row>{cell}" if not at else f"<td>{cell}" for at, cell in enumerate(row)) + "\n"
        for row in rows
    )
    head = "".join(f"<th scope=col>{text(name)}" for name in heads)
    named = f"<caption>{text(caption)}</caption>" if caption else ""
    return f"<table>{named}<thead><tr>{head}<tbody>\n{body}</table>\n" if body else ""


def example(value: object, caption: str = "Example") -> str:
    """Return a preformatted value: a string as it is, anything else in indented JSON."""
    laid_out = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<figure><figcaption>{text(caption)}</figcaption><pre tabindex=0>{text(laid_out)}</pre></figure>\n"
