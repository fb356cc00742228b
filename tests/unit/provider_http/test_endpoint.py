from __future__ import annotations

import pytest

from darkroom.adapters.outbound_http.endpoint import Endpoint
from darkroom.domain.model.errors import InvalidValue


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://api.example.com", "https://api.example.com/v2/draw"),
        ("https://api.example.com/", "https://api.example.com/v2/draw"),
        ("http://127.0.0.1:9001/gateway/", "http://127.0.0.1:9001/gateway/v2/draw"),
        ("http://[::1]:9001", "http://[::1]:9001/v2/draw"),
    ],
)
def test_paths_are_appended_to_the_base_url(base_url: str, expected: str) -> None:
    assert str(Endpoint.parse(base_url=base_url, api_key="key").url("/v2/draw")) == expected


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "https://",
        "https://user@a.example",
        "https://a.example?b",
        "h\0",
    ],
)
def test_an_invalid_base_url_is_refused(base_url: str) -> None:
    with pytest.raises(InvalidValue, match="base URL"):
        Endpoint.parse(base_url=base_url, api_key="key")


@pytest.mark.parametrize("api_key", ["", " ", "a b", "key\r\nX-Injected: 1", "schlüssel"])
def test_an_invalid_key_is_refused_without_repeating_it(api_key: str) -> None:
    with pytest.raises(InvalidValue, match="API key") as raised:
        Endpoint.parse(base_url="https://api.example.com", api_key=api_key)

    assert not api_key.strip() or api_key not in str(raised.value)


def test_the_repr_does_not_contain_the_key() -> None:
    assert "secret" not in repr(Endpoint.parse(base_url="https://api.example.com", api_key="secret"))
