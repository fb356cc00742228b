"""Which certificate authorities the services that we call are known by."""

import os
import ssl
from functools import cache

import httpx


def authorities(*, trust_env: bool) -> ssl.SSLContext:
    """What TLS connections are verified with; all that are opened under the same settings share it.

    To read the certificates of the authorities takes some 20 ms and a megabyte. With `trust_env` a file or a folder of
    them is taken from `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    """
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if trust_env else None
    return _read(named)


@cache
def _read(named: tuple[str | None, str | None] | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=named is not None)
