"""What may happen to a paid request, and the outcomes that the port allows."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from darkroom.domain.model.errors import (
    Charged,
    DrawingFailed,
    GeneratorRefused,
    GeneratorUnavailable,
    OutcomeUnknown,
    PromptRejected,
    UnusableImage,
)


class Situation(Enum):
    """What may happen to a paid request; the value describes it as a clause about the provider."""

    UNREACHABLE = "nothing listens at its address"
    KEY_REFUSED = "it does not know our key"
    REQUEST_REFUSED = "it calls the request wrong"
    QUOTA_USED_UP = "it takes no more requests for now"
    MAINTENANCE = "it says that it is closed for maintenance"
    CONFLICT = "it answers 409 or 424 and nothing else: another order, or another provider, stands in the way"
    CONNECTION_LOST = "it breaks the connection off without an answer, once the request is there"
    SILENCE = "it takes the request and never answers"
    SERVER_ERROR = "it answers with a server's error"
    GARBAGE = "it charges, and what it sends is not an answer"
    CUT_SHORT = "it charges, and its answer ends half way"
    TOO_LARGE = "it charges, and its answer does not end"
    NO_IMAGES = "it charges, and answers without an image"
    TOO_FEW_IMAGES = "it charges, and answers with one image less than ordered"
    TOO_MANY_IMAGES = "it charges, and answers with one image more than ordered"
    NO_IMAGE_FILES = "it charges, and what it sends are not images"
    ONE_NO_IMAGE_FILE = "it charges, and the first image is none"
    ALL_HELD_BACK = "its moderation says no to all of it"
    ONE_HELD_BACK = "it charges, and its moderation holds the first image back"
    MODERATED_IN_OTHER_WORDS = "its moderation says no by a code that is not its own, as a gateway hands it on"
    REFUSED_IN_A_SUCCESS = "it answers with success, and what it says is that its moderation said no"
    LINKS_DEAD = "it charges, and its links do not open"
    LINKS_ASTRAY = "it charges, and its links lead to hosts that are not allowed"
    IMAGES_OUT_OF_REACH = "it charges, and its images do not come, however often they are fetched"
    FETCHES_STUMBLE = "each image comes at the second try only"
    OTHER_SIZE = "it charges, and draws another size than ordered"
    BYTES_BEHIND_THE_END = "it charges, and other bytes follow the end of each image"
    LABELLED_WRONGLY = "it charges, and its answer's headers name a type and a coding that it does not have"
    PACKED = "it charges, and packs its answer, though that was not asked for"
    BAD_BYTE = "it charges, and a message in its answer holds bytes that JSON does not allow"
    BASE64_WRAPPED = "it charges, and writes base64 in lines, in the alphabet of URLs, without padding"
    DATA_URIS = "it charges, and writes a data: URI where base64 or a link stands"
    IMAGES_LABELLED_WRONGLY = "behind a link, headers name a type and a coding that the image does not have"
    IMAGES_PACKED = "behind a link, the image is packed, though that was not asked for"
    IMAGES_CUT_SHORT = "each image is cut short at the first try, and nothing says how long it is"
    LINKS_NOT_YET = "its links open at the second try only, and answer 404 before"
    LINKS_LEAD_ON = "its links redirect to an allowed place first"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome that the port demands.

    `error` is the class raised, None if the order succeeds, and `charged` the values that it may have. `some_images`:
    the other images are still returned. `at_the_deadline`: only a deadline ends the order. `evidence`: the error MUST
    carry what was received.
    """

    error: type[DrawingFailed] | None
    charged: frozenset[Charged] = frozenset({Charged.NO})
    some_images: bool = False
    at_the_deadline: bool = False
    evidence: bool = False


_NO, _YES, _UNKNOWN = (frozenset({charged}) for charged in Charged)

OUTCOMES: Final = {
    Situation.UNREACHABLE: Outcome(GeneratorUnavailable, _NO, at_the_deadline=True),
    Situation.KEY_REFUSED: Outcome(GeneratorRefused, _NO),
    Situation.REQUEST_REFUSED: Outcome(GeneratorRefused, _NO),
    Situation.QUOTA_USED_UP: Outcome(GeneratorUnavailable, _NO),
    Situation.MAINTENANCE: Outcome(GeneratorUnavailable, _NO),
    Situation.CONFLICT: Outcome(OutcomeUnknown, _UNKNOWN),
    Situation.CONNECTION_LOST: Outcome(OutcomeUnknown, _UNKNOWN),
    Situation.SILENCE: Outcome(OutcomeUnknown, _UNKNOWN, at_the_deadline=True),
    Situation.SERVER_ERROR: Outcome(OutcomeUnknown, _UNKNOWN),
    Situation.GARBAGE: Outcome(UnusableImage, _YES, evidence=True),
    Situation.CUT_SHORT: Outcome(UnusableImage, _YES, evidence=True),
    Situation.TOO_LARGE: Outcome(UnusableImage, _YES, evidence=True),
    Situation.NO_IMAGES: Outcome(UnusableImage, _YES),
    Situation.TOO_FEW_IMAGES: Outcome(UnusableImage, _YES, some_images=True),
    Situation.TOO_MANY_IMAGES: Outcome(None),
    Situation.NO_IMAGE_FILES: Outcome(UnusableImage, _YES, evidence=True),
    Situation.ONE_NO_IMAGE_FILE: Outcome(UnusableImage, _YES, some_images=True, evidence=True),
    Situation.ALL_HELD_BACK: Outcome(PromptRejected, _NO | _YES),
    Situation.ONE_HELD_BACK: Outcome(PromptRejected, _YES, some_images=True),
    Situation.MODERATED_IN_OTHER_WORDS: Outcome(PromptRejected, _NO | _UNKNOWN),
    Situation.REFUSED_IN_A_SUCCESS: Outcome(PromptRejected, _YES | _UNKNOWN),
    Situation.LINKS_DEAD: Outcome(UnusableImage, _YES, at_the_deadline=True),
    Situation.LINKS_ASTRAY: Outcome(UnusableImage, _YES),
    Situation.IMAGES_OUT_OF_REACH: Outcome(UnusableImage, _YES, at_the_deadline=True),
    Situation.FETCHES_STUMBLE: Outcome(None),
    Situation.OTHER_SIZE: Outcome(None),
    Situation.BYTES_BEHIND_THE_END: Outcome(None),
    Situation.LABELLED_WRONGLY: Outcome(None),
    Situation.PACKED: Outcome(None),
    Situation.BAD_BYTE: Outcome(None),
    Situation.BASE64_WRAPPED: Outcome(None),
    Situation.DATA_URIS: Outcome(None),
    Situation.IMAGES_LABELLED_WRONGLY: Outcome(None),
    Situation.IMAGES_PACKED: Outcome(None),
    Situation.IMAGES_CUT_SHORT: Outcome(None),
    Situation.LINKS_NOT_YET: Outcome(None),
    Situation.LINKS_LEAD_ON: Outcome(None),
}
