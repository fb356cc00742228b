"""Sign-in on the page."""

from typing import Final

from darkroom.entrypoints.container.keys import open_documents
from darkroom.entrypoints.container.tokens import token_rules
from darkroom.entrypoints.http.auth.sign_in import SignIn
from darkroom.entrypoints.http.contract.discovery import configuration_of
from darkroom.entrypoints.settings import Settings

_OPENID: Final = "openid"


async def find_sign_in(settings: Settings) -> SignIn | None:
    """Return what the page needs for sign-in; None if the operator has set no client id for the page.

    Raises:
        KeysUnavailable: the issuer cannot be reached, or offers no sign-in; it gives the reason.
    """
    tokens, rules = settings.tokens, token_rules(settings)
    if tokens.page_client_id is None:
        return None
    async with open_documents(trust_env=settings.generators.trust_env) as get:
        return SignIn.at(
            await configuration_of(tokens.issuer, get),
            client_id=tokens.page_client_id,
            # Only scopes that are checked here: an issuer refuses scopes that it does not know.
            scope=tokens.page_scope or " ".join([_OPENID, *rules.scopes_of_callers]),
            audience=tokens.audience,
        )
