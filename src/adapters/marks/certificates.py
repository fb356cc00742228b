"""Checks at the start that a certificate and its key may sign Content Credentials.

The requirements are those of the C2PA specification 2.2, 14.5.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from darkroom.domain.model.errors import InvalidValue

E = TypeVar("E", bound=x509.ExtensionType)

_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_RSA_BITS: Final = 2048
_PURPOSES: Final = frozenset(
    {
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning, RFC 9336
        ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),  # C2PA claim signing
    }
)


def read_chain(text: str, *, now: datetime) -> Sequence[x509.Certificate]:
    """Return the certificates of a PEM chain, leaf first, valid at `now`.

    Raises:
        InvalidValue: it is not a chain, or may not sign; the message says why.
    """
    with _told("is not a chain of certificates, leaf first"):
        chain = x509.load_pem_x509_certificates(text.encode())
        for below, above in pairwise(chain):
            below.verify_directly_issued_by(above)
        for flaw in _flaws(chain, now):
            raise InvalidValue(flaw)
        return chain


def read_algorithm(text: str, leaf: x509.Certificate) -> str:
    """Return the C2PA name of the signature algorithm of the PEM private key `text`.

    Raises:
        InvalidValue: it is not a key without a password, not the key of `leaf`, or of a kind that may not sign.
    """
    with _told("is not a private key in PEM without a password"):
        key = load_pem_private_key(text.encode(), None)
        if key.public_key() != leaf.public_key():
            raise InvalidValue("is not the key of the certificate")
        match key:
            case EllipticCurvePrivateKey() if key.curve.name in _CURVES:
                return _CURVES[key.curve.name]
            case RSAPrivateKey() if key.key_size >= _RSA_BITS:
                return "ps256"
            case Ed25519PrivateKey():
                return "ed25519"
            case _:
                raise InvalidValue("must be P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits")


def name_of(leaf: x509.Certificate) -> str:
    """Return the common name of a certificate's subject, else its organization, else the whole subject."""
    names = (leaf.subject.get_attributes_for_oid(oid) for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME))
    return next((str(found[0].value) for found in names if found), leaf.subject.rfc4514_string())


def _flaws(chain: Sequence[x509.Certificate], now: datetime) -> Iterator[str]:
    leaf = chain[0]
    usage, purposes = _extension(leaf, x509.KeyUsage), _extension(leaf, x509.ExtendedKeyUsage)
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints and constraints.ca:
        yield "begins with a certificate authority: the signer's own certificate must come first"
    if leaf.issuer == leaf.subject:
        yield "is self-signed: an authority must have issued it"
    if not (usage and usage.digital_signature):
        yield "is not for digital signatures (keyUsage)"
    if not (purposes and _PURPOSES & set(purposes)):
        yield "is not for signing content (extendedKeyUsage: emailProtection, documentSigning or C2PA's own)"
    if not _extension(leaf, x509.AuthorityKeyIdentifier):
        yield "does not say which key issued it (authorityKeyIdentifier)"
    for one in chain:
        if not one.not_valid_before_utc <= now <= one.not_valid_after_utc:
            yield f"is valid from {one.not_valid_before_utc:%Y-%m-%d} to {one.not_valid_after_utc:%Y-%m-%d} only"


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


@contextmanager
def _told(otherwise: str) -> Iterator[None]:
    try:
        yield
    except InvalidValue:
        raise
    except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise InvalidValue(otherwise) from error
