"""What can go wrong on the way in, before there is an order: nothing was drawn, nothing was spent."""

from darkroom.domain.model.errors import Charged, DarkroomError, NothingWasDrawn


class MalformedBody(NothingWasDrawn):
    """The body is not a JSON document, or is incomplete."""

    code = "malformed-body"


class BodyTooLarge(NothingWasDrawn):
    """The body is longer than any order can be."""

    code = "body-too-large"


class UnsupportedMediaType(NothingWasDrawn):
    """The body is not declared as JSON in UTF-8."""

    code = "unsupported-media-type"


class MethodNotAllowed(NothingWasDrawn):
    """The path exists and knows no such method; `allowed` lists those it knows."""

    code = "method-not-allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__("this path does not know the method")
        self.allowed = allowed


class Unauthorized(NothingWasDrawn):
    """The request carries no token that is accepted here; `token_sent` says whether it carries one at all.

    `reason` is for the operator: it may say what was expected and what was found, and never goes out.
    """

    code = "unauthorized"

    def __init__(self, detail: str, *, token_sent: bool, reason: str | None = None) -> None:
        super().__init__(detail)
        self.token_sent, self.reason = token_sent, reason


class Forbidden(NothingWasDrawn):
    """The token is accepted and does not allow this; `scope` is what it lacks."""

    code = "forbidden"

    def __init__(self, detail: str, *, scope: str) -> None:
        super().__init__(detail)
        self.scope = scope


class OriginForbidden(NothingWasDrawn):
    """A browser sent it for a page that may not call."""

    code = "forbidden"


class KeysUnavailable(NothingWasDrawn):
    """The keys that tokens are verified with are not known now: none ever came, or they are too old."""

    code = "keys-unavailable"
    retry_after = 30


class Internal(DarkroomError):
    """A fault of ours; what became of the money is not known here."""

    code = "internal"
    charged = Charged.UNKNOWN
