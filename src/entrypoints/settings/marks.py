"""Settings of the marks that say how images were made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSettings:
    """Marks: what images say about their origin."""

    kind: Annotated[
        str,
        Setting(
            "DARKROOM_MARKS",
            read.one_of("none", "xmp", "c2pa"),
            "marks of AI-generated media in the file: `none`, `xmp`, or `c2pa`, which is XMP and signed Content "
            "Credentials",
        ),
    ] = "xmp"
    prompts: Annotated[
        bool, Setting("DARKROOM_MARK_PROMPTS", read.flag, "whether marks contain the prompts too: `true` or `false`")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class C2PASettings:
    """The certificate and the key that sign Content Credentials."""

    certificate: Annotated[
        str,
        Setting(
            "DARKROOM_C2PA_CERTIFICATE",
            read.pem_of("certificate", "CERTIFICATE"),
            "the signer's certificate and those above it, as PEM text or a file",
            confidential=True,
        ),
    ]
    key: Annotated[
        Secret,
        Setting(
            "DARKROOM_C2PA_KEY",
            read.private_key,
            "the certificate's private key, as PEM text or a file",
            confidential=True,
        ),
    ]


# The settings groups of marks, by kind.
MARK_GROUPS: Final[Mapping[str, type]] = {"c2pa": C2PASettings}
