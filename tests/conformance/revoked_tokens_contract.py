"""What every list of revoked tokens MUST do, as tests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from darkroom.domain.ports import RevokedTokens


def hours(number: float) -> datetime:
    """The time that many hours from now."""
    return datetime.now(UTC) + timedelta(hours=number)


class RevokedTokensContract:
    """A subclass provides the fixtures `revoked` and `elsewhere`: one list, as seen by two processes."""

    async def test_a_new_list_is_empty(self, revoked: RevokedTokens) -> None:
        assert list(await revoked.listed()) == []

    async def test_a_revoked_token_is_listed_in_every_process(
        self, revoked: RevokedTokens, elsewhere: RevokedTokens
    ) -> None:
        names = ["one", "two", "'; DROP TABLE revoked_tokens; --", "Zoë 🦊", "x" * 4000]
        await asyncio.gather(*(revoked.revoke(jti, hours(1)) for jti in names))
        assert sorted(await elsewhere.listed()) == sorted(names)

    async def test_revoking_a_token_again_succeeds(self, revoked: RevokedTokens, elsewhere: RevokedTokens) -> None:
        await asyncio.gather(*(who.revoke("one", hours(1)) for who in (revoked, elsewhere) for _ in range(5)))
        assert list(await revoked.listed()) == ["one"]

    async def test_an_expired_token_is_forgotten(self, revoked: RevokedTokens, elsewhere: RevokedTokens) -> None:
        await revoked.revoke("expired", hours(-1))
        assert list(await elsewhere.listed()) == []
        await revoked.revoke("expired", hours(1))
        assert list(await elsewhere.listed()) == ["expired"]

    async def test_the_later_expiry_counts(self, revoked: RevokedTokens) -> None:
        await revoked.revoke("one", hours(1))
        await revoked.revoke("one", hours(-1))
        assert list(await revoked.listed()) == ["one"]
