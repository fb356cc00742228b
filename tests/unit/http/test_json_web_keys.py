"""Which keys of a set verify tokens, and which are skipped."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from darkroom.entrypoints.http.auth.json_web_keys import KeySet

Jwk = dict[str, Any]
PRIVATE: dict[str, Any] = {
    "RSA": rsa.generate_private_key(65_537, 2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}
FAMILY = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA", "Ed448": "EdDSA"}


def jwk(kind: str, key: Any = None, **members: object) -> Jwk:  # noqa: ANN401  # keys have no common type
    """The public key of a kind, or the given key, as a JWK with the kind as `kid`; `...` leaves a member out."""
    key = key or PRIVATE[kind].public_key()
    plain: Jwk = jwt.get_algorithm_by_name(FAMILY[kind]).to_jwk(key, as_dict=True)
    plain.pop("key_ops", None)
    return {name: value for name, value in (plain | {"kid": kind} | members).items() if value is not ...}


def read(*keys: object, algorithm: str | None = None) -> KeySet:
    return KeySet.read(json.dumps({"keys": keys}).encode(), algorithm)


@pytest.mark.parametrize(("kind", "algorithm"), FAMILY.items())
def test_a_key_without_an_algorithm_is_for_that_of_its_type(kind: str, algorithm: str) -> None:
    assert read(jwk(kind)).find(kind, algorithm).algorithm == algorithm


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256"])
def test_a_key_with_an_algorithm_is_only_for_that_one(algorithm: str) -> None:
    keys = read(jwk("RSA", alg=algorithm))
    assert keys.find("RSA", algorithm).algorithm == algorithm
    for other in {"RS256", "RS512", "PS256", "ES256", "HS256", "none"} - {algorithm}:
        with pytest.raises(LookupError):
            keys.find("RSA", other)


def test_a_key_is_for_the_algorithm_that_the_operator_sets() -> None:
    assert read(jwk("RSA"), algorithm="PS256").find("RSA", "PS256").algorithm == "PS256"
    with pytest.raises(ValueError, match="is for ES256, not for PS256"):
        read(jwk("P-256"), algorithm="PS256")


@pytest.mark.parametrize(("curve", "other"), [("Ed25519", "Ed448"), ("Ed448", "Ed25519")])
@pytest.mark.parametrize("published", [..., "EdDSA", "by its curve"])
@pytest.mark.parametrize("expected", [None, "EdDSA", "by its curve"])
def test_eddsa_may_also_be_named_by_its_curve(curve: str, other: str, published: object, expected: str | None) -> None:
    """See RFC 9864, 2.2."""
    named = {"by its curve": curve}
    document = jwk(curve, alg=named.get(published, published) if isinstance(published, str) else ...)
    keys = read(document, algorithm=named.get(expected, expected) if expected else None)
    assert keys.find(curve, "EdDSA") is keys.find(curve, curve)
    with pytest.raises(LookupError):
        keys.find(curve, other)
    with pytest.raises(ValueError, match="no key in the set can be used"):
        read(document, algorithm=other)
    with pytest.raises(ValueError, match="no key in the set can be used"):
        read(jwk(curve, alg=other))


def test_an_edwards_key_published_under_both_names_is_one_key() -> None:
    keys = read(jwk("Ed25519", alg="EdDSA"), jwk("Ed25519", alg="Ed25519"))
    assert len(keys.keys) == 1
    assert keys.passed_over == ()


def test_a_key_is_found_by_its_kid_or_without_one_if_it_is_the_only_one() -> None:
    keys = read(jwk("RSA"), jwk("P-256"), jwk("P-256", PRIVATE["P-256"].public_key(), kid="other"))
    assert keys.find("RSA", "RS256") == keys.find(None, "RS256")
    assert keys.find("other", "ES256").algorithm == "ES256"
    for kid, algorithm in [(None, "ES256"), ("RSA", "ES256"), ("rsa", "RS256"), ("", "RS256"), ("none", "RS256")]:
        with pytest.raises(LookupError):
            keys.find(kid, algorithm)


def test_a_key_without_a_kid_is_found_by_tokens_without_one() -> None:
    keys = read(jwk("RSA", kid=...))
    assert keys.find(None, "RS256").algorithm == "RS256"
    with pytest.raises(LookupError):
        keys.find("RSA", "RS256")


SHORT = rsa.generate_private_key(65_537, 1024).public_key()  # noqa: S505  # it must be skipped


@pytest.mark.parametrize(
    ("useless", "why"),
    [
        (jwk("P-256", use="enc"), "is not for signatures"),
        (jwk("P-256", key_ops=["sign"]), "is not for signatures"),
        (jwk("P-256", kid=7), "its kid is not a text"),
        ({"kty": "oct", "kid": "P-256", "k": "c2VjcmV0" * 8, "alg": "HS256"}, "is a secret"),
        (jwk("P-256", PRIVATE["P-256"]), "is a private key"),
        (jwk("RSA", PRIVATE["RSA"]), "is a private key"),
        (jwk("Ed25519", PRIVATE["Ed25519"]), "is a private key"),
        (jwk("RSA", SHORT), "1024 bits"),
        (jwk("P-256", kty="AKP"), "not known here"),
        (jwk("P-256", kty=...), "not known here"),
        (jwk("P-256", crv="secp256k1"), "not known here"),
        (jwk("P-256", crv=["P-256"]), "unhashable"),
        (jwk("RSA", alg="RSA-OAEP"), "cannot be for RSA-OAEP"),
        (jwk("RSA", alg="ES256"), "cannot be for ES256"),
        (jwk("RSA", alg="HS256"), "cannot be for HS256"),
        (jwk("RSA", alg="none"), "cannot be for none"),
        (jwk("P-256", alg="ES384"), "cannot be for ES384"),
        (jwk("P-256", x="AAAA"), "."),
        (jwk("P-256", y=...), "."),
        (jwk("P-256", y=jwk("P-256")["x"]), "."),
        (jwk("RSA", n=...), "."),
        (jwk("RSA", e="AA"), "."),
        (jwk("RSA", n=5), "."),
        (jwk("Ed25519", x=""), "."),
    ],
    ids=itertools.count(),  # the keys are generated anew in each run, and ids made of them would change
)
def test_an_unusable_key_is_skipped_and_the_others_are_kept(useless: Jwk, why: str) -> None:
    keys = read(useless, jwk("P-384"))
    assert [one.kid for one in keys.keys] == ["P-384"]
    (reason,) = keys.passed_over
    assert reason.startswith("key 0 (")
    assert re.search(why, reason)


def test_the_same_key_twice_is_one_key() -> None:
    keys = read(jwk("RSA"), jwk("RSA"))
    assert keys.find("RSA", "RS256").algorithm == "RS256"
    assert keys.passed_over == ()


def test_two_different_keys_with_one_kid_are_skipped() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    keys = read(jwk("P-256"), jwk("P-256", other), jwk("P-384"))
    assert [one.kid for one in keys.keys] == ["P-384"]
    assert keys.passed_over == ("2 keys for ES256 are called 'P-256'",)
    assert len(read(jwk("RSA"), jwk("RSA", alg="PS256")).keys) == 2  # each token names the algorithm that it means


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": [[]]}',
        b'{"keys": ["\xff"]}',
        b'{"keys": ' + b"[" * 10**5,
    ],
    ids=itertools.count(),
)
def test_a_document_that_is_not_a_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON Web Key Set"):
        KeySet.read(document, None)


def test_a_set_without_a_usable_key_is_refused_with_the_reasons() -> None:
    with pytest.raises(ValueError, match=r"no key in the set can be used; key 0 .* is not for signatures"):
        read(jwk("RSA", use="enc"))
    with pytest.raises(ValueError, match=r"no key in the set can be used$"):
        read()
