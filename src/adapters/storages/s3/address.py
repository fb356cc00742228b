"""Addresses of buckets: host, region, and whether the bucket's name is in the host or in the path."""

import ipaddress
import re
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
# A region that a server names becomes part of a host name, so it must be one label.
_REGION: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


class Address(NamedTuple):
    """The URL of a bucket, to which the key of an object is appended; `host` and `path` are its signed parts."""

    url: str
    host: str
    path: str
    region: str

    @classmethod
    def read(cls, url: str, region: str) -> Self:
        """Parse a URL; `host` is the value of the header `Host`, without the default port of the scheme."""
        parts = urlsplit(url)
        return cls(url, parts.netloc.removesuffix(_DEFAULT_PORTS[parts.scheme]), parts.path, region)

    def in_region(self, region: str) -> Self:
        """Return the address of the bucket in another region of the same provider, which many name in the host.

        Only that label of the host changes, so a server cannot redirect its clients to another provider.
        """
        parts = urlsplit(self.url)
        if around := self._around_region(parts.netloc):
            parts = parts._replace(netloc=region.join(around))
        return self.read(parts.geturl(), region)

    def by_host(self, bucket: str) -> Self | None:
        """Return the address with the bucket's name in the host; None if it is not in the path, or the host is an IP
        address.
        """
        parts = urlsplit(self.url)
        if parts.path != f"/{bucket}/" or _is_ip(parts.hostname or ""):
            return None
        return self.read(parts._replace(netloc=f"{bucket}.{parts.netloc}", path="/").geturl(), self.region)

    def region_of(self, endpoint: str, bucket: str) -> str | None:
        """Return the region in the host name `endpoint` of the same provider; None if there is none.

        For example, `eu-west-1` in `my-images.s3.eu-west-1.amazonaws.com`.
        """
        host, there = (name.removeprefix(f"{bucket}.") for name in (self.host, endpoint))
        if around := self._around_region(host):
            before, after = around
            # The oldest hosts have a hyphen before the region: s3-eu-west-1.amazonaws.com
            found = re.fullmatch(rf"{re.escape(before[:-1])}[.-](?P<region>{_REGION}){re.escape(after)}", there)
            return found["region"] if found else None
        return None

    def _around_region(self, host: str) -> tuple[str, str] | None:
        """Return the text before and after the region in a host; None if it is missing or the first label."""
        found = re.fullmatch(rf"(.+\.){re.escape(self.region)}([.:].*|)", host)
        return (found[1], found[2]) if found else None


def is_region(text: str) -> bool:
    """Return whether a text from a server has the form of a region."""
    return re.fullmatch(_REGION, text) is not None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
