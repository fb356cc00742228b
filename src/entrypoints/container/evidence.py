"""What providers sent and could not be used, on this machine."""

from darkroom.adapters.evidence_folder import EvidenceFolder, KeptEvidence
from darkroom.entrypoints.settings import Settings

__all__ = ["EvidenceFolder", "KeptEvidence", "kept_evidence"]


def kept_evidence(settings: Settings) -> EvidenceFolder:
    """The folder that the service keeps it in, to be looked at."""
    folder, room = settings.service.data_dir / "evidence", settings.limits.evidence_bytes
    return EvidenceFolder(folder, room=room, spared=lambda: 0)
