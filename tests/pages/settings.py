"""`docs/settings.md`, from the declarations of the settings. `make pages` writes it anew."""

from pathlib import Path

from darkroom.entrypoints.settings import GROUPS
from darkroom.entrypoints.settings.setting import SECRET_FILE, Declared, declared_in

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = """# Settings

From the environment, and from a file `.env` in the working folder, which loses against the environment. A missing or
senseless value stops the start with a line that names the variable and says what would be right; an unknown
`DARKROOM_` name is warned about. Secrets are never printed.

`DARKROOM_IMAGES_PER_MINUTE_KARLO` and the like, one for each generator, set a provider's own quota for all processes
together; unlimited where they are not set.

Each secret may stand in a file instead, as Docker and Kubernetes hand it over: `DARKROOM_JWT_SECRET_FILE` names a file
that holds what `DARKROOM_JWT_SECRET` would. Where both are set, or the file is empty or cannot be read, nothing starts.
White space and line ends around a secret are left out, with a warning.

Where a part needs an extra, it is installed from the checkout: `.venv/bin/python -m pip install --editable '.[otel]'`.

This page is written from the declarations in `src/entrypoints/settings`, and a test holds it to them.
"""


def page() -> str:
    """The page as it should be."""
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
