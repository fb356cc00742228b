"""Alternatives to Darkroom: a quickly written service, and gateways that forward calls.

The gateways neither fetch, store nor record anything.
"""

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.listening import wait_for_port
from benchmarks.load import Call
from benchmarks.stand_ins import SIDE, StandIns
from servers.parts import PartMissing
from servers.ports import LOOPBACK
from servers.process import Process

_HOME: Final = Path(__file__).parents[1] / ".bench-peers"
_HOW: Final = "`make bench-peers` installs it"
_LITELLM: Final = _HOME / "litellm" / "bin" / "litellm"
_PORTKEY: Final = _HOME / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
_NAIVE: Final = _HOME / "naive" / "bin" / "python"
_MASTER_KEY: Final = "sk-only-for-benchmarks-on-the-loopback-interface"
_START: Final = 120.0  # seconds

_BODY: Final = json.dumps(
    {"model": "dall-e-3", "prompt": "A lighthouse at dusk, oil on canvas", "size": f"{SIDE}x{SIDE}", "n": 1}
)


def litellm_call(_: StandIns, __: str) -> Call:
    """Return the request to LiteLLM's proxy, with its key."""
    return Call("/v1/images/generations", _BODY, {"Authorization": f"Bearer {_MASTER_KEY}"})


def portkey_call(stand_ins: StandIns, _: str) -> Call:
    """Return the request to Portkey's gateway; its headers name the provider."""
    headers = {
        "Authorization": "Bearer benchmark",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{stand_ins.url}/v1",
    }
    return Call("/v1/images/generations", _BODY, headers)


def open_naive(opened: ExitStack, _: Path, stand_ins: StandIns, port: int) -> Process:
    """Start the naive service in one process.

    Raises:
        PartMissing: its packages are not installed.
    """
    if not _NAIVE.exists():
        raise PartMissing("FastAPI", _HOW)
    certificate = dict.fromkeys(("SSL_CERT_FILE", "AWS_CA_BUNDLE"), str(stand_ins.certificate))
    process = opened.enter_context(
        Process(
            [str(_NAIVE), str(Path(__file__).with_name("naive.py")), str(port), stand_ins.url],
            environment=certificate if stand_ins.certificate else {},
        )
    )
    wait_for_port(port, process, _START)
    return process


def open_litellm(opened: ExitStack, folder: Path, stand_ins: StandIns, port: int) -> Process:
    """Start LiteLLM's proxy in one process, with its key as the only credential.

    Raises:
        PartMissing: it is not installed.
    """
    if not _LITELLM.exists():
        raise PartMissing("LiteLLM", _HOW)
    folder.mkdir()
    model = {"model": "openai/dall-e-3", "api_base": f"{stand_ins.url}/v1", "api_key": "benchmark"}
    # JSON is valid YAML.
    config = {
        "model_list": [{"model_name": "dall-e-3", "litellm_params": model}],
        "litellm_settings": {"telemetry": False},
    }
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    command = [str(_LITELLM), "--config", "config.yaml", "--host", LOOPBACK, "--port", str(port)]
    environment = {"LITELLM_MASTER_KEY": _MASTER_KEY, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    process = opened.enter_context(Process(command, environment=environment, folder=folder))
    wait_for_port(port, process, _START)
    return process


def open_portkey(opened: ExitStack, folder: Path, _: StandIns, port: int) -> Process:
    """Start Portkey's gateway in one process, without its console.

    Raises:
        PartMissing: it is not installed.
    """
    node = shutil.which("node") or shutil.which("node", path=str(Path(__file__).parents[1] / ".venv" / "bin"))
    if node is None or not _PORTKEY.exists():
        raise PartMissing("Portkey", _HOW)
    folder.mkdir()
    command = [node, str(_PORTKEY), "--headless", f"--port={port}"]
    process = opened.enter_context(Process(command, environment={"TRUSTED_CUSTOM_HOSTS": LOOPBACK}, folder=folder))
    wait_for_port(port, process, _START)
    return process
