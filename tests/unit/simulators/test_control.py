from __future__ import annotations

import json
from typing import Any

import pytest

from simulators.karlo import karlo_simulator
from unit.simulators.karlo_client import ORDER, KarloClient


async def control(client: KarloClient, method: str, what: str, body: object = None) -> tuple[int, str]:
    url = f"{client.karlo.base_url}/_control/{what}"
    async with client.session.request(method, url, data=None if body is None else json.dumps(body)) as answer:
        return answer.status, await answer.text()


async def got(client: KarloClient, what: str) -> Any:  # noqa: ANN401 - JSON
    status, text = await control(client, "GET", what)
    assert status == 200
    return json.loads(text)


async def test_shows_the_menu(client: KarloClient) -> None:
    menu = {fault["name"]: fault for fault in await got(client, "menu")}

    assert menu.keys() == client.karlo.faults.menu.keys()
    assert menu["slow"] == {
        "name": "slow",
        "stage": "paid call, after the charge",
        "sentence": "The right answer, 5 seconds late, or `seconds`.",
        "options": ["times", "seconds"],
    }


async def test_switches_faults_on_and_off(client: KarloClient) -> None:
    assert (await control(client, "PUT", "faults", {"name": "error-10", "times": 2, "status": 429}))[0] == 204
    assert (await client.order())[0] == 429
    assert await got(client, "faults") == [
        {"name": "error-10", "options": {"times": 2, "status": 429}, "left": 1},
    ]
    assert (await control(client, "DELETE", "faults"))[0] == 204
    assert (await client.order())[0] == 200
    assert await got(client, "faults") == []


@pytest.mark.parametrize("body", [{"name": "error-99"}, {"name": "slow", "size": 1}, {}, [], {"name": None}])
async def test_refuses_a_fault_that_is_not_on_the_menu(client: KarloClient, body: object) -> None:
    status, text = await control(client, "PUT", "faults", body)

    assert status == 400
    assert text
    assert await got(client, "faults") == []


async def test_reports_the_charges(client: KarloClient) -> None:
    link = await client.link(prompt="a lighthouse [fault:seed-altered]")
    await client.hear_fetch(link)
    await client.post(b"{")

    charges = await got(client, "charges")
    assert (charges["charged_images"], charges["charged_calls"], charges["received_calls"]) == (1, 1, 2)
    drawn, refused = charges["calls"]
    assert drawn["body"] == ORDER | {"prompt": "a lighthouse [fault:seed-altered]"}
    assert drawn["headers"]["content-type"] == "application/json"
    assert (drawn["charged_images"], drawn["faults"]) == (1, ["seed-altered"])
    assert (refused["charged_images"], refused["body"]) == (0, None)
    assert [fetch["url"] for fetch in charges["fetches"]] == [link]


async def test_reset_starts_over(client: KarloClient) -> None:
    async with karlo_simulator(images_per_minute=1) as karlo:
        client = KarloClient(karlo, client.session)
        await client.draw()
        karlo.faults.set("reset-after-charge")
        assert (await control(client, "POST", "reset"))[0] == 204

        assert (await got(client, "charges"))["received_calls"] == 0
        await client.draw()
        assert karlo.charged_images == 1
