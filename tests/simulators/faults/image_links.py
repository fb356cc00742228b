"""Faults of links and base64 in an answer: links that a client must not follow, and invalid base64.

Hostile links keep the signed path of the correct one if possible: a client that follows them gets its image, and only
the simulator's record of fetches shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import SplitResult, urlsplit

from simulators.faults.fault import AnyFault, Drawn, Entry, OfImages, Options
from simulators.faults.image_list import of_each

ANOTHER_NAME_FOR_LOOPBACK = "localhost"


def leading(rewrite: Callable[[SplitResult], SplitResult | str]) -> Callable[[Drawn, Options], list[Entry]]:
    """Return a fault that replaces the link of each image."""

    def change(entry: Entry) -> Entry:
        link = rewrite(urlsplit(str(entry["image"])))
        return {**entry, "image": link.geturl() if isinstance(link, SplitResult) else link}

    return partial(of_each, change)


def to_other_port(drawn: Drawn, options: Options) -> list[Entry]:
    port = urlsplit(drawn.elsewhere).netloc
    return leading(lambda true: true._replace(netloc=port))(drawn, options)


def at(host: str, scheme: str = "http") -> Callable[[SplitResult], SplitResult]:
    """Return a function that replaces the host of a link, but keeps its port."""
    return lambda true: true._replace(scheme=scheme, netloc=f"{host}:{true.port}")


def just(image: str) -> Callable[[SplitResult], str]:
    return lambda true: image


def tampered(true: SplitResult) -> SplitResult:
    return true._replace(query=true.query.replace("expires=", "expires=9"))


def half_of_base64(entry: Entry) -> Entry:
    text = str(entry["image"])
    return {**entry, "image": text[: len(text) // 8 * 4 + 1]}


def in_base64(change: Callable[[str], str]) -> Callable[[Drawn, Options], list[Entry]]:
    """Return a fault that changes the base64 of images; links are left alone."""

    def changed(entry: Entry) -> Entry:
        image = str(entry["image"])
        return entry if "://" in image else {**entry, "image": change(image)}

    return partial(of_each, changed)


def wrapped(text: str) -> str:
    lines = (text.rstrip("=")[place : place + 76] for place in range(0, len(text), 76))
    return "\r\n".join(lines).translate(str.maketrans("+/", "-_"))


def _link(name: str, sentence: str, act: Callable[[Drawn, Options], list[Entry]]) -> OfImages:
    return OfImages(f"link-{name}", sentence, act, reads=("index",))


MENU: tuple[AnyFault, ...] = (
    _link("other-host", "Another name for the same host.", leading(at(ANOTHER_NAME_FOR_LOOPBACK))),
    _link("other-port", "Another port of the same host.", to_other_port),
    _link("other-scheme", "ftp instead of http.", leading(lambda true: true._replace(scheme="ftp"))),
    _link(
        "lookalike-host",
        "A host whose name begins with the correct one.",
        leading(lambda true: true._replace(netloc=f"{true.netloc}.example.test")),
    ),
    _link("private-address", "An address of a private network.", leading(at("10.0.0.1", "https"))),
    _link(
        "metadata-address",
        "The address at which clouds serve credentials.",
        leading(just("http://169.254.169.254/latest/meta-data/")),
    ),
    _link("decimal-address", "The correct address as one decimal number.", leading(at("2130706433"))),
    _link("mapped-address", "The correct address in IPv6 notation.", leading(at("[::ffff:127.0.0.1]"))),
    _link(
        "userinfo",
        "A user name and password before the correct host.",
        leading(lambda true: true._replace(netloc=f"user:password@{true.netloc}")),
    ),
    _link(
        "host-as-userinfo",
        "The correct host as user name and password of another host.",
        leading(lambda true: true._replace(netloc=f"{true.netloc}@{ANOTHER_NAME_FOR_LOOPBACK}:{true.port}")),
    ),
    _link("backslash", "The correct host after a backslash.", leading(just("http://localhost\\@127.0.0.1/"))),
    _link("file", "A file of the client's own machine.", leading(just("file:///etc/passwd"))),
    _link("data", "A data: URL.", leading(just("data:image/png;base64,iVBORw0KGgo="))),
    _link("relative", "Path and query only.", leading(lambda true: true._replace(scheme="", netloc=""))),
    _link("schemeless", "Two slashes, host and path.", leading(lambda true: true._replace(scheme=""))),
    _link(
        "control-characters",
        "Line breaks that would add a header to the request.",
        leading(lambda true: f"{true.geturl()} HTTP/1.1\r\nX-Injected: 1"),
    ),
    _link("not-a-link", "Text that is not a URL.", leading(just("http://[oops"))),
    _link("very-long", "A link of 1 MB.", leading(lambda true: f"{true.geturl()}&padding={'x' * 1_000_000}")),
    _link("tampered", "An invalid signature, so that the link does not open.", leading(tampered)),
    OfImages(
        "base64-garbage", "Text that is not base64.", leading(just("%%%% this is not base64 %%%%")), reads=("index",)
    ),
    OfImages(
        "base64-wrapped",
        "Base64 with line breaks, in the URL-safe alphabet, without padding.",
        in_base64(wrapped),
        reads=("index",),
    ),
    OfImages(
        "base64-as-data-uri",
        "A `data:` URI with another media type.",
        in_base64("data:text/plain;base64,{}".format),
        reads=("index",),
    ),
    OfImages("base64-cut-short", "The first half of the base64.", partial(of_each, half_of_base64), reads=("index",)),
)
