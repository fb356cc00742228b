"""A Python client that openapi-python-client generated from the service's OpenAPI document draws an image."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from darkroom.domain.model.image_file import ImageFile
from integration.clients.conftest import Service

GENERATOR = Path(sysconfig.get_path("scripts")) / "openapi-python-client"


@pytest.fixture(scope="module")
def generated(service: Service, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    folder = tmp_path_factory.mktemp("generated")
    settings = folder / "settings.yaml"
    settings.write_text("post_hooks: []\n")  # leave the generated code unformatted
    command: list[str | Path] = [
        GENERATOR,
        "generate",
        "--url",
        service.description,
        "--config",
        settings,
        "--meta",
        "none",
    ]
    made = subprocess.run(
        [*command, "--output-path", folder / "darkroom_client", "--fail-on-warning"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        package = import_module("darkroom_client")
        for module in ("models", "api.default.draw_images", "api.default.show_generation", "api.default.list_models"):
            import_module(f"darkroom_client.{module}")
    return package


@pytest.fixture
def client(generated: ModuleType, service: Service) -> Iterator[Any]:
    with generated.AuthenticatedClient(base_url=service.url, token=service.token) as opened:
        yield opened


def test_it_draws_an_image(generated: Any, client: Any) -> None:  # noqa: ANN401
    order = generated.models.Sketch(version="sketch", prompt="a fox", width=96, height=64, seed=[7])
    (image,) = generated.api.default.draw_images.sync(client=client, body=order)

    assert image.seed == 7
    file = ImageFile.inspect(httpx.get(image.image, trust_env=False).content)
    assert (file.width, file.height) == (96, 64)


def test_it_reads_a_problem(generated: Any, client: Any) -> None:  # noqa: ANN401
    order = generated.models.Sketch(version="sketch", prompt="a fox", width=1, height=64)
    problem = generated.api.default.draw_images.sync(client=client, body=order)

    assert (problem.type_, problem.status, str(problem.charged)) == ("/problems/invalid-request", 400, "no")
    assert [rule.pointer for rule in problem.errors] == ["/width"]


def test_it_orders_without_waiting_and_reads_the_generation_later(generated: Any, client: Any) -> None:  # noqa: ANN401
    order = generated.models.Sketch(version="sketch", prompt="a fox", width=96, height=64)
    begun = generated.api.default.draw_images.sync(
        client=client, body=order, prefer="respond-async", idempotency_key="a fox"
    )
    shown = generated.api.default.show_generation.sync(begun.id, client=client)

    assert shown.id == begun.id
    assert shown.order.prompt == "a fox"


def test_it_knows_the_limits_of_a_model(generated: Any, client: Any) -> None:  # noqa: ANN401
    (model,) = generated.api.default.list_models.sync(client=client).models
    assert (model.version, model.width.max_) == ("sketch", 2048)


def test_without_a_token_it_reads_a_problem(generated: Any, service: Service) -> None:  # noqa: ANN401
    with generated.Client(base_url=service.url) as stranger:
        assert generated.api.default.list_models.sync(client=stranger).type_ == "/problems/unauthorized"
