"""What the errors of Postgres and of the way to it mean."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

log = logging.getLogger(__name__)

# Of the way to the server and of the driver. Of its errors at connecting some are not its own (`EOFError`).
OF_THE_WAY: Final = (OSError, EOFError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# By the first two characters of SQLSTATE: what cannot be cured by trying again, since our statements or what they carry
# are wrong. Everything else passes, or an operator cures it: a closed list of what passes was never complete.
_FAULTS_OF_OURS: Final = frozenset({"21", "22", "23", "42"})
# Of these classes, but cured from outside: rights that were taken, a table that is being exchanged, statements that
# were prepared in a session that a pooler has exchanged.
_CURED_FROM_OUTSIDE: Final = frozenset({"42501", "42P01", "42P05"})

# The session is lost, or of no use any more: its server is stopping, or takes no writes.
_OF_NO_USE: Final = (
    *OF_THE_WAY,
    asyncpg.FatalPostgresError,
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.ReadOnlySQLTransactionError,  # 25006
    asyncpg.InvalidSQLStatementNameError,  # 26000: another session than that in which it was prepared
    asyncpg.DuplicatePreparedStatementError,  # 42P05: the same
    asyncpg.AdminShutdownError,  # 57P01
    asyncpg.CrashShutdownError,  # 57P02
    asyncpg.CannotConnectNowError,  # 57P03
)


def passes(error: BaseException) -> bool:
    """Whether another try may succeed without a change of ours."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code[:2] not in _FAULTS_OF_OURS or code in _CURED_FROM_OUTSIDE
    return isinstance(error, OF_THE_WAY)


def spoils_all(error: BaseException) -> bool:
    """Whether sessions opened before are likely to be of no use either, as after a failover."""
    return isinstance(error, _OF_NO_USE)


def spoils(error: BaseException) -> bool:
    """Whether the session in which it happened must not be used again."""
    return spoils_all(error) or isinstance(error, asyncio.CancelledError)


@contextmanager
def faults_as(fault: type[Exception], message: str) -> Iterator[None]:
    """Raise a port's own error for a database that does not answer, or cannot write just now."""
    try:
        yield
    except (asyncpg.PostgresError, *OF_THE_WAY) as error:
        if not passes(error):
            raise
        log.warning("Postgres: %s", described(error))
        raise fault(message) from error


def described(error: BaseException) -> str:
    """The kind of the error, and its first line; some have no text."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}".removesuffix(": ")
