"""Shells complete commands, options and their values."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from darkroom.entrypoints.cli import COMMANDS, main
from darkroom.entrypoints.commands.completion import SHELLS
from integration.cli.command_line import CommandLine
from servers.darkroom import INSTALLED


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], list[str]]:
    def complete(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_DARKROOM_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        main([])
        return [one.partition(",")[2] for one in capsys.readouterr().out.split()]

    return complete


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("darkroom ", [*COMMANDS]),
        ("darkroom li", ["list"]),
        ("darkroom evidence ", ["list", "show", "accept"]),
        ("darkroom generate --mo", ["--model"]),
        ("darkroom list --st", ["--state"]),
        ("darkroom completion z", ["zsh"]),
        ("darkroom ledger n", ["new"]),
    ],
)
def test_words_that_may_follow_are_offered(
    completed: Callable[[str], list[str]], line: str, offered: list[str]
) -> None:
    assert sorted(completed(line)) == sorted(offered)


def test_used_options_are_not_offered_again_unless_they_may_be_repeated(completed: Callable[[str], list[str]]) -> None:
    offered = completed("darkroom generate --json --seed 1 --")
    assert "--json" not in offered
    assert {"--seed", "--jobs", "--prompts"} <= {*offered}


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(tmp_path: os.PathLike[str], shell: str) -> None:
    printed = subprocess.run([INSTALLED, "completion", shell], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "_DARKROOM_COMPLETE" in printed.stdout
    assert shell == "bash" or "darkroom" in printed.stdout


def test_bash_completes_with_the_script(shell: CommandLine) -> None:
    script = f"""
        PATH="{INSTALLED.parent}:$PATH"
        eval "$(darkroom completion bash)"
        COMP_WORDS=(darkroom gen) COMP_CWORD=1 COMP_LINE="darkroom gen"
        _darkroom_completion darkroom
        echo "${{COMPREPLY[@]}}"
    """
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=shell.folder)
    assert said.stdout == "generate\n"
