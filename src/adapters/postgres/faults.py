"""Classification of the errors of Postgres and of the connection to it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

log = logging.getLogger(__name__)

# Errors of the connection and of the driver, which lets some through, such as `EOFError`.
OF_THE_WAY: Final = (OSError, EOFError, asyncpg.InterfaceError, asyncpg.InternalClientError)

# SQLSTATE classes of errors in our statements or their parameters, which a retry does not cure. All other errors are
# temporary or cured by the operator: a list of those would never be complete.
_FAULTS_OF_OURS: Final = frozenset({"21", "22", "23", "42"})
# Errors of these classes that are cured from outside: revoked rights, a table that is being replaced, and statements
# that were prepared in another session of a pooler.
_CURED_FROM_OUTSIDE: Final = frozenset({"42501", "42P01", "42P05"})

# Errors after which the session is lost or useless: its server is stopping, or does not accept writes.
_OF_NO_USE: Final = (
    *OF_THE_WAY,
    asyncpg.FatalPostgresError,
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.ReadOnlySQLTransactionError,  # 25006
    asyncpg.InvalidSQLStatementNameError,  # 26000: the statement was prepared in another session of a pooler
    asyncpg.DuplicatePreparedStatementError,  # 42P05: the same
    asyncpg.AdminShutdownError,  # 57P01
    asyncpg.CrashShutdownError,  # 57P02
    asyncpg.CannotConnectNowError,  # 57P03
)


def passes(error: BaseException) -> bool:
    """Return whether a retry may succeed without a change of our code."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code[:2] not in _FAULTS_OF_OURS or code in _CURED_FROM_OUTSIDE
    return isinstance(error, OF_THE_WAY)


def spoils_all(error: BaseException) -> bool:
    """Return whether other open sessions are probably useless too, as after a failover."""
    return isinstance(error, _OF_NO_USE)


def spoils(error: BaseException) -> bool:
    """Return whether the session that raised `error` must not be reused."""
    return spoils_all(error) or isinstance(error, asyncio.CancelledError)


@contextmanager
def faults_as(fault: type[Exception], message: str) -> Iterator[None]:
    """Raise `fault(message)`, an error of a port, if the database does not answer or cannot write at present."""
    try:
        yield
    except (asyncpg.PostgresError, *OF_THE_WAY) as error:
        if not passes(error):
            raise
        log.warning("Postgres: %s", described(error))
        raise fault(message) from error


def described(error: BaseException) -> str:
    """Return the error's class and the first line of its text, if it has one."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}".removesuffix(": ")
