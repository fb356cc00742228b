"""`GET /.well-known/oauth-protected-resource/mcp`: who lets callers in at this door (RFC 9728)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

METADATA: Final = "/.well-known/oauth-protected-resource/mcp"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who makes the tokens: `address` as in their `iss`; `scopes` are those that they must hold to be let in."""

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
        """The metadata of a door of the service at `public_url`."""
        return cls(
            resource=public_url + door,
            authorization_servers=[issuer.address] if issuer else UNSET,
            scopes_supported=list(issuer.scopes) or UNSET if issuer else UNSET,
            bearer_methods_supported=["header"],
            resource_name="Darkroom",
            resource_documentation=f"{public_url}/docs",
        )
