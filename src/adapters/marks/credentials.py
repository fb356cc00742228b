"""Content Credentials (C2PA): a manifest in the file, signed with the operator's certificate."""

import io
import logging
from importlib.metadata import version
from typing import Final

from c2pa import Builder, C2paBuilderIntent, C2paError, C2paSignerInfo, Context, Settings, Signer

from darkroom.adapters.marks.files import embedded, stated_in_xmp, vouched_for, with_statement
from darkroom.adapters.marks.statement import Statement
from darkroom.domain.model.errors import InvalidValue
from darkroom.domain.model.image_file import MediaType

log = logging.getLogger(__name__)

# Add no thumbnail, do not verify what was just signed, and never fetch a URL that a provider's file names.
_SETTINGS: Final = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


class ContentCredentials:
    """A thread-safe `Mark`: writes the statement in XMP, then signs the whole file with a manifest.

    A manifest that the file already has is kept, as an ingredient of ours. Signatures are randomised: marking an image
    twice gives different manifests, and otherwise equal files.
    """

    def __init__(self, *, chain: str, key: str, algorithm: str) -> None:
        """`chain`, leaf first, and `key` are PEM; `algorithm` is the C2PA name from `read_algorithm`.

        Raises:
            InvalidValue: they cannot be used to sign.
        """
        try:
            signer = Signer.from_info(C2paSignerInfo(algorithm, chain.encode(), key.encode(), None))
            self._context = Context(Settings.from_dict(_SETTINGS), signer)
        except C2paError as error:
            raise InvalidValue(f"cannot be signed with: {error}") from error

    def __call__(self, data: bytes, media_type: MediaType, statement: Statement) -> bytes:
        """Mark a file; if signing fails, for example with an expired certificate, only the XMP is written."""
        found = embedded(data, media_type)
        stated = with_statement(data, media_type, statement, found)
        try:
            return self._signed(stated, media_type, statement, parent=data if vouched_for(found) else None)
        except C2paError:
            log.exception("an image is returned without Content Credentials")
            return stated_in_xmp(data, media_type, statement)

    def _signed(self, data: bytes, media_type: MediaType, statement: Statement, parent: bytes | None) -> bytes:
        created = {
            "action": "c2pa.created",
            "digitalSourceType": statement.source_type,
            "softwareAgent": {"name": statement.generator, "version": statement.model},
        }
        # The parent's manifest says how it was made, and the library records the edit itself.
        actions = [] if parent else [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}]
        claim_generator = {"name": "Darkroom", "version": version("darkroom")}
        signed = io.BytesIO()
        with Builder({"claim_generator_info": [claim_generator], "assertions": actions}, self._context) as builder:
            if parent:
                builder.set_intent(C2paBuilderIntent.EDIT)
                builder.add_ingredient({"relationship": "parentOf"}, media_type.value, io.BytesIO(parent))
            builder.sign(media_type.value, io.BytesIO(data), signed)
        return signed.getvalue()
