"""`darkroom mcp`, started as an agent does: only answers to messages appear on standard output."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from darkroom.domain.model.image_file import ImageFile, MediaType
from integration.cli.command_line import CommandLine
from servers.darkroom import INSTALLED
from servers.ports import free_port

ORDER: dict[str, Any] = {"version": "sketch", "prompt": "a fox", "width": 96, "height": 64}


def request(number: int, method: str, **params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def answers_to(folder: Path, *messages: object, arguments: tuple[str, ...] = ()) -> dict[int, dict[str, Any]]:
    """Return the answers to these messages, by id."""
    lines = "".join(f"{json.dumps(message)}\n" for message in messages)
    ended = subprocess.run(
        [INSTALLED, "mcp", *arguments], cwd=folder, input=lines, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    return {answer["id"]: answer for answer in answers}


def test_it_draws_in_its_own_process_and_names_the_file(tmp_path: Path) -> None:
    answers = answers_to(
        tmp_path,
        request(1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={}),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        request(2, "tools/call", name="draw_image", arguments=ORDER),
        arguments=("--local",),
    )
    assert answers.keys() == {1, 2}  # standard output contains nothing else
    link = urlsplit(answers[2]["result"]["content"][1]["uri"])
    file = ImageFile.inspect(Path(unquote(link.path)).read_bytes())
    assert (link.scheme, file.width, file.height) == ("file", 96, 64)
    preview = ImageFile.inspect(base64.b64decode(answers[2]["result"]["content"][2]["data"]))
    assert (preview.media_type, preview.width, preview.height) == (MediaType.WEBP, 96, 64)


def test_it_forwards_messages_to_a_service(shell: CommandLine, tmp_path: Path) -> None:
    darkroom = shell.serve()
    url = f"http://127.0.0.1:{darkroom.port}"
    answers = answers_to(
        tmp_path, request(1, "tools/call", name="draw_image", arguments=ORDER), arguments=("--url", url)
    )
    assert answers[1]["result"]["structuredContent"]["images"][0]["image"].startswith(f"{url}/files/")
    denied = answers_to(tmp_path, request(1, "ping"), arguments=("--url", url, "--token", "none"))
    assert denied[1]["error"]["data"]["type"] == "/problems/unauthorized"


def test_each_call_reports_a_service_that_does_not_answer(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    answers = answers_to(
        tmp_path, request(1, "tools/call", name="draw_image", arguments=ORDER), arguments=("--url", url)
    )
    assert f"{url}/ does not answer" in answers[1]["result"]["content"][0]["text"]
    assert "charged: no" in answers[1]["result"]["content"][0]["text"]


def test_it_ends_on_sigterm(tmp_path: Path) -> None:
    with subprocess.Popen(
        [INSTALLED, "mcp", "--local"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as it:
        assert it.stdin is not None
        assert it.stdout is not None
        it.stdin.write(json.dumps(request(1, "ping")).encode() + b"\n")
        it.stdin.flush()
        assert json.loads(it.stdout.readline())["result"] == {}
        it.send_signal(signal.SIGTERM)
        assert it.wait(30) == 0
