"""Our XMP as ExifTool reads it, a reader that is not ours."""

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
    told = subprocess.run(
        [program, "-json", "-G1", "-XMP:all", "-validate", "-warning", "-error", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    read_from: list[dict[str, object]] = json.loads(told.stdout)
    return read_from


def test_it_reads_what_we_wrote_into_every_kind_of_file(tmp_path: Path) -> None:
    bare, marked = [], []
    for name, encode in VARIANTS.items():
        data = encode()
        bare.append(tmp_path / f"{name}.{media_type(data).ending}")
        bare[-1].write_bytes(data)
        marked.append(tmp_path / f"marked {name}.{media_type(data).ending}")
        marked[-1].write_bytes(stated_in_xmp(data, media_type(data), DRAWN))

    for file, before, told in zip(bare, read(bare), read(marked), strict=True):
        assert told["XMP-iptcExt:DigitalSourceType"] == SOURCE_TYPES + "trainedAlgorithmicMedia", file.name
        assert told["XMP-iptcExt:AISystemUsed"] == "karlo"
        assert told["XMP-iptcExt:AISystemVersionUsed"] == "v2.1"
        assert told["XMP-iptcExt:AIPromptInformation"] == "여우 & <a>\nfox"
        assert told["XMP-darkroom:Seed"] == 4_294_967_295
        assert told["XMP-darkroom:Model"] == "v2.1"
        theirs = "with xmp" in file.name
        assert told["XMP-xmp:CreatorTool"] == ("Studio & Sons" if theirs else "Darkroom")
        assert told.get("XMP-dc:Rights") == ("© 화실" if theirs else None)
        assert told["ExifTool:Validate"] == before["ExifTool:Validate"]
        assert told.get("ExifTool:Warning") == before.get("ExifTool:Warning")
