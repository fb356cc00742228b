"""Where a bucket is: its host, whether its name stands in the host or in the path, and its region."""

import ipaddress
import re
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
# What a server says becomes part of a host's name here.
_REGION: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


class Address(NamedTuple):
    """Where a bucket is, up to the names of what is in it; `host` and `path` as a signature covers them."""

    url: str
    host: str
    path: str
    region: str

    @classmethod
    def read(cls, url: str, region: str) -> Self:
        """Take a URL apart; the header `Host` leaves out a port that is the scheme's own."""
        parts = urlsplit(url)
        return cls(url, parts.netloc.removesuffix(_DEFAULT_PORTS[parts.scheme]), parts.path, region)

    def in_region(self, region: str) -> Self:
        """The same bucket at the same provider in another region, which many providers name in the host.

        Only that label of the host ever changes: a server cannot send its clients to another provider by it.
        """
        parts = urlsplit(self.url)
        if around := self._around_region(parts.netloc):
            parts = parts._replace(netloc=region.join(around))
        return self.read(parts.geturl(), region)

    def by_host(self, bucket: str) -> Self | None:
        """The same with the bucket's name in the host, if it is in the path and the host is not an IP address."""
        parts = urlsplit(self.url)
        if parts.path != f"/{bucket}/" or _is_ip(parts.hostname or ""):
            return None
        return self.read(parts._replace(netloc=f"{bucket}.{parts.netloc}", path="/").geturl(), self.region)

    def region_of(self, endpoint: str, bucket: str) -> str | None:
        """The region that another host of the same provider names: `my-images.s3.eu-west-1.amazonaws.com`."""
        host, there = (name.removeprefix(f"{bucket}.") for name in (self.host, endpoint))
        if around := self._around_region(host):
            before, after = around
            # The oldest hosts have a hyphen there: s3-eu-west-1.amazonaws.com
            found = re.fullmatch(rf"{re.escape(before[:-1])}[.-](?P<region>{_REGION}){re.escape(after)}", there)
            return found["region"] if found else None
        return None

    def _around_region(self, host: str) -> tuple[str, str] | None:
        """What stands before and after the region in a host, whose first label it never is."""
        found = re.fullmatch(rf"(.+\.){re.escape(self.region)}([.:].*|)", host)
        return (found[1], found[2]) if found else None


def is_region(text: str) -> bool:
    """Whether a server's word for a region can be one."""
    return re.fullmatch(_REGION, text) is not None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
