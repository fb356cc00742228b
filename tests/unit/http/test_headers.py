"""Request headers are read correctly, and in linear time."""

from __future__ import annotations

import pytest

from darkroom.entrypoints.http.headers import prefers_not_to_wait, values_of
from darkroom.entrypoints.http.models import is_known

MANY = 200_000


@pytest.mark.parametrize(
    "value",
    [
        b'a="' + rb"\"" * MANY,
        b'"' * MANY,
        b'"\\' * MANY,
        b"," * MANY,
        b"a=" * MANY,
        b" " * MANY + b"x",
        b'"' + b"\\" * MANY,
    ],
    ids=range(7),
)
def test_a_long_preference_is_read_in_linear_time(value: bytes) -> None:
    """Each value would take minutes to read in quadratic time."""
    assert not prefers_not_to_wait([(b"prefer", value)])


def test_a_preference_after_many_others_is_found() -> None:
    assert prefers_not_to_wait([(b"prefer", b'a="b, c"; d=e, ' * 1000), (b"prefer", b"respond-async")])


def test_each_value_of_a_header_is_found() -> None:
    headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"\xe9")]
    assert values_of(headers, b"a") == ["1", "é"]
    assert values_of(headers, b"c") == []


@pytest.mark.parametrize(
    ("condition", "known"),
    [([], False), (['"a"'], True), (['W/"a"'], True), (['"b"', '"c", "a"'], True), (["*"], True), (["a"], False)],
)
def test_entity_tags_are_compared_weakly(condition: list[str], known: bool) -> None:
    assert is_known('"a"', condition) is known
