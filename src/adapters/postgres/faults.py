"""What the errors of Postgres and of the way to it mean."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

log = logging.getLogger(__name__)

# What passes, or what an operator mends, by the classes of SQLSTATE; everything else is a fault of ours.
_FAULTS: Final = (
    OSError,  # refused, reset, timed out
    asyncpg.InterfaceError,  # the connection or the pool is closed
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,  # 08
    asyncpg.ReadOnlySQLTransactionError,  # 25006: this is a standby by now
    asyncpg.InvalidAuthorizationSpecificationError,  # 28
    asyncpg.InvalidCatalogNameError,  # 3D
    asyncpg.TransactionRollbackError,  # 40
    asyncpg.InsufficientResourcesError,  # 53
    asyncpg.OperatorInterventionError,  # 57
    asyncpg.PostgresSystemError,  # 58
    asyncpg.InternalServerError,  # XX
)


@contextmanager
def faults_as(fault: type[Exception], message: str) -> Iterator[None]:
    """Tell a database that does not answer, or cannot write just now, in the words of a port."""
    try:
        yield
    except _FAULTS as error:
        log.warning("Postgres: %s: %s", type(error).__name__, error)
        raise fault(message) from error
