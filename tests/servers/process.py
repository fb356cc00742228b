"""Programs that run as processes of their own."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from types import MappingProxyType
from typing import IO, Literal, Self

from servers.parts import PartMissing

Stream = Literal["stdout", "stderr"]

# Reads until the tests are gone, whatever ended them, and takes the process group with it.
_GUARD = 'read -r _; kill -s KILL -- "-$0"'


class ProgramFailed(Exception):
    """A program did not do what was waited for. Says what it wrote."""


class Process:
    """A program in a process group of its own, started at once, its output collected line by line.

    Nothing of the group outlives the `with` block, nor the tests, however they end. What waits here blocks the thread:
    a test whose own event loop serves the program waits with `await asyncio.to_thread(process.wait)`.

    Args:
        command: The program and its arguments.
        environment: Variables on top of those of the tests.
        folder: Where it runs; left out: where the tests run.
        user: The account that it runs as; left out: that of the tests; a number: one without a name, in group 0, as
            OpenShift has them. Only root may name another.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        folder: Path | None = None,
        user: str | int | None = None,
    ) -> None:
        self._program = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            user=user,
            group=pwd.getpwnam(user).pw_gid if isinstance(user, str) else None if user is None else 0,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._lines: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
        self._ended: set[Stream] = set()
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._collect, args=arguments, daemon=True)
            for arguments in (("stdout", self._program.stdout), ("stderr", self._program.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill what is left of the group and let go of it. May be called twice."""
        self.kill()
        self.wait()
        self._guard.kill()
        self._guard.communicate()

    @property
    def pid(self) -> int:
        """The id of the process, which is the id of its group too."""
        return self._program.pid

    @property
    def running(self) -> bool:
        return self._program.poll() is None

    @property
    def stdout(self) -> str:
        """What it has written to standard output so far."""
        return "".join(self._lines["stdout"])

    @property
    def stderr(self) -> str:
        """What it has written to standard error so far."""
        return "".join(self._lines["stderr"])

    @property
    def rss(self) -> int:
        """Bytes of memory that the program holds now, its children not counted.

        Raises:
            PartMissing: This system does not tell.
            ProgramFailed: It has ended.
        """
        return self._memory("VmRSS")

    @property
    def peak_rss(self) -> int:
        """Bytes of memory that the program held at most since its start; otherwise like `rss`."""
        return self._memory("VmHWM")

    def wait_for(self, pattern: str, *, stream: Stream = "stdout", timeout: float = 30) -> re.Match[str]:
        """Wait up to `timeout` seconds for a line with `pattern` in it, unless there is one already.

        Raises:
            ProgramFailed: The time is up, or the stream has ended without such a line.
        """

        def found() -> re.Match[str] | None:
            return next(filter(None, (re.search(pattern, line) for line in self._lines[stream])), None)

        with self._news:
            self._news.wait_for(lambda: found() or stream in self._ended, timeout)
            if match := found():
                return match
        if stream in self._ended:
            self._hear_last_words()
        raise self._failure(f"wrote no line like {pattern!r} to {stream}")

    def wait(self, timeout: float = 30) -> int:
        """Wait up to `timeout` seconds for the end and return the exit status, or minus the signal that ended it.

        Raises:
            ProgramFailed: The time is up.
        """
        try:
            status = self._program.wait(timeout)
        except subprocess.TimeoutExpired as cause:
            raise self._failure(f"is still running after {timeout} s") from cause
        self._hear_last_words()
        return status

    def interrupt(self) -> None:
        """Send SIGINT, as Ctrl-C does, to the program alone."""
        self._program.send_signal(SIGINT)

    def terminate(self) -> None:
        """Send SIGTERM, as whoever runs services does to stop one, to the program alone."""
        self._program.send_signal(SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the whole group, as if the machine had lost its power."""
        with suppress(ProcessLookupError, PermissionError):  # macOS: there are only those in it that have ended
            os.killpg(self.pid, SIGKILL)

    def _collect(self, stream: Stream, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                with self._news:
                    self._lines[stream].append(line)
                    self._news.notify_all()
        with self._news:
            self._ended.add(stream)
            self._news.notify_all()

    def _hear_last_words(self) -> None:
        for reader in self._readers:
            reader.join(timeout=1)  # a child that lives on may keep the pipe open

    def _memory(self, field: str) -> int:
        if not Path("/proc/self/status").exists():
            raise PartMissing("/proc", "tells how much memory a process holds; Linux has it")
        if self.running:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
            if found := re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE):
                return int(found[1]) * 1024
        raise self._failure("has ended and holds no memory")

    def _failure(self, what: str) -> ProgramFailed:
        return ProgramFailed(f"{self._program.args!r} {what}\n--- stdout\n{self.stdout}--- stderr\n{self.stderr}")
