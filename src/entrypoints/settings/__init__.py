"""The operator's settings, read from the environment, checked and typed."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self, TypeVar, cast

from darkroom.entrypoints.settings.cores import usable_cores
from darkroom.entrypoints.settings.diffusers import DiffusersSettings
from darkroom.entrypoints.settings.endpoints import base_of, endpoint_groups, wrong_endpoints
from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS, GeneratorSettings, KarloSettings
from darkroom.entrypoints.settings.limits import LedgerSettings, LimitSettings
from darkroom.entrypoints.settings.marks import MARK_GROUPS, C2PASettings, MarkSettings
from darkroom.entrypoints.settings.openai_images import OpenAISettings
from darkroom.entrypoints.settings.parsers import whole
from darkroom.entrypoints.settings.secret_files import secret_names, untidy_secrets, with_secret_files
from darkroom.entrypoints.settings.service import ServiceSettings
from darkroom.entrypoints.settings.setting import (
    SECRET_FILE,
    BadSettings,
    InvalidSetting,
    Secret,
    declared_in,
    missing_values,
    read_group,
    service_links,
    wrong_values,
)
from darkroom.entrypoints.settings.shares import most_workers, share, too_small
from darkroom.entrypoints.settings.stability import StabilitySettings
from darkroom.entrypoints.settings.storage import STORAGE_GROUPS, S3Settings, StorageSettings
from darkroom.entrypoints.settings.tokens import SECRET_BYTES, TokenSettings
from darkroom.entrypoints.settings.watching import WatchingSettings
from darkroom.entrypoints.settings.webhooks import WebhookSettings
from darkroom.entrypoints.settings.webui import WebUISettings

__all__ = [
    "GROUPS",
    "BadSettings",
    "C2PASettings",
    "DiffusersSettings",
    "KarloSettings",
    "OpenAISettings",
    "S3Settings",
    "Secret",
    "Settings",
    "StabilitySettings",
    "WebUISettings",
    "ignored_names",
    "warnings",
]

G = TypeVar("G")

GROUPS: Final[tuple[type, ...]] = (
    ServiceSettings,
    TokenSettings,
    GeneratorSettings,
    *GENERATOR_GROUPS.values(),
    StorageSettings,
    *STORAGE_GROUPS.values(),
    MarkSettings,
    *MARK_GROUPS.values(),
    LedgerSettings,
    LimitSettings,
    WatchingSettings,
    WebhookSettings,
)
_CHOOSABLE: Final = frozenset({*GENERATOR_GROUPS.values(), *STORAGE_GROUPS.values(), *MARK_GROUPS.values()})
# The most workers by default: each needs some 80 MB, and eleven connections to PostgreSQL.
_MOST_WORKERS: Final = 4
_PER_MINUTE: Final = "DARKROOM_IMAGES_PER_MINUTE_"
_per_minute: Final = whole(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one process.

    `chosen` holds the groups of the generators, the storage and the marks in use, by type. `endpoints` holds, by
    generator, the types of those that are one endpoint of several. `images_per_minute` are the providers' quotas, by
    generator. In a `trial` no lasting files are made.
    """

    service: ServiceSettings
    tokens: TokenSettings
    generators: GeneratorSettings
    storage: StorageSettings
    marks: MarkSettings
    chosen: Mapping[type, object]
    ledger: LedgerSettings
    limits: LimitSettings
    watching: WatchingSettings
    webhooks: WebhookSettings
    images_per_minute: Mapping[str, int]
    endpoints: Mapping[str, type] = field(default_factory=dict)
    trial: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read and check all settings.

        Raises:
            BadSettings: settings are missing or make no sense; it names each of them.
        """
        endpoints = endpoint_groups(_generators(environment))
        groups = (*GROUPS, *endpoints.values())
        environment, wrong_files = with_secret_files(environment, groups)
        wrong = {name: line for group in groups for name, line in wrong_values(group, environment).items()}
        # The chosen parts require further settings, which are checked even if others are wrong.
        right = {name: text for name, text in environment.items() if name not in wrong}
        generators, storage = read_group(GeneratorSettings, right), read_group(StorageSettings, right)
        choices = {
            f"DARKROOM_GENERATORS={name}": endpoints.get(name) or GENERATOR_GROUPS.get(name)
            for name in generators.names
        }
        choices[f"DARKROOM_STORAGE={storage.kind}"] = STORAGE_GROUPS.get(storage.kind)
        marks = read_group(MarkSettings, right)
        choices[f"DARKROOM_MARKS={marks.kind}"] = MARK_GROUPS.get(marks.kind)
        needed = ((group, choice) for choice, group in choices.items() if group)
        present = {**environment, **dict.fromkeys(wrong_files, "in a file")}
        problems = [
            *wrong_files.values(),
            *wrong.values(),
            *(line for group, choice in needed for line in missing_values(group, present, needed_with=choice)),
            *wrong_endpoints(generators.names),
            *_wrong_quotas(environment, generators.names),
        ]
        if problems:
            raise BadSettings(*problems)
        settings = cls(
            service=read_group(ServiceSettings, environment),
            tokens=read_group(TokenSettings, environment),
            generators=generators,
            storage=storage,
            marks=marks,
            chosen={group: read_group(group, environment) for group in choices.values() if group},
            ledger=read_group(LedgerSettings, environment),
            limits=read_group(LimitSettings, environment),
            watching=read_group(WatchingSettings, environment),
            webhooks=read_group(WebhookSettings, environment),
            images_per_minute=_quotas(environment, generators.names),
            endpoints=endpoints,
        )
        s3 = settings.chosen.get(S3Settings)
        problems = [
            *settings.tokens.problems(),
            *settings._exposed(),
            *too_small(settings.service, settings.workers),
            *too_small(settings.limits, settings.workers),
            *(s3.problems() if isinstance(s3, S3Settings) else ()),
        ]
        if problems:
            raise BadSettings(*problems)
        return settings

    def of(self, group: type[G]) -> G:
        """Return the settings of a generator, a storage or marks that are in use."""
        return cast("G", self.chosen[group])

    def for_generator(self, name: str) -> Self:
        """Return the settings for a generator: for an endpoint, its own group replaces that of its kind."""
        group = self.endpoints.get(name)
        return replace(self, chosen={**self.chosen, base_of(group): self.chosen[group]}) if group else self

    @property
    def workers(self) -> int:
        """The number of worker processes."""
        if self.service.workers_set is not None:
            return self.service.workers_set
        if any(name.partition(".")[0] == "diffusers" for name in self.generators.names):
            return 1  # each worker would load the models again
        return min(usable_cores(), _MOST_WORKERS, most_workers(self.service, self.limits))

    def share(self, seat: int) -> Self:
        """Return the settings of the worker at `seat` (from 1), with its share of the limits for all workers."""
        workers = self.workers
        return replace(self, service=share(self.service, workers, seat), limits=share(self.limits, workers, seat))

    @property
    def groups(self) -> Iterator[type]:
        """The groups that are in use."""
        known = (*GROUPS, *self.endpoints.values())
        return (
            group for group in known if group not in _CHOOSABLE | {*self.endpoints.values()} or group in self.chosen
        )

    @property
    def longest_drawing(self) -> float:
        """The most seconds that a generator in use may need to draw an order and fetch its images, by its timeouts.

        It does not include the time in which an image waits for our own memory, disk or connections.
        """
        limits = (
            getattr(group, one.field)
            for group in self.chosen.values()
            for one in declared_in(type(group))
            if one.field.endswith("timeout")
        )
        return max(limits, default=0.0) + self.generators.fetch_timeout

    def _exposed(self) -> Iterator[str]:
        if self.tokens.development and not self.service.loopback:
            yield (
                f"DARKROOM_JWT_SECRET is missing: the development secret serves on loopback only, and DARKROOM_HOST is "
                f"{self.service.host}; set at least {SECRET_BYTES[self.tokens.algorithm]} random bytes"
            )


def warnings(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each variable that is ignored, or not used exactly as it is set."""
    yield from ignored_names(environment)
    yield from untidy_secrets(environment, (*GROUPS, *endpoint_groups(_generators(environment)).values()))


