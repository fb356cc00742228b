"""A loader of botocore's data files that keeps only the needed parts in memory.

For an S3 client botocore loads 3.6 MB of JSON, and keeps it as long as the client is open: the endpoints of every
service, all operations of S3, and its endpoint rules. The parts that are not needed are not even parsed: memory that is
freed later would stay fragmented. `docs/performance.md` has the figures.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, Final, TypeAlias

import msgspec
from botocore.loaders import JSONFileLoader, Loader

# Names in the endpoints file: S3, and the services that credentials may come from. For others botocore has a rule.
_SERVICES: Final = {"oidc", "portal.sso", "s3", "signin", "sts"}
# For presigning, for parsing responses, and for botocore's own opening of directory buckets.
_OPERATIONS: Final = {"CreateSession", "GetObject", "ListObjects"}

_Unread: TypeAlias = dict[str, msgspec.Raw]
_read: Final = msgspec.json.decode


class ModelLoader(Loader):  # type: ignore[misc]  # not typed
    """A loader that finds files as botocore's own does."""

    def __init__(self, search_paths: list[str]) -> None:
        super().__init__(search_paths, ModelFiles(), include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the names of all folders, without the check that each has a model.

        To look into each of 400 folders takes as long as everything else in the creation of a client.
        """
        del type_name
        folders = [path for path in map(Path, self.search_paths) if path.is_dir()]
        return sorted({entry.name for folder in folders for entry in folder.iterdir()})


class ModelFiles(JSONFileLoader):  # type: ignore[misc]  # not typed
    """Loads files into plain dictionaries, which are ordered too and have 60 % of the size of an `OrderedDict`."""

    def load_file(self, file_path: str) -> Any | None:  # noqa: ANN401  # JSON
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            try:
                with opened(file_path + ending, "rb") as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            match PurePath(file_path).parts:
                case [*_, "endpoints"]:
                    return _endpoints(text)
                case [*_, "s3", _, "service-2"]:
                    return _model(text)
                case _:
                    return _read(text)
        return None


def _endpoints(text: bytes) -> dict[str, Any]:
    """Return the endpoints of the needed services."""
    known = _read(text, type=_Unread)
    partitions = _read(known.pop("partitions"), type=list[_Unread])
    services = [_read(partition.pop("services"), type=_Unread) for partition in partitions]
    return {
        **_all(known),
        "partitions": [
            {**_all(partition), "services": _all({name: those[name] for name in _SERVICES & those.keys()})}
            for partition, those in zip(partitions, services, strict=True)
        ],
    }


def _model(text: bytes) -> dict[str, Any]:
    """Return the model of S3 with only the needed operations and the shapes that they refer to, directly or not."""
    model = _read(text, type=_Unread)
    operations, shapes = _read(model.pop("operations"), type=_Unread), _read(model.pop("shapes"), type=_Unread)
    ours = _all({name: operations[name] for name in _OPERATIONS & operations.keys()})
    made_of: dict[str, Any] = {}
    missing = set(_shapes_in(ours))
    while missing:
        more = _all({name: shapes[name] for name in missing})
        made_of |= more
        missing = set(_shapes_in(more)) - made_of.keys()
    return {**_all(model), "operations": ours, "shapes": made_of}


def _all(unread: _Unread) -> dict[str, Any]:
    return {name: _read(text) for name, text in unread.items()}


def _shapes_in(part: Any) -> Iterator[str]:  # noqa: ANN401  # JSON
    match part:
        case {"shape": str(name)}:
            yield name
        case dict():
            for inner in part.values():
                yield from _shapes_in(inner)
        case list():
            for inner in part:
                yield from _shapes_in(inner)
        case _:
            pass
