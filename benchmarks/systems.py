"""The systems to measure, each in a separate process."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join
from typing import Final
from urllib.request import Request, urlopen

from benchmarks.listening import wait_for_port
from benchmarks.load import Call, order
from benchmarks.machine import cpu_seconds
from benchmarks.peers import litellm_call, open_litellm, open_naive, open_portkey, portkey_call
from benchmarks.stand_ins import StandIns
from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.postgres import PostgresServer
from servers.process import Process, ProgramFailed

_SECRET: Final = "only-for-benchmarks-on-the-loopback-interface"  # noqa: S105  # it guards nothing
# An environment with the locked dependencies only. Some packages import development tools if these are installed, as
# dependency-injector does with pydantic: 13 MB and 0.1 s at the start that users do not have.
_INSTALLED: Final = Path(__file__).parents[1] / ".bench-run" / "bin"
DARKROOM: Final = str(_INSTALLED / "darkroom")
_PYTHON: Final = str(_INSTALLED / "python")


@dataclass(slots=True)
class Running:
    """A running system; `idle` is its memory before the first order, in bytes."""

    name: str
    describes: str
    url: str
    call: Call
    stores: bool
    process: Process
    idle: int = field(init=False)

    def __post_init__(self) -> None:
        self.idle = self.process.rss

    @property
    def cpu_seconds(self) -> float:
        """The CPU time of all its threads since its start, in seconds."""
        return cpu_seconds(self.process.pid)


@dataclass(frozen=True, slots=True)
class System:
    """A system to measure: how it is started, its request, and whether it stores the images (`stores`)."""

    name: str
    describes: str
    open: Callable[[ExitStack, Path, StandIns, int], Process]
    call: Callable[[StandIns, str], Call] = lambda _, token: order(token)
    stores: bool = True

    @contextmanager
    def running(self, folder: Path, stand_ins: StandIns, token: str) -> Iterator[Running]:
        """Start the system, check with one order that it works, and yield it.

        Raises:
            PartMissing: it is not installed.
            ProgramFailed: it does not do what was asked.
        """
        port = free_port()
        with ExitStack() as opened:
            process = self.open(opened, folder, stand_ins, port)
            call = self.call(stand_ins, token)
            running = Running(self.name, self.describes, f"http://{LOOPBACK}:{port}", call, self.stores, process)
            _try(running, stand_ins)
            yield running


def access_token(subject: str = "benchmark") -> str:
    """Return a token that Darkroom accepts here.

    Raises:
        PartMissing: the environment in which Darkroom is measured is missing.
    """
    if not Path(DARKROOM).exists():
        raise PartMissing(".bench-run", "has Darkroom without the tools for development: `make bench-start` makes it")
    command = [DARKROOM, "token", "--subject", subject, "--ttl", "12h"]
    said = subprocess.run(command, env={"DARKROOM_JWT_SECRET": _SECRET}, capture_output=True, check=True, text=True)  # noqa: S603
    return said.stdout.strip()


def _floor(opened: ExitStack, _: Path, stand_ins: StandIns, port: int) -> Process:
    command = [_PYTHON, "-m", "benchmarks.floor", str(port), stand_ins.url, *stand_ins.trusted]
    process = opened.enter_context(Process(command))
    wait_for_port(port, process)
    return process


def _durable_floor(opened: ExitStack, folder: Path, stand_ins: StandIns, port: int) -> Process:
    arguments = [str(port), stand_ins.url, _SECRET, str(folder), *stand_ins.trusted]
    process = opened.enter_context(Process([_PYTHON, "-m", "benchmarks.durable_floor", *arguments]))
    wait_for_port(port, process)
    return process


def _darkroom(*command: str) -> Callable[[ExitStack, Path, StandIns, int], Process]:
    def start(opened: ExitStack, folder: Path, stand_ins: StandIns, port: int) -> Process:
        return start_darkroom(opened, command, darkroom_settings(folder, stand_ins, port))

    return start


def _darkroom_on_postgres(opened: ExitStack, folder: Path, stand_ins: StandIns, port: int) -> Process:
    postgres = opened.enter_context(PostgresServer(durable=True))
    url = opened.enter_context(postgres.database())
    settings = darkroom_settings(folder, stand_ins, port) | {"DARKROOM_LEDGER_URL": url}
    return start_darkroom(opened, [DARKROOM, "serve"], settings)


def start_darkroom(opened: ExitStack, command: Sequence[str], settings: Mapping[str, str]) -> Process:
    """Start Darkroom, and wait until it is ready."""
    # The log goes to a file, as for a real service; reading it here would distort the measurement.
    log = Path(settings["DARKROOM_DATA_DIR"]).with_name("log")
    log.parent.mkdir(exist_ok=True)
    shell = ["/bin/sh", "-c", f"exec {join(command)} 2>{log}"]
    process = opened.enter_context(Process(shell, environment=settings))
    process.wait_for("Darkroom is ready")
    return process


def darkroom_settings(folder: Path, stand_ins: StandIns, port: int) -> dict[str, str]:
    """Return the settings for Karlo and S3, both by the stand-ins, with room for 512 orders at once and 512 queued."""
    return {
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "DARKROOM_DATA_DIR": str(folder / "data"),
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_JWT_SECRET": _SECRET,
        "DARKROOM_KARLO_API_KEY": "benchmark",
        "DARKROOM_KARLO_BASE_URL": stand_ins.url,
        "DARKROOM_KARLO_IMAGE_HOSTS": stand_ins.url,
        "DARKROOM_MAX_IN_FLIGHT": "512",
        "DARKROOM_MAX_QUEUED": "512",
        "DARKROOM_PORT": str(port),
        "DARKROOM_S3_ADDRESSING": "path",
        "DARKROOM_S3_BUCKET": "bucket",
        "DARKROOM_S3_ENDPOINT_URL": stand_ins.url,
        "DARKROOM_STORAGE": "s3",
        **_trusting(stand_ins),
    }


def _trusting(stand_ins: StandIns) -> dict[str, str]:
    certificate = str(stand_ins.certificate)
    by_environment = {"DARKROOM_TRUST_ENV": "true", "SSL_CERT_FILE": certificate, "AWS_CA_BUNDLE": certificate}
    return by_environment if stand_ins.certificate else {}


def _try(running: Running, stand_ins: StandIns) -> None:
    """Place one order, and check its answer and its stored image.

    Raises:
        ProgramFailed: the system does not do what was asked.
    """
    headers = {"Content-Type": "application/json", **running.call.headers}
    request = Request(running.url + running.call.path, running.call.body.encode(), headers)  # noqa: S310  # our own
    with urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
        said = json.load(answer)
    done = [image["seed"] for image in said] == [1] if running.stores else bool(said["data"][0]["url"])
    if not done or stand_ins.empty_the_bucket() != running.stores:
        raise ProgramFailed(f"{running.name} did not do what was asked: {said}")


DURABLE_FLOOR: Final = "durable floor"
SYSTEMS: Final = (
    System(
        DURABLE_FLOOR,
        "written by hand with bare aiohttp: the three calls, and token, commits, spool, signatures, log",
        _durable_floor,
    ),
    System("bare floor", "bare aiohttp: the three calls, nothing checked, signed, recorded or logged", _floor),
    System("Darkroom", "`darkroom serve`, ledger on SQLite", _darkroom(DARKROOM, "serve")),
    System(
        "Darkroom again",
        "the same service once more: how far two figures differ by chance",
        _darkroom(DARKROOM, "serve"),
    ),
    *(
        System("Darkroom before", "an earlier commit, which DARKROOM_BEFORE names", _darkroom(program, "serve"))
        for program in filter(None, [os.environ.get("DARKROOM_BEFORE")])
    ),
    System(
        "naive", "FastAPI, httpx and aioboto3: the three calls, the link signed, nothing checked or kept", open_naive
    ),
    System("on Postgres", "`darkroom serve`, ledger on a PostgreSQL on the same machine", _darkroom_on_postgres),
    System(
        "Portkey (stores nothing)",
        "Portkey's gateway, which only forwards the call",
        open_portkey,
        portkey_call,
        stores=False,
    ),
    System(
        "LiteLLM (stores nothing)",
        "LiteLLM's proxy, which only forwards the call",
        open_litellm,
        litellm_call,
        stores=False,
    ),
    System(
        "without ledger",
        "Darkroom with its ledger in memory: no order survives the process",
        _darkroom(_PYTHON, "-m", "benchmarks.unrecorded"),
    ),
    System(
        "without ledger and spool",
        "Darkroom with ledger and spool in memory: only the log touches the disk",
        _darkroom(_PYTHON, "-m", "benchmarks.unrecorded", "spool"),
    ),
)
