"""The simulated ComfyUI over HTTP: orders accepted and refused, and answers."""

from __future__ import annotations

import copy
import io
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from PIL import Image

from darkroom.adapters.generators.comfyui.workflow import Workflow
from simulators.comfyui import ComfyUISimulator, comfyui_simulator
from simulators.comfyui.nodes import CHECKPOINTS

GRAPH: dict[str, Any] = json.loads(json.dumps(Workflow.shipped(CHECKPOINTS[0]).nodes))


@dataclass(frozen=True)
class Client:
    simulator: ComfyUISimulator
    session: aiohttp.ClientSession

    async def ask(self, verb: str, path: str, body: object = None) -> tuple[int, Any]:
        async with self.session.request(verb, self.simulator.base_url + path, json=body) as answer:
            text = await answer.text(errors="replace")
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def order(self, id_: str | None = None, **inputs: Any) -> tuple[int, Any]:  # noqa: ANN401  # invalid values too
        graph = copy.deepcopy(GRAPH)
        for place, value in inputs.items():
            node, name = place.split("_", 1)
            graph[node[1:]]["inputs"][name] = value
        return await self.ask("POST", "/prompt", {"prompt": graph, "prompt_id": id_ or str(uuid.uuid4())})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with comfyui_simulator() as simulator, aiohttp.ClientSession() as session:
        yield Client(simulator, session)


async def test_a_job_is_drawn_and_its_file_outlives_a_restart(client: Client) -> None:
    _, taken = await client.order()
    _, job = await client.ask("GET", f"/api/jobs/{taken['prompt_id']}")
    client.simulator.restart()
    (image,) = job["outputs"]["7"]["images"]

    assert job["status"] == "completed"
    assert (await client.ask("GET", f"/history/{taken['prompt_id']}")) == (200, {})
    assert (await client.ask("GET", f"/api/jobs/{taken['prompt_id']}"))[0] == 404
    url = f"{client.simulator.base_url}/view"
    async with client.session.get(url, params=image) as answer:
        data = await answer.read()
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.size, opened.format) == ((1024, 1024), "PNG")
        assert json.loads(opened.info["prompt"]) == GRAPH


async def test_an_id_sent_twice_is_drawn_twice(client: Client) -> None:
    id_ = str(uuid.uuid4())
    for _ in range(2):
        assert (await client.order(id_))[0] == 200
    await client.ask("GET", "/queue")

    assert client.simulator.charged_images == 2
    assert client.simulator.files == ["darkroom_00001_.png", "darkroom_00002_.png"]


@pytest.mark.parametrize(
    ("inputs", "type_"),
    [
        ({"n1_ckpt_name": "none.safetensors"}, "value_not_in_list"),
        ({"n4_width": 20_000}, "value_bigger_than_max"),
        ({"n4_width": 8}, "value_smaller_than_min"),
        ({"n4_width": 1001}, "value_not_a_step"),
        ({"n5_seed": -1}, "value_smaller_than_min"),
        ({"n5_seed": "7"}, "invalid_input_type"),
        ({"n5_seed": True}, "invalid_input_type"),
        ({"n5_model": ["2", 0]}, "return_type_mismatch"),
        ({"n5_model": ["99", 0]}, "bad_linked_input"),
        ({"n5_odd": 1}, "unexpected_input"),
    ],
)
async def test_an_invalid_input_is_refused_before_anything_runs(
    client: Client, inputs: dict[str, Any], type_: str
) -> None:
    status, said = await client.order(**inputs)

    assert (status, said["error"]["type"]) == (400, "prompt_outputs_failed_validation")
    assert [error["type"] for node in said["node_errors"].values() for error in node["errors"]] == [type_]
    assert client.simulator.charged_images == 0


@pytest.mark.parametrize("id_", ["mine", "5F8C1F0E-6D0F-4C1E-9B1F-7A4D2F6F0C3A"])
async def test_an_id_must_be_a_canonical_uuid(client: Client, id_: str) -> None:
    assert (await client.order(id_))[1]["error"]["type"] == "invalid_prompt_id"


async def test_one_job_runs_at_a_time_and_an_interrupt_without_an_id_stops_it() -> None:
    async with comfyui_simulator(seconds_per_image=3600) as simulator, aiohttp.ClientSession() as session:
        client = Client(simulator, session)
        ids = [(await client.order())[1]["prompt_id"] for _ in range(2)]
        _, queue = await client.ask("GET", "/queue")
        assert [[entry[1] for entry in queue[name]] for name in ("queue_running", "queue_pending")] == [
            ids[:1],
            ids[1:],
        ]

        await client.ask("POST", "/interrupt", {"prompt_id": "another"})
        assert simulator.taken_back == 0
        await client.ask("POST", "/interrupt")
        assert (simulator.taken_back, simulator.interrupted_blindly) == (1, 1)
        assert (await client.ask("GET", f"/api/jobs/{ids[0]}"))[1]["status"] == "cancelled"


async def test_no_path_leads_out_of_the_folder(client: Client) -> None:
    assert (await client.ask("GET", "/view?filename=../secret.png"))[0] == 400
    assert (await client.ask("GET", "/view?filename=a.png&subfolder=../.."))[0] == 403
    assert (await client.ask("GET", "/view?filename=a.png"))[0] == 404
