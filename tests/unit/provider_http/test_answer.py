from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.outbound_http.answer import REPLACED, Answer, read_json
from darkroom.domain.model.errors import DrawingFailed, GeneratorRefused, GeneratorUnavailable, OutcomeUnknown


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), b"raw")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, OutcomeUnknown),
        (307, OutcomeUnknown),
        (400, GeneratorRefused),
        (401, GeneratorRefused),
        (403, GeneratorRefused),
        (404, GeneratorRefused),
        (408, OutcomeUnknown),
        (422, GeneratorRefused),
        (429, GeneratorUnavailable),
        (499, OutcomeUnknown),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
        (504, OutcomeUnknown),
        (999, OutcomeUnknown),
    ],
)
def test_a_status_determines_whether_the_call_was_charged(status: int, kind: type[DrawingFailed]) -> None:
    failure = answer(status).failure()

    assert type(failure) is kind
    assert failure.charged is kind.charged
    assert failure.evidence == (b"raw" if kind is OutcomeUnknown else b"")


@pytest.mark.parametrize(("status", "success"), [(199, False), (200, True), (204, True), (299, True), (300, False)])
def test_only_2xx_is_success(status: int, *, success: bool) -> None:
    assert answer(status).is_success is success


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), (" 7 ", 7), ("0", 1), ("86401", 86400), ("9" * 5000, 86400), ("Wed, 21 Oct 2015 07:28:00 GMT", 1)],
)
def test_retry_after_is_a_number_of_seconds_within_a_day(text: str, seconds: int) -> None:
    assert answer(429, retry_after=text).retry_after == seconds


def test_retry_after_may_be_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    assert 3590 <= (answer(429, retry_after=at).retry_after or 0) <= 3600


@pytest.mark.parametrize(
    "text", ["", "-7", "7.5", "soon", "\u0667", "Wed, 99 Oct 9999 07:28:00 GMT", "1 Jan 1 00:00:00 +9999"]
)
def test_any_other_retry_after_is_ignored(text: str) -> None:
    headers = httpx.Headers({b"retry-after": text.encode()})

    assert Answer(429, headers, b"").retry_after is None


def test_retry_after_is_passed_to_the_failure() -> None:
    assert answer(429, retry_after="7").failure().retry_after == 7
    assert answer(429).failure().retry_after == GeneratorUnavailable.retry_after


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b'"\\ud800'])
def test_a_body_that_is_not_an_object_is_read_as_an_empty_one(body: bytes) -> None:
    assert Answer(200, httpx.Headers(), body).document() == {}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb'"a \ud83d\ude00 b"', "a \U0001f600 b"),
        (rb'"a \uD83D\uDE00 b"', "a \U0001f600 b"),
        (rb'"a \ud83d b"', "a \ufffd b"),
        (rb'"a \uDE00 b"', "a \ufffd b"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud83d\ud83d\ude00\ude00"', "\ufffd\U0001f600\ufffd"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\\\ud83d\ude00"', "\\\U0001f600"),
        (rb'"\ud83d\\ude00"', "\ufffd\\ude00"),
        ('"\\ud83d é"'.encode("utf-16"), "\ufffd é"),
        (b'"\0=\xd8"\0', "\ufffd"),
        (rb'{"\ud83d": ["\ud83d"]}', {"\ufffd": ["\ufffd"]}),
    ],
)
def test_lone_surrogates_are_replaced(text: bytes, read: object) -> None:
    assert read_json(text) == read


@given(st.lists(st.sampled_from(["\\", "\\u", "d83d", "DE00", "\\ud83d", "\\uDE00", "0041", "n", "é"]), max_size=12))
def test_only_lone_surrogates_are_replaced(parts: list[str]) -> None:
    text = f'"{"".join(parts)}"'
    try:
        said = re.sub("[\ud800-\udfff]", REPLACED, json.loads(text))
    except ValueError:
        said = None

    assert read_json(text.encode()) == said


def test_the_repr_does_not_contain_the_body() -> None:
    assert "raw" not in repr(answer(200))
