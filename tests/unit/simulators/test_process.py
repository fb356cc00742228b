from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from servers.process import ProgramFailed
from simulators.process import SimulatorProcess, simulator_process

ORDER = {"version": "v2.1", "prompt": "a lighthouse", "width": 384, "height": 384}


def order(karlo: SimulatorProcess, api_key: str) -> httpx.Response:
    return httpx.post(
        f"{karlo.base_url}/v2/inference/karlo/t2i",
        json=ORDER,
        headers={"Authorization": f"KakaoAK {api_key}"},
        trust_env=False,
    )


def test_a_simulator_process_serves_and_is_controlled_over_http(tmp_path: Path) -> None:
    file = tmp_path / "charges.jsonl"
    arguments = ("--api-key", "k", "--images-per-minute", "2", "--charges-file", str(file))
    with simulator_process("karlo", *arguments) as karlo:
        assert order(karlo, "wrong").json()["code"] == -401
        assert len(order(karlo, "k").json()["images"]) == 1
        karlo.set_fault("server-error-empty-after-charge", status=504)
        assert order(karlo, "k").status_code == 504
        assert order(karlo, "k").json()["code"] == -10
        assert (karlo.charges()["charged_images"], karlo.charges()["received_calls"]) == (2, 4)

        karlo.clear_faults()
        karlo.reset()
        assert order(karlo, "k").status_code == 200
        assert karlo.charges()["charged_images"] == 1

    assert [json.loads(line)["charged_images"] for line in file.read_text().splitlines()] == [1, 1, 1]
    with pytest.raises(httpx.ConnectError):
        order(karlo, "k")


def test_a_simulator_that_does_not_start_is_reported() -> None:
    with pytest.raises(ProgramFailed, match="invalid int value"), simulator_process("karlo", "--port", "no"):
        pass
