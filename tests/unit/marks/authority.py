"""A certificate authority for tests, and the signers that it certifies, valid or flawed as a test requires."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Flawed:
    """The contents of a signer's certificate; valid by default."""

    common_name: str | None = "Darkroom Studio"
    ca: bool = False
    digital_signature: bool = True
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.EMAIL_PROTECTION
    names_issuer_key: bool = True
    self_signed: bool = False
    begins: datetime = NOW - timedelta(days=3000)
    ends: datetime = NOW + timedelta(days=3650)


class Authority:
    """Issues certificates to signers; `root` is its own certificate in PEM."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name, public_key = _name("Test root"), self._key.public_key()
        certificate = (
            x509.CertificateBuilder(name, name, public_key, x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=3650))
            .not_valid_after(NOW + timedelta(days=7300))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=False, key_cert_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.root = _pem(certificate)

    def certify(self, key: PrivateKey, says: Flawed = Flawed()) -> str:  # frozen
        """A certificate for a signer's key, in PEM."""
        issuer_key = key if says.self_signed else self._key
        subject = _name(says.common_name)
        builder = (
            x509.CertificateBuilder(subject_name=subject, public_key=key.public_key())
            .issuer_name(subject if says.self_signed else _name("Test root"))
            .serial_number(x509.random_serial_number())
            .not_valid_before(says.begins)
            .not_valid_after(says.ends)
            .add_extension(x509.BasicConstraints(ca=says.ca, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=says.digital_signature, key_cert_sign=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if says.purpose:
            builder = builder.add_extension(x509.ExtendedKeyUsage([says.purpose]), critical=False)
        if says.names_issuer_key:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        edwards = isinstance(issuer_key, ed25519.Ed25519PrivateKey)
        return _pem(builder.sign(issuer_key, None if edwards else hashes.SHA256()))


def pem_of(key: PrivateKey, *, password: bytes | None = None) -> str:
    """A private key in PEM."""
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def _name(common_name: str | None) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Darkroom tests")
    return x509.Name([organization, *([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])])


def _usage(*, digital_signature: bool, key_cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=not digital_signature,  # a certificate needs at least one usage
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
