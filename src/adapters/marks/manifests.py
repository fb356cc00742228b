"""Reads and validates the C2PA manifest of a file."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from darkroom.domain.model.image_file import MediaType

UNCHECKED: Final = "unchecked"
INVALID: Final = "invalid"
# An untrusted signer is not a flaw of the file.
_UNTRUSTED: Final = "signingCredential.untrusted"
_OFFLINE: Final = {"remote_manifest_fetch": False, "ocsp_fetch": False}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The content of a manifest and the result of its validation.

    `state` is `trusted` (valid, and an anchor vouches for the signer), `valid` (unchanged since it was signed),
    `invalid`, or `unchecked` if the extra `c2pa` is not installed. `flaws` are the validation errors.
    """

    state: str
    signer: str | None = None
    issuer: str | None = None
    source_type: str | None = None
    flaws: tuple[str, ...] = ()


def read_manifest(data: bytes, media_type: MediaType, anchors: str | None) -> Credentials:
    """Validate the manifest of a file, without network access.

    `anchors` are PEM certificates of authorities whose signers are trusted; None skips that check.
    """
    try:
        from c2pa import C2paError, Context, Reader, Settings  # noqa: PLC0415  # an extra, and a large library
    except ImportError:
        return Credentials(UNCHECKED)
    settings: dict[str, object] = {"verify": {**_OFFLINE, "verify_trust": anchors is not None}}
    if anchors is not None:
        settings["trust"] = {"trust_anchors": anchors}
    try:
        with Reader(media_type.value, io.BytesIO(data), context=Context(Settings.from_dict(settings))) as reader:
            return _credentials(json.loads(reader.json()))
    except C2paError as error:
        return Credentials(INVALID, flaws=(str(error),))


def _credentials(store: Mapping[str, Any]) -> Credentials:
    active = store["manifests"][store["active_manifest"]]
    signature = active.get("signature_info", {})
    return Credentials(
        state=store["validation_state"].lower(),
        signer=signature.get("common_name"),
        issuer=signature.get("issuer"),
        source_type=next(_source_types(store), None),
        flaws=tuple(status["code"] for status in store.get("validation_status", ()) if status["code"] != _UNTRUSTED),
    )


def _source_types(store: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digital source types of all manifests in the store."""
    for manifest in store["manifests"].values():
        for assertion in manifest.get("assertions", ()):
            if assertion["label"].startswith("c2pa.actions"):
                actions = assertion["data"]["actions"]
                yield from (action["digitalSourceType"] for action in actions if "digitalSourceType" in action)
