"""`darkroom inspect`."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from darkroom.domain.model.errors import InvalidValue
from darkroom.entrypoints.commands.printing import shown
from darkroom.entrypoints.container.marks import Credentials, Inspection, inspect
from darkroom.entrypoints.failures import FAILED, tell


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: the file, trusted authorities, and the format of the output."""
    parser.add_argument("file", metavar="FILE", help="an image; - is standard input")
    parser.add_argument("--anchors", metavar="PEM", type=_anchors, help="certificates of authorities that you trust")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print what a file says about its origin.

    Return the exit status: 1 if it is not an image, or its Content Credentials are not valid.
    """
    try:
        data = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
        found = inspect(data, anchors=arguments.anchors)
    except InvalidValue as flaw:
        tell(f"{arguments.file}: {flaw}")
        return FAILED
    except OSError as fault:
        tell(f"{arguments.file}: {fault.strerror}")
        return FAILED
    if arguments.json:
        print(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        for name, text in _told(found):
            print(f"{name:10} {shown(text)}")  # the file is not trusted
    return FAILED if found.credentials and found.credentials.flaws else 0


def _anchors(file: str) -> str:
    """Return the text of a file with certificates in PEM."""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise argparse.ArgumentTypeError("must be a file that holds certificates as PEM text")
    return text


def _told(found: Inspection) -> Iterator[tuple[str, str]]:
    yield "format", found.file.media_type
    yield "size", f"{found.file.width} x {found.file.height}"
    yield "source", found.source_type or "not stated"
    for name in ("generator", "model", "seed", "prompt", "tool"):
        if text := getattr(found, name):
            yield name, text
    yield "signed", _signed(found.credentials)


def _signed(credentials: Credentials | None) -> str:
    if credentials is None:
        return "no"
    who = credentials.signer or credentials.issuer or "an unnamed signer"
    match credentials.state:
        case "unchecked":
            return "signed; not checked, since the extra c2pa is not installed"
        case "invalid":
            return f"by {who}, not valid: {', '.join(credentials.flaws)}"
        case state:
            return f"by {who} ({credentials.issuer}), {state}"


def _as_json(found: Inspection) -> dict[str, object]:
    credentials = found.credentials
    return {
        "media_type": found.file.media_type,
        "width": found.file.width,
        "height": found.file.height,
        "source_type": found.source_type,
        "generator": found.generator,
        "model": found.model,
        "seed": int(found.seed) if found.seed and found.seed.isdecimal() else found.seed,
        "prompt": found.prompt,
        "tool": found.tool,
        "credentials": credentials
        and {
            "state": credentials.state,
            "signer": credentials.signer,
            "issuer": credentials.issuer,
            "flaws": list(credentials.flaws),
        },
    }
