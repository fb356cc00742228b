"""Writes an image archive in the OCI image format, without a container engine.

https://github.com/opencontainers/image-spec/blob/v1.1.0/spec.md. The archive also contains the `manifest.json` of
`docker save`, for engines that only read that.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_IMAGE: Final = "application/vnd.oci.image"


@dataclass(frozen=True, slots=True)
class Owned:
    """The owner, group and permissions of a path in the image."""

    user: int
    group: int
    mode: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its compressed bytes, and the SHA-256 of the uncompressed archive (`diff_id`)."""

    data: bytes = field(repr=False)
    diff_id: str


def layer(root: Path, names: Sequence[str], *, at: int, owned: Mapping[str, Owned]) -> Layer:
    """Return a layer of the files in `root` below `names`, with the folders above them.

    The same files give the same bytes: they are sorted by name, have the time `at` in Unix seconds, and belong to root
    unless `owned` says otherwise.
    """
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(set(_within(root, names))):
            name = str(path.relative_to(root))
            member = archive.gettarinfo(path, name)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = at
            member.type = tarfile.REGTYPE if member.islnk() else member.type  # a copy of the file, not a hard link
            if path.is_file() and not path.is_symlink():
                member.size = path.stat().st_size
            member.mode = 0o777 if member.issym() else 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            if own := owned.get(name):
                member.uid, member.gid, member.mode = own.user, own.group, own.mode
            if member.isreg():
                with path.open("rb") as file:
                    archive.addfile(member, file)
            else:
                archive.addfile(member)
    data = written.getvalue()
    return Layer(gzip.compress(data, compresslevel=6, mtime=0), f"sha256:{hashlib.sha256(data).hexdigest()}")


def write_archive(
    file: Path,
    layers: Sequence[Layer],
    *,
    name: str,
    architecture: str,
    created: str,
    at: int,
    run: Mapping[str, Any],
) -> str:
    """Write the archive of an image, and return the digest of its manifest; `name` includes the tag.

    `run` is the `config` of the image's configuration: its command, account, labels and so on.
    """
    blobs: dict[str, bytes] = {}

    def blob(data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": f"{_IMAGE}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    configuration = blob(
        _json(
            {
                "created": created,
                "architecture": architecture,
                "os": "linux",
                "config": run,
                "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
                "history": [{"created": created, "created_by": "make release"} for _ in layers],
            }
        ),
        "config.v1+json",
    )
    compressed = [blob(each.data, "layer.v1.tar+gzip") for each in layers]
    manifest = blob(
        _json(
            {
                "schemaVersion": 2,
                "mediaType": f"{_IMAGE}.manifest.v1+json",
                "config": configuration,
                "layers": compressed,
                "annotations": run["Labels"],
            }
        ),
        "manifest.v1+json",
    )
    tag = name.rpartition(":")[2]
    named = {"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": f"docker.io/library/{name}"}
    index = {
        "schemaVersion": 2,
        "mediaType": f"{_IMAGE}.index.v1+json",
        "manifests": [manifest | {"annotations": named}],
    }
    saved = [
        {"Config": _path(configuration), "RepoTags": [name], "Layers": [_path(each) for each in compressed]},
    ]
    entries = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        "manifest.json": _json(saved),
        **{f"blobs/sha256/{digest}": data for digest, data in sorted(blobs.items())},
    }
    with tarfile.open(file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, data in entries.items():
            member = tarfile.TarInfo(entry)
            member.size, member.mtime = len(data), at
            archive.addfile(member, io.BytesIO(data))
    return str(manifest["digest"])


def _within(root: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in names:
        path = root / name
        yield from (parent for parent in path.parents if root in parent.parents)
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from path.rglob("*")


def _path(descriptor: Mapping[str, Any]) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
