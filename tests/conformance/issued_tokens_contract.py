"""What every list of issued tokens MUST do, as tests."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from conformance.revoked_tokens_contract import hours
from darkroom.domain.model.issued_token import IssuedToken
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.money import Money
from darkroom.domain.ports import IssuedTokens


def issued(name: str, jti: str = "one", *, lives: float = 1) -> IssuedToken:
    """A token with every right that exists, which expires in `lives` hours."""
    expires_at = hours(lives).replace(microsecond=0)
    return IssuedToken(
        name=name,
        jti=jti,
        caller=Caller("ada", 3, Money.parse("0.02 USD"), frozenset({"v2.1", "sketch"})),
        scopes=("images:read", "images:write"),
        issued_at=expires_at - timedelta(hours=9),
        expires_at=expires_at,
    )


class IssuedTokensContract:
    """A subclass provides the fixtures `issued_tokens` and `elsewhere`: one list, as seen by two processes."""

    async def test_recorded_tokens_are_listed_by_name_in_every_process(
        self, issued_tokens: IssuedTokens, elsewhere: IssuedTokens
    ) -> None:
        assert list(await issued_tokens.listed()) == []
        bare = replace(issued("'; DROP TABLE issued_tokens; --", "two"), caller=Caller("grace"), scopes=())
        nothing = replace(issued("Zoë 🦊", "three"), caller=Caller("zoë", 0, models=frozenset()))
        tokens = [nothing, issued("laptop"), bare]
        assert [await issued_tokens.record(token) for token in [*tokens, *tokens]] == [True] * 6
        assert list(await elsewhere.listed()) == sorted(tokens, key=lambda token: token.name)

    async def test_of_many_tokens_with_one_name_one_is_recorded(
        self, issued_tokens: IssuedTokens, elsewhere: IssuedTokens
    ) -> None:
        tokens = [issued("laptop", str(number)) for number in range(10)]
        recorded = await asyncio.gather(
            *((issued_tokens, elsewhere)[place % 2].record(token) for place, token in enumerate(tokens))
        )
        assert sum(recorded) == 1
        assert list(await issued_tokens.listed()) == [tokens[recorded.index(True)]]

    async def test_an_expired_token_is_forgotten_and_its_name_is_free(self, issued_tokens: IssuedTokens) -> None:
        assert await issued_tokens.record(issued("laptop", "old", lives=-1))
        assert list(await issued_tokens.listed()) == []
        assert await issued_tokens.record(issued("laptop", "new"))
        assert [token.jti for token in await issued_tokens.listed()] == ["new"]

    async def test_a_forgotten_token_leaves_its_name_free(
        self, issued_tokens: IssuedTokens, elsewhere: IssuedTokens
    ) -> None:
        for name in ("laptop", "phone"):
            await issued_tokens.record(issued(name, f"the {name}'s"))
        for _ in range(2):
            await elsewhere.forget("the laptop's")
        assert [token.name for token in await issued_tokens.listed()] == ["phone"]
        assert await issued_tokens.record(issued("laptop"))
