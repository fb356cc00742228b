import stat
from pathlib import Path

import pytest

from darkroom.entrypoints.container.data_folder import data_folder, made_once, own_secret
from darkroom.entrypoints.container.keys import open_keys
from darkroom.entrypoints.settings import BadSettings, Settings


def settings_in(folder: Path, **more: str) -> Settings:
    return Settings.read({"DARKROOM_DATA_DIR": str(folder), **more})


def test_the_folder_is_created_for_its_owner_only(tmp_path: Path) -> None:
    folder = data_folder(settings_in(tmp_path / "a" / "b"))
    assert folder == tmp_path / "a" / "b"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_is_created_once_and_then_kept(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    made = [made_once(settings, "name", make) for make in (lambda: "first", lambda: "second")]
    assert made == [b"first", b"first"]
    assert stat.S_IMODE((tmp_path / "name").stat().st_mode) == 0o600


def test_secrets_differ_and_are_long_enough_for_every_hash(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first, second = own_secret(settings, "first"), own_secret(settings, "second")
    assert first != second
    assert len(first) == len(second) == 64


def test_an_empty_secret_file_prevents_the_start(tmp_path: Path) -> None:
    (tmp_path / "name").touch()
    with pytest.raises(BadSettings, match="name is empty: remove it"):
        own_secret(settings_in(tmp_path), "name")


def test_a_secret_that_cannot_be_read_prevents_the_start(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    with pytest.raises(BadSettings, match="name can be neither read nor made"):
        own_secret(settings_in(tmp_path), "name")


async def test_a_secret_that_is_too_short_prevents_the_start(tmp_path: Path) -> None:
    (tmp_path / "jwt-secret").write_bytes(b"short")
    with pytest.raises(BadSettings, match="DARKROOM_JWT_SECRET cannot be used"):
        async with open_keys(settings_in(tmp_path)):
            pass


async def test_an_invalid_public_key_prevents_the_start(tmp_path: Path) -> None:
    key = "-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----"
    settings = settings_in(tmp_path, DARKROOM_JWT_ALGORITHM="RS256", DARKROOM_JWT_PUBLIC_KEY=key)
    with pytest.raises(BadSettings, match="DARKROOM_JWT_PUBLIC_KEY cannot be used"):
        async with open_keys(settings):
            pass
