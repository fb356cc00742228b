"""The claims of a token whose signature is valid, and their rules (RFC 7519, RFC 8725)."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, UnsetType

from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.limits import Caller
from darkroom.domain.model.money import Money
from darkroom.entrypoints.http.auth.access import READ, WRITE, Access, allowed_by

UNREADABLE: Final = "its form, its signature or a claim is not accepted here"
"""The detail for a malformed token: the same for every rule of form, so that it reveals nothing."""

_MOST_MONEY: Final = 10**12
_LONGEST_SHOWN: Final = 200  # characters of a claim's value in a log line

# Seconds since 1970, up to the year 9999.
Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]


@dataclass(frozen=True, slots=True)
class Flaw:
    """A rule that a token breaks: `detail` is for the caller, `reason` for the operator."""

    detail: str
    reason: str


class Refused(Exception):
    """A token is not accepted; the message is the reason, for the operator."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.reason)
        self.flaw = flaw


class Claims(msgspec.Struct):
    """The claims that this service reads, and their types; those without a default are required."""

    iss: str
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    iat: Moment
    exp: Moment
    aud: str | list[str] | UnsetType = UNSET
    nbf: Moment = 0
    jti: str | None = None
    images_per_day: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    spend_per_day: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    models: str | list[str] | None = None

    def __post_init__(self) -> None:
        if self.spend_per_day is not None and Money.parse(self.spend_per_day).amount > _MOST_MONEY:
            raise InvalidValue("spend_per_day is more than any limit can be")

    @classmethod
    def read(cls, payload: Mapping[str, object]) -> "Claims":
        """Read the claims from the payload of a token, as `strict_json` parses it.

        Raises:
            Refused: a claim is missing or has another type.
        """
        try:
            # `strict_json` parses an object into a tuple of its members; an empty one must not pass for an empty list.
            typed = {name: dict(value) if isinstance(value, tuple) else value for name, value in payload.items()}
            return msgspec.convert(typed, cls)
        except Exception as fault:  # a token with a claim that cannot be read is not accepted, whatever the error
            raise Refused(Flaw(UNREADABLE, f"a claim is missing or of another type: {fault}")) from fault

    @property
    def caller(self) -> Caller:
        """The caller that the token stands for, with the limits that it sets."""
        return Caller(
            self.sub,
            images_per_day=self.images_per_day,
            spend_per_day=None if self.spend_per_day is None else Money.parse(self.spend_per_day),
            models=None
            if self.models is None
            else frozenset([self.models] if isinstance(self.models, str) else self.models),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """The rules for tokens.

    Attributes:
        issuer: The required `iss`.
        audience: The required audience.
        audience_claims: `aud`, and the claims that name the audience of a token without `aud`.
        subjects: The subjects that are accepted; if empty, all are.
        leeway: Seconds by which the issuer's clock may differ from ours.
        max_lifetime: The most seconds from `iat` to `exp`; None is unlimited.
        max_length: The most characters of a token.
        scope_claims: The claims that hold scopes; if empty, every token may read and order.
        scope_prefix: The prefix of the scopes that count here.
    """

    issuer: str
    audience: str
    audience_claims: tuple[str, ...] = ("aud",)
    subjects: frozenset[str] = frozenset()
    leeway: float = 10
    max_lifetime: float | None = None
    max_length: int = 8192
    scope_claims: tuple[str, ...] = ()
    scope_prefix: str = ""

    def access(self, payload: Mapping[str, object], *, now: datetime, revoked: Container[str]) -> Access:
        """Return the caller and scopes of a token whose signature is valid.

        Raises:
            Refused: the token breaks a rule; it names the first one.
        """
        claims = Claims.read(payload)
        for flaw in self.flaws(claims, payload, now=now, revoked=revoked):
            raise Refused(flaw)
        return Access(claims.caller, self.scopes(payload))

    @property
    def scopes_of_callers(self) -> Sequence[str]:
        """The scopes for reading and ordering, as the issuer names them; empty if every token may do both."""
        return [self.scope_prefix + scope for scope in (READ, WRITE)] if self.scope_claims else []

    def scopes(self, payload: Mapping[str, object]) -> frozenset[str]:
        """Return the scopes that a token grants.

        Raises:
            ValueError: a claim has a type that cannot hold scopes; the message names the claim.
        """
        return allowed_by(payload, self.scope_claims, self.scope_prefix)

    def flaws(
        self, claims: Claims, payload: Mapping[str, object], *, now: datetime, revoked: Container[str]
    ) -> Iterator[Flaw]:
        """Yield a flaw for every rule that the claims break; `revoked` holds the `jti` of every revoked token."""
        if claims.iss != self.issuer:
            yield Flaw("its issuer is not ours", f"iss must be {self.issuer!r}, and is {_shown(claims.iss)}")
        if not self._is_meant_for_us(claims, payload):
            yield Flaw("it is meant for another audience", self._audience_expected(payload))
        yield from self._flaws_of_time(claims, now.timestamp())
        if not claims.sub.isprintable():
            reason = f"sub must be printable, and is {_shown(claims.sub)}"
            yield Flaw("its subject holds characters that cannot be printed", reason)
        if self.subjects and claims.sub not in self.subjects:
            reason = f"sub must be one of DARKROOM_JWT_SUBJECTS, and is {_shown(claims.sub)}"
            yield Flaw("its subject is not allowed here", reason)
        if claims.jti in revoked:
            yield Flaw("it was revoked", f"its jti {_shown(claims.jti)} was revoked")
        try:
            self.scopes(payload)
        except ValueError as fault:
            yield Flaw(UNREADABLE, str(fault))

    def _flaws_of_time(self, claims: Claims, now: float) -> Iterator[Flaw]:
        lifetime, by_our_clock = (
            claims.exp - claims.iat,
            f"it is {_moment(now)} here, with a leeway of {self.leeway:g} s",
        )
        if claims.exp <= now - self.leeway:
            yield Flaw("it has expired", f"exp is {_moment(claims.exp)}; {by_our_clock}")
        for name, begins in (("iat", claims.iat), ("nbf", claims.nbf)):
            if begins > now + self.leeway:
                yield Flaw("it is not valid yet", f"{name} is {_moment(begins)}; {by_our_clock}")
        if self.max_lifetime is not None and lifetime > self.max_lifetime:
            reason = f"from iat to exp there may be at most {self.max_lifetime:g} s, and there are {lifetime:g} s"
            yield Flaw("its lifetime is longer than allowed here", reason)

    def _is_meant_for_us(self, claims: Claims, payload: Mapping[str, object]) -> bool:
        if claims.aud is UNSET:
            return any(payload.get(claim) == self.audience for claim in self.audience_claims if claim != "aud")
        return self.audience in ([claims.aud] if isinstance(claims.aud, str) else claims.aud)

    def _audience_expected(self, payload: Mapping[str, object]) -> str:
        named = " or, without any aud, ".join(self.audience_claims)
        found = ", ".join(f"{claim} {_shown(payload[claim])}" for claim in self.audience_claims if claim in payload)
        return f"{named} must name {self.audience!r}; found {found or 'none'}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
