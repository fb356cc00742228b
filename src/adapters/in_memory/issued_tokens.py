"""Issued tokens in a dictionary."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from darkroom.domain.model.issued_token import IssuedToken
from darkroom.domain.ports import IssuedTokens


class InMemoryIssuedTokens(IssuedTokens):
    """Remembers tokens as long as this process lives."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._by_name: dict[str, IssuedToken] = {}

    async def record(self, token: IssuedToken) -> bool:
        self._by_name = {kept.name: kept for kept in await self.listed()}
        return self._by_name.setdefault(token.name, token).jti == token.jti

    async def listed(self) -> Sequence[IssuedToken]:
        living = (token for token in self._by_name.values() if token.expires_at > self._clock())
        return sorted(living, key=lambda token: token.name)

    async def forget(self, jti: str) -> None:
        self._by_name = {name: token for name, token in self._by_name.items() if token.jti != jti}
