"""A URL is read as libpq reads it, with any password, and no message contains a part of the password."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.times import Times
from darkroom.domain.model.errors import InvalidValue

parse = PostgresAddress.parse
ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(user=ANY, password=ANY)
def test_percent_encoded_parts_are_decoded(user: str, password: str) -> None:
    address = parse(f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@host:5433/db?sslmode=require")

    assert (address.user, address.password) == (user, password)
    assert (address.servers, address.database) == ((("host", 5433),), "db")


@pytest.mark.parametrize(
    "password",
    ["a#b", "a/b", "a@b", "top@secret/word", "a?b", "a?b=c", "@", "/", "a:b", "a&b=c", "%", "100%", "a b", "#?/@:"],
)
def test_a_password_may_contain_any_character_unencoded(password: str) -> None:
    for rest in ("host:5432/db", "host/db?sslmode=disable", "h1:5432,h2:5432/db", "host"):
        assert parse(f"postgresql://user:{password}@{rest}").password == password


@given(
    password=ANY,
    rest=st.sampled_from(["host:port/db", "host/db?no_such=1@x", "ho st/db", "host/db?sslmode", "h:1/d?port=1,2"]),
)
def test_no_message_contains_a_part_of_the_password(password: str, rest: str) -> None:
    try:
        parse(f"postgresql://user:sesame{password}@{rest}")
    except InvalidValue as rule:
        assert "sesame" not in str(rule)


def test_the_repr_of_an_address_contains_no_password() -> None:
    assert "sesame" not in repr(parse("postgresql://user:sesame@host/db?sslpassword=sesame", "sesame"))


@pytest.mark.parametrize(
    ("hosts", "servers"),
    [
        ("", ((None, None),)),
        ("h1:5432,h2:5433", (("h1", 5432), ("h2", 5433))),
        ("h1,h2", (("h1", None), ("h2", None))),
        ("[::1]:5432,10.0.0.1", (("::1", 5432), ("10.0.0.1", None))),
        ("%2Frun%2Fpostgresql", (("/run/postgresql", None),)),
    ],
)
def test_servers_may_be_named_before_the_database(hosts: str, servers: tuple[object, ...]) -> None:
    for user in ("", "user@", "user:pass@"):
        assert parse(f"postgresql://{user}{hosts}/db").servers == servers


def test_servers_may_be_named_in_parameters() -> None:
    assert parse("postgresql:///db?host=h1,h2&port=1,2&user=me%40x").servers == (("h1", 1), ("h2", 2))
    assert parse("postgresql:///db?host=/tmp&user=me@x&password=p@w").servers == (("/tmp", None),)
    assert parse("postgres://h1,h2/db?port=7").servers == (("h1", 7), ("h2", 7))


def test_a_separate_password_takes_precedence_over_the_one_in_the_url() -> None:
    assert parse("postgresql://user:old@host/db", "new").password == "new"
    assert parse("postgresql://user:old@host/db").password == "old"
    assert parse("postgresql://user@host/db").password is None


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("sslmode=yes", "sslmode"),
        ("channel_binding=require", "channel_binding=require"),
        ("channel_binding=require&sslmode=require", "channel_binding=require"),
        ("gssencmode=require", "gssencmode=require"),
        ("target_session_attrs=standby", "target_session_attrs"),
        ("connect_timeout=soon", "connect_timeout"),
        ("client_encoding=LATIN1", "client_encoding"),
        ("require_auth=scram-sha-256", "require_auth"),
        ("replication=database", "replication"),
        ("options=-B%2010", "options"),
        ("sslrootcert=system&sslmode=require", "sslrootcert=system"),
        ("port=1,2", "port"),
        ("port=70000", "ports"),
        ("sslmode", "sslmode"),
    ],
)
def test_an_unsupported_parameter_is_named(parameters: str, named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        parse(f"postgresql://user:pass@host/db?{parameters}")


def test_channel_binding_may_be_required_if_the_certificate_is_verified() -> None:
    address = parse("postgresql://u@host/db?channel_binding=require&sslmode=verify-full&sslrootcert=system")

    assert address.ssl is not None
    assert address.ssl.check_hostname
    assert address.driver_url == "postgresql://"


def test_the_driver_gets_the_parameters_it_knows_and_the_session_gets_the_rest() -> None:
    address = parse(
        "postgresql://u@h/d?sslmode=verify-ca&sslrootcert=/ca%20s.pem&connect_timeout=4&keepalives=0&pgbouncer=true"
        "&application_name=mine&work_mem=8MB&options=-csearch_path%3Da%5C%20b%20--lock-timeout=1s"
    )

    assert address.driver_url == "postgresql://?sslmode=verify-ca&sslrootcert=%2Fca%20s.pem"
    assert address.connect_timeout == 4
    assert address.settings == {
        "application_name": "mine",
        "work_mem": "8MB",
        "search_path": "a b",
        "lock_timeout": "1s",
    }


@pytest.mark.parametrize(
    "url", ["mysql://u:sesame@h/d", "postgresql:/d", "postgresql://u:sesame@h:x/d", "postgresql://h/d#x"]
)
def test_an_invalid_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(InvalidValue, match="must be like postgresql://USER:PASSWORD@HOST:PORT/DATABASE"):
        parse(url)


class TestPasswordFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        file = tmp_path / "pgpass"
        file.write_text("#h1:*:*:*:no\nh1:5433:*:me:first\n*:*:db:me:a\\:b\\\\c # d\nlocalhost:*:*:*:socket\n", "utf-8")
        file.chmod(0o600)
        return file

    @pytest.mark.parametrize(
        ("url", "password"),
        [
            ("me@h1:5433/db", "first"),
            ("me@h1/db", "a:b\\c # d"),
            ("me@h1/other", None),
            ("you@%2Ftmp/other", "socket"),
            ("me:own@h1/db", "own"),
        ],
    )
    def test_the_first_matching_line_holds_the_password(self, file: Path, url: str, password: str | None) -> None:
        address = parse(f"postgresql://{url}?passfile={file}")
        assert address.password_for(address.servers[0]) == password

    def test_a_file_that_others_can_read_is_ignored(self, file: Path, caplog: pytest.LogCaptureFixture) -> None:
        file.chmod(0o640)
        address = parse(f"postgresql://me@h1/db?passfile={file}")
        assert address.password_for(address.servers[0]) is None
        assert "other accounts can read it" in caplog.text


def test_dead_after_must_exceed_the_time_that_a_reconnection_takes() -> None:
    assert Times().checked(servers=3).dead_after == 45
    with pytest.raises(InvalidValue, match="more than"):
        Times(dead_after=10).checked(servers=1)
