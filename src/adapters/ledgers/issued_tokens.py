"""Rows of issued tokens: a column for each queried field, and a JSON document for scopes and limits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from darkroom.domain.model.issued_token import IssuedToken
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.money import Money


class _Allowed(msgspec.Struct, omit_defaults=True, frozen=True):
    scopes: tuple[str, ...] = ()
    images_per_day: int | None = None
    spend_per_day: str | None = None
    models: tuple[str, ...] | None = None


class Row(Protocol):
    """A row whose values are read by column name."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401  # columns differ in type


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Allowed)


def encode_allowed(token: IssuedToken) -> str:
    """Return the JSON document for the column `allowed`: scopes and limits."""
    caller = token.caller
    allowed = _Allowed(
        scopes=token.scopes,
        images_per_day=caller.images_per_day,
        spend_per_day=None if caller.spend_per_day is None else str(caller.spend_per_day),
        models=None if caller.models is None else tuple(sorted(caller.models)),
    )
    return _encoder.encode(allowed).decode()


def decode_token(row: Row, instant: Callable[[Any], datetime] = lambda stored: stored) -> IssuedToken:
    """Return the token in a row; `instant` converts a stored time."""
    allowed = _decoder.decode(row["allowed"])
    return IssuedToken(
        name=row["name"],
        jti=row["jti"],
        caller=Caller(
            row["caller"],
            images_per_day=allowed.images_per_day,
            spend_per_day=None if allowed.spend_per_day is None else Money.parse(allowed.spend_per_day),
            models=None if allowed.models is None else frozenset(allowed.models),
        ),
        scopes=allowed.scopes,
        issued_at=instant(row["issued_at"]),
        expires_at=instant(row["expires_at"]),
    )
