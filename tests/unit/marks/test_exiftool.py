"""Our XMP, as read by an independent reader, ExifTool."""

import json
import shutil
import subprocess
from pathlib import Path

from darkroom.adapters.marks.files import stated_in_xmp
from darkroom.adapters.marks.statement import SOURCE_TYPES, Statement
from darkroom.domain.model.model_card import MediaSource
from servers.parts import PartMissing
from unit.marks.variants import VARIANTS, media_type

DRAWN = Statement(
    source=MediaSource.TRAINED, generator="karlo", model="v2.1", seed=4_294_967_295, prompt="여우 & <a>\nfox"
)


def read(files: list[Path]) -> list[dict[str, object]]:
    program = shutil.which("exiftool")
    if program is None:
        raise PartMissing("exiftool", "it is not installed (Debian: libimage-exiftool-perl)")
    completed = subprocess.run(
        [program, "-json", "-G1", "-XMP:all", "-validate", "-warning", "-error", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    read_from: list[dict[str, object]] = json.loads(completed.stdout)
    return read_from


def test_exiftool_reads_our_marks_in_every_kind_of_file(tmp_path: Path) -> None:
    bare, marked = [], []
    for name, encode in VARIANTS.items():
        data = encode()
        bare.append(tmp_path / f"{name}.{media_type(data).ending}")
        bare[-1].write_bytes(data)
        marked.append(tmp_path / f"marked {name}.{media_type(data).ending}")
        marked[-1].write_bytes(stated_in_xmp(data, media_type(data), DRAWN))

    for file, before, after in zip(bare, read(bare), read(marked), strict=True):
        assert after["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPES + "trainedAlgorithmicMedia", file.name
        assert after["XMP-iptcExt:AISystemUsed"] == "karlo"
        assert after["XMP-iptcExt:AISystemVersionUsed"] == "v2.1"
        assert after["XMP-iptcExt:AIPromptInformation"] == "여우 & <a>\nfox"
        assert after["XMP-darkroom:Seed"] == 4_294_967_295
        assert after["XMP-darkroom:Model"] == "v2.1"
        theirs = "with xmp" in file.name
        assert after["XMP-xmp:CreatorTool"] == ("Studio & Sons" if theirs else "Darkroom")
        assert after.get("XMP-dc:Rights") == ("© 화실" if theirs else None)
        assert after["ExifTool:Validate"] == before["ExifTool:Validate"]
        assert after.get("ExifTool:Warning") == before.get("ExifTool:Warning")
