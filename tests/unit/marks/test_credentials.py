"""Content Credentials, as read by C2PA's own reader with the root of our test authority as its trust anchor."""

import io
import json
import logging
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from c2pa import Context, Reader, Settings
from cryptography.hazmat.primitives.asymmetric import ec

from darkroom.adapters.marks import png, xmp
from darkroom.adapters.marks.credentials import ContentCredentials
from darkroom.adapters.marks.files import embedded, properties, stated_in_xmp
from darkroom.adapters.marks.inspection import inspect
from darkroom.adapters.marks.manifests import Credentials
from darkroom.adapters.marks.statement import SOURCE_TYPES, Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.model_card import MediaSource
from unit.marks.authority import NOW, Authority, Flawed, pem_of
from unit.marks.variants import VARIANTS, media_type, metadata, pixels

DRAWN: Final = Statement(source=MediaSource.TRAINED, generator="karlo", model="v2.1", seed=7)
THREE: Final = ("png rgb", "jpeg progressive", "webp lossy")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def signer(authority: Authority, says: Flawed | None = None) -> ContentCredentials:
    key = ec.generate_private_key(ec.SECP256R1())
    chain = authority.certify(key, says or Flawed())
    return ContentCredentials(chain=chain, key=pem_of(key), algorithm="es256")


@pytest.fixture(scope="module")
def credentials(authority: Authority) -> ContentCredentials:
    return signer(authority)


def read(data: bytes, root: str) -> Mapping[str, Any]:
    settings = {"trust": {"trust_anchors": root}, "verify": {"verify_trust": True, "remote_manifest_fetch": False}}
    with Reader(media_type(data).value, io.BytesIO(data), context=Context(Settings.from_dict(settings))) as reader:
        store: Mapping[str, Any] = json.loads(reader.json())
    return store


def active(store: Mapping[str, Any]) -> Mapping[str, Any]:
    manifest: Mapping[str, Any] = store["manifests"][store["active_manifest"]]
    return manifest


@pytest.mark.parametrize("name", VARIANTS)
def test_c2pas_own_reader_trusts_a_signed_image(
    name: str, authority: Authority, credentials: ContentCredentials
) -> None:
    data = VARIANTS[name]()
    signed = credentials(data, media_type(data), DRAWN)
    store = read(signed, authority.root)

    assert store["validation_state"] == "Trusted"
    (actions,) = active(store)["assertions"]
    (created,) = actions["data"]["actions"]
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"] == DRAWN.source_type
    assert created["softwareAgent"] == {"name": "karlo", "version": "v2.1"}
    assert active(store)["claim_generator_info"][0]["name"] == "Darkroom"
    assert active(store)["signature_info"]["common_name"] == "Darkroom Studio"
    assert "thumbnail" not in active(store)
    assert pixels(signed) == pixels(data)
    assert metadata(signed) == metadata(data)
    said = properties(embedded(signed, media_type(signed)))
    assert said.items() >= (DRAWN.properties.items() - {("xmp:CreatorTool", "Darkroom")})


@pytest.mark.parametrize("name", THREE)
def test_signing_an_image_twice_changes_only_the_manifest(name: str, credentials: ContentCredentials) -> None:
    data = VARIANTS[name]()
    one, other = (credentials(data, media_type(data), DRAWN) for _ in range(2))

    assert one != other
    assert len(one) == len(other)
    assert embedded(one, media_type(one)) == embedded(other, media_type(other))
    assert pixels(one) == pixels(other)


