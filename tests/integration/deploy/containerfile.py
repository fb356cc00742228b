"""Build a container image without an engine: the same steps run in a folder that stands for the image's root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from stat import S_IXOTH
from typing import Final

_IMAGE_FOLDERS: Final = ("/opt/darkroom", "/var/lib/darkroom", "/build")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, with its continued lines joined and its flags separated from its arguments."""

    instruction: str
    flags: Mapping[str, str]
    arguments: str

    @property
    def command(self) -> Sequence[str]:
        """The command of an instruction in exec form, the only form that needs no shell."""
        words = json.loads(self.arguments)
        assert all(isinstance(word, str) for word in words)
        command: Sequence[str] = words
        return command


def steps(file: Path) -> Iterator[Step]:
    """The instructions of a container file, in order."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            instruction, *words = line.split()
            flags = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)
            rest = line.split(None, 1)[1]
            arguments = rest if not flags else rest[rest.rindex(f"--{list(flags)[-1]}=") :].split(None, 1)[1]
            yield Step(instruction, flags, arguments.strip())


@dataclass(slots=True)
class BareImage:
    """The image that a container file describes, built in the folder `root`, with the configuration of the last stage.

    `context` is the folder to build from; the build sees only the files that the ignore file admits.
    """

    context: Path
    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health: Sequence[str] = ()
    user: str = ""
    workdir: Path = Path("/")

    def build(self, file: Path) -> None:
        """Run every step."""
        allowed = _allowed(file.with_name(f"{file.name}.dockerignore"))
        for step in steps(file):
            if not self._does(step, allowed) and not self._says(step):
                raise ValueError(f"no test knows what {step.instruction} does")
        self.environment = {name: self._within(value) for name, value in self.environment.items()}

    def _does(self, step: Step, allowed: Sequence[str]) -> bool:
        """Run a step that makes files; return False if it makes none."""
        match step.instruction:
            case "WORKDIR":
                self.workdir = Path(self._within(step.arguments))
                self.workdir.mkdir(parents=True, exist_ok=True)
            case "RUN":
                self._run(step.command)
            case "COPY" if "from" not in step.flags:
                self._copy(step.arguments.split(), allowed)
            case "COPY" | "VOLUME":
                pass  # the files are there already
            case _:
                return False
        return True

    def _says(self, step: Step) -> bool:
        """Record what a step says of how the image runs; return False if it says nothing of that."""
        match step.instruction:
            case "FROM":
                self.environment, self.command = {}, []
            case "ENV":
                self.environment |= dict(word.split("=", 1) for word in step.arguments.split())
            case "USER":
                self.user = step.arguments
            case "HEALTHCHECK":
                self.health = [self._within(word) for word in json.loads(step.arguments.partition("CMD")[2])]
            case "ENTRYPOINT" | "CMD":
                self.command += [self._within(word) for word in step.command]
            case "ARG" | "EXPOSE" | "STOPSIGNAL":
                pass  # for the engine only
            case _:
                return False
        return True

    def _run(self, command: Sequence[str]) -> None:
        # A cache would make a layer larger; here it saves downloads.
        words = [self._within(word) for word in command if word != "--no-cache-dir"]
        words[0] = reachable_python() if words[0] == "python" else words[0]
        subprocess.run(words, cwd=self.workdir, check=True, stdout=subprocess.DEVNULL)

    def _copy(self, words: Sequence[str], allowed: Sequence[str]) -> None:
        *sources, target = words
        for source in sources:
            assert any(fnmatch(source, pattern) for pattern in allowed), f"{source} is excluded from the build"
            to = self.workdir / target
            if (self.context / source).is_dir():
                left_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(self.context / source, to, ignore=left_out, dirs_exist_ok=True)
            else:
                to = to / source if target.endswith("/") else to
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.context / source, to)

    def _within(self, text: str) -> str:
        """The text with the image's folders replaced by those below `root`."""
        for folder in _IMAGE_FOLDERS:
            text = text.replace(folder, f"{self.root}{folder}")
        return text


def _allowed(ignore_file: Path) -> Sequence[str]:
    lines = ignore_file.read_text(encoding="utf-8").splitlines()
    assert "*" in lines, "the ignore file must exclude everything first"
    return [line[1:] for line in lines if line.startswith("!")]


def reachable_python() -> str:
    """A Python that other accounts can run, if there is one; otherwise our own."""
    candidates = (sys.executable, "/usr/bin/python3")
    return next(filter(_others_may_run, candidates), sys.executable)


def may_be_another() -> bool:
    """Whether we can run programs as other accounts, and these accounts can run a Python."""
    return os.geteuid() == 0 and _others_may_run(reachable_python())


def _others_may_run(program: str) -> bool:
    path = Path(program).resolve()
    return path.exists() and all(part.stat().st_mode & S_IXOTH for part in (path, *path.parents))
