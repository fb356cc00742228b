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
    KEY_REFUSED = "it refuses our key"
    REQUEST_REFUSED = "it refuses the request as invalid"
    QUOTA_USED_UP = "it accepts no more requests for now"
    MAINTENANCE = "it says that it is closed for maintenance"
    CONFLICT = "it answers only 409 or 424, because of another order or of another provider"
    CONNECTION_LOST = "it receives the request, and closes the connection without an answer"
    SILENCE = "it receives the request and never answers"
    SERVER_ERROR = "it answers with a server error"
    GARBAGE = "it charges, and its answer cannot be read"
    CUT_SHORT = "it charges, and its answer is cut short"
    TOO_LARGE = "it charges, and its answer never ends"
    NO_IMAGES = "it charges, and answers without an image"
    TOO_FEW_IMAGES = "it charges, and answers with one image fewer than ordered"
    TOO_MANY_IMAGES = "it charges, and answers with one image more than ordered"
    NO_IMAGE_FILES = "it charges, and sends files that are not images"
    ONE_NO_IMAGE_FILE = "it charges, and the first file is not an image"
    ALL_HELD_BACK = "its moderation refuses the whole order"
    ONE_HELD_BACK = "it charges, and its moderation withholds the first image"
    MODERATED_IN_OTHER_WORDS = "its moderation refuses with the code of another provider, as behind a gateway"
    REFUSED_IN_A_SUCCESS = "it answers with a success status, and its body reports a refusal by moderation"
    LINKS_DEAD = "it charges, and its links cannot be opened"
    LINKS_ASTRAY = "it charges, and its links lead to hosts that are not allowed"
    IMAGES_OUT_OF_REACH = "it charges, and every attempt to fetch its images fails"
    FETCHES_STUMBLE = "each image can be fetched at the second attempt only"
    OTHER_SIZE = "it charges, and draws a size that was not ordered"
    BYTES_BEHIND_THE_END = "it charges, and further bytes follow the end of each image"
    LABELLED_WRONGLY = "it charges, and the headers of its answer name a wrong type and coding"
    PACKED = "it charges, and compresses its answer without being asked to"
    BAD_BYTE = "it charges, and a message in its answer contains bytes that JSON does not allow"
    BASE64_WRAPPED = "it charges, and writes base64 in lines, in the alphabet for URLs, without padding"
    DATA_URIS = "it charges, and sends a data: URI instead of base64 or a link"
    IMAGES_LABELLED_WRONGLY = "the headers of a linked image name a wrong type and coding"
    IMAGES_PACKED = "a linked image is compressed although that was not requested"
    IMAGES_CUT_SHORT = "each image is cut short at the first attempt, and no header gives its length"
    LINKS_NOT_YET = "its links answer 404 at the first attempt, and work at the second"
    LINKS_LEAD_ON = "its links redirect to an allowed host first"


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
