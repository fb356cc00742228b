from __future__ import annotations

import json
from pathlib import Path

from simulators.karlo import karlo_simulator
from unit.simulators.karlo_client import ORDER, KarloClient


async def test_records_each_call_as_received(client: KarloClient) -> None:
    async with karlo_simulator(clock=lambda: 1000.5) as karlo:
        client = KarloClient(karlo, client.session)
        await client.draw(samples=2, seed=[1, 2])
        await client.order(width=1)

        first, second = karlo.calls
        assert first.at == 1000.5
        assert first.url == f"{karlo.base_url}/v2/inference/karlo/t2i"
        assert first.headers["authorization"] == f"KakaoAK {karlo.api_key}"
        assert first.body == ORDER | {"samples": 2, "seed": [1, 2]}
        assert (first.charged_images, second.charged_images) == (2, 0)
        assert (karlo.charged_images, karlo.charged_calls, karlo.book.received_calls) == (2, 1, 2)


async def test_a_call_without_json_is_recorded_as_raw_bytes(client: KarloClient) -> None:
    await client.post(b"{")

    (call,) = client.karlo.calls
    assert (call.body, call.raw) == (None, b"{")


async def test_appends_each_charge_to_a_file(client: KarloClient, tmp_path: Path) -> None:
    file = tmp_path / "charges.jsonl"
    for prompt in ("one", "two"):
        async with karlo_simulator(charges_file=file, clock=lambda: 1000.5) as karlo:
            client = KarloClient(karlo, client.session)
            await client.draw(samples=2, prompt=prompt)
            await client.order(width=1)
            await client.hear_order(prompt=f"{prompt} [fault:reset-after-charge]")

    charges = [json.loads(line) for line in file.read_text().splitlines()]
    assert charges[0] == {"at": 1000.5, "charged_images": 2, "body": ORDER | {"samples": 2, "prompt": "one"}}
    assert [charge["charged_images"] for charge in charges] == [2, 1, 2, 1]
