"""Forged and malformed tokens; none of them may be accepted."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Json = dict[str, Any]

# A forger has keys too. All are made once, because making RSA keys is slow.
_RSA, _FORGERS_RSA = (rsa.generate_private_key(65_537, 2048) for _ in range(2))
_CURVE, _FORGERS_CURVE = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
_WIDE, _FORGERS_WIDE = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
_EDWARDS, _FORGERS_EDWARDS = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
_SECRET, _FORGERS_SECRET = b"k" * 64, b"f" * 64

KEYS: dict[str, tuple[Any, Any]] = {
    "HS256": (_SECRET, _FORGERS_SECRET),
    "HS384": (_SECRET, _FORGERS_SECRET),
    "HS512": (_SECRET, _FORGERS_SECRET),
    "RS256": (_RSA, _FORGERS_RSA),
    "PS256": (_RSA, _FORGERS_RSA),
    "ES256": (_CURVE, _FORGERS_CURVE),
    "ES384": (_WIDE, _FORGERS_WIDE),
    "EdDSA": (_EDWARDS, _FORGERS_EDWARDS),
}

ADDRESSES = ("jku", "x5u")
"""Header parameters that contain addresses of keys: they are ignored, and the addresses are never opened."""


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def dump(value: Json | bytes) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def claims(**changes: object) -> Json:
    """The claims of a valid token; a claim that is changed to `...` is left out."""
    at = int(time.time())
    good = {"iss": "darkroom", "aud": "darkroom", "sub": "ada", "iat": at, "exp": at + 600}
    return {claim: value for claim, value in (good | changes).items() if value is not ...}


@dataclass(frozen=True)
class Issuer:
    """Signs tokens with one algorithm, with the key that we trust or with a forger's."""

    algorithm: str

    @property
    def verification_key(self) -> bytes:
        """The secret, or the public key in PEM."""
        key = KEYS[self.algorithm][0]
        if isinstance(key, bytes):
            return key
        pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem

    def sign(self, message: bytes, *, forged: bool = False) -> bytes:
        suited = jwt.get_algorithm_by_name(self.algorithm)
        signature: bytes = suited.sign(message, suited.prepare_key(KEYS[self.algorithm][forged]))
        return signature

    def token(
        self, header: Json | bytes | None = None, payload: Json | bytes | None = None, *, forged: bool = False
    ) -> str:
        """A token with any content and, unless `forged`, a genuine signature."""
        return self.raw({} if header is None else header, claims() if payload is None else payload, forged=forged)

    def raw(self, header: Json | bytes, payload: Json | bytes, *, forged: bool = False) -> str:
        if isinstance(header, dict):
            whole: Json = {"alg": self.algorithm, "typ": "JWT"} | header
            header = {name: value for name, value in whole.items() if value is not ...}
        message = f"{b64url(dump(header))}.{b64url(dump(payload))}"
        return f"{message}.{b64url(self.sign(message.encode(), forged=forged))}"


def _unsigned(header: Json, signature: str = "") -> str:
    return f"{b64url(dump(header))}.{b64url(dump(claims()))}.{signature}"


def by_hmac(algorithm: str, secret: bytes, **header: object) -> str:
    """A token signed with `secret`."""
    message = f"{b64url(dump({'alg': algorithm, 'typ': 'JWT'} | header))}.{b64url(dump(claims()))}"
    hashed = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{message}.{b64url(hmac.digest(secret, message.encode(), hashed))}"


def forgeries(issuer: Issuer) -> Iterator[tuple[str, str]]:
    """The name of each kind of token, and the token."""
    yield from _algorithms(issuer)
    yield from _signatures(issuer)
    yield from _headers(issuer)
    yield from _claims(issuer)
    yield from _shapes(issuer)


def _algorithms(issuer: Issuer) -> Iterator[tuple[str, str]]:
    own, genuine = issuer.algorithm, issuer.token().rpartition(".")[2]
    for none in ("none", "None", "NONE", "nOnE", "", " none", "null"):
        yield f"alg {none!r}, unsigned", _unsigned({"alg": none})
        yield f"alg {none!r}, signed", _unsigned({"alg": none}, genuine)
    for value in (None, 0, True, [own], {"alg": own}, own.lower() + " ", own.swapcase(), f"{own}\0", "dir", "A256KW"):
        yield f"alg {value!r}", issuer.token({"alg": value})
    yield "no alg", issuer.token({"alg": ...})
    for other in KEYS.keys() - {own}:
        yield f"says {other}, signed as {own}", issuer.token({"alg": other})
        yield f"is {other}, with a key of its own", Issuer(other).token(forged=True)
    for other in ("Ed25519", "Ed448", "ed25519", "Ed25519ph", "ESP256", "ES256K"):
        if (own, other) != ("EdDSA", "Ed25519"):  # two names of one algorithm (RFC 9864)
            yield f"says {other}, signed as {own}", issuer.token({"alg": other})
    public = issuer.verification_key
    secrets = {"PEM": public, "PEM without its last line end": public.strip(), "empty": b"", "word": b"secret"}
    if issuer.algorithm[:2] != "HS":
        key = KEYS[own][0].public_key()
        secrets["DER"] = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        secrets["PEM with other line ends"] = public.replace(b"\n", b"\r\n")
        for name, secret in secrets.items():
            yield f"HS256 with the public key as secret, {name}", by_hmac("HS256", secret)
    else:
        for name in ("empty", "word"):
            yield f"{own} with a secret that is {name}", by_hmac(own, secrets[name])


