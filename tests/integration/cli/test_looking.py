"""The commands that call a service: `models`, `list`, `show`, `delete`, and `generate` with many prompts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import pytest

from integration.cli.command_line import CommandLine, Ended
from servers.darkroom import INSTALLED, Darkroom
from servers.ports import free_port

SMALL = ("--width", "64", "--height", "64")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with CommandLine(tmp_path_factory.mktemp("shell")) as shell:
        yield shell


@pytest.fixture(scope="module")
def darkroom(shell: CommandLine) -> Darkroom:
    return shell.serve()


def ask(shell: CommandLine, darkroom: Darkroom, *arguments: str, **settings: str) -> Ended:
    return shell.run(*arguments, "--url", f"http://127.0.0.1:{darkroom.port}", **settings)


def test_generations_are_listed_shown_and_deleted(shell: CommandLine, darkroom: Darkroom) -> None:
    subject = shell.run("token", "--subject", "lister").stdout.strip()
    mine = {"DARKROOM_TOKEN": subject}
    ask(shell, darkroom, "generate", "a red fox", "--model", "sketch", "--samples", "2", *SMALL, **mine)
    ask(shell, darkroom, "generate", "an owl", *SMALL, **mine)

    models = ask(shell, darkroom, "models", **mine)
    listed = ask(shell, darkroom, "list", **mine)
    found = json.loads(ask(shell, darkroom, "list", "--text", "FOX", "--state", "stored", "--json", **mine).stdout)
    page = ask(shell, darkroom, "list", "--limit", "1", **mine)
    (fox,) = found["items"]
    one = ask(shell, darkroom, "delete", fox["id"], "--image", "1", **mine)
    shown = ask(shell, darkroom, "show", fox["id"], **mine)
    as_json = json.loads(ask(shell, darkroom, "show", fox["id"], "--json", **mine).stdout)
    deleted = ask(shell, darkroom, "delete", fox["id"], **mine)
    gone = ask(shell, darkroom, "show", fox["id"], **mine)
    others = ask(shell, darkroom, "list", "--json")

    assert "sketch" in models.stdout.splitlines()[1]
    assert [line.split("  ")[-1] for line in listed.stdout.splitlines()] == ["an owl", "a red fox"]
    assert "2 of 2" in listed.stdout
    assert "there are more: --cursor " in page.stderr
    assert one.stdout == f"deleted image 1 of {fox['id']}\n"
    assert "image 1      deleted" in shown.stdout
    assert "prompt       a red fox" in shown.stdout
    assert (as_json["deleted"], len(as_json["images"])) == ([1], 1)
    assert deleted.stdout == f"deleted {fox['id']}\n"
    assert (gone.status, gone.stdout) == (1, "")
    assert "(charged: yes)" in gone.stderr
    assert fox["id"] not in others.stdout
    assert [ended.status for ended in (models, listed, page, one, shown, deleted, others)] == [0] * 7


def test_each_generation_is_deleted_even_if_another_one_cannot_be(shell: CommandLine, darkroom: Darkroom) -> None:
    mine = {"DARKROOM_TOKEN": shell.run("token", "--subject", "deleter").stdout.strip()}
    for prompt in ("a fox", "an owl"):
        ask(shell, darkroom, "generate", prompt, "--model", "sketch", *SMALL, **mine)
    items = json.loads(ask(shell, darkroom, "list", "--json", **mine).stdout)["items"]
    first, last = (one["id"] for one in items)
    nowhere = "01a204ec-a14d-7c27-ada9-1830ac502ff7"

    images = ask(shell, darkroom, "delete", first, nowhere, last, "--image", "0", **mine)
    deleted = ask(shell, darkroom, "delete", nowhere, first, nowhere, last, **mine)
    as_json = ask(shell, darkroom, "delete", first, nowhere, "--json", **mine)
    unanswered = shell.run("delete", first, last, "--url", f"http://127.0.0.1:{free_port()}", **mine)

    assert images.stdout == f"deleted image 0 of {first}\ndeleted image 0 of {last}\n"
    assert f"image 0 of {nowhere}: " in images.stderr
    assert deleted.stdout == f"deleted {first}\ndeleted {last}\n"
    assert [nowhere in line for line in deleted.stderr.splitlines()] == [True, True]
    outcomes = json.loads(as_json.stdout)
    assert [(one["id"], one["problem"]["status"]) for one in outcomes] == [(first, 410), (nowhere, 404)]
    assert ["(charged: no)" in line for line in unanswered.stderr.splitlines()] == [True, True]
    assert [ended.status for ended in (images, deleted, as_json, unanswered)] == [1] * 4


@pytest.mark.parametrize("command", [["models"], ["list"], ["show", "01a204ec-a14d-7c27-ada9-1830ac502ff7"]])
def test_a_service_that_does_not_answer_is_reported(shell: CommandLine, command: list[str]) -> None:
    ended = shell.run(*command, "--url", f"http://127.0.0.1:{free_port()}", "--json")
    assert ended.status == 1
    assert "does not answer" in ended.stderr
    assert json.loads(ended.stdout)["charged"] == "no"


def test_invalid_options_are_named(shell: CommandLine, darkroom: Darkroom) -> None:
    ended = ask(shell, darkroom, "list", "--limit", "0", "--state", "done")
    assert ended.status == 1
    assert {line.split()[1] for line in ended.stderr.splitlines()[1:]} == {"limit", "state"}


def test_the_token_is_read_from_a_setting(shell: CommandLine, darkroom: Darkroom) -> None:
    refused = ask(shell, darkroom, "models", DARKROOM_TOKEN="none")
    assert (refused.status, "token" in refused.stderr) == (1, True)


def test_each_line_of_a_file_is_an_order_and_is_paid_once(shell: CommandLine, darkroom: Darkroom) -> None:
    token = shell.run("token", "--subject", "batch").stdout.strip()
    prompts = ["a fox", "", "바다 위의 등대", "a fox", "x" * 40_000]
    Path(shell.folder, "prompts.txt").write_text("\n".join(prompts), encoding="utf-8")
    run = ("generate", "--prompts", "prompts.txt", "--jobs", "3", "--json", "--out", "batch", *SMALL)

    first, again = (ask(shell, darkroom, *run, DARKROOM_TOKEN=token) for _ in range(2))
    other = ask(shell, darkroom, *run, "--idempotency-key", "tomorrow", DARKROOM_TOKEN=token)
    listed = json.loads(ask(shell, darkroom, "list", "--json", DARKROOM_TOKEN=token).stdout)["items"]

    lines = [sorted(map(json.loads, ended.stdout.splitlines()), key=itemgetter("key")) for ended in (first, again)]
    assert [ended.status for ended in (first, again, other)] == [1, 1, 1]  # the long one is refused
    assert [line["prompt"][:9] for line in lines[0]].count("a fox") == 2
    assert len({line["key"] for line in lines[0]}) == 4
    assert [[image["id"] for image in line["images"]] for line in lines[0]] == [
        [image["id"] for image in line["images"]] for line in lines[1]
    ]
    assert [line["charged"] for line in lines[0] if "charged" in line] == ["no"]
    assert len(listed) == 6
    assert len(list(Path(shell.folder, "batch").iterdir())) == 6  # the second run writes no files again
    assert "pays for nothing twice" in first.stderr


def test_prompts_may_come_by_standard_input_in_utf_8_and_end_at_line_breaks_only(
    shell: CommandLine, darkroom: Darkroom
) -> None:
    command = [
        str(INSTALLED),
        "generate",
        "--prompts",
        "-",
        "--json",
        *SMALL,
        "--url",
        f"http://127.0.0.1:{darkroom.port}",
    ]
    lines = "\ufeff바다 위의 등대\r\na fox\u2028at night\n\n".encode()

    drawn = subprocess.run(command, input=lines, capture_output=True, cwd=shell.folder, check=True)

    prompts = [json.loads(line)["prompt"] for line in drawn.stdout.splitlines()]
    assert sorted(prompts) == ["a fox\u2028at night", "바다 위의 등대"]


def test_wrong_uses_of_prompts_are_refused(shell: CommandLine, darkroom: Darkroom) -> None:
    empty = ask(shell, darkroom, "generate", "--prompts", "-")
    neither = ask(shell, darkroom, "generate")
    both = ask(shell, darkroom, "generate", "a fox", "--prompts", "-")
    missing = ask(shell, darkroom, "generate", "--prompts", "nowhere.txt")
    many = ask(shell, darkroom, "generate", "--prompts", "-", "--jobs", "65")

    assert [ended.status for ended in (empty, neither, both, missing, many)] == [2] * 5
    assert "must hold a prompt a line" in empty.stderr
    assert "one of the arguments prompt --prompts is required" in neither.stderr
    assert "not allowed with argument" in both.stderr
    assert "must be a file that can be read" in missing.stderr
    assert "from 1 to 64" in many.stderr
