"""The problem types: one table from what went wrong to how it is told over HTTP."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from darkroom.domain.model.errors import DarkroomError, LedgerUnavailable, Overloaded


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem; `meaning` tells whoever meets it what it is and what to do."""

    slug: str
    status: HTTPStatus
    title: str
    meaning: str

    @property
    def uri(self) -> str:
        """The `type` of RFC 9457, without the path under which the service is reached."""
        return f"/problems/{self.slug}"


_TYPES: Final[tuple[ProblemType, ...]] = (
    ProblemType(
        "invalid-request",
        HTTPStatus.BAD_REQUEST,
        "The request breaks rules",
        "Fields, headers or parameters break a rule. `errors` names every one of them. Nothing was drawn and nothing "
        "was charged. Mend the request and send it again.",
    ),
    ProblemType(
        "malformed-body",
        HTTPStatus.BAD_REQUEST,
        "The body cannot be read",
        "The body is not JSON in UTF-8, is nested too deep, or did not come whole. Nothing was drawn and nothing was "
        "charged.",
    ),
    ProblemType(
        "prompt-rejected",
        HTTPStatus.BAD_REQUEST,
        "The prompt was rejected",
        "The provider's moderation rejected the prompt, or the images that came of it; or the model cannot read all of "
        "the prompt. `detail` says which, `charged` whether something was paid for. Another prompt may be accepted.",
    ),
    ProblemType(
        "unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "An access token is required",
        "The request carries no access token, or one that is not accepted here: expired, meant for another service, "
        "or not signed by whom this service trusts. Send `Authorization: Bearer <access token>`.",
    ),
    ProblemType(
        "forbidden",
        HTTPStatus.FORBIDDEN,
        "The access token does not allow this",
        "The token is accepted and does not allow this; `detail` says why. Either it lacks the scope that "
        "`WWW-Authenticate` names: `images:read` to look, `images:write` to order and to delete, `usage:read` to see "
        "the usage of all callers. Or it does not allow this model: by its list of models, or because your spending is "
        "limited and the model has no known price. Nothing was drawn and nothing was charged. Ask the issuer of your "
        "tokens for another one, or order another model.",
    ),
    ProblemType(
        "not-found",
        HTTPStatus.NOT_FOUND,
        "Not found",
        "There is nothing at this address for you. Generations of other callers are not found either.",
    ),
    ProblemType(
        "method-not-allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The method is not allowed here",
        "The address exists and does not know the method of the request. The `Allow` header lists those it knows.",
    ),
    ProblemType(
        "generation-running",
        HTTPStatus.CONFLICT,
        "The generation is running",
        "The images are being drawn or stored, so they cannot be deleted now. Wait until the generation has ended.",
    ),
    ProblemType(
        "gone",
        HTTPStatus.GONE,
        "The generation was deleted",
        "Its owner deleted the generation. `charged` says what was paid for it. To draw again, order under a new "
        "idempotency key.",
    ),
    ProblemType(
        "body-too-large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large",
        "No order needs a body of that length. Nothing was drawn and nothing was charged.",
    ),
    ProblemType(
        "unsupported-media-type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is not declared as JSON",
        "Send the order with `Content-Type: application/json`, in UTF-8 and without a content coding.",
    ),
    ProblemType(
        "idempotency-key-reused",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The idempotency key stands for another order",
        "The same `Idempotency-Key` was sent before with another order. Nothing was drawn and nothing was charged. "
        "Use a new key for a new order.",
    ),
    ProblemType(
        "quota-exceeded",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Your own limit is reached",
        "With this order you would have ordered more images, or spent more money, than you may in 24 hours. Nothing "
        "was drawn and nothing was charged. `Retry-After` says when there may be room for it; `GET /api/usage` says "
        "what is left.",
    ),
    ProblemType(
        "generator-refused",
        HTTPStatus.BAD_GATEWAY,
        "The provider refused the service",
        "The image provider refused this service's key or request, or has ended. That is a fault on this side, not "
        "of your request. Nothing was charged. Its operator has to mend it.",
    ),
    ProblemType(
        "outcome-unknown",
        HTTPStatus.BAD_GATEWAY,
        "Nobody knows whether it was drawn",
        "The call to the image provider was cut off after it was sent, so it may have drawn and charged, or not. "
        "This service never sends such an order again by itself. To order once more, and perhaps pay once more, use "
        "a new idempotency key.",
    ),
    ProblemType(
        "unusable-image",
        HTTPStatus.BAD_GATEWAY,
        "What was paid for cannot be used",
        "The image provider charged, and images are missing, broken or out of reach. Those that came are listed "
        "under `images`. To order once more, and pay once more, use a new idempotency key.",
    ),
    ProblemType(
        "generator-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The provider is not available",
        "The image provider cannot be reached, is closed for maintenance, or its quota is used up. Nothing was "
        "charged. Try again after `Retry-After` seconds.",
    ),
    ProblemType(
        "overloaded",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "No room here now",
        "The service cannot take the order now: it is busy, about to stop, or cannot write anything down. Nothing "
        "was drawn by this request. Try again after `Retry-After` seconds, with the same key if you gave one. Where "
        "`charged` is `unknown` the ledger does not answer, and nobody knows what your key stands for.",
    ),
    ProblemType(
        "keys-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Tokens cannot be checked now",
        "The service cannot reach whoever publishes the keys of access tokens, so it cannot tell whether yours is "
        "good. Nothing was drawn and nothing was charged. Try again after `Retry-After` seconds with the same token.",
    ),
    ProblemType(
        "spend-limit",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service's spend limit is reached",
        "With this order the service would spend more in 24 hours than its operator allows. Nothing was drawn and "
        "nothing was charged. `Retry-After` says when there may be room for it.",
    ),
    ProblemType(
        "storage-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Drawn and safe, not stored yet",
        "The images are drawn, paid for and kept safe, and the storage does not take them yet. They are stored later "
        "by themselves. `Location` names the generation that shows them then; repeating the order under the same "
        "idempotency key gives them too.",
    ),
    ProblemType(
        "internal",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "A fault of the service",
        "Something went wrong inside the service. `charged` says whether money was spent: `no` if nothing had left for "
        "the provider. If it is `unknown`, `GET /api/generations` shows what became of the order. Give the "
        "operator the `request_id`.",
    ),
)

PROBLEM_TYPES: Final[dict[str, ProblemType]] = {kind.slug: kind for kind in _TYPES}
"""By the code of the error, which is the slug of its type."""

# To a caller a ledger that does not answer is one more reason why there is no room.
PROBLEM_TYPES[LedgerUnavailable.code] = PROBLEM_TYPES[Overloaded.code]


def problem_type_of(error: DarkroomError) -> ProblemType:
    """How an error is shown; one of a code that is unknown here, as a plugin's may be, as an internal fault."""
    return PROBLEM_TYPES.get(error.code, PROBLEM_TYPES["internal"])
