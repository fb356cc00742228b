"""Clients that offer another protocol with each request, directly and through proxies that forward the offer."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration.proxies.conftest import Service
from servers.parts import PartMissing
from servers.ports import LOOPBACK
from servers.web_proxies import WebProxy

JAVA = Path(__file__).parents[1] / "clients" / "java" / "Draw.java"
ORDER = {"version": "sketch", "prompt": "a harbour", "width": 64, "height": 64}
# The configuration that many web pages recommend for websockets, applied to a whole host.
WEBSOCKETS = """
server {
    listen 80;
    location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
    }
}
"""
OFFERS = {
    "h2c": {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA"},
    "TLS, by Apache's HttpClient": {"Connection": "Upgrade", "Upgrade": "TLS/1.2"},
    "websocket": {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket"},
}


@pytest.fixture(scope="module")
def urls(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The service itself, and a proxy in front of it."""
    with WebProxy(tmp_path_factory.mktemp("nginx"), "nginx", WEBSOCKETS, service.port) as proxy:
        yield f"http://{LOOPBACK}:{service.port}", proxy.url


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PartMissing(name, f"is not installed (Debian: apt-get install {package})")
    return found


def test_curl_draws_if_it_asks_for_http_2(service: Service, urls: tuple[str, str]) -> None:
    curl = program("curl", "curl")
    for url in urls:
        words = [curl, "--silent", "--http2", f"{url}/api/images", "--data", json.dumps(ORDER)]
        words += ["--header", "Content-Type: application/json", "--header", f"Authorization: Bearer {service.token}"]
        ended = subprocess.run([*words, "--write-out", "\n%{http_code}"], capture_output=True, text=True, check=True)
        answer, status = ended.stdout.rsplit("\n", 1)
        assert status == "200", answer
        assert len(json.loads(answer)) == 1


def test_the_client_of_the_jdk_draws_with_its_defaults(service: Service, urls: tuple[str, str]) -> None:
    java = program("java", "default-jdk-headless")
    modules = subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=True).stdout
    if "jdk.compiler" not in modules:
        raise PartMissing("the JDK", "java has no compiler (Debian: apt-get install default-jdk-headless)")
    words = [java, "-XX:TieredStopAtLevel=1", str(JAVA), service.token, *urls]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)
    answers = ended.stdout.splitlines()
    assert [answer.split(" ", 2)[:2] for answer in answers] == [["200", "HTTP_1_1"]] * 4, ended.stderr + ended.stdout


@pytest.mark.parametrize("offer", OFFERS)
def test_any_client_that_offers_another_protocol_draws(service: Service, urls: tuple[str, str], offer: str) -> None:
    for url in urls:
        with httpx.Client(base_url=url, headers=service.headers, trust_env=False, timeout=60) as client:
            ordered = [client.post("/api/images", json=ORDER, headers=OFFERS[offer]) for _ in range(2)]
            listed = client.get("/api/generations", headers=OFFERS[offer])
        assert [answer.status_code for answer in (*ordered, listed)] == [200] * 3
        assert "upgrade" not in ordered[0].headers
