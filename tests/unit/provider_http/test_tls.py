from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from darkroom.adapters.outbound_http.paid_calls import PaidCalls
from darkroom.adapters.outbound_http.room import open_provider_http
from darkroom.domain.model.errors import GeneratorUnavailable
from unit.provider_http.wire import LOOPBACK, OK, wire

HOST = "api.provider.example"


class Here(AbstractResolver):
    """Resolves every name to this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=LOOPBACK, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None: ...


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a self-signed certificate for HOST and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


def server(certificate: Path) -> tuple[ssl.SSLContext, list[str | None]]:
    """The TLS context of a server, and the list of names that clients request."""
    asked: list[str | None] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.sni_callback = lambda _, name, __: asked.append(name)
    return tls, asked


async def test_the_name_is_verified_although_we_resolve_it_ourselves(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls, asked = server(certificate)
    async with wire(OK, tls=tls) as provider:
        origin = f"https://{HOST}:{provider.port}"
        async with open_provider_http(
            image_hosts=[origin], call_timeout=30, fetch_timeout=30, trust_env=True, resolver=Here()
        ) as http:
            request = httpx.Request("POST", origin, content=b"{}")
            assert (await http.paid.send(request, longest=10)).body == b"hi"
            async with http.images.fetched("image 0", f"{origin}/x") as data:
                assert data == b"hi"

    assert asked == [HOST, HOST]
    assert all(f"Host: {HOST}:{provider.port}\r\n".encode() in heard for heard in provider.heard)


@pytest.mark.parametrize(
    ("host", "trust_env"),
    [
        pytest.param(HOST, False, id="authority from the environment, without trust_env"),
        pytest.param("another.example", True, id="a certificate for another name"),
    ],
)
async def test_nothing_is_sent_to_a_server_without_a_valid_certificate(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, *, trust_env: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(PaidCalls, "LONGEST_TRYING", 0.0)
    tls, _ = server(certificate)
    async with wire(OK, tls=tls) as provider:
        origin = f"https://{host}:{provider.port}"
        async with open_provider_http(
            image_hosts=[origin], call_timeout=30, fetch_timeout=30, trust_env=trust_env, resolver=Here()
        ) as http:
            with pytest.raises(GeneratorUnavailable):
                await http.paid.send(httpx.Request("POST", origin, content=b"{}"), longest=10)

    assert provider.heard == []
