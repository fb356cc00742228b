from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from simulators.links import LIFETIME, SignedLinks


class Clock:
    now = 1_704_937_631.0

    def __call__(self) -> float:
        return self.now


def opens(links: SignedLinks, link: str) -> bool:
    url = urlsplit(link)
    return links.opens(url.path, dict(parse_qsl(url.query)))


def test_opens_until_it_expires() -> None:
    clock = Clock()
    links = SignedLinks(clock)
    link = links.sign("/image/1.webp", links.expiry())

    clock.now += LIFETIME - 1
    assert opens(links, link)
    clock.now += 1
    assert not opens(links, link)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("/1.webp", "/2.webp"),
        ("expires=1", "expires=2"),
        ("signature=", "signature=A"),
        ("credential=", "credential=0"),
    ],
)
def test_does_not_open_if_changed(true: str, false: str) -> None:
    links = SignedLinks(Clock())
    link = links.sign("/image/1.webp", links.expiry())

    assert opens(links, link)
    assert true in link
    assert not opens(links, link.replace(true, false))


@pytest.mark.parametrize("query", ["", "?expires=", "?expires=soon&signature=no"])
def test_does_not_open_unsigned(query: str) -> None:
    assert not opens(SignedLinks(Clock()), f"/image/1.webp{query}")


def test_another_provider_has_other_signatures() -> None:
    links = SignedLinks(Clock())

    assert not opens(SignedLinks(Clock()), links.sign("/image/1.webp", links.expiry()))
