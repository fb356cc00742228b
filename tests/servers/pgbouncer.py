"""A real PgBouncer in front of a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from servers.parts import PartMissing
from servers.ports import LOOPBACK, free_port
from servers.process import Process, unprivileged_account


class PgBouncer:
    """A PgBouncer with default settings.

    Args:
        database_url: The database behind it.
        mode: The mode of pooling.
    """

    def __init__(self, database_url: str, mode: Literal["session", "transaction", "statement"]) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise PartMissing("PgBouncer", "pgbouncer is not installed (Debian: pgbouncer)")
        self._program, self._mode, self._parts = program, mode, urlsplit(database_url)
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-pgbouncer-")
        self._port = free_port()
        self._process: Process | None = None

    def __enter__(self) -> Self:
        folder, parts = Path(self._folder.name), self._parts
        (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n', encoding="ascii")
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={parts.hostname} port={parts.port}\n"
            f"[pgbouncer]\nlisten_addr = {LOOPBACK}\nlisten_port = {self._port}\nunix_socket_dir =\n"
            f"auth_type = plain\nauth_file = {folder / 'users'}\npool_mode = {self._mode}\n",
            encoding="ascii",
        )
        account = unprivileged_account()
        if account:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, account)
        self._process = Process([self._program, folder / "pgbouncer.ini"], folder=folder, user=account)
        self._process.wait_for("process up", stream="stderr")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """The URL of the database through the pooler."""
        parts = self._parts
        return f"postgresql://{parts.username}:{parts.password}@{LOOPBACK}:{self._port}{parts.path}"
