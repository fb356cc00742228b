"""Pieces of HTML. Every text goes through `text` or `prose`, so that nothing of it is taken for markup."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Final

_CODE: Final = re.compile("`(.+?)`")

text = escape


def prose(said: str) -> str:
    """A text whose words between backticks are code."""
    return _CODE.sub(r"<code>\1</code>", escape(said))


def code(said: object) -> str:
    """A value as JSON has it, or a name."""
    shown = said if said and isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"<code>{escape(shown)}</code>"


def link(to: str, said: str) -> str:
    """A link; `said` is markup already."""
    return f'<a href="{escape(to)}">{said}</a>'


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table with a row for each of `rows`, whose cells are markup; nothing where there are none.

    One that stands alone under its heading needs no caption.
    """
    body = "".join(
        "<tr>" + "".join(f"<th scope=row>{cell}" if not at else f"<td>{cell}" for at, cell in enumerate(row)) + "\n"
        for row in rows
    )
    head = "".join(f"<th scope=col>{text(name)}" for name in heads)
    named = f"<caption>{text(caption)}</caption>" if caption else ""
    return f"<table>{named}<thead><tr>{head}<tbody>\n{body}</table>\n" if body else ""


def example(value: object, caption: str = "Example") -> str:
    """A value, laid out to be read and copied."""
    laid_out = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<figure><figcaption>{text(caption)}</figcaption><pre tabindex=0>{text(laid_out)}</pre></figure>\n"
