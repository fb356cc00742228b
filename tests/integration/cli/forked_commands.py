"""Our commands in processes that are forked from one in which everything is imported already.

Importing is most of what a short command takes: 0.3 s of CPU time. A forked one is a process like any other, with a
folder, an environment, standard streams and an exit status of its own; it runs `darkroom.entrypoints.cli.main`, as the
installed program does.
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
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final

import darkroom
from darkroom.entrypoints.cli import main
from servers.process import ProgramFailed

_TESTS: Final = Path(__file__).parents[2]
_LONGEST: Final = 200_000  # bytes of a request
_OURS: Final = ("DARKROOM_", "AWS_", "PG")
_TIMEOUT: Final = 30.0  # seconds, as for `Process.wait`


def suits(settings: Mapping[str, str]) -> bool:
    """Whether a command may be forked: what else is set may have to be there before Python starts."""
    return hasattr(os, "fork") and all(name.startswith(_OURS) for name in settings)


class Nursery:
    """The process that others are forked from. It ends with the tests."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "integration.cli.forked_commands", str(theirs.fileno())],
                cwd=_TESTS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self._end)

    def run(self, arguments: Sequence[str], settings: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
        """A command, to its end: its exit status, and what it wrote to standard output and standard error.

        Raises:
            ProgramFailed: It is still running after half a minute.
        """
        request = {"arguments": arguments, "environment": {**os.environ, **settings}, "folder": str(folder)}
        reading, writing = os.pipe()
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr, os.fdopen(reading, "rb") as said:
            with self._lock:
                streams = [stdout.fileno(), stderr.fileno(), writing]
                socket.send_fds(self._requests, [json.dumps(request).encode()], streams)
            os.close(writing)
            status = _status(said, arguments)
            return status, _text(stdout), _text(stderr)

    def _end(self) -> None:
        self._requests.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """That of the tests in this process."""
    return Nursery()


def _status(said: IO[bytes], arguments: Sequence[str]) -> int:
    """What a command writes of itself: its id, and its exit status at the end, unless a signal ended it."""
    pid = int(said.readline())
    if not select.select([said], [], [], _TIMEOUT)[0]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise ProgramFailed(f"darkroom {' '.join(arguments)} is still running after {_TIMEOUT:g} s")
    status = said.readline()
    said.read()  # until it has ended
    return int(status) if status else -signal.SIGKILL


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "backslashreplace")


def _serve(requests: socket.socket) -> int | None:
    """Fork a process for each request, and give in each of them its exit status; None when nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # their ends are told by what they write
    while True:
        request, streams, _, _ = socket.recv_fds(requests, _LONGEST, 3)
        if not request:
            return None
        if not os.fork():
            requests.close()
            return _run(json.loads(request), *streams)
        for stream in streams:
            os.close(stream)


def _run(request: dict[str, Any], stdout: int, stderr: int, told: int) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.write(told, b"%d\n" % os.getpid())
    for stream, number in ((stdout, 1), (stderr, 2)):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["darkroom", *request["arguments"]]
    try:
        status = main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  # as the interpreter does
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    os.write(told, b"%d\n" % status)
    return status


def _import_all() -> None:
    for module in pkgutil.walk_packages(darkroom.__path__, "darkroom."):
        if "conformance" not in module.name and not module.name.endswith("__main__"):
            with suppress(ImportError):  # it belongs to an extra that is not installed
                importlib.import_module(module.name)
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        sys.exit(_serve(asked))
