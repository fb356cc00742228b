"""A storage from outside: it is installed beside Darkroom and named by a setting; nothing else is changed."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from darkroom.adapters.conformance import Read, StorageContract
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.ports import ImageStorage
from integration.plugins.outside import darkroom

URL = "https://pictures.example.com"


class TestShelfImageStorage(StorageContract):
    @pytest.fixture
    def storage(self, installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ImageStorage:
        monkeypatch.syspath_prepend(str(installed))
        return __import__("darkroom_shelf").ShelfImageStorage(tmp_path, URL)  # type: ignore[no-any-return]

    @pytest.fixture
    def read(self, tmp_path: Path) -> Read:
        """Read a link as a web server does: the ending gives the type."""
        types = {media_type.ending: media_type for media_type in MediaType}

        async def opened(link: str) -> tuple[bytes, str]:
            file = tmp_path / unquote(link.removeprefix(f"{URL}/"))
            if not file.exists():
                raise LookupError(link)
            return file.read_bytes(), types[file.suffix[1:]]

        return opened


def test_a_setting_makes_the_service_keep_images_in_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    settings = {
        "DARKROOM_STORAGE": "shelf",
        "DARKROOM_SHELF_FOLDER": str(tmp_path / "shelf"),
        "DARKROOM_SHELF_URL": URL,
    }

    checked = darkroom(tmp_path, installed, "check", "--json", **settings)

    assert checked.returncode == 0, checked.stderr
    assert "DARKROOM_SHELF_FOLDER" not in checked.stderr, "Darkroom must not warn of a plugin's own setting"
    findings = {finding["part"]: finding["detail"] for finding in json.loads(checked.stdout)["findings"]}
    assert findings["storage shelf"] == f"keeps images in {tmp_path / 'shelf'}"


@pytest.mark.thorough
def test_a_missing_setting_of_its_own_is_reported(installed: Path, tmp_path: Path) -> None:
    served = darkroom(tmp_path, installed, "serve", DARKROOM_STORAGE="shelf")

    assert served.returncode == 2
    assert "shelf: DARKROOM_SHELF_FOLDER and DARKROOM_SHELF_URL must be set" in served.stderr


def test_an_unknown_storage_is_reported(installed: Path, tmp_path: Path) -> None:
    served = darkroom(tmp_path, installed, "serve", DARKROOM_STORAGE="tape")

    assert served.returncode == 2
    assert "DARKROOM_STORAGE must be disk, s3 or shelf, not 'tape'" in served.stderr
