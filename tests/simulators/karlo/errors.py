"""Karlo's errors: `{"code": int, "msg": string}` under a status of 4xx or 503."""

from __future__ import annotations

import json
from dataclasses import dataclass

from simulators.exchange import Answer


@dataclass(frozen=True, slots=True)
class KarloError:
    """An error as documented by Karlo. `may_have_spent` (inferred): it is unknown whether images were drawn."""

    code: int
    status: int
    msg: str
    may_have_spent: bool = False

    def answer(self) -> Answer:
        return Answer(json.dumps({"code": self.code, "msg": self.msg}).encode(), status=self.status)


KARLO_ERRORS = {
    error.code: error
    for error in (
        KarloError(-1, 400, "internal error, try again", may_have_spent=True),
        KarloError(-2, 400, "a parameter is missing, of the wrong type or out of range"),
        KarloError(-3, 403, "the feature is not switched on"),
        KarloError(-4, 403, "the account is sanctioned"),
        KarloError(-5, 403, "no permission"),
        KarloError(-6, 403, "the service is not allowed"),
        KarloError(-7, 400, "maintenance, or trouble inside", may_have_spent=True),
        KarloError(-8, 400, "a header is malformed"),
        KarloError(-9, 400, "the API has been terminated"),
        KarloError(-10, 400, "API limit has been exceeded"),
        KarloError(-11, 403, "the user is sanctioned"),
        KarloError(-12, 403, "not allowed"),
        KarloError(-401, 401, "wrong app key"),
        KarloError(-603, 400, "timeout inside", may_have_spent=True),
        KarloError(-903, 400, "unknown app"),
        KarloError(-9798, 503, "the service is under maintenance"),
    )
}
"""The errors by code. The statuses of -8, -11, -12 and -903 are inferred: Kakao documents 400 or 403 for them."""


class Refused(Exception):
    """Karlo refuses a call; `msg` replaces the error's default message."""

    def __init__(self, code: int, msg: str | None = None) -> None:
        error = KARLO_ERRORS[code]
        self.error = KarloError(code, error.status, msg or error.msg)
        super().__init__(self.error.msg)