def _signatures(issuer: Issuer) -> Iterator[tuple[str, str]]:
    good = issuer.token()
    message, _, encoded = good.rpartition(".")
    signature = issuer.sign(message.encode())
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    yield "another's key", issuer.token(forged=True)
    yield "no signature", f"{message}."
    yield "no third part", message
    yield "one bit flipped", f"{message}.{b64url(flipped)}"
    yield "cut short", f"{message}.{b64url(signature[:-1])}"
    yield "a byte longer", f"{message}.{b64url(signature + bytes(1))}"
    yield "zeros", f"{message}.{b64url(bytes(len(signature)))}"
    yield "twice", f"{message}.{b64url(signature * 2)}"
    yield "of another message", f"{message}.{issuer.token({'kid': 'x'}).rpartition('.')[2]}"
    yield "another payload", f"{good.partition('.')[0]}.{b64url(dump(claims(sub='root')))}.{encoded}"
    yield "another header", f"{b64url(dump({'alg': issuer.algorithm}))}.{b64url(dump(claims()))}.{encoded}"
    yield "with padding", f"{good}{'=' * (-len(encoded) % 4 or 4)}"
    yield "in plain base64", f"{message}.{b64encode(bytes([0xFB, 0xFF]) + signature).decode()}"
    yield "stray bits at its end", f"{message}.{encoded[:-1]}{_next_to(encoded[-1])}"


def _next_to(character: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(character) ^ 1]


def _headers(issuer: Issuer) -> Iterator[tuple[str, str]]:
    own = issuer.algorithm
    jwk = {"kty": "oct", "k": b64url(b"f" * 64), "alg": own}
    refused: dict[str, object] = {
        "crit": ["exp"],
        "jwk": jwk,
        "x5c": ["MIIB"],
        "zip": "DEF",
        "enc": "A128GCM",
        "cty": "JWT",
        "b64": True,
    }
    for name, value in refused.items():
        yield f"header {name}", issuer.token({name: value})
        yield f"header {name}, another's key", issuer.token({name: value}, forged=True)
    for name in ADDRESSES:
        yield f"header {name}, another's key", issuer.token({name: "https://evil.example/keys"}, forged=True)
        yield f"header {name} and jwk", issuer.token({name: "https://evil.example/keys", "jwk": jwk})
    yield "crit empty", issuer.token({"crit": []})
    yield "crit with b64", issuer.token({"crit": ["b64"], "b64": True})
    yield "b64 false", issuer.token({"crit": ["b64"], "b64": False})
    no_strings: tuple[object, ...] = (0, [], {}, True, 1.5)
    for odd in no_strings:
        yield f"kid {odd!r}", issuer.token({"kid": odd})
        yield f"typ {odd!r}", issuer.token({"typ": odd})
    for kid in ("../../../dev/null", "' OR 1=1 --", "http://evil.example", "\0", "x" * 4000):
        yield f"kid {kid[:20]!r}, another's key", issuer.token({"kid": kid}, forged=True)
    for typ in ("", "JWE", "id_token", "logout+jwt", "dpop+jwt", "JWT\0"):
        yield f"typ {typ!r}", issuer.token({"typ": typ})
    documents = {
        "no JSON": b"{",
        "empty": b"",
        "array": b"[]",
        "string": b'"alg"',
        "null": b"null",
        "two objects": b"{}{}",
        "bad UTF-8": b'{"alg":"\xff"}',
        "UTF-16": f'{{"alg":"{own}"}}'.encode("utf-16"),
        "byte order mark": f'\ufeff{{"alg":"{own}"}}'.encode(),
        "deep": b"[" * 5000,
        "alg twice": f'{{"alg":"none","alg":"{own}"}}'.encode(),
        "alg twice, the other way": f'{{"alg":"{own}","alg":"none"}}'.encode(),
        "kid twice": f'{{"alg":"{own}","kid":"a","kid":"b"}}'.encode(),
    }
    for name, document in documents.items():
        yield f"header {name}", issuer.token(document)


