from __future__ import annotations

import json
import re
import shlex
import socket
import stat
import subprocess
from pathlib import Path

import httpx
import pytest

from darkroom.domain.model.image_file import ImageFile
from integration.cli.command_line import CommandLine
from servers.ports import free_port

SECRET = "s" * 32


def test_the_curl_command_that_it_prints_draws_an_image(shell: CommandLine) -> None:
    darkroom = shell.serve()
    (line,) = [line for line in darkroom.stdout.splitlines() if line.startswith("curl ")]
    answer = json.loads(subprocess.check_output([*shlex.split(line), "--silent", "--show-error", "--fail"]))
    image = httpx.get(answer[0]["image"])
    assert image.headers["content-type"] == "image/png"
    assert ImageFile.inspect(image.content).width == 640


def test_no_token_is_printed_if_the_operator_sets_the_secret(shell: CommandLine) -> None:
    darkroom = shell.serve(DARKROOM_JWT_SECRET=SECRET)
    assert darkroom.stdout == f"Darkroom is ready at http://127.0.0.1:{darkroom.port}\n"


def test_a_port_that_the_system_chooses_is_printed(shell: CommandLine) -> None:
    process = shell.start("serve", DARKROOM_PORT="0")
    url = process.wait_for(r"Darkroom is ready at (\S+)")[1]
    assert httpx.get(f"{url}/health/live").status_code == 200


def test_only_the_owner_has_access_to_the_data_folder(shell: CommandLine) -> None:
    shell.serve()
    folder = shell.folder / ".darkroom"
    files = [folder, *folder.rglob("*")]
    assert {path.name for path in files} >= {"jwt-secret", "link-key", "ledger.sqlite"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in files)


def test_the_environment_takes_precedence_over_the_file(shell: CommandLine) -> None:
    (shell.folder / ".env").write_text("DARKROOM_PORT=1\nDARKROOM_JWT_ISSUER='the file'\nDARKROOM_LOG_LEVEL=loud\n")
    darkroom = shell.serve(DARKROOM_LOG_LEVEL="info")  # `serve` always sets DARKROOM_PORT too
    token = shell.run("token", DARKROOM_LOG_LEVEL="info", DARKROOM_PORT="1").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"http://127.0.0.1:{darkroom.port}/api/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DARKROOM_PORT": "http"}, "DARKROOM_PORT"),
        ({"DARKROOM_HOST": "0.0.0.0"}, "DARKROOM_JWT_SECRET"),
        ({"DARKROOM_HOST": "192.0.2.1", "DARKROOM_JWT_SECRET": SECRET}, "DARKROOM_HOST and DARKROOM_PORT"),
        ({"DARKROOM_HOST": "h" * 70, "DARKROOM_JWT_SECRET": SECRET}, "DARKROOM_HOST"),
        ({"DARKROOM_GENERATORS": "sketch,dalle"}, "DARKROOM_GENERATORS"),
        ({"DARKROOM_GENERATORS": "karlo"}, "DARKROOM_KARLO_API_KEY"),
        ({"DARKROOM_DATA_DIR": "/dev/null/darkroom"}, "DARKROOM_DATA_DIR"),
        ({"DARKROOM_PRICES": "v9=1 USD"}, "DARKROOM_PRICES"),
        ({"DARKROOM_PRICES": "sketch=1 USD", "DARKROOM_SPEND_PER_DAY": "1 KRW"}, "DARKROOM_SPEND_PER_DAY"),
        ({"DARKROOM_ALIASES": "v2.1=v9"}, "DARKROOM_ALIASES"),
        ({"DARKROOM_MARKS": "c2pa"}, "DARKROOM_C2PA_CERTIFICATE"),
        ({"DARKROOM_WORKERS": "2", "DARKROOM_PRICES": "v9=1 USD"}, "DARKROOM_PRICES"),
    ],
)
def test_a_bad_setting_is_named_and_the_status_is_2(shell: CommandLine, settings: dict[str, str], named: str) -> None:
    ended = shell.run("serve", **{"DARKROOM_PORT": "0"} | settings)
    assert ended.status == 2
    said = [line for line in ended.stderr.splitlines() if not line.startswith(" ")]
    assert re.match(rf"darkroom: {named} (is|must|cannot) ", said[0]), ended.stderr
    assert ended.stdout == ""
    assert all(line.startswith("darkroom: ") for line in said)


def test_a_port_that_is_in_use_is_reported(shell: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = shell.run("serve", DARKROOM_PORT=str(taken.getsockname()[1]))
    assert ended.status == 2
    assert ended.stderr.endswith(": Address already in use\n")


def test_a_ledger_that_cannot_be_reached_is_reported(shell: CommandLine) -> None:
    port = free_port()
    url = f"postgresql://us:secret@127.0.0.1:{port}/ledger"
    ended = shell.run("serve", DARKROOM_PORT="0", DARKROOM_LEDGER_URL=url)
    assert ended.status == 1
    assert f"darkroom: DARKROOM_LEDGER_URL, 127.0.0.1:{port}: the database cannot be connected to" in ended.stderr
    assert "secret" not in ended.stderr


def test_a_ledger_in_a_missing_folder_is_reported(shell: CommandLine) -> None:
    ended = shell.run("serve", DARKROOM_PORT="0", DARKROOM_LEDGER_URL="sqlite:/nowhere/ledger.sqlite")
    assert ended.status == 2
    assert ended.stderr.startswith("darkroom: DARKROOM_LEDGER_URL must name a file in a folder that is there")


def test_an_unknown_setting_is_warned_about(shell: CommandLine) -> None:
    darkroom = shell.serve(DARKROOM_LINK_TLL="60")
    line = json.loads(darkroom.wait_for("DARKROOM_LINK_TLL", stream="stderr").string)
    assert line["level"] == "warning"
    assert line["message"] == "DARKROOM_LINK_TLL is not a setting and is ignored; the nearest is DARKROOM_LINK_TTL"


def test_a_missing_public_url_is_warned_about(shell: CommandLine) -> None:
    darkroom = shell.serve(DARKROOM_HOST="0.0.0.0", DARKROOM_JWT_SECRET=SECRET)
    said = darkroom.wait_for("DARKROOM_PUBLIC_URL", stream="stderr").string
    assert json.loads(said)["message"].startswith(
        f"links begin with http://127.0.0.1:{darkroom.port}: set DARKROOM_PUBLIC_URL"
    )


def test_a_request_that_is_not_http_is_answered_with_a_problem(shell: CommandLine) -> None:
    darkroom = shell.serve()
    with socket.create_connection(("127.0.0.1", darkroom.port)) as connection:
        connection.sendall(b"HELO darkroom\r\n\r\n")
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["charged"] == "no"
    assert b"server:" not in head.lower()


def test_the_log_contains_neither_secrets_nor_prompts(shell: CommandLine, tmp_path: Path) -> None:
    secret = "canary-secret-" + SECRET
    darkroom = shell.serve(DARKROOM_JWT_SECRET=secret, DARKROOM_LOG_LEVEL="debug")
    url = f"http://127.0.0.1:{darkroom.port}"
    drawn = shell.run(
        *("generate", "canary-prompt", "--url", url, "--json", "--out", str(tmp_path)), DARKROOM_JWT_SECRET=secret
    )
    link = json.loads(drawn.stdout)["images"][0]["image"]
    darkroom.wait_for("/api/images", stream="stderr")
    darkroom.terminate()
    assert darkroom.wait() == 0
    assert "canary" not in darkroom.stdout + darkroom.stderr
    assert link.partition("signature=")[2] not in darkroom.stderr
