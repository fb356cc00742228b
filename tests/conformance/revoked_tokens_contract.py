"""What every list of revoked tokens must do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from darkroom.domain.ports import RevokedTokens


def hours(number: float) -> datetime:
    """So many hours from now."""
    return datetime.now(UTC) + timedelta(hours=number)


class RevokedTokensContract:
    """A class that inherits this gives `revoked` and `elsewhere`: the same list, as two processes have it."""

    async def test_none_is_listed_at_first(self, revoked: RevokedTokens) -> None:
        assert list(await revoked.listed()) == []

    async def test_what_is_revoked_is_listed_everywhere(self, revoked: RevokedTokens, elsewhere: RevokedTokens) -> None:
        names = ["one", "two", "'; DROP TABLE revoked_tokens; --", "Zoë 🦊", "x" * 4000]
        await asyncio.gather(*(revoked.revoke(jti, hours(1)) for jti in names))
        assert sorted(await elsewhere.listed()) == sorted(names)

    async def test_repeating_it_succeeds(self, revoked: RevokedTokens, elsewhere: RevokedTokens) -> None:
        await asyncio.gather(*(who.revoke("one", hours(1)) for who in (revoked, elsewhere) for _ in range(5)))
        assert list(await revoked.listed()) == ["one"]

    async def test_past_its_time_it_is_forgotten(self, revoked: RevokedTokens, elsewhere: RevokedTokens) -> None:
        await revoked.revoke("expired", hours(-1))
        assert list(await elsewhere.listed()) == []
        await revoked.revoke("expired", hours(1))
        assert list(await elsewhere.listed()) == ["expired"]

    async def test_the_later_time_counts(self, revoked: RevokedTokens) -> None:
        await revoked.revoke("one", hours(1))
        await revoked.revoke("one", hours(-1))
        assert list(await revoked.listed()) == ["one"]
