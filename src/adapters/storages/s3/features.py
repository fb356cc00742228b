"""What not every S3 server knows, and how it is found out what this one does."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, Literal, NamedTuple, TypeAlias

from botocore.exceptions import ClientError

from darkroom.adapters.storages.s3.faults import passes, status_of

Wanted: TypeAlias = Literal["auto", "true", "false"]

_CONDITION: Final = "If-None-Match"
_CHECKSUM: Final = "x-amz-checksum-sha256"
# In an answer of 400 this says that a checksum was understood.
_UNDERSTOOD: Final = {"InvalidDigest"}
# What servers answer that want the bucket in the host: Alibaba Cloud's and Tencent Cloud's codes.
_WANT_THE_HOST: Final = {"SecondLevelDomainForbidden", "PathStyleDomainForbidden"}


class Features(NamedTuple):
    """What uploads are sent with: a condition that nothing is overwritten, and a checksum that is kept with them."""

    conditions: bool
    checksums: bool

    def headers(self, checksum: str) -> Mapping[str, str]:
        """The headers of an upload; `checksum` is the SHA-256 of its bytes in base64."""
        return {
            **({_CONDITION: "*"} if self.conditions else {}),
            **({_CHECKSUM: checksum} if self.checksums else {}),
        }

    @property
    def left_out(self) -> list[str]:
        """The headers that uploads go without."""
        return [name for name, sent in ((_CONDITION, self.conditions), (_CHECKSUM, self.checksums)) if not sent]

    def unknown(self, refusal: ClientError) -> bool:
        """Whether an upload was refused for one of its headers: by 501, or by a 400 that names it. Nothing else counts:
        what is out of order for a while must not cost safety until the next start.
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
    """What may be tried, the safest first, of what is wanted."""
    choices = {"auto": (True, False), "true": (True,), "false": (False,)}
    return (
        Features(conditions=condition, checksums=checksum)
        for checksum in choices[checksums]
        for condition in choices[conditions]
    )


def wants_the_host(refusal: ClientError) -> bool:
    """Whether a server says that it takes the bucket's name in the host only."""
    said = refusal.response["Error"]
    text = str(said).lower().replace("-", " ")
    return said.get("Code") in _WANT_THE_HOST or (
        status_of(refusal) in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
        and ("path style" in text or "virtual host" in text)
    )
