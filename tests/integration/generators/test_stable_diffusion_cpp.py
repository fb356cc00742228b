"""The generators `webui` and `openai` with the real server of stable-diffusion.cpp, which `make test-peers` builds.

Its model has random weights: it draws noise, which differs for each seed, prompt, size and number of steps.
"""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

from darkroom.adapters.conformance import draw
from darkroom.adapters.conformance.drawing import drawn
from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from darkroom.adapters.generators.webui import open_webui
from darkroom.domain.model.errors import GeneratorUnavailable
from darkroom.domain.model.generation import GeneratedImage, GenerationRequest
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.values import ImageSize, Prompt, Seed
from darkroom.domain.ports import ImageGenerator
from integration.cli.command_line import CommandLine
from integration.http.house import open_house
from servers.parts import PartMissing
from servers.sd1_weights import write_sd1_weights
from servers.sd_server import PROGRAM, SDServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PAGE: Final = Path(__file__).parents[3] / "docs" / "providers.md"
WEBUI: Final = "sdcpp step=64 num_inference_steps=20"
OPENAI: Final = "sdcpp-v1=64-2048/64 model=sd-cpp-local"
STEPS: Final = 1  # by default
ENDLESS: Final = 150  # steps
TIMEOUT: Final = 300.0  # seconds for a call
THE_SEED: Final = Seed(42)  # of every image on `/v1`
MARKUP: Final = '<sd_cpp_extra_args>{"width": 128, "seed": 7}</sd_cpp_extra_args>'

Opened = AbstractAsyncContextManager[ImageGenerator]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sd1") / "noise.safetensors"
    write_sd1_weights(path)
    return path


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[SDServer]:
    with SDServer(model, steps=STEPS) as running:
        running.wait_until_ready()
        yield running


def by_webui(server: SDServer, declared: str = WEBUI, **options: Any) -> Opened:  # noqa: ANN401
    return open_webui(base_url=server.base_url, models=[declared], call_timeout=TIMEOUT, **options)


def by_openai(server: SDServer, declared: str = OPENAI) -> Opened:
    return open_openai_images(
        api_key="none", base_url=f"{server.base_url}/v1", models=parse_models([declared]), call_timeout=TIMEOUT
    )


def request(generator: ImageGenerator, seed: int | None = None, **given: Any) -> GenerationRequest:  # noqa: ANN401
    (card,) = generator.cards
    return GenerationRequest(
        version=card.version,
        prompt=Prompt(given.pop("prompt", "a fox in fog")),
        size=given.pop("size", ImageSize(64, 64)),
        samples=1,
        seeds=(Seed(seed),) if seed is not None else (),
        parameters=Parameters.of(**given),
    )


async def image_of(generator: ImageGenerator, seed: int | None = None, **given: Any) -> GeneratedImage:  # noqa: ANN401
    return (await drawn(generator, request(generator, seed, **given)))[0]


def pixels(image: GeneratedImage) -> bytes:
    """The decoded pixels of an image, which must be a PNG without texts."""
    with Image.open(io.BytesIO(image.data)) as file:
        file.load()
        assert file.format == "PNG"
        assert file.size == (image.file.width, image.file.height)
        assert file.info == {}, "the server's texts are in the file"
        return file.convert("RGB").tobytes()


async def test_webui_draws_what_was_ordered(server: SDServer) -> None:
    async with by_webui(server) as generator:
        first = await image_of(generator, 7, num_inference_steps=1)
        others: dict[str, dict[str, Any]] = {
            "seed": {"seed": 8},
            "prompt": {"prompt": "a lighthouse in a storm"},
            "negative_prompt": {"negative_prompt": "blurry"},
            "steps": {"num_inference_steps": 2},
            "guidance": {"guidance_scale": 1.5},
            "size": {"size": ImageSize(128, 64)},
        }
        usual: dict[str, Any] = {"seed": 7, "num_inference_steps": 1}
        changed = {name: await image_of(generator, **(usual | other)) for name, other in others.items()}
        again = await image_of(generator, **usual)
        assert await generator.progress(request(generator, 7), "a key", None) is None

    assert again.data == first.data
    assert len({pixels(image) for image in (first, *changed.values())}) == 7
    assert [image.seed for image in (first, changed["seed"], again)] == [Seed(7), Seed(8), Seed(7)]
    size = changed["size"].file
    assert (size.width, size.height, first.file.width, first.file.height) == (128, 64, 64, 64)


async def test_webui_reports_the_seed_and_the_steps_in_the_file(server: SDServer) -> None:
    """This server leaves `info` empty; the file holds the seed and the number of steps."""
    async with by_webui(server, f"{WEBUI} seed=told", keep_metadata=True) as generator:
        image = await image_of(generator, 7)
    with Image.open(io.BytesIO(image.data)) as file:
        text = file.info["parameters"]

    assert image.seed == Seed(7)
    assert "a fox in fog" in text
    assert f"Steps: {STEPS}, CFG scale: 7.000000" in text


