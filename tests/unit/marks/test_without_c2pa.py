"""Without the extra c2pa, marks in XMP are still written and read, and signing is refused."""

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from darkroom.adapters.marks.credentials import ContentCredentials
from darkroom.adapters.marks.inspection import inspect
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.model_card import MediaSource
from darkroom.entrypoints.container.marks import read_marks
from darkroom.entrypoints.settings import BadSettings, Settings
from unit.marks.authority import Authority, pem_of
from unit.marks.variants import VARIANTS, media_type

KEY = ec.generate_private_key(ec.SECP256R1())
CHAIN = Authority().certify(KEY)
SIGNING = {"DARKROOM_MARKS": "c2pa", "DARKROOM_C2PA_CERTIFICATE": CHAIN, "DARKROOM_C2PA_KEY": pem_of(KEY)}


@pytest.fixture
def signed() -> bytes:
    data = VARIANTS["png rgb"]()
    statement = Statement(source=MediaSource.TRAINED, generator="karlo", model="v2.1", seed=7)
    return ContentCredentials(chain=CHAIN, key=pem_of(KEY), algorithm="es256")(data, media_type(data), statement)


@pytest.fixture
def _without_c2pa(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    del signed  # it must be made before c2pa is missing
    monkeypatch.setitem(sys.modules, "c2pa", None)
    monkeypatch.delitem(sys.modules, "darkroom.adapters.marks.credentials")


@pytest.mark.usefixtures("_without_c2pa")
def test_a_signed_file_is_read_and_its_signature_reported_as_unchecked(signed: bytes) -> None:
    found = inspect(signed)
    assert found.seed == "7"
    assert found.credentials is not None
    assert found.credentials.state == "unchecked"


@pytest.mark.usefixtures("_without_c2pa")
def test_signing_is_refused_with_the_command_that_installs_the_extra() -> None:
    with pytest.raises(BadSettings, match=r"^DARKROOM_MARKS=c2pa needs .* pip install --editable '\.\[c2pa\]'$"):
        read_marks(Settings.read(SIGNING))


def test_each_setting_is_described() -> None:
    assert read_marks(Settings.read({})).told == "images are marked"
    assert read_marks(Settings.read({"DARKROOM_MARKS": "none"})).told == "images are not marked"
    signed = read_marks(Settings.read(SIGNING)).told
    assert signed.startswith("images are marked and signed by Darkroom Studio until")
