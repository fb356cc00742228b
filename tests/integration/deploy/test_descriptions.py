"""The files in deploy/ are valid for the programs that read them, and agree with the project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from darkroom.entrypoints.settings import GROUPS
from darkroom.entrypoints.settings.generators import GENERATOR_GROUPS, GeneratorSettings
from darkroom.entrypoints.settings.limits import LimitSettings
from darkroom.entrypoints.settings.parsers import seconds
from darkroom.entrypoints.settings.setting import declared_in
from servers.parts import PartMissing

DEPLOY = Path(__file__).parents[3] / "deploy"
SCRIPTS = Path(sysconfig.get_path("scripts"))
UNIT = DEPLOY / "systemd" / "darkroom.service"
KUBERNETES = DEPLOY / "kubernetes" / "darkroom.yaml"
INGRESS = DEPLOY / "kubernetes" / "ingress.yaml"
VERSION = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
COMPOSE = DEPLOY / "compose.yaml"
SETTINGS = {declared.setting.name for group in GROUPS for declared in declared_in(group)}


def said_by(program: str, *arguments: str | Path) -> str:
    """Check our files with a program, which must accept them; return its output."""
    found = shutil.which(program, path=f"{SCRIPTS}:/usr/bin:/bin")
    if found is None:
        raise PartMissing(program, "is not installed")
    ended = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_the_container_file_is_clean() -> None:
    said_by("hadolint", DEPLOY / "container" / "Containerfile")


@pytest.mark.thorough
def test_the_compose_file_matches_its_schema() -> None:
    said_by("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


@pytest.mark.thorough
@pytest.mark.parametrize("file", [KUBERNETES, INGRESS], ids=lambda file: file.name)
def test_the_manifests_match_the_schemas_of_kubernetes(file: Path) -> None:
    said_by("kubernetes-validate", "--strict", file)


@pytest.mark.long
@pytest.mark.parametrize("folder", ["kubernetes", "openshift"])
def test_kustomize_builds_valid_manifests(folder: str, tmp_path: Path) -> None:
    kubectl = DEPLOY.parent / ".bench-peers" / "kubectl" / "bin" / "kubectl"
    if not kubectl.exists():
        raise PartMissing("kubectl", "is not installed: make test-peers")
    together = tmp_path / "together.yaml"
    together.write_text(said_by(str(kubectl), "kustomize", DEPLOY / folder), encoding="utf-8")
    said_by("kubernetes-validate", "--strict", together)
    documents = {document["kind"]: document for document in _documents(together)}
    assert documents.keys() == {"Ingress", "PodDisruptionBudget", "Service", "StatefulSet"}
    pod = documents["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == f"darkroom:{VERSION}"
    assert ("runAsUser" in pod["securityContext"]) == (folder == "kubernetes")
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_the_deployed_image_is_that_of_this_release() -> None:
    named = re.compile(r"^ *(?:- )?(?:image: darkroom:|newTag: )\"?([^\"\n]+)\"?$", re.MULTILINE)
    for file in (COMPOSE, KUBERNETES, KUBERNETES.with_name("kustomization.yaml")):
        assert set(named.findall(file.read_text(encoding="utf-8"))) == {VERSION}, file


def test_each_kustomization_names_existing_files_and_fields() -> None:
    for file in (DEPLOY / "kubernetes", DEPLOY / "openshift"):
        (kustomization,) = _documents(file / "kustomization.yaml")
        assert all((file / resource).exists() for resource in kustomization["resources"])
        for patch in kustomization.get("patches", ()):
            (manifest,) = [doc for doc in _documents(KUBERNETES) if doc["kind"] == patch["target"]["kind"]]
            for operation in yaml.safe_load(patch["patch"]):
                place = manifest
                for key in operation["path"].strip("/").split("/"):
                    place = place[key]


def test_the_unit_is_valid_and_has_a_low_exposure(tmp_path: Path) -> None:
    program = tmp_path / "darkroom"
    program.touch(mode=0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/darkroom/bin/darkroom", str(program)))
    said_by("systemd-analyze", "verify", unit)
    exposure = re.search(r"level for \S+: ([0-9.]+)", said_by("systemd-analyze", "security", "--offline=true", unit))
    assert exposure
    assert float(exposure[1]) < 2.0, "of 10, as systemd measures exposure"


@pytest.mark.parametrize("file", [COMPOSE, KUBERNETES, UNIT, DEPLOY / "env.example"], ids=lambda file: file.name)
def test_every_setting_that_is_named_exists(file: Path) -> None:
    named = set(re.findall(r"\bDARKROOM_[A-Z0-9_]+", file.read_text(encoding="utf-8")))
    assert named
    settings = {name.removesuffix("_FILE") for name in named}  # a secret may be given as a file
    assert settings - {"DARKROOM_PORT"} <= SETTINGS


def test_a_stopping_service_has_time_to_finish_a_paid_order() -> None:
    drawing = [
        one.default
        for group in GENERATOR_GROUPS.values()
        for one in declared_in(group)
        if one.setting.read is seconds and isinstance(one.default, int | float)
    ]
    # Seconds: the default timeouts of drawing, of fetching and of storing.
    longest = max(drawing) + GeneratorSettings().fetch_timeout + LimitSettings().store_timeout
    (pod,) = [doc["spec"]["template"]["spec"] for doc in _documents(KUBERNETES) if doc["kind"] == "StatefulSet"]
    (stop,) = re.findall(r"^TimeoutStopSec=([0-9]+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert pod["terminationGracePeriodSeconds"] > longest
    assert int(stop) > longest
    minutes = _services()["darkroom-1"]["stop_grace_period"].removesuffix("m")
    assert int(minutes) * 60 > longest


def test_every_file_that_compose_mounts_from_the_project_exists() -> None:
    mounted = [volume for service in _services().values() for volume in service.get("volumes", ())]
    ours = [volume.partition(":")[0] for volume in mounted if volume.startswith(".")]
    assert ours
    assert [path for path in ours if not (DEPLOY / path).exists()] == []


def test_grafana_finds_its_prometheus_and_the_dashboard() -> None:
    mounts = dict(volume.split(":")[:2] for volume in _services()["grafana"]["volumes"])
    inside = {where: DEPLOY / path for path, where in mounts.items()}
    (sources,) = _documents(inside["/etc/grafana/provisioning/datasources/darkroom.yaml"])
    (providers,) = _documents(inside["/etc/grafana/provisioning/dashboards/darkroom.yaml"])
    (source,) = sources["datasources"]
    (provider,) = providers["providers"]
    shown = [path for where, path in inside.items() if where.startswith(provider["options"]["path"])]
    (dashboard,) = [json.loads(path.read_text(encoding="utf-8")) for path in shown]
    asked = {one["name"]: one for one in dashboard["templating"]["list"]}["source"]
    assert (asked["type"], asked["query"], source["isDefault"]) == ("datasource", source["type"], True)
    assert urlsplit(source["url"]).hostname in _services()


def test_the_pod_has_no_service_links_no_token_and_a_read_only_root() -> None:
    (pod,) = [doc["spec"]["template"]["spec"] for doc in _documents(KUBERNETES) if doc["kind"] == "StatefulSet"]
    (container,) = pod["containers"]
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def _services() -> Mapping[str, Any]:
    (compose,) = _documents(COMPOSE)
    services: Mapping[str, Any] = compose["services"]
    return services


def _documents(file: Path) -> list[Any]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
