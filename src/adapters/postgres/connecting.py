"""Connects to a server that accepts writes."""

import asyncio
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final, TypeAlias

import asyncpg

from darkroom.adapters.postgres.address import PostgresAddress, Server
from darkroom.adapters.postgres.faults import OF_THE_WAY
from darkroom.adapters.postgres.times import Times

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SETTINGS: Final = {
    # Our statements must see what others have just committed, whatever the server's default is.
    "default_transaction_isolation": "read committed",
    # With these the server drops the connection of a machine that vanished after ten seconds, and releases its lease
    # and the locks of its transactions.
    "tcp_keepalives_idle": "4",  # seconds
    "tcp_keepalives_interval": "2",  # seconds
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
}

# A commit is on the disk when it is answered, whatever the role's default is.
_DURABLE: Final = """
    set_config('synchronous_commit',
        CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
        ELSE current_setting('synchronous_commit') END, false)
"""


class Connecting:
    """Connects to a server of an address that accepts writes, trying the last one that did first."""

    def __init__(self, address: PostgresAddress, times: Times) -> None:
        self.address, self.times = address, times
        self._servers = list(address.servers)
        settings = {**address.settings, **SETTINGS}
        set_all = [f"set_config({_quoted(name)}, {_quoted(value)}, false)" for name, value in settings.items()]
        self._set = f"SELECT {', '.join([*set_all, _DURABLE])}"

    async def __call__(self) -> Session:
        """Return a new session.

        Raises:
            asyncpg.PostgresError, or one of `OF_THE_WAY`: no server accepts one; preferably the error of a server that
                answered.
        """
        faults: list[Exception] = []
        for server in tuple(self._servers):
            try:
                session = await self._connected(server)
            except (asyncpg.PostgresError, *OF_THE_WAY) as fault:
                faults.append(fault)
            else:
                if self._servers[0] != server:
                    self._servers.sort(key=lambda one: one != server)
                return session
        raise _most_telling(faults)

    async def _connected(self, server: Server) -> Session:
        address, (host, port) = self.address, server
        within = min(self.times.connect, address.connect_timeout or self.times.connect)
        async with asyncio.timeout(within):
            session = await asyncpg.connect(
                address.driver_url,
                host=host,
                port=port,
                user=address.user,
                password=address.password_for(server),
                database=address.database,
                ssl=address.ssl,
                timeout=within,
                command_timeout=self.times.answer,
            )
            with ExitStack() as given_up:
                given_up.callback(session.terminate)
                # Not as startup parameters, which poolers refuse, and by a simple query, without a prepared statement.
                await session.execute(self._set)
                if await session.fetchval("SELECT current_setting('transaction_read_only')::boolean"):
                    raise asyncpg.ReadOnlySQLTransactionError("the server accepts no writes: it has become a standby")
                given_up.pop_all()
        return session


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"E'{escaped}'"


def _most_telling(faults: Iterable[Exception]) -> Exception:
    """Return the most informative error: that of a server that answered, if there is one."""
    *_, telling = sorted(faults, key=lambda fault: isinstance(fault, asyncpg.PostgresError))
    return telling
