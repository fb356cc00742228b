from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.adapters.outbound_http.image_hosts import ImageHosts
from darkroom.adapters.outbound_http.public_addresses import LinkRefused
from darkroom.domain.model.errors import InvalidValue

HOSTS = ImageHosts.parse(
    ["mk.kakaocdn.net", "Other.Example:8443", "1.1.1.1", "[2606:4700::1111]", "http://127.0.0.1:9001", "http://sim"]
)
LINK = "https://mk.kakaocdn.net/dna/a2Fy%2Bb%3D/x.webp?credential=c&expires=1704938231&signature=a%2Bb%2F%3D%41"


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        "https://mk.kakaocdn.net",
        "https://mk.kakaocdn.net:443/x",
        "https://MK.KakaoCDN.net/x",
        "HTTPS://mk.kakaocdn.net/x#fragment",
        "https://other.example:8443/x",
        "https://1.1.1.1/x",
        "https://[2606:4700::1111]/x",
        "http://127.0.0.1:9001/x",
        "http://sim/x",
        "http://sim:80/x",
    ],
)
def test_a_link_to_an_allowed_host_may_be_followed(link: str) -> None:
    assert HOSTS.allow(link).host


def test_a_link_is_kept_as_written() -> None:
    assert str(HOSTS.allow(LINK)) == LINK


@pytest.mark.parametrize(
    "link",
    [
        # another scheme, port or name
        "http://mk.kakaocdn.net/x",
        "ftp://mk.kakaocdn.net/x",
        "file:///etc/passwd",
        "data:image/png;base64,iVBORw0KGgo=",
        "https://mk.kakaocdn.net:8443/x",
        "https://other.example/x",
        "https://mk.kakaocdn.net./x",
        "https://mk.kakaocdn.net.evil.example/x",
        "https://evil-mk.kakaocdn.net/x",
        "https://kakaocdn.net/x",
        "https://a.mk.kakaocdn.net/x",
        "https://127.0.0.1:9001/x",
        "http://127.0.0.1/x",
        "http://127.0.0.1:9002/x",
        "http://sim:8080/x",
        "https://sim/x",
        # the same address in other notations
        "http://localhost:9001/x",
        "http://2130706433:9001/x",
        "http://0x7f000001:9001/x",
        "http://0x7f.0.0.1:9001/x",
        "http://0177.0.0.1:9001/x",
        "http://017700000001:9001/x",
        "http://127.1:9001/x",
        "http://127.0.0.1.:9001/x",
        "http://[::ffff:127.0.0.1]:9001/x",
        "http://[::ffff:7f00:1]:9001/x",
        "http://[::1]:9001/x",
        "http://[::1%25lo]:9001/x",
        "http://[::1%lo]:9001/x",
        "http://0:9001/x",
        # an allowed host somewhere else in the link
        "https://mk.kakaocdn.net@evil.example/x",
        "https://user@mk.kakaocdn.net/x",
        "https://user:password@mk.kakaocdn.net/x",
        "https://evil.example/@mk.kakaocdn.net",
        "https://evil.example?mk.kakaocdn.net",
        "https://evil.example#@mk.kakaocdn.net/",
        "https://evil.example\\@mk.kakaocdn.net/x",
        "https://mk.kakaocdn.net\\.evil.example/x",
        "https://mk.kakaocdn.net%2eevil.example/x",
        "https://mk.kakaocdn.net%00.evil.example/x",
        "https://mk.kakaocdn.net;evil.example/x",
        # not a link
        "",
        "/dna/x.webp",
        "//mk.kakaocdn.net/x",
        "https:mk.kakaocdn.net/x",
        "https:///mk.kakaocdn.net/x",
        " https://mk.kakaocdn.net/x",
        "https://mk.kakaocdn.net/x y",
        "https://mk.kakaocdn.net/x\r\nX-Injected: 1",
        "https://mk.kakaocdn.net\t/x",
        "https://mk.kakaocdn.net/\0",
        "https://\uff4dk.kakaocdn.net/x",
        "https://mk\u3002kakaocdn\u3002net/x",
        "https://mk.kakaocdn.net/\ud800",
        "https://mk.kakaocdn.net:99999/x",
        "https://mk.kakaocdn.net:0/x",
        "https://mk.kakaocdn.net:-1/x",
        "http://[oops",
        "https://mk.kakaocdn.net/" + "x" * ImageHosts.LONGEST_LINK,
    ],
)
def test_any_other_link_is_refused(link: str) -> None:
    with pytest.raises(LinkRefused):
        HOSTS.allow(link)


@given(st.text(max_size=80))
@example("https://" + "[" * 50)
def test_any_text_is_followed_or_refused(text: str) -> None:
    for link in (text, f"https://{text}", f"https://mk.kakaocdn.net{text}"):
        try:
            url = HOSTS.allow(link)
        except LinkRefused:
            continue
        assert (url.scheme, url.host, url.port) == ("https", "mk.kakaocdn.net", None)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "mk.kakaocdn.net/path",
        "mk.kakaocdn.net?query",
        "user@mk.kakaocdn.net",
        "mk.kakaocdn.net:port",
        "mk.kakaocdn.net:0",
        "mk.kakaocdn.net:65536",
        "*.kakaocdn.net",
        "127.0.0.1",
        "127.0.0.1:9001",
        "10.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "http://",
        "ftp://mk.kakaocdn.net",
        "http://127.0.0.1:9001/path",
        "http://user@127.0.0.1:9001",
        "http://127.0.0.1:9001#fragment",
    ],
)
def test_an_invalid_entry_is_refused(entry: str) -> None:
    with pytest.raises(InvalidValue, match=r"must be|is not a public address"):
        ImageHosts.parse(["mk.kakaocdn.net", entry])


def test_an_internationalised_name_is_written_in_punycode() -> None:
    link = "https://xn--4h5b.example/x"

    assert str(ImageHosts.parse(["xn--4h5b.example"]).allow(link)) == link


def test_at_least_one_host_must_be_allowed() -> None:
    with pytest.raises(InvalidValue, match="at least one"):
        ImageHosts.parse([])


BELOW = ImageHosts.parse([".fal.media", ".other.example:8443"])


@pytest.mark.parametrize(
    "link", ["https://v3.fal.media/x", "https://a.b.FAL.media/x", "https://x.other.example:8443/y"]
)
def test_all_hosts_below_a_domain_may_be_allowed(link: str) -> None:
    assert BELOW.allow(link).host


@pytest.mark.parametrize(
    "link",
    [
        "https://fal.media/x",
        "https://evilfal.media/x",
        "https://v3.fal.media.evil.example/x",
        "https://v3.fal.media./x",
        "http://v3.fal.media/x",
        "https://v3.fal.media:8443/x",
        "https://x.other.example/y",
        "https://evil.example/v3.fal.media",
    ],
)
def test_a_host_outside_the_domain_is_refused(link: str) -> None:
    with pytest.raises(LinkRefused):
        BELOW.allow(link)


@pytest.mark.parametrize("entry", [".com", ".", "*", ".10.0.0.1", ".*.example.com", "..example.com", ".a.b/c"])
def test_an_invalid_domain_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(InvalidValue):
        ImageHosts.parse([entry])
