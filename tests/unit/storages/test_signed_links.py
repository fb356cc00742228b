from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from darkroom.adapters.storages.disk import SignedLinks

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LINKS = SignedLinks(secret=b"s" * 32, base_url="https://darkroom.example/files", ttl=timedelta(minutes=1))
ANY_TEXT = st.text(st.characters())  # including lone surrogates, which a lenient decoder may produce


def parts(link: str) -> tuple[str, str, str]:
    split = urlsplit(link)
    query = parse_qs(split.query, strict_parsing=True)
    return unquote(split.path).removeprefix("/files/"), query["expires"][0], query["signature"][0]


def opens(key: str, expires: str, signature: str, *, now: datetime = NOW, links: SignedLinks = LINKS) -> bool:
    return links.opens(key, expires=expires, signature=signature, now=now)


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), age=st.integers(0, 59))
def test_every_key_survives_its_link(key: str, age: int) -> None:
    linked, expires, signature = parts(LINKS.link(key, NOW))

    assert linked == key
    assert opens(key, expires, signature, now=NOW + timedelta(seconds=age))


@given(key=ANY_TEXT, expires=ANY_TEXT, signature=ANY_TEXT)
def test_no_invented_link_opens(key: str, expires: str, signature: str) -> None:
    assert not opens(key, expires, signature)


@given(data=st.data())
def test_no_changed_link_opens(data: st.DataObject) -> None:
    genuine = parts(LINKS.link("images/2026/a.png", NOW))
    place = data.draw(st.integers(0, 2))
    changed = list(genuine)
    cut = data.draw(st.integers(0, len(genuine[place])))
    changed[place] = genuine[place][:cut] + data.draw(ANY_TEXT) + genuine[place][data.draw(st.integers(cut, 100)) :]
    assume(tuple(changed) != genuine)

    assert not opens(*changed)


def test_characters_cannot_move_between_key_and_expiry() -> None:
    _, expires, signature = parts(LINKS.link("7 a.png", NOW))

    assert not opens("a.png", f"{expires} 7", signature)


def test_a_link_signed_with_another_secret_does_not_open() -> None:
    other = SignedLinks(secret=b"t" * 32, base_url=LINKS.base_url, ttl=LINKS.ttl)

    assert not opens(*parts(LINKS.link("a.png", NOW)), links=other)


@given(moments=st.lists(st.integers(0, 10**10), min_size=2, max_size=2), ttl=st.integers(2, 604_800))
def test_a_link_is_valid_for_at_least_half_its_ttl_and_stays_the_same_for_a_while(moments: list[int], ttl: int) -> None:
    links = replace(LINKS, ttl=timedelta(seconds=ttl))
    made = [links.link("a.png", datetime.fromtimestamp(moment, UTC)) for moment in moments]
    lives = [int(parts(link)[1]) - moment for link, moment in zip(made, moments, strict=True)]
    first, second = (moment // (ttl // 2) for moment in moments)

    assert all(ttl / 2 <= life <= ttl for life in lives)
    assert (made[0] == made[1]) == (first == second)


@given(key=ANY_TEXT, name=st.text(min_size=1), other=ANY_TEXT)
def test_a_file_name_is_signed_too(key: str, name: str, other: str) -> None:
    assume(name != other)
    query = dict(part.split("=", 1) for part in LINKS.link("a.png", NOW, name).partition("?")[2].split("&"))
    expires, signature = query["expires"], query["signature"]

    assert unquote(query["name"]) == name
    assert LINKS.opens("a.png", expires=expires, signature=signature, now=NOW, name=name)
    assert not LINKS.opens("a.png", expires=expires, signature=signature, now=NOW, name=other)
    assert not LINKS.opens(key + "b", expires=expires, signature=signature, now=NOW, name=name)


@pytest.mark.parametrize(("late", "open_"), [(59, True), (60, False), (3600, False)])
def test_a_link_expires_after_its_ttl(late: int, open_: bool) -> None:
    assert opens(*parts(LINKS.link("a.png", NOW)), now=NOW + timedelta(seconds=late)) is open_


def test_the_repr_does_not_contain_the_secret() -> None:
    assert "sss" not in repr(LINKS)
