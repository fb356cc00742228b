"""Extracts a provider's error message from an answer, without prompts and secrets.

An answer may quote anything: the prompt, whole, cut short or doubly escaped, the key, a signed link. The message is
kept for the operator, so all of these are removed first.
"""

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from darkroom.domain.model.generation import GenerationRequest

LONGEST_MESSAGE: Final = 500  # characters

PROMPT: Final = "[prompt]"
SECRET: Final = "[secret]"  # noqa: S105  # a placeholder

# The fields in which providers put their message, the likeliest first; each may hold an object or a list of the same.
_SENTENCES: Final = (
    "message",
    "msg",
    "error_description",
    "failure_reason",
    "reason",
    "detail",
    "details",
    "error",
    "errors",
    "title",
)
_LONGEST_BODY: Final = 16_384  # characters of an answer that is not JSON
_TAG: Final = re.compile(r"<(script|style)\b.*?</\1>|<[^>]{0,500}>", re.DOTALL | re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_RUN: Final = 3  # this many consecutive words of a prompt count as a quotation of it

_SECRETS: Final = (
    (re.compile(r"\b(bearer|basic|kakaoak)\s+[^\s\"',;]{6,}", re.IGNORECASE), rf"\1 {SECRET}"),
    (
        re.compile(
            r"\b((?:api[-_ ]?)?key|token|secret|password|signature)([\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]{4,}",
            re.IGNORECASE,
        ),
        rf"\1\2{SECRET}",
    ),
    (re.compile(r"\b(?:sk|pk|rk|xai|gsk)-[\w*.-]{6,}|\b(?:r8|hf)_[\w*]{6,}|\bAIza[\w-]{10,}"), SECRET),
    (re.compile(r"(https?://)(?:[^\s/@\"'<>]*@)?([^\s?#\"'<>]*)[?#][^\s\"'<>]*"), rf"\1\2?{SECRET}"),
    (re.compile(r"(https?://)[^\s/@\"'<>]*@"), r"\1"),
    # A long run of letters and digits. Request ids, which begin with a word or are UUIDs, are kept.
    (re.compile(r"(?<![\w-])(?=[A-Za-z+=]*[0-9])(?=[0-9+=]*[A-Za-z])[A-Za-z0-9+=]{24,}(?![\w-])"), SECRET),
)


def sentence_of(said: object) -> str:
    """Return the message in a JSON document or text, without HTML tags; empty if there is none."""
    if isinstance(said, str):
        return html.unescape(_TAG.sub(" ", said[:_LONGEST_BODY]))
    return "; ".join(dict.fromkeys(_sentences(said, depth=6)))


def kept_message(said: object, request: GenerationRequest, secrets: Iterable[str]) -> str:
    """Return the provider's message in one line of at most `LONGEST_MESSAGE` characters, without prompts or secrets."""
    text = sentence_of(said)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, SECRET)
    text = without_prompts(text, request)
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    visible = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    line = " ".join(visible.split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"


def without_prompts(text: str, request: GenerationRequest) -> str:
    """Return `text` with `PROMPT` in place of everything that it quotes of the request's prompts."""
    for prompt in (request.prompt, *request.parameters.texts):
        text = _without(text, prompt.value)
    return text


def _without(text: str, prompt: str) -> str:
    stripped = prompt.strip()
    for spelled in sorted(set(_spellings(stripped)), key=len, reverse=True):
        # Whole words only: a prompt of one letter must not match inside words.
        text = re.sub(rf"(?<!\w){re.escape(spelled)}(?!\w)", PROMPT, text, flags=re.IGNORECASE)
    quoted = _quoted(text, stripped)
    for start, end in reversed(quoted):
        text = f"{text[:start]}{PROMPT}{text[end:]}"
    return text


def _spellings(prompt: str) -> Iterator[str]:
    """Yield the escaped forms in which an answer may quote a prompt."""
    yield prompt
    for escaped in (json.dumps(prompt)[1:-1], json.dumps(prompt, ensure_ascii=False)[1:-1], repr(prompt)[1:-1]):
        yield escaped
        yield json.dumps(escaped)[1:-1]
    yield html.escape(prompt)
    yield " ".join(prompt.split())


def _quoted(text: str, prompt: str) -> list[tuple[int, int]]:
    """Return the spans of `text` that share at least `_RUN` consecutive words with `prompt`, however it is escaped."""
    words = _WORD.findall(prompt.casefold())
    runs = {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    places = [(found.start(), found.end(), found[0].casefold()) for found in _WORD.finditer(text)] if runs else []
    quoted: list[tuple[int, int]] = []
    end = -1
    for at in range(len(places) - _RUN + 1):
        if tuple(word for *_, word in places[at : at + _RUN]) not in runs:
            continue
        if at <= end + _RUN and quoted:  # merge spans with at most a few words between them
            quoted[-1] = quoted[-1][0], places[at + _RUN - 1][1]
        else:
            quoted.append((places[at][0], places[at + _RUN - 1][1]))
        end = at + _RUN
    return quoted


def _sentences(said: object, depth: int) -> Iterator[str]:
    match said:
        case str() if said.strip():
            yield said
        case Mapping() if depth:
            yield from _of_object(said, depth)
        case list() if depth:
            for one in said[:8]:
                yield from _sentences(one, depth - 1)
        case _:
            return


def _of_object(said: Mapping[str, Any], depth: int) -> Iterator[str]:
    found = False
    for name in _SENTENCES:
        for sentence in _sentences(said.get(name), depth - 1):
            found = True
            yield sentence
    code = said.get("code") or said.get("type")
    if not found and isinstance(code, str):
        yield code
