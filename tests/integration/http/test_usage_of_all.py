"""`GET /api/usage?by=...`: the orders of all callers, for tokens with the scope `usage:read`."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta

import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from integration.http.generators import PRICED
from integration.http.house import House, bearer, open_house

AUDITOR = bearer(sub="auditor", scope="usage:read")


async def ordered(house: House) -> None:
    """Order three images as Ada, delete one of them, and order two as a caller whose name looks like a formula."""
    await house.order(samples=2)
    deleted = (await house.order()).headers["link"].partition(">")[0].lstrip("<")
    assert (await house.client.delete(deleted)).status_code == 204
    await house.order(bearer(sub="=1+1"), samples=2)


async def test_usage_is_added_up_by_caller_version_or_day() -> None:
    async with open_house(generator=InMemoryImageGenerator(PRICED)) as house:
        await ordered(house)
        reports = {
            by: (await house.client.get(f"/api/usage?by={by}", headers=AUDITOR)).json()
            for by in ("caller", "version", "day")
        }
    today = datetime.now(UTC).date()
    usd = {"currency": "USD"}
    assert reports["caller"] == {
        "by": "caller",
        "since": (today - timedelta(days=30)).isoformat(),
        "items": [
            {"images": 2, "drawn": 2, "stored": 2, "unknown": 0, "cost": [{"amount": "0.04"} | usd], "caller": "=1+1"},
            {"images": 3, "drawn": 3, "stored": 2, "unknown": 0, "cost": [{"amount": "0.06"} | usd], "caller": "ada"},
        ],
    }
    everything = {"images": 5, "drawn": 5, "stored": 4, "unknown": 0, "cost": [{"amount": "0.10"} | usd]}
    assert reports["version"]["items"] == [everything | {"version": "memory"}]
    assert reports["day"]["items"] == [everything | {"day": today.isoformat()}]


async def test_usage_comes_as_csv_in_which_spreadsheets_find_no_formula() -> None:
    async with open_house(generator=InMemoryImageGenerator(PRICED)) as house:
        await ordered(house)
        answer = await house.client.get("/api/usage?by=caller", headers=AUDITOR | {"Accept": "text/csv, */*;q=0.1"})
        as_json = await house.client.get("/api/usage?by=caller", headers=AUDITOR | {"Accept": "text/csv;q=0.5, */*"})
        by_link = await house.client.get("/api/usage?by=caller&format=csv", headers=AUDITOR)
    assert by_link.text == answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(answer.text.splitlines())) == [
        ["caller", "images", "drawn", "stored", "unknown", "cost", "currency"],
        ["'=1+1", "2", "2", "2", "0", "0.04", "USD"],
        ["ada", "3", "3", "2", "0", "0.06", "USD"],
    ]
    assert as_json.headers["content-type"] == "application/json"


async def test_orders_before_the_given_day_are_left_out(house: House) -> None:
    await house.order()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    later = await house.client.get(f"/api/usage?by=day&since={tomorrow}", headers=AUDITOR)
    assert (later.json()["since"], later.json()["items"]) == (tomorrow.isoformat(), [])


@pytest.mark.parametrize("scope", [None, "images:read images:write", "openid", "usage:write", "darkroom/usage:read"])
async def test_only_a_token_that_names_the_scope_may_see_it(house: House, scope: str | None) -> None:
    answer = await house.client.get("/api/usage?by=caller", headers=bearer(scope=scope))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="usage:read"'
    assert (await house.client.get("/api/usage", headers=bearer(scope=scope))).status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter", "rule"),
    [
        ("by=prompt", "by", "must be caller, version or day"),
        ("by=", "by", "must be caller, version or day"),
        ("by=day&by=day", "by", "is given more than once"),
        ("by=day&since=yesterday", "since", "must be a day such as 2026-01-31"),
        ("by=day&since=2026-02-30", "since", "must be a day such as 2026-01-31"),
        ("since=2026-01-31", "since", "is allowed with `by` only"),
        ("group=day", "group", "is not a parameter here"),
    ],
)
async def test_wrong_parameters_are_refused_by_name(house: House, query: str, parameter: str, rule: str) -> None:
    answer = await house.client.get(f"/api/usage?{query}", headers=AUDITOR | bearer(scope="usage:read"))
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": parameter, "detail": rule}]
