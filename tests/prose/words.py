"""Words to avoid in docs, messages, docstrings and comments.

`python -m prose.words FILE...` lists each occurrence and what to write instead.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INSTEAD: Final = {
    r"whoever": "the caller, the operator, another process",
    r"nobody": "no caller, no process; or say it in the passive",
    r"somebody": "another caller, another process",
    r"(?<!there )is no (?!longer\b)": "is not a",
    r"so many": "at most N, that many",
    r"mend(?:s|ed|ing)?": "fix",
    r"the model's own": "by default",
    r"holes?": "vulnerability",
}
# Correct uses of these words.
_RIGHT: Final = re.compile(r"black[- ]holes?|(?:as|user) nobody|nobody:x:|^nobody$", re.IGNORECASE)
_WORDS: Final = re.compile("|".join(rf"(?P<w{n}>\b{word}\b)" for n, word in enumerate(INSTEAD)), re.IGNORECASE)
_BY_GROUP: Final = {f"w{n}": text for n, text in enumerate(INSTEAD.values())}

_ENDINGS: Final = frozenset(
    {".cfg", ".css", ".html", ".js", ".json", ".md", ".py", ".service", ".sh", ".toml", ".yaml", ".yml", ""}
)
_LEFT_OUT: Final = re.compile(r"CONTRIBUTING\.md|tests/prose/|tests/unit/docs/test_words\.py")  # which list the words


@dataclass(frozen=True, slots=True)
class Hit:
    """An occurrence of a word to avoid, and what to write instead."""

    file: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.word!r}: {self.instead}"


def hits_in(file: str, text: str) -> Iterator[Hit]:
    """Yield the hits in a file's prose: in Python its comments and strings, otherwise the whole text."""
    for line, prose in _prose_of_python(text) if file.endswith(".py") else enumerate(text.splitlines(), start=1):
        right = [found.span() for found in _RIGHT.finditer(prose)]
        for found in _WORDS.finditer(prose):
            if not any(begin <= found.start() < end for begin, end in right):
                at = line + prose.count("\n", 0, found.start())
                yield Hit(file, at, found[0].strip(), _BY_GROUP[found.lastgroup or ""])


def main(names: list[str]) -> int:
    """Print the hits in the files, and return the exit status."""
    files = [name for name in names if _is_checked(name) and Path(name).is_file()]
    hits = [hit for name in files for hit in hits_in(name, Path(name).read_text(encoding="utf-8"))]
    for hit in hits:
        print(hit)
    return int(bool(hits))


def _is_checked(file: str) -> bool:
    return not _LEFT_OUT.match(file) and Path(file).suffix in _ENDINGS


def _prose_of_python(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.replace("_", " ")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
