from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.domain.model.image_file import ImageFile
from integration.cli.command_line import CommandLine
from servers.ports import free_port
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.karlo import KarloSimulator

ORDER = ("generate", "A fox, in the snow!", "--width", "512", "--height", "384", "--seed", "7", "--seed", "4294967295")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Lets commands receive SIGINT, which processes in the background of a shell and their children ignore."""
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, heard)


def test_images_are_written_to_files(shell: CommandLine, tmp_path: Path) -> None:
    darkroom = shell.serve()
    ended = shell.run(*ORDER, "--out", "pictures", DARKROOM_PORT=str(darkroom.port))
    assert ended.status == 0, ended.stderr
    assert ended.stderr == ""
    names = ["a-fox-in-the-snow-7.png", "a-fox-in-the-snow-4294967295.png"]
    for name, line in zip(names, ended.stdout.splitlines(), strict=True):
        file = ImageFile.inspect((tmp_path / "pictures" / name).read_bytes())
        assert (file.width, file.height) == (512, 384)
        assert re.fullmatch(rf"pictures/{name}  seed \d+  http://127.0.0.1:{darkroom.port}/files/\S+", line)
    again = shell.run(*ORDER, "--out", "pictures", "--json", DARKROOM_PORT=str(darkroom.port))
    assert [image["file"] for image in json.loads(again.stdout)["images"]] == [
        "pictures/a-fox-in-the-snow-7-2.png",
        "pictures/a-fox-in-the-snow-4294967295-2.png",
    ]
    assert (tmp_path / "pictures" / names[0]).read_bytes() == (
        tmp_path / "pictures" / "a-fox-in-the-snow-7-2.png"
    ).read_bytes()


def test_local_drawing_needs_no_service(shell: CommandLine, tmp_path: Path) -> None:
    ended = shell.run(*ORDER, "--local", "--json")
    assert ended.status == 0, ended.stderr
    images = json.loads(ended.stdout)["images"]
    assert [image["seed"] for image in images] == [7, 4294967295]
    for image in images:
        assert ImageFile.inspect((tmp_path / image["file"]).read_bytes()).width == 512


def test_left_out_options_get_the_defaults_of_the_model(shell: CommandLine, tmp_path: Path) -> None:
    ended = shell.run("generate", "a fox", "--local", "--json")
    (image,) = json.loads(ended.stdout)["images"]
    file = ImageFile.inspect((tmp_path / image["file"]).read_bytes())
    assert (file.width, file.height) == (640, 640)


def test_every_invalid_field_is_named(shell: CommandLine, tmp_path: Path) -> None:
    ended = shell.run("generate", " ", "--local", "--width", "1", "--seed", "-1", "--steps", "1", "--guidance", "99")
    assert ended.status == 1
    assert ended.stderr.splitlines()[0].endswith("(charged: no)")
    named = [line.split()[1] for line in ended.stderr.splitlines()[1:]]
    assert sorted(named) == ["/guidance_scale", "/num_inference_steps", "/prompt", "/seed/0", "/width"]
    problem = json.loads(shell.run("generate", " ", "--local", "--json").stdout)
    assert problem["type"] == "/problems/invalid-request"
    assert problem["images"] == []


def test_a_service_that_does_not_answer_is_reported(shell: CommandLine) -> None:
    port = free_port()
    ended = shell.run("generate", "a fox", "--url", f"http://127.0.0.1:{port}")
    assert ended.status == 1
    assert f"http://127.0.0.1:{port}/ does not answer" in ended.stderr


def test_a_token_that_is_not_accepted_is_reported(shell: CommandLine) -> None:
    darkroom = shell.serve()
    ended = shell.run("generate", "a fox", "--token", "none", DARKROOM_PORT=str(darkroom.port))
    assert ended.status == 1
    assert "token" in ended.stderr


async def test_an_unknown_charge_ends_with_status_3_and_suggests_no_key(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("reset-after-charge")
    ended = await asyncio.to_thread(shell.run, "generate", "a fox", "--local", **with_karlo)
    assert ended.status == 3
    *_, problem, hint = ended.stderr.splitlines()
    assert problem.endswith("(charged: unknown)")
    assert "the provider's account shows whether it was drawn" in hint
    assert "--idempotency-key" not in ended.stderr


async def test_images_that_came_are_written_even_if_another_one_is_lost(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("image-html", index=1)
    ended = await asyncio.to_thread(
        shell.run, "generate", "a fox", "--local", "--samples", "3", "--out", "pictures", **with_karlo
    )
    assert ended.status == 3
    assert "(charged: yes)" in ended.stderr
    assert "--idempotency-key" not in ended.stderr
    assert len(list((shell.folder / "pictures").iterdir())) == 2


async def test_a_lost_answer_is_requested_again_and_paid_once(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("slow", seconds=1.0)
    darkroom = await asyncio.to_thread(shell.serve, **with_karlo)
    async with Proxy(darkroom.port) as proxy:
        command = shell.start("generate", "a fox", "--url", proxy.url)
        while not karlo.calls:  # noqa: ASYNC110  # the simulator does not announce calls
            await asyncio.sleep(0.01)
        await proxy.switch(Faults(reset=True))
        await proxy.wait_until(lambda proxy: proxy.connections >= 2)  # the first retry meets the fault too
        await proxy.switch(NO_FAULTS)
        assert await asyncio.to_thread(command.wait) == 0, command.stderr
    assert karlo.charged_calls == 1


def test_an_order_can_be_repeated_with_its_key(shell: CommandLine) -> None:
    first, again = (
        json.loads(shell.run("generate", "a fox", "--local", "--json", "--idempotency-key", "fox").stdout)
        for _ in range(2)
    )
    assert [image["id"] for image in first["images"]] == [image["id"] for image in again["images"]]
    other = shell.run("generate", "a dog", "--local", "--idempotency-key", "fox")
    assert (other.status, "key" in other.stderr) == (1, True)


@pytest.mark.parametrize("where", ["at a service", "in its own process"])
async def test_an_interrupted_command_says_how_to_get_the_images_without_paying_again(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str], interruptible: None, where: str
) -> None:
    karlo.faults.set("slow", seconds=1.0)
    order = ["generate", "a fox", "--local"]
    if where == "at a service":
        darkroom = await asyncio.to_thread(shell.serve, **with_karlo)
        order[-1:] = ["--url", f"http://127.0.0.1:{darkroom.port}"]
    command = await asyncio.to_thread(shell.start, *order, **with_karlo)
    while not karlo.calls:  # noqa: ASYNC110  # the simulator does not announce calls
        await asyncio.sleep(0.01)
    command.interrupt()
    assert await asyncio.to_thread(command.wait) == 128 + signal.SIGINT
    *_, interrupted, hint = command.stderr.splitlines()
    assert interrupted.endswith("(charged: unknown)")
    key = hint.partition("without paying again: ")[2].split()
    assert key[0] == "--idempotency-key"

    again = await asyncio.to_thread(shell.run, *order, *key, **with_karlo)
    assert again.status == 0, again.stderr
    assert len(list(shell.folder.glob("*.webp"))) == 1
    assert karlo.charged_calls == 1


async def test_a_command_interrupted_before_it_orders_mentions_no_charge(
    shell: CommandLine, interruptible: None
) -> None:
    asked = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep_silent, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        command = await asyncio.to_thread(shell.start, "generate", "a fox", "--url", url, "--token", "mine")
        await asked.wait()
        command.interrupt()
        assert await asyncio.to_thread(command.wait) == 128 + signal.SIGINT
    assert command.stderr == ""


async def test_nothing_is_ordered_if_no_file_can_be_written(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    (shell.folder / "taken").touch()
    for folder in ("taken", "taken/pictures"):
        ended = await asyncio.to_thread(shell.run, "generate", "a fox", "--local", "--out", folder, **with_karlo)
        assert (ended.status, ended.stdout) == (2, "")
        (line,) = ended.stderr.splitlines()
        assert line.startswith(f"darkroom: --out must be a folder that files can be written into, not {folder}: ")
    assert karlo.calls == []


async def test_images_that_were_not_written_can_be_had_with_their_key_without_paying_again(
    shell: CommandLine, karlo: KarloSimulator, with_karlo: dict[str, str]
) -> None:
    karlo.faults.set("slow", seconds=1.0)
    order = ("generate", "a fox", "--local")
    command = await asyncio.to_thread(shell.start, *order, "--out", "pictures", **with_karlo)
    while not karlo.calls:  # noqa: ASYNC110  # the simulator does not announce calls
        await asyncio.sleep(0.01)
    (shell.folder / "pictures").rmdir()
    assert await asyncio.to_thread(command.wait) == 3
    *_, hint = command.stderr.splitlines()
    again = await asyncio.to_thread(shell.run, *order, *hint.partition("again: ")[2].split(), **with_karlo)
    assert again.status == 0, again.stderr
    assert karlo.charged_calls == 1


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--url", "notaurl"), "must be an address such as https://images.example.com"),
        (("--url", "http://[::1"), "must be an address such as https://images.example.com"),
        (("--token", "토큰"), "must be printable ASCII without blanks"),
        (("--idempotency-key", "여우"), "must be 1 to 255 printable ASCII characters"),
        (("--idempotency-key", ""), "must be 1 to 255 printable ASCII characters"),
    ],
)
def test_an_argument_that_cannot_be_sent_is_named_with_its_rule(
    shell: CommandLine, arguments: tuple[str, str], rule: str
) -> None:
    ended = shell.run("generate", "a fox", *arguments)
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"error: argument {arguments[0]}: {rule}\n")
