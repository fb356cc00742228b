"""Secrets can be read from files; white space around them is removed."""

from pathlib import Path

import pytest

from darkroom.entrypoints.settings import GROUPS, BadSettings, KarloSettings, S3Settings, Secret, Settings, warnings
from darkroom.entrypoints.settings.secret_files import secret_names, with_secret_files
from darkroom.entrypoints.settings.setting import declared_in

NAMES = sorted(secret_names(GROUPS))
KARLO = {"DARKROOM_GENERATORS": "karlo", "DARKROOM_KARLO_BASE_URL": "http://127.0.0.1:9001"}
NAME = "DARKROOM_KARLO_API_KEY"


def problems(environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as caught:
        Settings.read(environment)
    return caught.value.problems


def test_every_key_is_a_secret() -> None:
    assert {NAME, "AWS_SECRET_ACCESS_KEY", "DARKROOM_JWT_SECRET", "DARKROOM_WEBHOOK_SECRETS"} <= set(NAMES)
    assert {"DARKROOM_C2PA_KEY", "DARKROOM_LEDGER_URL", "DARKROOM_WEBUI_AUTH", "AWS_SESSION_TOKEN"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_can_be_read_from_a_file(tmp_path: Path, name: str, end: str) -> None:
    (tmp_path / "secret").write_bytes(f"sqlite:a{end}".encode())
    environment = {f"{name}_FILE": f" {tmp_path}/secret "}
    held, wrong = with_secret_files(environment, GROUPS)
    assert (held[name], wrong) == ("sqlite:a", {})
    assert list(warnings(environment)) == []


def test_a_secret_from_a_file_is_used_like_one_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the-key\n")
    settings = Settings.read({**KARLO, f"{NAME}_FILE": str(tmp_path / "key")})
    assert settings.of(KarloSettings).api_key == Secret("the-key")


def test_a_secret_from_a_file_is_checked_by_the_same_rules(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the secret\nkey")
    (line,) = problems({**KARLO, f"{NAME}_FILE": str(tmp_path / "key")})
    assert line == f"{NAME} must be printable ASCII without blanks"


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_may_not_be_set_both_directly_and_by_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    lines = problems({name: "s" * 64, f"{name}_FILE": str(tmp_path / "secret")})
    assert lines[0] == f"{name} and {name}_FILE are both set: leave one of them out"


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n"])
def test_an_empty_file_is_reported_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    assert problems({**KARLO, f"{NAME}_FILE": str(tmp_path / "key")}) == (f"{NAME}_FILE names a file that is empty",)


@pytest.mark.parametrize("content", [None, b"\xff", b"a" * 70_000], ids=["missing", "not text", "too long"])
def test_a_file_that_cannot_be_read_is_reported_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content:
        (tmp_path / "key").write_bytes(content)
    (line,) = problems({**KARLO, f"{NAME}_FILE": str(tmp_path / "key")})
    assert line.startswith(f"{NAME}_FILE must name a file that can be read: ")
    assert str(tmp_path) not in line, "the value may be the secret itself"


@pytest.mark.parametrize("named", ["a-secret-by-mistake", "~unknown-account/x", "a\0b", ".", "x" * 5000])
def test_a_wrong_file_name_is_reported_without_being_repeated(named: str) -> None:
    (line,) = problems({**KARLO, f"{NAME}_FILE": named})
    assert line.startswith(f"{NAME}_FILE must name a file that can be read: ")
    assert len(line) < 200
    assert "mistake" not in line


def test_a_blank_value_counts_as_not_set() -> None:
    assert problems({**KARLO, f"{NAME}_FILE": " "})[0].startswith(f"{NAME} is missing")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("secret", ["secret\n", " secret", "secret\r\n", "\tsecret"])
def test_white_space_around_a_secret_is_warned_about(tmp_path: Path, name: str, secret: str) -> None:
    assert list(warnings({name: secret})) == [f"{name} has white space or a line end around it, which is left out"]


def test_white_space_in_a_file_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" the-key\n\n")
    environment = {**KARLO, f"{NAME}_FILE": str(tmp_path / "key")}
    assert list(warnings(environment)) == [f"{NAME} has white space or a line end around it, which is left out"]
    assert Settings.read(environment).of(KarloSettings).api_key == Secret("the-key")


def test_line_ends_are_removed_from_aws_keys() -> None:
    s3 = Settings.read(
        {
            "DARKROOM_STORAGE": "s3",
            "DARKROOM_S3_BUCKET": "b",
            "AWS_ACCESS_KEY_ID": "key\n",
            "AWS_SECRET_ACCESS_KEY": "secret\r\n",
        }
    ).of(S3Settings)
    assert (s3.access_key, s3.secret_key) == (Secret("key"), Secret("secret"))


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_one_aws_key_without_the_other_is_refused(name: str) -> None:
    (line,) = problems({"DARKROOM_STORAGE": "s3", "DARKROOM_S3_BUCKET": "b", name: "x"})
    assert f"is missing: {name} is set" in line


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_from_a_file_is_never_shown(name: str) -> None:
    (declared,) = (one for group in GROUPS for one in declared_in(group) if one.setting.name == name)
    assert declared.told({f"{name}_FILE": "/run/secrets/x"}) == declared.told({name: "s" * 64}) == "(secret)"
