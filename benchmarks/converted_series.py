"""Series of a folder and their masks as NIfTI pairs, for benchmarks of radiomic features.

DICOM_DIR: one folder per patient with SERIES/image/*.dcm, or one archive PATIENT.tar.xz of
that each. MASK_DIR: PATIENT_SERIES_mask.nii.gz on the grid of the series.
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MASK_END = "_mask.nii.gz"


class CannotMeasure(Exception):  # noqa: N818 - reads as what happened
    """There is nothing to measure; the text says why."""


def unpacked(folder: Path, scratch: Path) -> Path:
    """The folder itself, or where its archives were unpacked to."""
    archives = sorted(folder.glob("*.tar.xz"))
    for archive in archives:
        with tarfile.open(archive) as content:
            for member in content:
                target = (scratch / member.name).resolve()
                if member.isfile() and target.is_relative_to(scratch.resolve()):
                    content.extract(member, scratch)
    return scratch if archives else folder


def series_of(images: Path, masks: Path) -> list[tuple[str, Path, Path]]:
    """Name, folder and mask of every series that has both, sorted by name."""
    found = []
    for mask in sorted(masks.glob("*" + MASK_END)):
        name = mask.name.removesuffix(MASK_END)
        for patient in sorted(p for p in images.iterdir() if p.is_dir()):
            series = patient / name.removeprefix(patient.name + "_")
            if name.startswith(patient.name + "_") and series.is_dir():
                inner = series / "image"
                found.append((name, inner if inner.is_dir() else series, mask))
    return found


def convert(images: Path, masks: Path, cases: int | None, work: Path) -> int:
    """Write NIfTI pairs and their table into `work`; returns how many."""
    import pydicom

    from equisite.core.tables import write_rows
    from equisite.imaging.batch import run_batch
    from equisite.imaging.rows import RegionPair
    from equisite.intake.index import ImagingItem
    from equisite.protocol.imaging import Imaging, RoiRule

    items = []
    for name, folder, mask in series_of(images, masks)[:cases]:
        first = next(p for p in sorted(folder.iterdir()) if p.is_file())
        modality = str(pydicom.dcmread(first, specific_tags=["Modality"]).Modality)
        place = (str(folder), "", modality, str(mask))
        items.append(ImagingItem(name, name.lower(), *place, "gtv", "", "", ""))
    (work / "volumes").mkdir()
    rules = Imaging(roi=(RoiRule(name="gtv", patterns=(".*",)),))
    result = run_batch(items, rules, work / "volumes")
    write_rows(work / "regions.tsv", RegionPair, sorted(result.regions))
    return len(result.regions)


def parser_of(text: str | None, cases: int | None = None) -> argparse.ArgumentParser:
    """Arguments that these benchmarks have in common. cases: as many as are taken at most."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dicom", type=Path, nargs="?", metavar="DICOM_DIR")
    parser.add_argument("masks", type=Path, nargs="?", metavar="MASK_DIR")
    parser.add_argument("--cases", type=int, default=cases, metavar="N")
    return parser


@contextmanager
def converted(args: argparse.Namespace) -> Iterator[tuple[Path, int]]:
    """A folder with the pairs, their table `regions.tsv`, and how many there are.

    Raises CannotMeasure when there is none.
    """
    if args.dicom is None or args.masks is None:
        raise CannotMeasure("give DICOM_DIR and MASK_DIR")
    with tempfile.TemporaryDirectory() as name:
        work, scratch = Path(name) / "work", Path(name) / "images"
        work.mkdir()
        scratch.mkdir()
        cases = convert(unpacked(args.dicom, scratch), args.masks, args.cases, work)
        if cases == 0:
            raise CannotMeasure("no series in DICOM_DIR has a mask in MASK_DIR")
        yield work, cases
