"""The access log: one line for each request, and no secret in it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from integration.http.house import House, bearer

FIELDS = ("method", "route", "status", "request_id", "caller")


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="darkroom.entrypoints.http")
    return caplog


def fields(line: logging.LogRecord) -> tuple[Any, ...]:
    return tuple(vars(line)[field] for field in FIELDS)


async def test_each_request_has_one_line(house: House, said: pytest.LogCaptureFixture) -> None:
    named = {"X-Request-ID": "r"}
    await house.order(named)
    await house.client.get("/api/generations/0199a8f2-7c4e-7b1d-9a53-2f6d1c0b4e88", headers=named)
    await house.client.head("/health/live", headers=named)
    await house.client.get("/wp-login.php", headers=named)
    await house.client.put("/api/images", headers=named)
    await house.client.get("/api/models", headers=named | {"Authorization": "Bearer x"})
    lines = [
        line for line in said.records if line.message == "request"
    ]  # the last request has another line, about its token
    assert [fields(line) for line in lines] == [
        ("POST", "/api/images", 200, "r", "ada"),
        ("GET", "/api/generations/{generation_id}", 404, "r", "ada"),
        ("HEAD", "/health/live", 200, "r", "ada"),
        ("GET", None, 404, "r", "ada"),
        ("PUT", None, 405, "r", "ada"),
        ("GET", "/api/models", 401, "r", None),
    ]
    assert all(vars(line)["ms"] >= 0 for line in lines)


async def test_no_prompt_token_or_query_is_logged(house: House, said: pytest.LogCaptureFixture) -> None:
    headers = bearer(sub="grace")
    await house.order(headers, prompt="canary-prompt", negative_prompt="canary-negative", seed=[424242])
    await house.client.get("/api/generations?cursor=canary-cursor", headers=headers)
    await house.client.get("/canary-path?x=canary-query", headers=headers)
    await house.order(headers, prompt="canary\0prompt")
    for line in said.records:
        text = repr(vars(line))
        assert "canary" not in text
        assert headers["Authorization"].removeprefix("Bearer ") not in text
        assert "424242" not in text


async def test_an_internal_error_has_a_line_of_its_own(
    house: House, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(InMemoryGenerationLedger, "usage", broken)
    await house.client.get("/api/usage")
    assert [line.levelname for line in said.records] == ["ERROR", "INFO"]
    assert fields(said.records[1])[2] == 500
