"""`docs/settings.md`, generated from the declarations of the settings by `make pages`."""

from pathlib import Path

from darkroom.entrypoints.settings import GROUPS
from darkroom.entrypoints.settings.setting import SECRET_FILE, Declared, declared_in

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = """# Settings

Settings come from the environment, and from a file `.env` in the working folder; the environment takes precedence. If a
value is missing or wrong, the service does not start, and one line names the variable and says what it must be. An
unknown name that begins with `DARKROOM_` is ignored with a warning. Secrets are never printed.

`DARKROOM_IMAGES_PER_MINUTE_KARLO` and the like, one for each generator, set the quota of a provider for all processes
together. By default it is unlimited.

Each secret may be in a file instead, as Docker and Kubernetes provide it: `DARKROOM_JWT_SECRET_FILE` names a file that
contains the value of `DARKROOM_JWT_SECRET`. If both are set, or if the file is empty or cannot be read, the service
does not start. White space and line ends around a secret are removed with a warning.

To install the extra that a part needs, run this in the checkout:
`.venv/bin/python -m pip install --editable '.[otel]'`.

This page is generated from the declarations in `src/entrypoints/settings`, and a test compares them.
"""


def page() -> str:
    """Return the page that the declarations give."""
    return "\n".join([HEAD, *(_section(group) for group in GROUPS)])


def _section(group: type) -> str:
    about = (group.__doc__ or "").strip()
    rows = "\n".join(_row(declared) for declared in declared_in(group))
    return f"## {about.splitlines()[0]}\n\n| variable | default | meaning |\n|---|---|---|\n{rows}\n"


def _row(declared: Declared) -> str:
    default = "required" if declared.required else f"{declared.told({})}"
    name = f"`{declared.setting.name}`" + (f" or `…{SECRET_FILE}`" if declared.secret else "")
    cells = (name, default, declared.setting.meaning)
    row = " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells)
    return f"| {row} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
