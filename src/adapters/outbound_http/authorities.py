"""The certificate authorities that outbound TLS connections trust."""

import os
import ssl
from functools import cache

import httpx


def authorities(*, trust_env: bool) -> ssl.SSLContext:
    """Return the TLS context for outbound connections, cached: loading the certificates costs about 20 ms and 1 MB.

    With `trust_env`, certificates are read from the file `SSL_CERT_FILE` or the folder `SSL_CERT_DIR` if they are set.
    """
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if trust_env else None
    return _read(named)


@cache
def _read(named: tuple[str | None, str | None] | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=named is not None)