@pytest.mark.parametrize("name", THREE)
def test_a_manifest_already_in_the_file_becomes_an_ingredient(
    name: str, authority: Authority, credentials: ContentCredentials
) -> None:
    provider = signer(authority, Flawed(common_name="A provider"))
    theirs = Statement(source=MediaSource.TRAINED, generator="other", model="m", seed=None)
    data = VARIANTS[name]()
    came = provider(data, media_type(data), theirs)
    store = read(credentials(came, media_type(came), DRAWN), authority.root)

    assert store["validation_state"] == "Trusted"
    (ingredient,) = active(store)["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    parent = store["manifests"][ingredient["active_manifest"]]
    assert parent["signature_info"]["common_name"] == "A provider"
    assert parent == active(read(came, authority.root))
    flaws = {flaw["code"] for flaw in ingredient["validation_results"]["activeManifest"]["failure"]}
    assert flaws <= {"signingCredential.untrusted"}, "only the trust in the signer may be missing"


@pytest.mark.parametrize("name", THREE)
def test_without_our_certificate_a_signed_file_is_left_unchanged(name: str, credentials: ContentCredentials) -> None:
    data = VARIANTS[name]()
    came = credentials(data, media_type(data), DRAWN)
    assert stated_in_xmp(came, media_type(came), DRAWN) == came


def test_a_remote_manifest_is_not_fetched(credentials: ContentCredentials, authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        link = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/manifest.c2pa"
        data = png.with_xmp(VARIANTS["png rgb"](), xmp.packet({"dcterms:provenance": link}))
        signed = credentials(data, media_type(data), DRAWN)
        assert inspect(data).credentials
        assert inspect(signed, anchors=authority.root).credentials

        with pytest.raises(BlockingIOError):  # no connection was made
            elsewhere.accept()
    assert read(signed, authority.root)["validation_state"] == "Trusted"


def test_an_image_that_cannot_be_signed_is_still_marked_in_xmp(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    expired = signer(authority, Flawed(ends=NOW - timedelta(days=1)))
    data = VARIANTS["png rgb"]()
    with caplog.at_level(logging.ERROR):
        handed_out = expired(data, media_type(data), DRAWN)

    assert handed_out == stated_in_xmp(data, media_type(data), DRAWN)
    assert "without Content Credentials" in caplog.text


def test_an_unusable_certificate_is_reported_when_it_is_loaded() -> None:
    with pytest.raises(InvalidValue, match="cannot be signed with"):
        ContentCredentials(chain="no chain", key="no key", algorithm="es256")


def test_many_threads_sign_concurrently(authority: Authority, credentials: ContentCredentials) -> None:
    data = VARIANTS["webp lossy"]()
    with ThreadPoolExecutor(8) as threads:
        signed = list(threads.map(lambda _: credentials(data, media_type(data), DRAWN), range(64)))

    assert len(set(signed)) == 64
    assert {read(one, authority.root)["validation_state"] for one in signed} == {"Trusted"}


def test_inspection_distinguishes_trusted_valid_and_invalid_signatures(
    authority: Authority, credentials: ContentCredentials
) -> None:
    data = VARIANTS["png rgb"]()
    signed = credentials(data, media_type(data), DRAWN)
    at = signed.index(b"IDAT") + 20
    changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
    broken = signed.replace(b"jumd", b"junk")
    stranger = Authority()

    assert inspected(signed, authority) == Credentials(
        "trusted", "Darkroom Studio", "Darkroom tests", SOURCE_TYPES + "trainedAlgorithmicMedia"
    )
    assert inspected(signed) == inspected(signed, stranger) == replace(inspected(signed, authority), state="valid")
    assert inspected(changed, authority) == replace(
        inspected(signed), state="invalid", flaws=("assertion.dataHash.mismatch",)
    )
    assert inspected(broken).state == "invalid"
    assert inspected(broken).flaws


def inspected(data: bytes, authority: Authority | None = None) -> Credentials:
    found = inspect(data, anchors=authority.root if authority else None).credentials
    assert found is not None
    return found


def test_the_source_type_is_read_from_the_manifest_if_there_is_no_xmp(
    authority: Authority, credentials: ContentCredentials
) -> None:
    data = VARIANTS["jpeg baseline"]()
    signed = credentials._signed(data, media_type(data), DRAWN, parent=None)  # noqa: SLF001  # as other tools do
    assert embedded(signed, media_type(signed)).xmp is None
    assert inspect(signed).source_type == SOURCE_TYPES + "trainedAlgorithmicMedia"
