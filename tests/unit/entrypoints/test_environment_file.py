from pathlib import Path

import pytest

from darkroom.entrypoints.settings import BadSettings
from darkroom.entrypoints.settings.environment_file import fill_in_from


def read(path: Path, text: str, **environment: str) -> dict[str, str]:
    path.write_text(text, encoding="utf-8")
    fill_in_from(path, environment)
    return environment


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        (" A = b c ", "b c"),
        ("export A=b", "b"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=b # a comment", "b"),
        ("A=b#c", "b#c"),
        ("A=#b", "#b"),
        ("A='b # c'", "b # c"),
        ('A="b # c" # d', "b # c"),
        ("A=''", ""),
        ("A=b=c", "b=c"),
        ("A=$HOME\\n", "$HOME\\n"),
        ("A=이미지", "이미지"),
    ],
)
def test_values_are_read_from_lines(tmp_path: Path, line: str, value: str) -> None:
    assert read(tmp_path / ".env", f"# first\n\n{line}\n") == {"A": value}


@pytest.mark.parametrize("line", ["secret", "1A=secret", "A='secret", "=secret", "A B=secret"])
def test_a_wrong_line_is_reported_by_its_number_and_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadSettings, match=r"\.env, line 2: must read NAME=value") as caught:
        read(tmp_path / ".env", f"A=b\n{line}\n")
    assert "secret" not in str(caught.value)


def test_the_environment_takes_precedence(tmp_path: Path) -> None:
    assert read(tmp_path / ".env", "A=file\nB=file\nC=file", A="shell", C="") == {"A": "shell", "B": "file", "C": ""}


def test_the_file_is_optional(tmp_path: Path) -> None:
    fill_in_from(tmp_path / ".env", {})


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(BadSettings, match="cannot be read"):
        fill_in_from(tmp_path / ".env", {})
    with pytest.raises(BadSettings, match="cannot be read"):
        fill_in_from(tmp_path, {})
