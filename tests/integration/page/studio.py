"""A service with its page: real processes, and a provider that can be made to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration.http.house import SECRET, token
from servers.darkroom import Darkroom
from simulators.process import SimulatorProcess, simulator_process


@dataclass(frozen=True)
class Studio:
    """`folder` holds its state; `karlo` draws `v2.0` and `v2.1`, the service draws `sketch`, and nothing `pictures`."""

    folder: Path
    url: str
    karlo: SimulatorProcess

    def token(self, subject: str = "ada", **claims: object) -> str:
        """An access token for this subject."""
        return token(sub=subject, **claims)

    def link(self, subject: str = "ada", **claims: object) -> str:
        """The link that signs this subject in."""
        return f"{self.url}/#token={self.token(subject, **claims)}"


@contextmanager
def open_studio(folder: Path) -> Iterator[Studio]:
    """Start a studio with its state in `folder`, and stop it after the block."""
    with simulator_process("karlo", "--images-per-minute", "0") as karlo:
        settings = {
            "DARKROOM_JWT_SECRET": SECRET,
            "DARKROOM_GENERATORS": "sketch,karlo,openai",
            "DARKROOM_KARLO_API_KEY": "karlo-test-key",
            "DARKROOM_KARLO_BASE_URL": karlo.base_url,
            "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
            "DARKROOM_OPENAI_API_KEY": "never-used",
            "DARKROOM_OPENAI_BASE_URL": karlo.base_url,
            "DARKROOM_OPENAI_MODELS": "pictures=1024x1024|1536x1024",
            "DARKROOM_MAX_IN_FLIGHT": "1",  # so that the others wait for a slow order
            "DARKROOM_PRICES": "v2.1=0.02 USD",
        }
        with Darkroom(folder, settings) as darkroom:
            yield Studio(folder, darkroom.wait_until_ready(), karlo)
