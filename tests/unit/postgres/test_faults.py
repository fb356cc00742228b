"""Which errors of the driver are outages: all but our own faults, since a list of outages would never be complete."""

from __future__ import annotations

import asyncio
import ssl

import asyncpg
import pytest
from asyncpg import exceptions

from darkroom.adapters.postgres.faults import faults_as, passes, spoils, spoils_all
from darkroom.domain.model.errors import LedgerUnavailable

KINDS = [
    kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, asyncpg.PostgresError) and kind.sqlstate
]
OURS = ("21", "22", "23", "42")  # cardinality, data, constraints, syntax and names


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.sqlstate)
def test_every_other_error_of_the_server_is_an_outage(kind: type[asyncpg.PostgresError]) -> None:
    ours = kind.sqlstate[:2] in OURS and kind not in (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.UndefinedTableError,
        asyncpg.DuplicatePreparedStatementError,
    )
    with pytest.raises(kind if ours else LedgerUnavailable) as raised, faults_as(LedgerUnavailable, "not now"):
        raise kind("text")
    if not ours:
        assert isinstance(raised.value.__cause__, kind)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError(),
        EOFError(),
        ssl.SSLError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ProtocolError("?"),
        asyncpg.PostgresConnectionError("lost"),
        asyncpg.ReadOnlySQLTransactionError("standby"),
        asyncpg.CannotConnectNowError("starting up"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_connection_spoils_all_sessions(error: Exception) -> None:
    assert passes(error)
    assert spoils(error)
    assert spoils_all(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("there"),
        asyncpg.LockNotAvailableError("55P03"),
        LedgerUnavailable("no"),
        ValueError(),
    ],
)
def test_an_error_of_a_statement_spoils_no_session(error: Exception) -> None:
    assert not spoils(error)


def test_a_session_in_the_middle_of_an_answer_is_not_used_again() -> None:
    assert spoils(asyncio.CancelledError())
    assert not spoils_all(asyncio.CancelledError())
