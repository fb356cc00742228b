"""The list of revoked tokens that a process holds in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from darkroom.adapters.in_memory.revoked_tokens import InMemoryRevokedTokens
from darkroom.domain.model.errors import LedgerUnavailable
from darkroom.entrypoints.http.auth.deny_list import DenyList

LATER = datetime.now(UTC) + timedelta(hours=1)


class Failing(InMemoryRevokedTokens):
    away = False

    async def listed(self) -> list[str]:
        if self.away:
            raise LedgerUnavailable
        return list(await super().listed())


async def test_the_list_holds_the_tokens_of_its_last_read_and_does_not_ask_the_ledger_in_between() -> None:
    revoked = Failing()
    await revoked.revoke("one", LATER)
    denied = DenyList(revoked)
    assert "one" not in denied
    await denied.read()
    revoked.away = True
    assert "one" in denied
    assert "two" not in denied
    assert None not in denied


async def test_the_list_is_kept_if_it_cannot_be_read_again() -> None:
    revoked = Failing()
    await revoked.revoke("one", LATER)
    denied = DenyList(revoked)
    await denied.read()
    revoked.away = True
    with pytest.raises(LedgerUnavailable):
        await denied.read()
    assert "one" in denied
