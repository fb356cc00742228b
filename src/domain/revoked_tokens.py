"""Access tokens that are to be accepted no more, although they have not expired."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class RevokedTokens(Protocol):
    """Remembers tokens by their `jti` (RFC 7519, 4.1.7), for all processes that share the ledger.

    Both methods raise `LedgerUnavailable` where the ledger does not answer; asking again does no harm.
    """

    @abstractmethod
    async def revoke(self, jti: str, until: datetime) -> None:
        """Remember a token until it would be accepted no more anyway; durable on return. Repeating it succeeds.

        Of two times for one token the later one counts. What is past its time MUST be forgotten on this occasion.
        """

    @abstractmethod
    async def listed(self) -> Collection[str]:
        """Those that are remembered now."""
