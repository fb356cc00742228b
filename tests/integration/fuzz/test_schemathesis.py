"""schemathesis checks the service against its own OpenAPI document: every check and every phase, without a finding."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from integration.cli.command_line import CommandLine
from servers.process import Process

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
HOOKS = {"SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("schemathesis_hooks.py"))}
PROGRAM = Path(sysconfig.get_path("scripts")) / "schemathesis"


def hold(folder: Path, *, examples: int, seed: int, within: float) -> None:
    """Try the examples on every operation; a finding comes with the `curl` line that repeats it."""
    with CommandLine(folder) as shell:
        darkroom = shell.serve(DARKROOM_LOG_LEVEL="warning")
        token = shell.run("token").stdout.strip()
        command: list[str | Path] = [PROGRAM, "--config-file", CONFIGURATION, "run"]
        command += [f"http://127.0.0.1:{darkroom.port}/docs/openapi.json", "--header", f"Authorization: Bearer {token}"]
        command += ["--max-examples", str(examples), "--seed", str(seed)]
        with Process(command, environment=HOOKS, folder=folder) as trying:
            assert trying.wait(within) == 0, trying.stdout + trying.stderr
        assert darkroom.running
        assert '"level": "error"' not in darkroom.stderr, darkroom.stderr


@pytest.mark.thorough
def test_the_service_does_what_it_describes(tmp_path: Path) -> None:
    hold(tmp_path, examples=5, seed=1, within=100)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [2, 3])
def test_the_service_does_what_it_describes_in_many_examples(tmp_path: Path, seed: int) -> None:
    hold(tmp_path, examples=200, seed=seed, within=3000)
