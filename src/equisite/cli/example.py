"""An example site folder: the sheets of `config/` and the public pack as its data."""

from __future__ import annotations

import shutil
from pathlib import Path

from equisite.cli.launch import CHECKOUT
from equisite.cli.papers import pinned
from equisite.core.errors import ConfigError
from equisite.intake.agreement import pack_folder

FILES = (
    "config.yaml",
    "protocol.yaml",
    "keyring.yaml",
    "patients.tsv",
    "sequencing.tsv",
    "imaging.tsv",
)
PINNED = ("genes.gff3", "territory.bed")
DATA = ("reference.fa.gz", "reads_1.fastq.gz", "reads_2.fastq.gz")


def write_example(directory: Path) -> list[Path]:
    """Write the folder and return what was written.

    Raises ConfigError FOLDER_IN_USE when the folder exists and is not empty.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError("FOLDER_IN_USE", folder=str(directory))
    pack = pack_folder()
    sources = {name: CHECKOUT / "config" / name for name in FILES}
    sources |= {name: pack / "genome" / name for name in PINNED}
    sources |= {f"example/{name}": pack / "genome" / name for name in DATA}
    sources["example/rtstruct.dcm"] = pack / "phantom" / "rtstruct.dcm"
    for piece in sorted((pack / "phantom" / "series").iterdir()):
        sources[f"example/series/{piece.name}"] = piece
    for name, source in sources.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    protocol = directory / "protocol.yaml"
    protocol.write_text(pinned(protocol.read_text(encoding="utf-8")), encoding="utf-8")
    return [directory / name for name in (*FILES, *PINNED)] + [directory / "example"]
