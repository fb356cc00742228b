"""The generator for web UIs against their simulator: the rules for every generator, and its own."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from darkroom.adapters.conformance import ProviderContract, draw, plain_request
from darkroom.adapters.generators.webui import CallOptions, open_webui
from darkroom.adapters.generators.webui.progress import read_progress, read_unfinished
from darkroom.adapters.in_memory.generator import WIDEST_CARD
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.errors import GeneratorRefused, GeneratorUnavailable, InvalidValue, UnusableImage
from darkroom.domain.model.generation import GeneratedImage
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.model.progress import Progress
from darkroom.domain.model.values import Prompt, Seed
from darkroom.domain.ports import ImageGenerator
from integration.generators.webui_provider import AUTH, WebUIProvider, webui_provider
from simulators.pictures import ImageFormat, Picture
from simulators.webui import webui_simulator


@pytest.fixture
async def provider() -> AsyncIterator[WebUIProvider]:
    async with webui_provider() as running:
        yield running


class TestWebUI(ProviderContract):
    situations = WebUIProvider.situations()


async def test_a_call_has_the_form_that_the_web_ui_expects(provider: WebUIProvider) -> None:
    async with provider.opened(options=CallOptions("DPM++ 2M", "Karras")) as generator:
        await draw(generator, plain_request(generator.cards[1], first_seed=7), "key")

    (call,) = provider.simulator.calls
    assert call.headers["authorization"] == "Basic cGFpbnRlcjpzZWNyZXQtd29yZHM="
    assert call.headers["content-type"] == "application/json"
    assert call.headers["connection"] == "close"
    assert call.body == {
        "prompt": plain_request(generator.cards[1]).prompt.value,
        "seed": 7,
        "width": 64,
        "height": 64,
        "sampler_name": "DPM++ 2M",
        "scheduler": "Karras",
        "override_settings": {"sd_model_checkpoint": "sd_xl_base_1.0.safetensors"},
        "force_task_id": "key.0",
    }


async def test_each_version_is_drawn_with_its_checkpoint(generator: ImageGenerator) -> None:
    loaded, sdxl = [(await draw(generator, plain_request(card)))[0][0].data for card in generator.cards]

    assert loaded != sdxl


async def test_the_seed_in_the_answer_is_reported(generator: ImageGenerator, provider: WebUIProvider) -> None:
    provider.simulator.faults.set("seed-altered")
    images, _ = await draw(generator, plain_request(generator.cards[0], samples=2, first_seed=100))

    assert [images[index].seed for index in (0, 1)] == [Seed(101), Seed(102)]


async def test_it_warns_if_another_checkpoint_drew(
    generator: ImageGenerator, provider: WebUIProvider, caplog: pytest.LogCaptureFixture
) -> None:
    for card in generator.cards:
        await draw(generator, plain_request(card))
    assert caplog.messages == []

    provider.simulator.faults.set("other-checkpoint")
    for card in generator.cards:
        await draw(generator, plain_request(card))

    (warning,) = caplog.messages
    assert "a checkpoint other than sd_xl_base_1.0.safetensors" in warning


@pytest.mark.parametrize("name", ["sd_xl_base_1.0", "sd_xl_base_1.0.safetensors", "73645f786c"])
async def test_check_knows_a_checkpoint_by_any_of_its_names(provider: WebUIProvider, name: str) -> None:
    async with provider.opened(models=["webui", f"sdxl={name}"]) as generator:
        assert provider.base_url in await generator.check()


async def test_check_names_the_checkpoints_that_are_missing(provider: WebUIProvider) -> None:
    async with provider.opened(models=["a=sd_xl_base_1.0", "b=flux-dev", "c=sd3"]) as generator:
        with pytest.raises(GeneratorRefused, match="no checkpoint called flux-dev or sd3"):
            await generator.check()


@pytest.mark.parametrize(("auth", "says"), [("painter:wrong", "user name and password"), (None, "user name")])
async def test_check_reports_refused_credentials(provider: WebUIProvider, auth: str | None, says: str) -> None:
    async with provider.opened(auth=auth) as generator:
        with pytest.raises(GeneratorRefused, match=says):
            await generator.check()


@pytest.mark.parametrize(
    ("path", "error"), [("/_control/menu", GeneratorRefused), ("/_control/charges?", InvalidValue)]
)
async def test_check_reports_another_service_at_the_address(
    provider: WebUIProvider, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with open_webui(base_url=provider.simulator.base_url + path) as generator:
            await generator.check()


@pytest.mark.parametrize("body", ["<h1>Welcome</h1>", "{}", "null", "[" * 100_000], ids=lambda body: body[:9])
async def test_check_reports_an_answer_that_is_not_a_list_of_checkpoints(body: str) -> None:
    async def welcome(request: web.Request) -> web.Response:
        return web.Response(text=body)

    application = web.Application()
    application.router.add_get("/sdapi/v1/sd-models", welcome)
    async with TestServer(application) as server, open_webui(base_url=str(server.make_url("/"))) as generator:
        with pytest.raises(GeneratorUnavailable, match="not a list of checkpoints"):
            await generator.check()


@pytest.mark.parametrize("auth", ["painter", "", "painter:two words"])
async def test_malformed_credentials_are_refused_at_the_start(auth: str) -> None:
    with pytest.raises(InvalidValue):
        async with open_webui(base_url="http://127.0.0.1:7860", auth=auth):
            pass


async def test_check_reports_a_server_that_does_not_answer() -> None:
    async with open_webui(base_url="http://127.0.0.1:1") as generator:
        with pytest.raises(GeneratorUnavailable):
            await generator.check()


async def test_progress_is_reported_over_all_images() -> None:
    reported: list[Progress] = []
    async with (
        webui_simulator(AUTH, seconds_per_image=1.0) as simulator,
        open_webui(base_url=simulator.base_url, auth=AUTH) as generator,
    ):
        request = plain_request(generator.cards[0], samples=2)
        assert await generator.progress(request, "key", None) is None
        drawing = asyncio.ensure_future(generator.submit(request, "key"))
        while not drawing.done():
            if progress := await generator.progress(request, "key", None):
                reported.append(progress)
            assert await generator.progress(request, "another's", None) is None
        await drawing
    assert {asked["live_preview"] for asked in simulator.progress_asked} == {False}
    steps = [progress.step or 0 for progress in reported]
    assert {(progress.position, progress.steps) for progress in reported} == {(0, 100)}
    assert steps == sorted(steps)
    assert steps[0] < 50 < steps[-1] <= 100


async def test_steps_are_counted_as_ordered_or_as_declared() -> None:
    async with (
        webui_simulator(AUTH, seconds_per_image=0.5) as simulator,
        open_webui(base_url=simulator.base_url, auth=AUTH, models=["webui num_inference_steps=20"]) as generator,
    ):
        plain = plain_request(generator.cards[0])
        for steps, request in {
            20: plain,
            30: replace(plain, parameters=Parameters.of(num_inference_steps=30)),
        }.items():
            drawing = asyncio.ensure_future(generator.submit(request, "key"))
            told = set()
            while not drawing.done():
                told.add(await generator.progress(request, "key", None))
            assert {progress.steps for progress in told if progress} == {steps}


NOT_BEING_DRAWN = [
    "",
    "[]",
    "<h1>Not Found</h1>",
    '{"detail": "Not Found"}',
    '{"active": false, "progress": 0.5, "live_preview": "%s"}',
    '{"active": 1, "progress": 0.5, "live_preview": "%s"}',
]
PICTURE = base64.b64encode(Picture("a sea", 8, 8, "png").encoded()).decode()
BOMB = base64.b64encode(Picture("a sea", 8, 8, "png").encoded().replace(b"\0\0\0\x08", b"\0\1\0\0", 2)).decode()


def answered(body: str) -> Answer:
    return Answer(200, httpx.Headers(), body.encode())


@pytest.mark.parametrize("body", NOT_BEING_DRAWN)
def test_an_answer_about_no_call_of_ours_gives_no_progress_and_no_image(body: str) -> None:
    answer = answered(body.replace("%s", PICTURE))
    assert read_progress(answer, steps=20) is None
    assert read_unfinished(answer, plain_request(WIDEST_CARD)) is None


@pytest.mark.parametrize(
    ("done", "eta", "progress"),
    [
        ("0.15", "4.5", Progress(position=0, step=3, steps=20, seconds_left=4.5)),
        ("0", "-1", Progress(position=0, step=0, steps=20)),
        ("1", "0", Progress(position=0, step=20, steps=20)),
        ("0.15", "1e999", Progress(position=0, step=3, steps=20)),
        ("1.05", "1", Progress(position=0)),
        ("true", "1", Progress(position=0)),
        ('"0.15"', "1", Progress(position=0)),
        ("-0.1", "1", Progress(position=0)),
        ("null", "null", Progress(position=0)),
    ],
)
def test_only_plausible_steps_and_times_are_read(done: str, eta: str, progress: Progress) -> None:
    assert read_progress(answered(f'{{"active": true, "progress": {done}, "eta": {eta}}}'), steps=20) == progress


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("prefix", ["", "data:image/anything;base64,"])
def test_an_unfinished_image_is_recognised_by_its_bytes(image_format: ImageFormat, prefix: str) -> None:
    data = Picture("a sea", 8, 8, image_format).encoded()
    body = f'{{"active": true, "live_preview": "{prefix}{base64.b64encode(data).decode()}"}}'
    image = read_unfinished(answered(body), plain_request(WIDEST_CARD, first_seed=7))
    assert image is not None
    assert (image.data, image.seed, image.file.media_type) == (data, Seed(7), f"image/{image_format}")


@pytest.mark.parametrize("nothing", ["null", '""', "7", '"https://127.0.0.1/image.png"'])
def test_an_answer_without_an_image_gives_none(nothing: str) -> None:
    answer = answered(f'{{"active": true, "live_preview": {nothing}}}')
    assert read_unfinished(answer, plain_request(WIDEST_CARD)) is None


@pytest.mark.parametrize("junk", ["<svg/>", "R0lGODlh", PICTURE[:40], "data:text/html,<script>", BOMB], ids=len)
def test_anything_but_an_image_is_refused(junk: str) -> None:
    answer = answered(f'{{"active": true, "live_preview": "{junk}"}}')
    with pytest.raises(UnusableImage):
        read_unfinished(answer, plain_request(WIDEST_CARD))


async def test_an_unfinished_image_is_shown_under_its_own_key_only() -> None:
    seen: dict[str, list[GeneratedImage]] = {"adas": [], "graces": []}
    async with (
        webui_simulator(AUTH, seconds_per_image=0.5) as simulator,
        open_webui(base_url=simulator.base_url, auth=AUTH) as generator,
    ):
        requests = {
            key: replace(plain_request(generator.cards[0], samples=2, first_seed=seed), prompt=Prompt(key))
            for key, seed in {"adas": 10, "graces": 20}.items()
        }
        assert await generator.unfinished(requests["adas"], "adas", None) is None
        drawing = {key: asyncio.ensure_future(generator.submit(request, key)) for key, request in requests.items()}
        while not all(task.done() for task in drawing.values()):
            for key, request in requests.items():
                if image := await generator.unfinished(request, key, None):
                    seen[key].append(image)
                assert await generator.unfinished(request, "another's", None) is None
        finished = {key: drawn.result() for key, drawn in drawing.items()}
    assert len({image.data for images in finished.values() for image in images.images}) == 4
    for key, images in seen.items():
        shown = {Picture(f"{key}, step {step}", 8, 8, "png").encoded() for step in range(51)}
        assert {image.data for image in images} <= shown
        assert len({image.data for image in images}) > 2
        assert [image.index for image in images] == sorted(image.index for image in images)
        assert {(image.index, image.seed) for image in images} == {
            (index, seed) for index, seed in enumerate(requests[key].seeds)
        }


async def test_a_report_that_is_too_long_costs_the_image_and_not_the_steps() -> None:
    async def report(request: web.Request) -> web.Response:
        shown = "A" * 4 * 2**20 if (await request.json())["live_preview"] else None
        return web.json_response({"active": True, "progress": 0.5, "live_preview": shown})

    application = web.Application()
    application.router.add_post("/internal/progress", report)
    async with TestServer(application) as server, open_webui(base_url=str(server.make_url("/"))) as generator:
        request = plain_request(generator.cards[0])
        with pytest.raises(GeneratorUnavailable):
            await generator.unfinished(request, "key", None)
        assert await generator.progress(request, "key", None) == Progress(position=0, step=25, steps=50)


async def test_prompts_and_settings_stay_out_of_the_file_unless_they_are_asked_for(provider: WebUIProvider) -> None:
    files = []
    for keep in (False, True):
        async with provider.opened(keep_metadata=keep) as generator:
            files.append((await draw(generator, plain_request(generator.cards[0])))[0][0].data)

    assert [b"CFG scale" in file for file in files] == [False, True]


async def test_a_seed_that_is_only_in_the_file_is_reported(provider: WebUIProvider) -> None:
    """The server of stable-diffusion.cpp reports it only there."""
    provider.simulator.faults.set("info-missing")
    async with provider.opened(models=["webui seed=told"]) as generator:
        images, _ = await draw(generator, plain_request(generator.cards[0], samples=2, first_seed=7))

    assert [images[index].seed for index in (0, 1)] == [Seed(7), Seed(8)]
