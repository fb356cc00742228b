"""`darkroom inspect` shows the marks of an image: how it was made, and who signed it."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from darkroom.adapters.marks import png, xmp
from integration.cli.command_line import CommandLine
from servers.darkroom import INSTALLED
from unit.marks.authority import Authority, Flawed, pem_of

ORDER = ("generate", "a fox in the snow", "--seed", "7", "--width", "96", "--height", "64", "--local", "--json")
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def signing(authority: Authority) -> dict[str, str]:
    """Settings with which images are signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    return {
        "DARKROOM_MARKS": "c2pa",
        "DARKROOM_C2PA_CERTIFICATE": authority.certify(key),
        "DARKROOM_C2PA_KEY": pem_of(key),
    }


def drawn(shell: CommandLine, **settings: str) -> str:
    ended = shell.run(*ORDER, **settings)
    assert ended.status == 0, ended.stderr
    file: str = json.loads(ended.stdout)["images"][0]["file"]
    return file


def inspected(shell: CommandLine, file: str, *more: str) -> dict[str, object]:
    ended = shell.run("inspect", file, "--json", *more)
    assert ended.status == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


def test_images_are_marked_by_default(shell: CommandLine) -> None:
    file = drawn(shell)
    assert inspected(shell, file) == {
        "media_type": "image/png",
        "width": 96,
        "height": 64,
        "source_type": SOURCE + "algorithmicMedia",
        "generator": "sketch",
        "model": "sketch",
        "seed": 7,
        "prompt": None,
        "tool": "Darkroom",
        "credentials": None,
    }
    lines = shell.run("inspect", file).stdout.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["format", "image/png"],
        ["size", "96 x 64"],
        ["source", SOURCE + "algorithmicMedia"],
        ["generator", "sketch"],
        ["model", "sketch"],
        ["seed", "7"],
        ["tool", "Darkroom"],
        ["signed", "no"],
    ]


async def test_an_image_of_a_provider_is_marked_as_made_by_a_trained_model(
    shell: CommandLine, with_karlo: dict[str, str]
) -> None:
    order = ("generate", "a fox", "--local", "--json", "--version", "v2.1", "--seed", "4294967295")
    ended = await asyncio.to_thread(shell.run, *order, DARKROOM_MARK_PROMPTS="true", **with_karlo)
    found = await asyncio.to_thread(inspected, shell, json.loads(ended.stdout)["images"][0]["file"])

    assert found["media_type"] == "image/webp"
    assert found["source_type"] == SOURCE + "trainedAlgorithmicMedia"
    assert (found["generator"], found["model"], found["seed"]) == ("karlo", "v2.1", 4_294_967_295)
    assert found["prompt"] == "a fox"


def test_images_can_be_left_unmarked(shell: CommandLine) -> None:
    found = inspected(shell, drawn(shell, DARKROOM_MARKS="none"))
    assert {found[name] for name in ("source_type", "generator", "model", "seed", "tool", "credentials")} == {None}


def test_marks_do_not_change_pixels_and_are_the_same_each_time(shell: CommandLine, signing: dict[str, str]) -> None:
    bare, marked, again, signed = (
        (shell.folder / drawn(shell, **settings)).read_bytes()
        for settings in ({"DARKROOM_MARKS": "none"}, {}, {}, signing)
    )
    assert marked == again != bare
    assert len({Image.open(io.BytesIO(data)).tobytes() for data in (bare, marked, signed)}) == 1


def test_it_shows_who_signed_and_whether_the_signature_is_valid(
    shell: CommandLine, signing: dict[str, str], authority: Authority
) -> None:
    file = drawn(shell, **signing)
    root = shell.folder / "root.pem"
    root.write_text(authority.root)

    assert inspected(shell, file, "--anchors", "root.pem")["credentials"] == {
        "state": "trusted",
        "signer": "Darkroom Studio",
        "issuer": "Darkroom tests",
        "flaws": [],
    }
    assert "signed     by Darkroom Studio (Darkroom tests), valid\n" in shell.run("inspect", file).stdout

    signed = (shell.folder / file).read_bytes()
    at = signed.index(b"IDAT") + 20
    (shell.folder / "changed.png").write_bytes(signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])
    ended = shell.run("inspect", "changed.png")
    assert ended.status == 1
    assert "signed     by Darkroom Studio, not valid: assertion.dataHash.mismatch\n" in ended.stdout


def test_it_reads_standard_input(shell: CommandLine) -> None:
    file = shell.folder / drawn(shell)
    with file.open("rb") as image:
        read = subprocess.run(
            [INSTALLED, "inspect", "-"], stdin=image, capture_output=True, check=True, cwd=shell.folder
        )
    assert b"algorithmicMedia" in read.stdout


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is neither PNG, JPEG nor WebP"),
        (b"GIF89a", "it is neither PNG, JPEG nor WebP"),
        (b"\x89PNG\r\n\x1a\n", "it is cut short"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_not_an_image_is_reported_in_one_line(
    shell: CommandLine, data: bytes | None, message: str
) -> None:
    if data is not None:
        (shell.folder / "image").write_bytes(data)
    ended = shell.run("inspect", "image")
    assert (ended.status, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert message in line
    assert "image" in line


@pytest.mark.parametrize("data", [None, "인증서".encode(), b"-----BEGIN PUBLIC KEY-----", b"\xff"])
def test_anchors_without_a_certificate_are_reported_with_their_rule(shell: CommandLine, data: bytes | None) -> None:
    if data is not None:
        (shell.folder / "anchors").write_bytes(data)
    ended = shell.run("inspect", "--anchors", "anchors", drawn(shell))
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.endswith("error: argument --anchors: must be a file that holds certificates as PEM text\n")


def test_a_file_is_read_even_if_settings_are_invalid(shell: CommandLine) -> None:
    file = drawn(shell)
    (shell.folder / ".env").write_text("no setting\n")
    ended = shell.run("inspect", file, DARKROOM_GENERATORS="karlo", DARKROOM_PORT="http", DARKROOM_LINK_TLL="60")
    assert (ended.status, ended.stderr) == (0, "")


def test_control_characters_in_marks_do_not_reach_the_terminal(shell: CommandLine) -> None:
    bare = (shell.folder / drawn(shell, DARKROOM_MARKS="none")).read_bytes()
    packet = xmp.packet({"xmp:CreatorTool": "a\x9b31mb\nsigned     by me"})
    (shell.folder / "hostile.png").write_bytes(png.with_xmp(bare, packet))
    assert "tool       a 31mb signed     by me\n" in shell.run("inspect", "hostile.png").stdout


def test_check_shows_who_signs_and_until_when(shell: CommandLine, signing: dict[str, str]) -> None:
    line = r"^ok +marks: images are marked and signed by Darkroom Studio until 20\d\d-\d\d-\d\d$"
    assert re.search(line, shell.run("check", **signing).stdout, re.MULTILINE)


def test_an_unsuitable_certificate_or_key_stops_the_start(
    shell: CommandLine, signing: dict[str, str], authority: Authority
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    for wrong, said in (
        ({"DARKROOM_C2PA_CERTIFICATE": authority.certify(key, Flawed(purpose=None))}, "is not for signing content"),
        ({"DARKROOM_C2PA_KEY": pem_of(key)}, "is not the key of the certificate"),
    ):
        ended = shell.run("serve", **{**signing, **wrong, "DARKROOM_PORT": "0"})
        assert ended.status == 2
        (line,) = ended.stderr.splitlines()
        assert line.startswith(f"darkroom: {next(iter(wrong))} {said}")
        assert "PRIVATE KEY" not in line
