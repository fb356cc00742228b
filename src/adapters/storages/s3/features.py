"""Features that not all S3 servers support, and how a missing one is detected."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, Literal, NamedTuple, TypeAlias

from botocore.exceptions import ClientError

from darkroom.adapters.storages.s3.faults import passes, status_of

Wanted: TypeAlias = Literal["auto", "true", "false"]

_CONDITION: Final = "If-None-Match"
_CHECKSUM: Final = "x-amz-checksum-sha256"
# Codes of a 400 that mean that the checksum was understood.
_UNDERSTOOD: Final = {"InvalidDigest"}
# Codes of servers that require the bucket's name in the host: Alibaba Cloud and Tencent Cloud.
_WANT_THE_HOST: Final = {"SecondLevelDomainForbidden", "PathStyleDomainForbidden"}


class Features(NamedTuple):
    """What uploads include: `conditions`, so that nothing is overwritten, and `checksums`, kept with the objects."""

    conditions: bool
    checksums: bool

    def headers(self, checksum: str) -> Mapping[str, str]:
        """Return the headers for an upload; `checksum` is the SHA-256 of its bytes in base64."""
        return {
            **({_CONDITION: "*"} if self.conditions else {}),
            **({_CHECKSUM: checksum} if self.checksums else {}),
        }

    @property
    def left_out(self) -> list[str]:
        """The names of the headers that uploads do not include."""
        return [name for name, sent in ((_CONDITION, self.conditions), (_CHECKSUM, self.checksums)) if not sent]

    def unknown(self, refusal: ClientError) -> bool:
        """Return whether an upload was refused because of one of these headers: by 501, or by a 400 that names it.

        Nothing else counts, so that a temporary error does not disable a safety feature until the next start.
        """
        if passes(refusal):
            return False
        said = refusal.response["Error"]
        match status_of(refusal):
            case HTTPStatus.NOT_IMPLEMENTED:
                return self.conditions or self.checksums
            case HTTPStatus.BAD_REQUEST if said.get("Code") not in _UNDERSTOOD:
                text = str(said).lower()
                return any(name.lower() in text for name in self.headers(""))
            case _:
                return False


def candidates(conditions: Wanted, checksums: Wanted) -> Iterator[Features]:
    """Return the combinations to try, the safest first; "auto" allows both values."""
    choices = {"auto": (True, False), "true": (True,), "false": (False,)}
    return (
        Features(conditions=condition, checksums=checksum)
        for checksum in choices[checksums]
        for condition in choices[conditions]
    )


def wants_the_host(refusal: ClientError) -> bool:
    """Return whether a server refused a request because it requires the bucket's name in the host."""
    said = refusal.response["Error"]
    text = str(said).lower().replace("-", " ")
    return said.get("Code") in _WANT_THE_HOST or (
        status_of(refusal) in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
        and ("path style" in text or "virtual host" in text)
    )
