"""Calls from the pages of other origins."""

from __future__ import annotations

from integration.http.house import House, open_house

PAGE = "https://pictures.example"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, prefer",
}


async def test_other_origins_are_kept_out_by_default(house: House) -> None:
    answers = [
        await house.client.options("/api/images", headers=PREFLIGHT),
        await house.client.get("/api/models", headers={"Origin": PAGE}),
    ]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_a_configured_origin_may_order_and_read() -> None:
    async with open_house(cors_origins=[PAGE]) as house:
        answer = await house.order({"Origin": PAGE})
        refused = await house.client.get("/api/nowhere", headers={"Origin": PAGE})
        del house.client.headers["Authorization"]
        preflight = await house.client.options("/api/images", headers=PREFLIGHT)
        denied = await house.client.get("/api/models", headers={"Origin": PAGE})
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in preflight.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key", "prefer", "x-request-id"} <= allowed
    for response in (preflight, answer, refused, denied):
        assert response.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in response.headers
    assert {"Darkroom-Cost", "Link", "Location", "Idempotency-Replay", "Retry-After", "X-Request-ID"} <= {
        name.strip() for name in answer.headers["access-control-expose-headers"].split(",")
    }
    assert answer.headers["vary"] == "origin"
    assert denied.status_code == 401


async def test_openais_sdk_may_call_from_a_browser() -> None:
    """openai 6.49 sends these headers in addition to those that every page may send."""
    of_sdk = [
        f"x-stainless-{name}"
        for name in ("arch", "lang", "os", "package-version", "retry-count", "runtime", "runtime-version", "timeout")
    ]
    sent = ["authorization", "content-type", "idempotency-key", "openai-organization", "user-agent", *of_sdk]
    headers = PREFLIGHT | {"Access-Control-Request-Headers": ",".join([*sent, "x-stainless-(x)", "x-other"])}
    async with open_house(cors_origins=[PAGE]) as house:
        preflight = await house.client.options("/v1/images/generations", headers=headers)
    allowed = {name.strip().lower() for name in preflight.headers["access-control-allow-headers"].split(",")}
    assert {*sent} <= allowed
    assert not {"x-other", "x-stainless-(x)"} & allowed


async def test_any_other_origin_is_kept_out() -> None:
    async with open_house(cors_origins=[PAGE]) as house:
        for origin in ("https://evil.example", "https://pictures.example.evil", "http://pictures.example", "null"):
            preflight = await house.client.options("/api/models", headers=PREFLIGHT | {"Origin": origin})
            answer = await house.client.get("/api/models", headers={"Origin": origin})
            assert "access-control-allow-origin" not in preflight.headers
            assert "access-control-allow-origin" not in answer.headers
            assert answer.headers["vary"] == "origin"
