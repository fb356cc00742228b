"""Our commands in processes that are forked from one that has imported everything already.

Importing takes most of the time of a short command or of the start of the service. A forked process has its own folder,
environment, standard streams, process group and exit status; it runs `darkroom.entrypoints.cli.main`, as the installed
program does. The only difference is /proc, which shows the environment and the command line of the fork server.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final, Never

import darkroom
from darkroom.entrypoints.cli import main

_TESTS: Final = Path(__file__).parents[1]
_LONGEST: Final = 200_000  # bytes of a request
_OURS: Final = ("DARKROOM_", "AWS_", "PG")


def can_fork(settings: Mapping[str, str]) -> bool:
    """Return whether a process with these settings may be forked: others may have to be set before Python starts."""
    return hasattr(os, "waitid") and all(name.startswith(_OURS) for name in settings)


class Forked:
    """A forked process, with what `Process` uses of `subprocess.Popen`."""

    def __init__(self, args: Sequence[str], watcher: socket.socket, stdout: int, stderr: int) -> None:
        self.args = args
        self.stdout, self.stderr = (
            os.fdopen(stream, encoding="utf-8", errors="backslashreplace") for stream in (stdout, stderr)
        )
        self._watcher = watcher
        self._status: int | None = None
        self._lock = Lock()
        self.pid = int(self._watcher.recv(20))

    def poll(self) -> int | None:
        """Return the exit status, or the negative number of the signal that ended it; None if it is running."""
        with self._lock:
            if self._status is None and select.select([self._watcher], [], [], 0)[0]:
                self._status = int(self._watcher.recv(20))
            return self._status

    def wait(self, timeout: float) -> int:
        """Wait for the end; return as `poll`.

        Raises:
            subprocess.TimeoutExpired: it is still running after `timeout` seconds.
        """
        if self._status is None:
            select.select([self._watcher], [], [], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return status

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def close(self) -> None:
        """Release its process id. It must have ended."""
        self._watcher.close()


class ForkServer:
    """The process that others are forked from. It ends with the tests."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "servers.fork_server", str(theirs.fileno())],
                cwd=_TESTS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self._end)

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Forked:
        """Start `darkroom` with `arguments`, and exactly this environment, in a process group of its own."""
        request = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder.absolute())}
        watcher, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (stdout, stdout_end), (stderr, stderr_end) = os.pipe(), os.pipe()
        with theirs, self._lock:
            socket.send_fds(self._requests, [json.dumps(request).encode()], [stdout_end, stderr_end, theirs.fileno()])
        os.close(stdout_end)
        os.close(stderr_end)
        return Forked(["darkroom", *arguments], watcher, stdout, stderr)

    def _end(self) -> None:
        self._requests.close()
        self._process.wait()


@cache
def fork_server() -> ForkServer:
    """Return the fork server of the tests in this process, which is started at the first call."""
    return ForkServer()


def _serve(requests: socket.socket) -> None:
    """Fork a watcher for each request, until the tests end; return in each process that is to run a command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # watchers leave no zombies
    while True:
        request, streams, _, _ = socket.recv_fds(requests, _LONGEST, 3)
        if not request:
            os._exit(0)
        if not os.fork():
            requests.close()
            _watch(json.loads(request), *streams)
            return
        for stream in streams:
            os.close(stream)


def _watch(request: dict[str, Any], stdout: int, stderr: int, tests: int) -> None:
    """Fork the process of a command, and report its end; return in that process.

    The process stays a zombie until the tests release it, so that its id is not given to another process meanwhile.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reading, writing = os.pipe()
    if pid := os.fork():
        for stream in (stdout, stderr, writing):
            os.close(stream)
        os.read(reading, 1)  # until the process leads its group
        _report(pid, tests)
    os.setsid()
    for stream in (tests, reading, writing):
        os.close(stream)
    for stream, number in ((stdout, 1), (stderr, 2)):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["darkroom", *request["arguments"]]


def _report(pid: int, tests: int) -> Never:
    with suppress(OSError), socket.socket(fileno=tests) as told:
        told.send(b"%d" % pid)
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended
        told.send(b"%d" % (ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status))
        told.recv(1)
    os.waitpid(pid, 0)
    os._exit(0)


def _import_all() -> None:
    for module in pkgutil.walk_packages(darkroom.__path__, "darkroom."):
        if "conformance" not in module.name and not module.name.endswith("__main__"):
            with suppress(ImportError):  # it belongs to an extra that is not installed
                importlib.import_module(module.name)
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.exit(main())
