"""Where people sign in who open the page."""

from typing import Final

from darkroom.entrypoints.container.keys import open_documents
from darkroom.entrypoints.container.tokens import token_rules
from darkroom.entrypoints.http.auth.sign_in import SignIn
from darkroom.entrypoints.http.contract.discovery import configuration_of
from darkroom.entrypoints.settings import Settings

_OPENID: Final = "openid"


async def find_sign_in(settings: Settings) -> SignIn | None:
    """What the page needs to sign people in; None if the operator has registered no client for it.

    Raises:
        KeysUnavailable: the issuer cannot be asked, or signs no people in, and why.
    """
    tokens, rules = settings.tokens, token_rules(settings)
    if tokens.page_client_id is None:
        return None
    async with open_documents(trust_env=settings.generators.trust_env) as get:
        return SignIn.at(
            await configuration_of(tokens.issuer, get),
            client_id=tokens.page_client_id,
            # Scopes that a service does not look at may be unknown to its issuer, which would refuse them.
            scope=tokens.page_scope or " ".join([_OPENID, *rules.scopes_of_callers]),
            audience=tokens.audience,
        )
