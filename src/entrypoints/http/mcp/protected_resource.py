"""`GET /.well-known/oauth-protected-resource/mcp`: which issuer makes tokens for this door (RFC 9728)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

METADATA: Final = "/.well-known/oauth-protected-resource/mcp"


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer of tokens: `address` as in their `iss`; `scopes` are those that a token must have, empty if none."""

    address: str
    scopes: Sequence[str] = ()


class ProtectedResource(Struct, frozen=True, kw_only=True):
    """The metadata of RFC 9728, 2."""

    resource: Annotated[str, Meta(description="The address of the door.")]
    authorization_servers: Annotated[
        list[str] | UnsetType, Meta(description="Who makes the tokens, if it has an address.")
    ] = UNSET
    scopes_supported: Annotated[
        list[str] | UnsetType, Meta(description="The scopes that tokens must name, if they must.")
    ] = UNSET
    bearer_methods_supported: list[str]
    resource_name: str
    resource_documentation: str

    @classmethod
    def at(cls, public_url: str, door: str, issuer: Issuer | None) -> "ProtectedResource":
        """Return the metadata of the door at the path `door` below `public_url`; `issuer` is None if not known."""
        return cls(
            resource=public_url + door,
            authorization_servers=[issuer.address] if issuer else UNSET,
            scopes_supported=list(issuer.scopes) or UNSET if issuer else UNSET,
            bearer_methods_supported=["header"],
            resource_name="Darkroom",
            resource_documentation=f"{public_url}/docs",
        )