def _claims(issuer: Issuer) -> Iterator[tuple[str, str]]:
    now = int(time.time())
    wrong: dict[str, tuple[object, ...]] = {
        "jti": (0, True, ["1"], {}),
        "iss": (..., None, "", "Darkroom", "darkroom ", "evil", 0, ["darkroom"], {"darkroom": 1}),
        "aud": (..., None, "", "Darkroom", "darkroom/", [], ["x"], [["darkroom"]], ["darkroom", 0], 1, {"darkroom": 1}),
        "sub": (..., None, "", 0, True, ["ada"], {"sub": "ada"}, "x" * 256, "a\0b", "a\nb", "\ud800", "a\u202eb"),
        "exp": (..., None, now - 60, 0, -1, 1.5, str(now + 600), "", True, [now + 600], {"exp": now}, 10**30, 1e300),
        "iat": (..., None, now + 600, str(now), True, False, [], "yesterday", -1, 10**30),
        "nbf": (None, now + 600, str(now), True, [now], 10**20, -1),
        "images_per_day": ("5", True, -1, 1.0, [5], 2**40, {}),
        "spend_per_day": (
            5,
            0.5,
            True,
            "",
            "5",
            "USD",
            "-1 USD",
            "NaN USD",
            "1e99 USD",
            "Infinity USD",
            "1 usd",
            [],
            {},
        ),
        "models": (1, True, {}, {"v2.1": True}, [1], [["v2.1"]], [None]),
    }
    for claim, values in wrong.items():
        for value in values:
            yield (
                f"{claim} {'left out' if value is ... else repr(value)[:30]}",
                issuer.token({}, claims(**{claim: value})),
            )
    for name, other in {
        "azp": claims(aud=..., azp="darkroom"),
        "client_id": claims(aud=..., client_id="darkroom"),
        "client_id beside another aud": claims(aud="another", client_id="darkroom"),
        "azp beside another aud": claims(aud="another", azp="darkroom"),
    }.items():
        yield f"audience in {name}", issuer.token({}, other)
    good = dump(claims())
    documents = {
        "no JSON": b"not json",
        "empty": b"",
        "array": b"[" + good + b"]",
        "string": b'"ada"',
        "null": b"null",
        "bad UTF-8": good[:-1] + b',"x":"\xff"}',
        "NaN": good.replace(str(claims()["exp"]).encode(), b"NaN"),
        "endless": good.replace(str(claims()["exp"]).encode(), b"1e999"),
        "many digits": good.replace(str(claims()["exp"]).encode(), b"9" * 5000),
        "deep": good[:-1] + b',"x":' + b"[" * 5000 + b"}",
        "two objects": good * 2,
        "sub twice": good[:-1] + b',"sub":"root"}',
        "exp twice": good[:-1] + b',"exp":99999999999}',
        "a token": issuer.token().encode(),
    }
    for name, document in documents.items():
        yield f"payload {name}", issuer.token({}, document)


def _shapes(issuer: Issuer) -> Iterator[tuple[str, str]]:
    good = issuer.token()
    header, payload, signature = good.split(".")
    yield "nothing", ""
    for dots in range(1, 7):
        yield f"{dots} dots", "." * dots
    yield "one part", header
    yield "two parts", f"{header}.{payload}"
    yield "four parts", f"{good}.{signature}"
    yield "five parts", f"{header}.{payload}.{signature}.{payload}.{signature}"
    yield "dot before", f".{good}"
    yield "dot after", f"{good}."
    yield "empty payload", f"{header}..{signature}"
    yield "empty header", f".{payload}.{signature}"
    yield "too long", issuer.token({}, claims(x="x" * 8192))
    yield "far too long", issuer.token({}, claims(x="x" * 20_000))
    yield "quoted", f'"{good}"'
    yield "comma", f"{good},"
    yield "two tokens", f"{good} {good}"
    yield "two tokens with a comma", f"{good}, Bearer {good}"
    yield "semicolon", f"{good}; x=y"
    yield "tab inside", f"{header}\t.{payload}.{signature}"
    yield "percent-encoded", good.replace(".", "%2E")
    yield "base64 again", b64encode(good.encode()).decode()
    yield "hexadecimal", good.encode().hex()
    yield "JSON serialisation", json.dumps({"payload": payload, "protected": header, "signature": signature})
    yield "other letters", good.replace("e", "\u0435", 1).encode().decode("latin-1")
    yield "full width dots", good.replace(".", "\u3002").encode().decode("latin-1")
    yield "Bearer twice", f"Bearer {good}"
    yield "null", "null"
    yield "undefined", "undefined"
