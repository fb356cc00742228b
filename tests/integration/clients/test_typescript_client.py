"""A TypeScript client, with types that openapi-typescript made from the service's OpenAPI document, draws an image."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import msgspec
import pytest

from darkroom.domain.model.image_file import ImageFile
from darkroom.entrypoints.http.contract.documentation import openapi
from integration.clients.conftest import Service
from integration.http.generators import KARLO_LIKE, WITHOUT_SEEDS
from servers.node import installed, node

HERE = Path(__file__).parent / "typescript"
STRICT = ("--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--allowImportingTsExtensions")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Path:
    """A folder with our client, its dependencies, and types made from this service's OpenAPI document."""
    folder = installed(HERE, tmp_path_factory.mktemp("typescript") / "client")
    (folder / "openapi.json").write_bytes(httpx.get(service.description, trust_env=False).content)
    generator = "node_modules/openapi-typescript/bin/cli.js"
    ended = node(folder, generator, "openapi.json", "--output", "darkroom.ts")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # The service of this test has the model `sketch` only, which declares more than a model must.
    document = openapi({card.version.value: card for card in (KARLO_LIKE, WITHOUT_SEEDS)})
    (folder / "widest.json").write_bytes(msgspec.json.encode(document))
    ended = node(folder, generator, "widest.json", "--output", "widest.ts")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.mark.thorough
def test_optional_fields_may_be_left_out_of_an_order(client: Path) -> None:
    ended = node(client, "node_modules/typescript/bin/tsc", *STRICT, "minimal.ts")
    assert ended.returncode == 0, ended.stdout


@pytest.mark.thorough
def test_its_types_accept_right_orders_and_reject_wrong_ones(client: Path) -> None:
    ended = node(client, "node_modules/typescript/bin/tsc", *STRICT, "--types", "node", "draw.ts", "wrong.ts")
    assert ended.returncode == 0, ended.stdout


@pytest.mark.thorough
def test_it_draws_an_image_and_reads_a_problem(client: Path, service: Service) -> None:
    ended = node(client, "--disable-warning=ExperimentalWarning", "draw.ts", service.url, service.token)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)

    (image,) = told["images"]
    file = ImageFile.inspect(httpx.get(image["image"], trust_env=False).content)
    assert (file.width, file.height, image["seed"]) == (96, 64, 7)
    assert told["problem"]["type"] == "/problems/invalid-request"
    assert told["problem"]["charged"] == "no"
    assert [rule["pointer"] for rule in told["problem"]["errors"]] == ["/width"]
    assert told["prompt"] == "a fox"
