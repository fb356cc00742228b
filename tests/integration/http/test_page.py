"""How the page for people is served; what it does is tested in a browser."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from html import unescape
from pathlib import Path

import pytest

from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import StorageFault
from darkroom.entrypoints.http.auth.sign_in import SignIn
from darkroom.entrypoints.http.contract.discovery import Configuration
from darkroom.entrypoints.http.errors import KeysUnavailable
from integration.http.house import House, open_house

WEB = Path(__file__).parents[3] / "src" / "entrypoints" / "web"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}


class LinksTo(InMemoryImageStorage):
    """Makes links that begin with `base`, or fails if that is None."""

    def __init__(self, base: str | None) -> None:
        super().__init__()
        self._base = base

    async def link(self, key: str) -> str:
        if self._base is None:
            raise StorageFault("there is nothing to sign it with")
        return f"{self._base}/{key}?signature=x"


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (directive.split() for directive in policy.split("; "))}


async def test_the_policy_of_the_page_allows_only_what_it_needs(house: House) -> None:
    answer = await house.client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = directives(answer.headers["content-security-policy"])
    assert policy.pop("img-src") == ["'self'"]
    assert {name for name, values in policy.items() if values == ["'none'"]} == {
        *("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types")
    }
    assert {name for name, values in policy.items() if values == ["'self'"]} == {
        *("script-src", "style-src", "connect-src")
    }
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert not re.search(r"<script(?! type=\"module\" src=)|<style|style=|\son\w+=|https?://", answer.text)


@pytest.mark.parametrize(
    ("base", "allowed"),
    [
        (
            "https://my-images.s3.ap-northeast-2.amazonaws.com/images",
            ["https://my-images.s3.ap-northeast-2.amazonaws.com"],
        ),
        ("http://127.0.0.1:9000/bucket", ["http://127.0.0.1:9000"]),
        (None, []),
    ],
)
async def test_the_policy_allows_images_from_the_storage(base: str | None, allowed: list[str]) -> None:
    async with open_house(storage=LinksTo(base)) as house:
        policy = (await house.client.get("/")).headers["content-security-policy"]
    assert directives(policy)["img-src"] == ["'self'", *allowed]


async def test_the_issuers_token_endpoint_is_the_only_other_address_that_the_page_may_call() -> None:
    sign_in = SignIn.at(
        Configuration("https://id.example.com", "", "https://id.example.com/in", "https://tokens.example.com/t"),
        client_id='the "page"',
        scope="openid",
        audience="https://images.example.com",
    )
    async with open_house(sign_in=sign_in) as house:
        answer = await house.client.get("/")
    assert directives(answer.headers["content-security-policy"])["connect-src"] == [
        "'self'",
        "https://tokens.example.com",
    ]
    (content,) = re.findall(r'<meta name="sign-in" content="([^"]+)">', answer.text)
    assert json.loads(unescape(content)) == asdict(sign_in)


@pytest.mark.parametrize(
    "endpoint",
    [None, "", "http://id.example.com/in", "javascript:alert(1)", "https://id.example.com; img-src *", "/in"],
)
def test_an_issuer_without_valid_endpoints_for_signing_in_is_refused(endpoint: str | None) -> None:
    good = "https://id.example.com/in"
    for endpoints in ((endpoint, good), (good, endpoint)):
        issuer = Configuration("https://id.example.com", "", *endpoints)
        with pytest.raises(KeysUnavailable, match="for signing in"):
            SignIn.at(issuer, client_id="page", scope="openid", audience="x")


async def test_a_cached_file_is_not_sent_again(house: House) -> None:
    for path in ("/", "/page/page.js"):
        first = await house.client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = await house.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


async def test_a_new_policy_changes_the_etag() -> None:
    tags = []
    for base in ("https://here.example", "https://there.example"):
        async with open_house(storage=LinksTo(base)) as house:
            tags.append((await house.client.get("/")).headers["etag"])
    assert tags[0] != tags[1]


async def test_each_file_is_served_with_its_media_type(house: House) -> None:
    names = [path.relative_to(WEB).as_posix() for path in WEB.rglob("*.*")]
    assert len(names) > 20
    for name in names:
        answer = await house.client.get(f"/page/{name}")
        assert answer.content == (WEB / name).read_bytes()
        assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[Path(name).suffix]


@pytest.mark.parametrize("name", ["x.js", "..%2fhttp%2fpage.py", "%2e%2e/http/page.py", "words", "", "%00"])
async def test_other_files_are_not_found(house: House, name: str) -> None:
    answer = await house.client.get(f"/page/{name}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
