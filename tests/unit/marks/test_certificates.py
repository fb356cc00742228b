"""Certificates that cannot sign Content Credentials are refused before anything is signed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from darkroom.adapters.marks.certificates import name_of, read_algorithm, read_chain
from darkroom.domain.model.errors import InvalidValue
from unit.marks.authority import NOW, Authority, Flawed, PrivateKey, pem_of

GOOD = Flawed()
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (KEY, "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ec.generate_private_key(ec.SECP521R1()), "es512"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
    ],
    ids=["P-256", "P-384", "P-521", "RSA", "Ed25519"],
)
@pytest.mark.parametrize("with_root", [True, False])
def test_a_valid_signer_is_accepted(authority: Authority, key: PrivateKey, algorithm: str, with_root: bool) -> None:
    chain = read_chain(authority.certify(key) + (authority.root if with_root else ""), now=NOW)

    assert len(chain) == 1 + with_root
    assert name_of(chain[0]) == "Darkroom Studio"
    assert read_algorithm(pem_of(key), chain[0]) == algorithm


@pytest.mark.parametrize("purpose", ["1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"])
def test_other_purposes_of_signing_are_accepted(authority: Authority, purpose: str) -> None:
    assert read_chain(authority.certify(KEY, replace(GOOD, purpose=ObjectIdentifier(purpose))), now=NOW)


@pytest.mark.parametrize(
    ("flawed", "says"),
    [
        (replace(GOOD, ca=True), "begins with a certificate authority"),
        (replace(GOOD, self_signed=True), "is self-signed"),
        (replace(GOOD, digital_signature=False), "is not for digital signatures"),
        (replace(GOOD, purpose=None), "is not for signing content"),
        (replace(GOOD, purpose=ExtendedKeyUsageOID.SERVER_AUTH), "is not for signing content"),
        (replace(GOOD, names_issuer_key=False), "does not say which key issued it"),
        (replace(GOOD, ends=NOW - timedelta(hours=1)), "is valid from 2018-03-15 to 2026-05-31 only"),
        (replace(GOOD, begins=NOW + timedelta(days=1)), "is valid from 2026-06-02 to"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_flaw_is_reported_in_one_line(authority: Authority, flawed: Flawed, says: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{says}") as refused:
        read_chain(authority.certify(KEY, flawed), now=NOW)
    assert "\n" not in str(refused.value)


def test_a_chain_that_is_out_of_order_unrelated_or_damaged_is_refused(authority: Authority) -> None:
    leaf = authority.certify(KEY)
    for chain in (authority.root + leaf, leaf + Authority().root, leaf[:200], "", leaf.replace("M", "-")):
        with pytest.raises(InvalidValue, match=r"is not a chain of certificates|begins with a certificate authority"):
            read_chain(chain, now=NOW)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "is not the key of the certificate"),
        (pem_of(KEY, password=b"hush"), "is not a private key in PEM without a password"),
        ("-----BEGIN PRIVATE KEY-----", "is not a private key in PEM without a password"),
    ],
)
def test_a_key_that_is_not_the_signers_is_refused(authority: Authority, key: str, says: str) -> None:
    (leaf,) = read_chain(authority.certify(KEY), now=NOW)
    with pytest.raises(InvalidValue, match=f"^{says}$"):
        read_algorithm(key, leaf)


def test_keys_that_content_credentials_do_not_allow_are_refused(authority: Authority) -> None:
    for key in (ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 1024)):  # noqa: S505  # too short on purpose
        (leaf,) = read_chain(authority.certify(key), now=NOW)
        with pytest.raises(InvalidValue, match=r"^must be P-256"):
            read_algorithm(pem_of(key), leaf)


def test_a_signer_without_a_common_name_is_called_by_its_organization(authority: Authority) -> None:
    (leaf,) = read_chain(authority.certify(KEY, replace(GOOD, common_name=None)), now=NOW)
    assert name_of(leaf) == "Darkroom tests"
