"""Revoked tokens in a dictionary."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime

from darkroom.domain.ports import RevokedTokens


class InMemoryRevokedTokens(RevokedTokens):
    """Remembers tokens as long as this process lives."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}

    async def revoke(self, jti: str, until: datetime) -> None:
        self._until = {kept: self._until[kept] for kept in await self.listed()}
        self._until[jti] = max(until, self._until.get(jti, until))

    async def listed(self) -> Collection[str]:
        return [jti for jti, until in self._until.items() if until > self._clock()]
