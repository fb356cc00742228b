from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata

import httpx
import jwt
import pytest

from integration.cli.command_line import CommandLine
from servers.darkroom import INSTALLED
from servers.ports import free_port

SECRET = "s" * 64


def test_help_names_every_command(shell: CommandLine) -> None:
    ended = shell.run("--help")
    assert ended.status == 0
    assert all(name in ended.stdout for name in ("serve", "token", "generate", "check", "usage", "orphans"))
    assert "\n  130  interrupted" in ended.stdout


def test_version_names_the_release(shell: CommandLine) -> None:
    ended = shell.run("--version")
    assert (ended.status, ended.stdout, ended.stderr) == (0, f"darkroom {metadata.version('darkroom')}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [(), ("draw",), ("token", "--ttl", "soon"), ("token", "--subject="), ("generate",), ("serve", "--port=1")],
)
def test_invalid_arguments_end_with_status_2(shell: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = shell.run(*arguments)
    assert ended.status == 2
    assert ended.stderr.startswith("usage: darkroom")
    assert ended.stdout == ""


def test_a_closed_output_pipe_ends_the_command_without_a_message(shell: CommandLine) -> None:
    reader, output = os.pipe()
    os.close(reader)
    with os.fdopen(output, "wb") as pipe:
        command = [str(INSTALLED), "generate", "a fox", "--local", "--json"]
        ended = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, cwd=shell.folder, check=False)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, b"")
    assert len(list(shell.folder.glob("*.png"))) == 1


def test_the_command_line_runs_as_a_module_too() -> None:
    said = subprocess.check_output([sys.executable, "-m", "darkroom.entrypoints.cli", "--help"], text=True)
    assert said.startswith("usage: darkroom")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_token_prints_only_the_token(shell: CommandLine, algorithm: str) -> None:
    settings = {"DARKROOM_JWT_SECRET": SECRET, "DARKROOM_JWT_ALGORITHM": algorithm, "DARKROOM_JWT_ISSUER": "us"}
    before = int(datetime.now(UTC).timestamp())
    ended = shell.run("token", "--subject", "mina", "--ttl", "15m", **settings)
    claims = jwt.decode(ended.stdout.removesuffix("\n"), SECRET, [algorithm], audience="darkroom", issuer="us")
    folder = f"{shell.folder}/.darkroom"
    signer = f"darkroom: tokens are signed with DARKROOM_JWT_SECRET; the data folder is {folder}\n"
    assert (ended.status, ended.stderr) == (0, signer)
    assert claims["sub"] == "mina"
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["iat"] >= before


@pytest.mark.parametrize("algorithm", [pytest.param("HS256", marks=pytest.mark.long), "HS512"])
def test_a_token_signed_with_the_development_secret_is_accepted(shell: CommandLine, algorithm: str) -> None:
    token = shell.run("token", DARKROOM_JWT_ALGORITHM=algorithm).stdout.strip()
    darkroom = shell.serve(DARKROOM_JWT_ALGORITHM=algorithm)
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"http://127.0.0.1:{darkroom.port}/api/models", headers=headers).status_code == 200


@pytest.mark.parametrize("command", [("token",), ("generate", "a fox")], ids=["token", "generate"])
def test_a_new_development_secret_is_reported_once_with_its_path(shell: CommandLine, command: tuple[str, ...]) -> None:
    nowhere = {"DARKROOM_PORT": str(free_port())}
    first, second = (shell.run(*command, **nowhere).stderr.splitlines() for _ in range(2))
    made = [line for line in first if f"{shell.folder}/.darkroom/jwt-secret is a new development secret" in line]
    assert len(made) == 1
    assert [line for line in first if line not in made] == second


def test_check_reports_that_a_development_secret_will_be_made(shell: CommandLine) -> None:
    first = shell.run("check").stdout
    shell.run("token")
    made = f"signatures can be verified, by a development secret that is made at the start: {shell.folder}/.darkroom/"
    assert f"{made}jwt-secret\n" in first
    assert "signatures can be verified\n" in shell.run("check").stdout


def test_processes_that_start_at_the_same_time_agree_on_the_secret(shell: CommandLine) -> None:
    processes = [shell.start("token") for _ in range(8)]
    assert [process.wait() for process in processes] == [0] * 8
    secret = (shell.folder / ".darkroom" / "jwt-secret").read_text()
    for process in processes:
        assert jwt.decode(process.stdout.strip(), secret, ["HS256"], audience="darkroom")["sub"] == "me"


def test_no_token_can_be_made_with_a_public_key(shell: CommandLine) -> None:
    key = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA\\n-----END PUBLIC KEY-----"
    ended = shell.run("token", DARKROOM_JWT_ALGORITHM="EdDSA", DARKROOM_JWT_PUBLIC_KEY=key)
    assert ended.status == 2
    assert ended.stderr.startswith("darkroom: DARKROOM_JWT_ALGORITHM must be HS256, HS384 or HS512 to make tokens here")


def test_check_shows_the_settings_and_what_can_be_reached(shell: CommandLine) -> None:
    ended = shell.run("check", DARKROOM_JWT_SECRET="canary-" + SECRET, DARKROOM_LINK_TTL="60")
    assert ended.status == 0
    assert re.search(r"^DARKROOM_LINK_TTL +60$", ended.stdout, re.MULTILINE)
    assert re.search(r"^ok +storage disk: keeps images in ", ended.stdout, re.MULTILINE)
    assert re.search(r"^ok +models: sketch$", ended.stdout, re.MULTILINE)
    assert "canary" not in ended.stdout + ended.stderr


