"""Hostile requests of callers: each is either read, or refused in the documented way."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.adapters.watching.trace_context import sent_traceparent
from darkroom.domain.model.errors import InvalidRequest, InvalidValue
from darkroom.domain.model.model_card import ModelCard
from darkroom.domain.model.order import ORDER_FIELDS, read_order
from darkroom.entrypoints.http import strict_json
from darkroom.entrypoints.http.auth.authentication import bearer_token
from darkroom.entrypoints.http.body import decode_fields
from darkroom.entrypoints.http.errors import MalformedBody, Unauthorized
from darkroom.entrypoints.http.generations import PageLength, read_cursor
from darkroom.entrypoints.http.headers import idempotency_key, prefers_not_to_wait
from darkroom.entrypoints.http.models import is_known
from darkroom.entrypoints.http.query import read_parameters
from darkroom.entrypoints.http.request_id import choose_request_id

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(sorted(ORDER_FIELDS))
PIECES = st.sampled_from((b'"', b"\\", b",", b";", b"=", b" ", b"\t", b"respond-async", b"Bearer", b"00-", b"0" * 32))
LINES = st.lists(PIECES | st.binary(max_size=6), max_size=12).map(b"".join)
CARDS: dict[str, ModelCard] = {WIDEST_CARD.version.value: WIDEST_CARD}


@given(st.binary(max_size=200) | DOCUMENTS.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"a":' * 50_000)
@example(b"1" * 100_000)
@example(b'{"\\ud800": 1}')
@example(b"\xef\xbb\xbf{}")
def test_a_body_is_json_or_malformed(body: bytes) -> None:
    try:
        strict_json.read(body)
    except ValueError as error:
        assert type(error) is ValueError
    try:
        decode_fields(body)
    except (MalformedBody, InvalidRequest) as refusal:
        assert refusal.charged == "no"


@given(st.dictionaries(FIELDS | st.text(max_size=5), DOCUMENTS))
def test_fields_are_an_order_or_its_violations_are_named(fields: dict[str, object]) -> None:
    try:
        order = read_order(fields, CARDS)
    except InvalidRequest as refusal:
        assert refusal.violations
    else:
        assert fields.keys() >= {"version", "prompt", "width", "height"}
        assert order.version.value in CARDS


@given(st.binary(max_size=80))
def test_a_query_is_read_or_each_parameter_is_named(query: bytes) -> None:
    for text in (query, b"limit=" + query, b"cursor=" + query, b"limit=1&" + query):
        try:
            read = read_parameters(text, {"limit": PageLength.read, "cursor": read_cursor})
        except InvalidRequest as refusal:
            assert all(broken.pointer.startswith("?") for broken in refusal.violations)
        else:
            assert read.keys() <= {"limit", "cursor"}


@given(st.text(max_size=60))
def test_a_cursor_is_read_or_refused(text: str) -> None:
    try:
        assert len(read_cursor(text)) == 36
    except InvalidValue as rule:
        assert str(rule).startswith("must be")


@given(LINES)
def test_headers_are_read_ignored_or_refused(line: bytes) -> None:
    headers = [
        (name, line)
        for name in (b"prefer", b"idempotency-key", b"authorization", b"x-request-id", b"traceparent", b"if-none-match")
    ]
    assert prefers_not_to_wait(headers) in (True, False)
    assert choose_request_id(headers)
    assert sent_traceparent(headers) in (None, line.decode("latin-1"))
    assert is_known('"tag"', [line.decode("latin-1")]) in (True, False)
    for read, refusal in ((idempotency_key, InvalidRequest), (bearer_token, Unauthorized)):
        try:
            read(headers)
        except refusal as refused:
            assert refused.charged == "no"