async def test_without_a_declared_step_webui_gets_another_size_and_warns(
    server: SDServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with by_webui(server, "sdcpp") as generator:
        image = await image_of(generator, 7, size=ImageSize(72, 64), num_inference_steps=1)

    assert (image.file.width, image.file.height) == (128, 64)
    assert "has 128 x 64 pixels, but 72 x 64 were ordered" in caplog.text


async def test_openai_draws_every_image_with_the_same_seed_and_reports_it(
    server: SDServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with by_openai(server) as generator:
        first, again = [await image_of(generator) for _ in range(2)]
        other = await image_of(generator, prompt="a lighthouse in a storm", size=ImageSize(64, 128))
    assert pixels(first) == pixels(again) != pixels(other)
    assert (other.file.width, other.file.height) == (64, 128)
    assert [image.seed for image in (first, again, other)] == [THE_SEED] * 3
    assert caplog.messages == []

    async with by_openai(server, f"{OPENAI} seed num_inference_steps=20") as generator:
        sent = await image_of(generator, 7, num_inference_steps=2)
    assert (sent.seed, pixels(sent)) == (THE_SEED, pixels(first)), "the server reads the seed or the steps"
    assert "with another seed than it was sent" in caplog.text


@pytest.mark.parametrize("opened", [by_webui, by_openai])
async def test_the_servers_own_markup_is_refused_before_anything_is_sent(server: SDServer, opened: Any) -> None:  # noqa: ANN401
    async with opened(server) as generator, open_house(generator=generator, patience=TIMEOUT) as house:
        before = server.drawn
        order = {"version": generator.cards[0].version.value, "prompt": f"a fox {MARKUP}", "width": 64, "height": 64}
        answer = await house.order(**order)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["pointer"], server.drawn) == ("/prompt", before)
        assert "<sd_cpp_extra_args>" in error["detail"]

        # If it is sent all the same, it changes values that were checked.
        images, failure = await draw(generator, request(generator, 1, prompt=f"a fox {MARKUP}"))
    assert failure is None
    assert (images[0].file.width, images[0].seed) == (128, Seed(7))


@pytest.mark.parametrize("opened", [by_webui, by_openai])
async def test_an_order_whose_server_dies_while_it_draws_has_an_unknown_outcome(model: Path, opened: Any) -> None:  # noqa: ANN401
    with SDServer(model, steps=ENDLESS) as server:
        await asyncio.to_thread(server.wait_until_ready)
        async with opened(server) as generator, open_house(generator=generator, patience=TIMEOUT) as house:
            order: dict[str, Any] = {"version": generator.cards[0].version.value, "width": 64, "height": 64}
            ordered = asyncio.create_task(house.order(**order))
            await asyncio.to_thread(server.wait_for, "generate_image 64x64", timeout=TIMEOUT)
            server.kill()
            await asyncio.to_thread(server.wait)
            lost, after = await ordered, await house.order(**order)

            with pytest.raises(GeneratorUnavailable):
                await generator.check()
    assert [(said["type"].rpartition("/")[2], said["charged"]) for said in (lost.json(), after.json())] == [
        ("outcome-unknown", "unknown"),
        ("generator-unavailable", "no"),
    ]


async def test_check_compares_the_models_with_those_of_the_server(server: SDServer, tmp_path: Path) -> None:
    settings = {
        "DARKROOM_GENERATORS": "webui,openai",
        "DARKROOM_WEBUI_BASE_URL": server.base_url,
        "DARKROOM_WEBUI_MODELS": "sdcpp=noise step=64 num_inference_steps=20",
        "DARKROOM_OPENAI_BASE_URL": f"{server.base_url}/v1",
        "DARKROOM_OPENAI_API_KEY": "none",
        "DARKROOM_OPENAI_MODELS": OPENAI,
    }
    before = server.drawn
    with CommandLine(tmp_path) as shell:
        good = await asyncio.to_thread(shell.run, "check", **settings)
        other = settings | {"DARKROOM_WEBUI_MODELS": "sdcpp=other", "DARKROOM_OPENAI_MODELS": "flux=64-2048/64"}
        bad = await asyncio.to_thread(shell.run, "check", **other)
    assert (good.status, bad.status, server.drawn) == (0, 1, before)
    assert f"the web UI answers at {server.base_url} and has every checkpoint that the models need" in good.stdout
    assert (
        f"the Images API answers at {server.base_url}/v1 and does not refuse the key, and has sd-cpp-local"
        in good.stdout
    )
    assert "no checkpoint called other" in bad.stdout
    assert "list of models does not have flux" in bad.stdout


def test_the_page_shows_how_it_is_declared() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    if not PROGRAM.exists():
        raise PartMissing("stable-diffusion.cpp", "`make test-peers` builds its server")
    help_text = subprocess.run([PROGRAM, "-h"], capture_output=True, text=True, check=True).stdout

    assert f"DARKROOM_WEBUI_MODELS='{WEBUI}'" in page
    assert f"DARKROOM_OPENAI_MODELS='{OPENAI}'" in page
    for option, default in (("--steps", "20"), ("--cfg-scale", r"7\.0"), ("--seed", "42")):
        assert re.search(rf"{option} .*?\(default: {default}", " ".join(help_text.split())), option
