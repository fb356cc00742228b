"""The evidence on this machine: providers' answers that could not be used."""

from darkroom.adapters.evidence_folder import EvidenceFolder, KeptEvidence
from darkroom.entrypoints.settings import Settings

__all__ = ["EvidenceFolder", "KeptEvidence", "kept_evidence"]


def kept_evidence(settings: Settings) -> EvidenceFolder:
    """Return the service's evidence folder, for reading."""
    folder, room = settings.service.data_dir / "evidence", settings.limits.evidence_bytes
    return EvidenceFolder(folder, room=room, spared=lambda: 0)
