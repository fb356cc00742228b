"""Programs that run as separate processes."""

from __future__ import annotations

import os
import pwd
import re
import select
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from types import MappingProxyType
from typing import IO, Final, Literal, Protocol, Self

from servers.parts import PartMissing

Stream = Literal["stdout", "stderr"]

# Reads until the tests have ended for any reason, and then kills the process group.
_GUARD = 'read -r _; kill -s KILL -- "-$0"'


UNPRIVILEGED: Final = "nobody"
"""An account that Linux and macOS have for programs without privileges."""


def unprivileged_account() -> str | None:
    """Return the account for a program that refuses to run as root; None if this process is not root's."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


class ProgramFailed(Exception):
    """A program did not do what the test waited for; the message quotes its output."""


class Program(Protocol):
    """What `Process` uses of `subprocess.Popen`."""

    @property
    def args(self) -> object: ...
    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[str] | None: ...
    @property
    def stderr(self) -> IO[str] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, sig: int) -> None: ...


class Process:
    """A program in a separate process group, started at once; its output is collected line by line.

    The whole group is killed at the end of the `with` block, or when the tests end for any reason. Methods that wait
    block the thread; a test whose event loop serves the program uses `await asyncio.to_thread(process.wait)`.

    Args:
        command: The program and its arguments.
        environment: Variables in addition to those of the tests.
        folder: The working folder; by default that of the tests.
        user: The account to run as; by default that of the tests. A number is an account without a name, in group 0, as
            on OpenShift. Only root may choose another account.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        folder: Path | None = None,
        user: str | int | None = None,
    ) -> None:
        self._program = self._launch(command, {**os.environ, **environment}, folder, user)
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
        """Kill what is left of the group, and release its resources. It may be called twice."""
        self.kill()
        self.wait()
        self._guard.kill()
        self._guard.communicate()

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
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
        """The current memory of the program in bytes, without its children.

        Raises:
            PartMissing: this system does not report it.
            ProgramFailed: the program has ended.
        """
        return self._memory("VmRSS")

    @property
    def peak_rss(self) -> int:
        """The peak memory of the program in bytes since its start; otherwise like `rss`."""
        return self._memory("VmHWM")

    def wait_for(self, pattern: str, *, stream: Stream = "stdout", timeout: float = 30) -> re.Match[str]:
        """Return the first match of `pattern` in a line of output, waiting at most `timeout` seconds for it.

        Raises:
            ProgramFailed: the time is up, or the stream has ended without such a line.
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
        """Wait at most `timeout` seconds for the end; return the exit status, or the negative number of the signal.

        Raises:
            ProgramFailed: the time is up.
        """
        self._let_end(timeout)
        try:
            status = self._program.wait(timeout)
        except subprocess.TimeoutExpired as cause:
            raise self._failure(f"is still running after {timeout} s") from cause
        self._hear_last_words()
        return status

    def interrupt(self) -> None:
        """Send SIGINT, as Ctrl-C does, only to the program."""
        self._program.send_signal(SIGINT)

    def terminate(self) -> None:
        """Send SIGTERM, as service managers do to stop a service, only to the program."""
        self._program.send_signal(SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to the whole group, as if the machine had lost power."""
        with suppress(ProcessLookupError, PermissionError):  # macOS raises the latter if all of them have ended
            os.killpg(self.pid, SIGKILL)

    def _launch(
        self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path | None, user: str | int | None
    ) -> Program:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
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

    def _let_end(self, timeout: float) -> None:
        """Return at the moment when the program ends, or when the time is up; `subprocess` looks every 50 ms only."""
        with suppress(AttributeError, ProcessLookupError):  # macOS has no such descriptors
            descriptor = os.pidfd_open(self.pid)
            try:
                ended = select.poll()
                ended.register(descriptor, select.POLLIN)
                ended.poll(timeout * 1000)
            finally:
                os.close(descriptor)

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
            reader.join(timeout=1)  # a child that is still running may keep the pipe open

    def _memory(self, field: str) -> int:
        if not Path("/proc/self/status").exists():
            raise PartMissing("/proc", "shows the memory of a process; Linux has it")
        if self.running:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
            if found := re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE):
                return int(found[1]) * 1024
        raise self._failure("has ended and holds no memory")

    def _failure(self, what: str) -> ProgramFailed:
        return ProgramFailed(f"{self._program.args!r} {what}\n--- stdout\n{self.stdout}--- stderr\n{self.stderr}")
