"""Password files as in libpq: https://www.postgresql.org/docs/current/libpq-pgpass.html.

The driver reads such files too, but does not remove the backslashes of escaped characters from the password.
"""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_FIELD: Final = re.compile(r"((?:\\.|[^:\\])*)(?::|$)")
_OTHERS: Final = 0o077


def password_in(file: str | None, *, host: str | None, port: int | None, database: str, user: str) -> str | None:
    """Return the password of the first matching line; None if there is none.

    The file is `file`, else the one named by `PGPASSFILE`, else `~/.pgpass`. A file that others can read is ignored, as
    in libpq.
    """
    path = Path(file or os.environ.get("PGPASSFILE") or Path.home() / ".pgpass").expanduser()
    # In such files a folder of sockets is written as `localhost`.
    host = "localhost" if host is None or host.startswith("/") else host
    wanted = (host, str(port or 5432), database, user)
    for *fields, password in _lines(path):
        if all(field in ("*", value) for field, value in zip(fields, wanted, strict=True)):
            return password
    return None


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        if path.stat().st_mode & _OTHERS:
            log.warning("%s contains passwords and other accounts can read it, so it is ignored: chmod 600", path)
            return
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        fields = [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)]
        if not line.startswith("#") and len(fields) >= 5:  # noqa: PLR2004  # host, port, database, user, password
            yield fields[:5]
