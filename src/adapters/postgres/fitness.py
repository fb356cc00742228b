"""Checks that a database, as it is set up, suits a ledger. Temporary conditions are not checked."""

from typing import Final

import asyncpg

from darkroom.adapters.postgres.connecting import Session
from darkroom.domain.model.errors import InvalidValue

OLDEST: Final = 120_000
"""The oldest supported release of Postgres: `AS MATERIALIZED` and `tcp_user_timeout` came with 12."""

_ROUNDS: Final = 3

_LOOK: Final = """
    SELECT current_setting('server_version_num')::integer AS release, current_setting('server_encoding') AS encoding,
        current_schema() AS schema, current_setting('search_path') AS search_path
"""


_KEPT: Final = """
    SELECT current_setting('fsync')::boolean AS fsync, current_setting('synchronous_standby_names') AS waited_for,
        (SELECT count(*) FROM pg_stat_replication) AS followers
"""


async def require_fit(one: Session, other: Session) -> None:
    """Return if the database suits a ledger, as seen by two sessions that are open at the same time.

    Raises:
        InvalidValue: it does not; the message says why.
    """
    if not await _are_sessions(one, other):
        raise InvalidValue(
            "must lead to Postgres directly, or through a pooler in session mode: this pooler is in transaction mode "
            "or in statement mode (pool_mode), which loses the lock that shows that a worker is alive"
        )
    (found,) = await one.fetch(_LOOK)
    if found["release"] < OLDEST:
        raise InvalidValue(f"must lead to Postgres {OLDEST // 10_000} or newer")
    if found["encoding"] != "UTF8":
        raise InvalidValue(f"must lead to a database with the encoding UTF8, not {found['encoding']}")
    if found["schema"] is None:
        raise InvalidValue(
            f"must lead to a database with a schema for the tables: no schema of search_path ({found['search_path']}) "
            "exists, or the role may not use it"
        )


async def remarks(session: Session) -> tuple[str, ...]:
    """Return warnings for the operator about the durability of commits, as far as the role can see the settings."""
    (found,) = await session.fetch(_KEPT)
    told = []
    if not found["fsync"]:
        told.append("fsync is off: a loss of power may lose what was committed")
    if found["followers"] and not found["waited_for"]:
        told.append(
            "replication is asynchronous (synchronous_standby_names is empty): a promotion may lose the last "
            "commits, and orders that were paid for"
        )
    return tuple(told)


async def _are_sessions(one: Session, other: Session) -> bool:
    """Return whether each session keeps a server process of its own, as without a pooler or with one in session mode.

    A pooler in transaction mode gives each transaction any free process, most often the last one used. In another
    process a prepared statement is missing, or exists already.
    """
    try:
        own = {session: await _process(session) for session in (one, other)}
        for _ in range(_ROUNDS):
            for session, process in own.items():
                if await _process(session) != process:
                    return False
            async with one.transaction():
                inside = await _process(one), await _process(other)
            if inside != tuple(own.values()):
                return False
    except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
        return False
    except asyncpg.PostgresConnectionError as lost:
        if "pooling mode" not in str(lost):  # PgBouncer's message for a transaction in statement mode
            raise
        return False
    return len(set(own.values())) == len(own)


async def _process(session: Session) -> int:
    process: int = await session.fetchval("SELECT pg_backend_pid()")
    return process
