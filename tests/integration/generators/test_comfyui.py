"""The generator for ComfyUI against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from darkroom.adapters.conformance import ProviderContract, collected, draw, full_request, plain_request
from darkroom.adapters.generators.comfyui import open_comfyui, parse_models
from darkroom.domain.model.errors import (
    Charged,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)
from darkroom.domain.model.progress import Progress
from darkroom.domain.ports import ImageGenerator, Receipt
from integration.generators.comfyui_provider import (
    AUTHORIZATION,
    FOUND_AGAIN,
    PARTNER_KEY,
    ComfyUIProvider,
    comfyui_provider,
)
from simulators.comfyui import comfyui_simulator
from simulators.comfyui.nodes import CHECKPOINTS


@pytest.fixture
async def provider() -> AsyncIterator[ComfyUIProvider]:
    async with comfyui_provider() as running:
        yield running


class TestComfyUI(ProviderContract):
    situations = ComfyUIProvider.situations()
    found_again = FOUND_AGAIN


@pytest.mark.long
class TestOldComfyUI(TestComfyUI):
    @pytest.fixture
    async def provider(self) -> AsyncIterator[ComfyUIProvider]:
        async with comfyui_provider(old=True) as running:
            yield running


async def test_an_order_has_the_form_that_comfyui_expects(generator: ImageGenerator, provider: ComfyUIProvider) -> None:
    await draw(generator, full_request(generator.cards[0]), "key")
    (call,) = provider.simulator.calls
    graph = call.body["prompt"]

    assert call.headers["authorization"] == AUTHORIZATION
    assert "origin" not in call.headers
    assert call.body.keys() == {"prompt", "prompt_id"}
    assert graph["1"] == {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINTS[0]}}
    assert graph["7"]["inputs"]["filename_prefix"] == f"darkroom/{call.body['prompt_id']}"
    assert len(graph) == 7


async def test_a_key_that_is_submitted_again_is_not_drawn_again(
    generator: ImageGenerator, provider: ComfyUIProvider
) -> None:
    request = plain_request(generator.cards[0], samples=2)
    first, second = [(await draw(generator, request, "key"))[0] for _ in range(2)]
    provider.simulator.restart()
    third, _ = await draw(generator, request, "key")

    assert first == second == third
    assert generator.cards[0].idempotent
    assert provider.charged_images == 2


@pytest.mark.parametrize("old", [False, True], ids=["jobs", "queue and history"])
async def test_an_order_whose_answer_is_lost_is_looked_up_and_collected(old: bool) -> None:
    async with comfyui_provider(old=old) as provider, provider.opened() as generator:
        provider.simulator.faults.set("close-after-charge")
        images, failure = await draw(generator, plain_request(generator.cards[0], samples=2))

        assert (sorted(images), failure) == ([0, 1], None)
        assert len(provider.asked) == provider.charged_images == 2


async def test_an_order_that_never_arrived_was_not_charged(
    generator: ImageGenerator, provider: ComfyUIProvider
) -> None:
    provider.simulator.faults.set("close-before-charge")
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (type(failure), failure and failure.charged) == (GeneratorUnavailable, Charged.NO)
    assert len(provider.asked) == 1


async def test_after_a_restart_an_image_is_found_by_its_name(
    generator: ImageGenerator, provider: ComfyUIProvider
) -> None:
    request = plain_request(generator.cards[0], samples=2)
    receipt = await generator.submit(request, "key")
    before = await collected(generator, request, receipt)
    provider.simulator.restart()

    found = await generator.find(request, "key")
    assert found is not None
    assert await collected(generator, request, found) == before


async def test_after_a_restart_a_job_without_a_file_is_gone() -> None:
    async with (
        comfyui_simulator(seconds_per_image=3600) as simulator,
        open_comfyui(base_url=simulator.base_url, models=parse_models([f"a={CHECKPOINTS[0]}"])) as generator,
    ):
        request = plain_request(generator.cards[0])
        receipt = await generator.submit(request, "key")
        simulator.restart()

        assert await generator.find(request, "key") is None
        with pytest.raises(GeneratorUnavailable, match="no longer knows the job"):
            await collected(generator, request, receipt)


@pytest.mark.parametrize("old", [False, True], ids=["jobs", "queue and history"])
async def test_jobs_that_do_not_end_are_cancelled_and_no_others(old: bool) -> None:
    async with (
        comfyui_simulator(seconds_per_image=3600, old=old) as simulator,
        open_comfyui(base_url=simulator.base_url, models=parse_models([f"a={CHECKPOINTS[0]}"])) as other,
        open_comfyui(
            base_url=simulator.base_url, models=parse_models([f"a={CHECKPOINTS[0]}"]), drawing_timeout=0.5
        ) as generator,
    ):
        request = plain_request(generator.cards[0])
        await other.submit(request, "runs")
        _, failure = await draw(generator, plain_request(generator.cards[0], samples=2))

        assert (type(failure), failure and failure.charged) == (GeneratorUnavailable, Charged.NO)
        assert (simulator.taken_back, simulator.interrupted_blindly) == (2, 0)
        assert await other.progress(request, "runs", None) == Progress(position=0)


@pytest.mark.parametrize("old", [False, True], ids=["jobs", "queue and history"])
async def test_a_job_that_runs_too_long_is_interrupted_by_its_id(old: bool) -> None:
    async with (
        comfyui_simulator(seconds_per_image=3600, old=old) as simulator,
        open_comfyui(
            base_url=simulator.base_url, models=parse_models([f"a={CHECKPOINTS[0]}"]), drawing_timeout=0.5
        ) as generator,
    ):
        _, failure = await draw(generator, plain_request(generator.cards[0]))

        assert failure is not None
        assert failure.detail == "the job was cancelled before it ended"
        assert (simulator.taken_back, simulator.interrupted_blindly) == (1, 0)


async def test_progress_reports_the_position_in_the_queue() -> None:
    async with (
        comfyui_simulator(seconds_per_image=3600) as simulator,
        open_comfyui(base_url=simulator.base_url, models=parse_models([f"a={CHECKPOINTS[0]}"])) as generator,
    ):
        requests = [plain_request(generator.cards[0], first_seed=seed) for seed in range(3)]
        assert await generator.progress(requests[0], "0", None) is None
        receipts = [await generator.submit(request, f"{index}") for index, request in enumerate(requests)]
        reported = [
            await generator.progress(request, f"{index}", receipts[index]) for index, request in enumerate(requests)
        ]

        assert reported == [Progress(position=0), Progress(position=1), Progress(position=2)]


async def test_prompts_and_workflow_stay_out_of_the_file_unless_they_are_asked_for(provider: ComfyUIProvider) -> None:
    files = []
    for keep in (False, True):
        async with provider.opened(keep_metadata=keep) as generator:
            request = plain_request(generator.cards[0])
            files.append((await draw(generator, request))[0][0].data)

    assert [b"KSampler" in file for file in files] == [False, True]
    assert b"tEXt" not in files[0]


async def test_a_damaged_file_is_kept_unchanged_as_evidence(
    generator: ImageGenerator, provider: ComfyUIProvider
) -> None:
    provider.simulator.faults.set("image-cut-short")
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    (evidence,) = failure.all_evidence
    assert isinstance(evidence, bytes)
    assert b"KSampler" in evidence


async def test_a_failure_on_our_own_machine_costs_nothing(generator: ImageGenerator, provider: ComfyUIProvider) -> None:
    provider.simulator.faults.set("failed")
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert failure is not None
    assert (type(failure), failure.charged) == (GeneratorUnavailable, Charged.NO)
    assert failure.detail == "the workflow failed while it ran: KSampler, torch.OutOfMemoryError"
    assert b"Allocation on device" in failure.evidence
    assert b"must not be logged" not in failure.evidence


async def test_a_workflow_that_is_accepted_in_part_is_cancelled() -> None:
    async with (
        comfyui_simulator(seconds_per_image=3600) as simulator,
        open_comfyui(base_url=simulator.base_url, models=parse_models([f"a={CHECKPOINTS[0]}"])) as generator,
    ):
        simulator.faults.set("node-errors")
        _, failure = await draw(generator, plain_request(generator.cards[0]))

        assert (type(failure), failure and failure.charged) == (GeneratorRefused, Charged.NO)
        assert simulator.taken_back == 1


async def test_partner_nodes_are_called_with_their_key(provider: ComfyUIProvider, tmp_path: Path) -> None:
    async with provider.opened_paid(tmp_path) as generator:
        images, failure = await draw(generator, full_request(generator.cards[0]))
        (call,) = provider.simulator.calls

        assert (sorted(images), failure) == ([0], None)
        assert call.body["extra_data"] == {"api_key_comfy_org": PARTNER_KEY}
        assert provider.asked[0].seeds == (2**32 - 1,)
        assert not generator.cards[0].idempotent


async def test_the_partner_key_is_sent_with_paid_workflows_only(provider: ComfyUIProvider) -> None:
    async with provider.opened(partner_key=PARTNER_KEY) as generator:
        await draw(generator, plain_request(generator.cards[0]))

    assert PARTNER_KEY.encode() not in provider.simulator.calls[0].raw


@pytest.mark.parametrize("fault", ["close-before-charge", "failed", "cancelled", "node-errors"])
async def test_a_failure_of_a_paid_workflow_may_have_been_charged(
    provider: ComfyUIProvider, tmp_path: Path, fault: str
) -> None:
    provider.simulator.faults.set(fault)
    async with provider.opened_paid(tmp_path) as generator:
        _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (type(failure), failure and failure.charged) == (OutcomeUnknown, Charged.UNKNOWN)
    assert len(provider.asked) == 1


async def test_a_moderation_by_a_partner_is_a_rejected_prompt(provider: ComfyUIProvider, tmp_path: Path) -> None:
    provider.simulator.faults.set("moderated-by-a-partner")
    async with provider.opened_paid(tmp_path) as generator:
        _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (type(failure), failure and failure.charged) == (PromptRejected, Charged.UNKNOWN)


async def test_check_names_what_is_missing(provider: ComfyUIProvider, tmp_path: Path) -> None:
    async with provider.opened() as generator:
        assert "every node and file" in await generator.check()
    async with provider.opened(models=parse_models(["a=sd3.safetensors"])) as generator:
        with pytest.raises(GeneratorRefused, match=r"no ckpt_name called sd3.safetensors, which a needs"):
            await generator.check()
    file = tmp_path / "w.json"
    file.write_text('{"1": {"class_type": "Upscale", "inputs": {"text": "", "filename_prefix": ""}}}', encoding="utf-8")
    async with provider.opened(models=parse_models([f"b={file} 64x64 prompt:1.text output:1"])) as generator:
        with pytest.raises(GeneratorRefused, match="no node Upscale, which b needs"):
            await generator.check()


async def test_check_refuses_partner_nodes_that_are_not_declared_paid(
    provider: ComfyUIProvider, tmp_path: Path
) -> None:
    async with provider.opened_paid(tmp_path) as generator:
        assert await generator.check()
    entry = f"p={tmp_path / 'partner.json'} 256-2048/32 prompt:1.prompt width:1.width height:1.height"
    async with provider.opened(models=parse_models([entry])) as generator:
        with pytest.raises(GeneratorRefused, match=r"cost money \(Flux2ProImageNode\): declare it paid"):
            await generator.check()


@pytest.mark.parametrize("authorization", [None, "Bearer wrong"])
async def test_refused_credentials_are_reported(provider: ComfyUIProvider, authorization: str | None) -> None:
    async with provider.opened(authorization=authorization) as generator:
        with pytest.raises(GeneratorRefused, match="refuses our credentials"):
            await generator.check()
        _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (type(failure), failure and failure.charged) == (GeneratorRefused, Charged.NO)
    assert provider.asked == []


@pytest.mark.parametrize("reference", [b"../queue", b"\xff", b"5f8c1f0e"])
async def test_a_receipt_that_names_no_job_is_unusable(provider: ComfyUIProvider, reference: bytes) -> None:
    async with provider.opened() as generator:
        request = plain_request(generator.cards[0])
        receipt = Receipt(msgspec.json.encode({"references": {0: reference}}))
        with pytest.raises(UnusableImage, match="names no job"):
            await collected(generator, request, receipt)