def test_check_fails_if_a_part_cannot_be_reached(shell: CommandLine) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    ended = shell.run(
        *("check", "--json"),
        DARKROOM_GENERATORS="sketch,karlo",
        DARKROOM_KARLO_API_KEY="canary",
        DARKROOM_KARLO_BASE_URL=nowhere,
        DARKROOM_LEDGER_URL="sqlite:/dev/null/ledger",
    )
    report = json.loads(ended.stdout)
    assert ended.status == 1
    assert {finding["part"]: finding["ok"] for finding in report["findings"]} == {
        "generator sketch": True,
        "generator karlo": False,
        "storage disk": True,
        "spool": True,
        "ledger": False,
        "tokens": True,
        "marks": True,
        "previews": True,
    }
    assert report["ok"] is False
    assert report["settings"]["DARKROOM_KARLO_BASE_URL"] == nowhere
    assert "canary" not in ended.stdout + ended.stderr


def test_check_counts_the_waiting_webhooks(shell: CommandLine) -> None:
    secret = "whsec_" + "c2VjcmV0" * 8
    ended = shell.run("check", DARKROOM_WEBHOOK_SECRETS=secret)
    assert ended.status == 0
    assert re.search(
        r"^ok +webhooks: webhooks can be sent; 0 wait for that, 0 were given up$", ended.stdout, re.MULTILINE
    )
    assert secret not in ended.stdout + ended.stderr


def test_check_reports_an_invalid_webhook_secret(shell: CommandLine) -> None:
    ended = shell.run("check", "--json", DARKROOM_WEBHOOK_SECRETS="whsec_short")
    findings = {finding["part"]: finding for finding in json.loads(ended.stdout)["findings"]}
    assert ended.status == 1
    assert (
        findings["webhooks"]["detail"]
        == "DARKROOM_WEBHOOK_SECRETS: each secret must be whsec_ and 24 to 64 bytes in base64"
    )


def test_check_reports_prices_of_unknown_models(shell: CommandLine) -> None:
    ended = shell.run("check", "--json", DARKROOM_PRICES="v9=1 USD")
    assert ended.status == 1
    (broken,) = [finding for finding in json.loads(ended.stdout)["findings"] if not finding["ok"]]
    assert broken == {"part": "models", "ok": False, "detail": "DARKROOM_PRICES must be for models on offer, not v9"}


def test_usage_shows_what_was_drawn_and_what_it_cost(shell: CommandLine) -> None:
    before = datetime.now(UTC).date()
    shell.run("generate", "a fox", "--local", "--samples", "4", DARKROOM_PRICES="sketch=0.05 USD")
    (row,) = json.loads(shell.run("usage", "--json").stdout)
    assert before.isoformat() <= row.pop("day") <= datetime.now(UTC).date().isoformat()
    assert row == {
        "caller": "me",
        "version": "sketch",
        "images": 4,
        "drawn": 4,
        "stored": 4,
        "unknown": 0,
        "cost": {"amount": "0.2", "currency": "USD"},
    }
    table = shell.run("usage").stdout.splitlines()
    assert table[0].split() == ["day", "caller", "model", "ordered", "drawn", "kept", "unknown", "cost"]
    assert table[1].split()[1:] == ["me", "sketch", "4", "4", "4", "0", "0.2", "USD"]
    assert json.loads(shell.run("usage", "--json", "--since", "2999-01-01").stdout) == []


def test_an_invalid_day_is_reported_with_its_rule(shell: CommandLine) -> None:
    ended = shell.run("usage", "--since", "yesterday")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.endswith("error: argument --since: must be a day such as 2026-01-31\n")


@pytest.mark.parametrize("command", ["usage", "orphans"])
@pytest.mark.parametrize("settings", [{}, {"DARKROOM_LEDGER_URL": "sqlite:elsewhere.sqlite"}], ids=["data", "url"])
def test_commands_that_only_read_report_a_missing_ledger_and_create_none(
    shell: CommandLine, command: str, settings: dict[str, str]
) -> None:
    ended = shell.run(command, **settings)
    assert (ended.status, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    name = "elsewhere.sqlite" if settings else ".darkroom/ledger.sqlite"
    assert line.startswith(f"darkroom: there is no ledger at {shell.folder / name}: ")
    assert list(shell.folder.iterdir()) == []


def test_orphans_lists_images_without_a_generation_and_lost_images(shell: CommandLine) -> None:
    shell.run("generate", "a fox", "--local", "--samples", "2")
    assert (shell.run("orphans").status, shell.run("orphans").stdout) == (0, "")
    images = shell.folder / ".darkroom" / "images"
    lost, kept = sorted(str(path.relative_to(images)) for path in images.rglob("*.png"))
    (images / lost).unlink()
    (images / "stranger.png").write_bytes((images / kept).read_bytes())
    ended = shell.run("orphans", "--json")
    assert ended.status == 1
    assert json.loads(ended.stdout) == {"unknown": ["stranger.png"], "lost": [lost], "waiting": []}
    assert shell.run("orphans").stdout.splitlines() == [
        "unknown to the ledger    stranger.png",
        f"lost from the storage    {lost}",
    ]