def ignored_names(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each `DARKROOM_` variable that is not a setting, with the most similar name that is."""
    chosen = read_group(GeneratorSettings, environment).names
    groups = (*GROUPS, *endpoint_groups(chosen).values())
    known = {declared.setting.name for group in groups for declared in declared_in(group)}
    known |= {name + SECRET_FILE for name in secret_names(groups)}
    storage = read_group(StorageSettings, environment).kind
    ours = {*GENERATOR_GROUPS, "sketch", *STORAGE_GROUPS, "disk"}
    plugins = [name for name in (*chosen, storage) if name not in ours]
    if links := service_links(environment):
        yield (
            "ignored, since Kubernetes sets them for a Service (enableServiceLinks: false keeps them out): "
            f"{', '.join(links)}"
        )
    for name in sorted(environment):
        if not name.startswith("DARKROOM_") or name in known or name in links:
            continue
        if name.startswith(tuple(f"DARKROOM_{plugin.upper().replace('-', '_')}_" for plugin in plugins)):
            continue  # the plugin reads them itself
        if name.startswith(_PER_MINUTE):
            if name not in map(_quota_name, chosen):
                yield f"{name} is ignored: DARKROOM_GENERATORS does not name that generator"
            continue
        (nearest,) = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
        yield f"{name} is not a setting and is ignored; the nearest is {nearest}"


def _generators(environment: Mapping[str, str]) -> Sequence[str]:
    """Return the chosen generators, before the settings are checked."""
    return [name.strip() for name in environment.get("DARKROOM_GENERATORS", "").split(",")]


def _quotas(environment: Mapping[str, str], generators: Sequence[str]) -> Mapping[str, int]:
    return {name: _per_minute(text) for name in generators if (text := _quota_text(environment, name))}


def _wrong_quotas(environment: Mapping[str, str], generators: Sequence[str]) -> Iterator[str]:
    for name in generators:
        if text := _quota_text(environment, name):
            try:
                _per_minute(text)
            except InvalidSetting as rule:
                yield f"{_quota_name(name)} {rule}, not {text!r}"


def _quota_text(environment: Mapping[str, str], generator: str) -> str:
    return environment.get(_quota_name(generator), "").strip()


def _quota_name(generator: str) -> str:
    return _PER_MINUTE + generator.upper().replace("-", "_").replace(".", "_")
