from __future__ import annotations

import httpx
import pytest

from darkroom.adapters.outbound_http.proxies import Proxies
from darkroom.adapters.outbound_http.room import open_provider_http
from unit.provider_http.wire import OK, wire


@pytest.fixture(autouse=True)
def no_proxy_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_no_proxy_is_used_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    assert Proxies().proxy_for(httpx.URL("https://api.example")) is None


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p.example:3128"}, "https://api.example", "http://p.example:3128"),
        ({"HTTPS_PROXY": "p.example:3128"}, "https://api.example", "http://p.example:3128"),
        ({"HTTPS_PROXY": "http://p.example"}, "http://api.example", None),
        ({"HTTP_PROXY": "http://p.example"}, "http://api.example", "http://p.example"),
        ({"ALL_PROXY": "http://p.example"}, "https://api.example", "http://p.example"),
        ({"ALL_PROXY": "http://p.example", "NO_PROXY": "api.example"}, "https://api.example", None),
        ({"ALL_PROXY": "http://p.example", "NO_PROXY": "example"}, "https://api.example", None),
        ({"ALL_PROXY": "http://p.example", "NO_PROXY": "other.example"}, "https://api.example", "http://p.example"),
        ({"NO_PROXY": "api.example"}, "https://api.example", None),
    ],
)
def test_proxies_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert Proxies.of_environment().proxy_for(httpx.URL(url)) == proxy


def test_the_addresses_of_proxies_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://plain.example")
    monkeypatch.setenv("HTTPS_PROXY", "https://user:password@safe.example")
    monkeypatch.setenv("ALL_PROXY", "other.example:3128")

    expected = {("plain.example", 80), ("safe.example", 443), ("other.example", 3128)}
    assert set(Proxies.of_environment().addresses()) == expected


@pytest.mark.parametrize("trust_env", [True, False])
async def test_calls_and_fetches_use_a_proxy_only_with_trust_env(
    monkeypatch: pytest.MonkeyPatch, *, trust_env: bool
) -> None:
    async with wire(OK) as proxy, wire(OK) as provider:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:password@localhost:{proxy.port}")
        async with open_provider_http(
            image_hosts=[provider.origin], call_timeout=30, fetch_timeout=30, trust_env=trust_env
        ) as http:
            await http.paid.send(httpx.Request("POST", provider.origin, content=b"{}"), longest=10)
            async with http.images.fetched("image 0", f"{provider.origin}/x?a=%2B"):
                pass

    passed, avoided = (proxy, provider) if trust_env else (provider, proxy)
    assert (len(passed.heard), len(avoided.heard)) == (2, 0)
    if trust_env:
        assert passed.heard[1].startswith(f"GET {provider.origin}/x?a=%2B HTTP/1.1\r\n".encode())
        assert b"Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n" in passed.heard[1]
