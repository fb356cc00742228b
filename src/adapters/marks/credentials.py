"""Content Credentials (C2PA): a signed manifest in the file, made with the operator's certificate."""

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

# No thumbnail is put beside the image, nothing is read again that was just signed, and nothing fetched that a
# provider's file names.
_SETTINGS: Final = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


class ContentCredentials:
    """A `Mark`, fit for many threads: the statement in XMP, and then a signed manifest around all of it.

    A manifest that came with a file becomes an ingredient of ours, and is kept with it. Signatures are made of chance:
    of an image marked twice only the manifests differ.
    """

    def __init__(self, *, chain: str, key: str, algorithm: str) -> None:
        """`chain`, leaf first, and `key` are PEM, `algorithm` is C2PA's name for how that key signs.

        Raises:
            InvalidValue: they cannot be signed with.
        """
        try:
            signer = Signer.from_info(C2paSignerInfo(algorithm, chain.encode(), key.encode(), None))
            self._context = Context(Settings.from_dict(_SETTINGS), signer)
        except C2paError as error:
            raise InvalidValue(f"cannot be signed with: {error}") from error

    def __call__(self, data: bytes, media_type: MediaType, statement: Statement) -> bytes:
        """Mark a file; one that cannot be signed, as with a certificate that has run out, has its XMP all the same."""
        found = embedded(data, media_type)
        stated = with_statement(data, media_type, statement, found)
        try:
            return self._signed(stated, media_type, statement, parent=data if vouched_for(found) else None)
        except C2paError:
            log.exception("an image is handed out without Content Credentials")
            return stated_in_xmp(data, media_type, statement)

    def _signed(self, data: bytes, media_type: MediaType, statement: Statement, parent: bytes | None) -> bytes:
        created = {
            "action": "c2pa.created",
            "digitalSourceType": statement.source_type,
            "softwareAgent": {"name": statement.generator, "version": statement.model},
        }
        # The parent's own manifest says how it was made; the tool adds what was done with it.
        actions = [] if parent else [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}]
        claim_generator = {"name": "Darkroom", "version": version("darkroom")}
        signed = io.BytesIO()
        with Builder({"claim_generator_info": [claim_generator], "assertions": actions}, self._context) as builder:
            if parent:
                builder.set_intent(C2paBuilderIntent.EDIT)
                builder.add_ingredient({"relationship": "parentOf"}, media_type.value, io.BytesIO(parent))
            builder.sign(media_type.value, io.BytesIO(data), signed)
        return signed.getvalue()
