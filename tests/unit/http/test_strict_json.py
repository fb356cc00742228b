"""JSON is read strictly: invalid documents and repeated names are reported."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.entrypoints.http import strict_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def as_members(value: object) -> object:
    if isinstance(value, dict):
        return tuple((name, as_members(member)) for name, member in value.items())
    return [as_members(item) for item in value] if isinstance(value, list) else value


@given(values)
def test_valid_json_is_read_unchanged(value: object) -> None:
    assert strict_json.read(json.dumps(value, ensure_ascii=False).encode()) == as_members(value)


@given(st.binary(max_size=40))
def test_invalid_json_raises_only_value_error(document: bytes) -> None:
    try:
        strict_json.read(document)
    except ValueError as refusal:
        assert str(refusal)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"{", "line 1, column 2"),
        (b'{"a":\n\n x}', "line 3, column 2"),
        (b'"a\xff"', "not UTF-8 at byte 2"),
        (b"[" * 50_000, "nested too deep"),
        (b"[NaN]", "NaN is not JSON"),
        (b"-Infinity", "-Infinity is not JSON"),
        (b"\xef\xbb\xbf{}", "^it begins with a byte order mark$"),
        (b"[" + b"9" * 5000 + b"]", "^a number of 5000 digits$"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'[{"a": {"\\udfff": 1}}]', "surrogate"),
    ],
)
def test_the_error_says_why_and_where(document: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        strict_json.read(document)


def test_repeated_names_are_reported_once_each_in_order() -> None:
    members = strict_json.read(b'{"b": 1, "a": 2, "b": 3, "a": 4, "b": 5, "c": {"d": 1}}')
    assert isinstance(members, tuple)
    assert strict_json.repeated(members) == ["b", "a"]
    assert dict(members)["b"] == 5
