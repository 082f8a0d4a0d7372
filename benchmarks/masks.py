"""Masks drawn from structure sets and segmentations against reference masks, voxel by voxel.

    masks.py DICOM_DIR MASK_DIR

DICOM_DIR holds `<case>/<kind>/image/` (a series) and `<case>/<kind>/mask/` (one structure
set or segmentation), MASK_DIR holds `<case>_<kind>_mask.nii.gz`; kind is a name such as CT,
PET or MR_T1. DICOM segmentations elsewhere below DICOM_DIR are cases as well, one per segment,
when the series that they name lies below DICOM_DIR and MASK_DIR holds NRRD files whose names
begin with the name of the segmentation and whose label is the number of the segment.
The command line converts all cases in one batch, as a site does; masks are compared after
both are brought to the same order of axes through their affines.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK

from equisite.cli.main import main as equisite
from equisite.core.outcomes import read_outcomes
from equisite.core.tables import read_rows, write_rows
from equisite.imaging.header import read_header
from equisite.imaging.rows import RegionPair, SeriesRow
from equisite.imaging.segmentation import read_segmentation
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule
from equisite.protocol.models import (
    CodebookPin,
    Cohort,
    Conformance,
    Contig,
    CountTable,
    Disclosure,
    Genomics,
    Head,
    Protocol,
    Reference,
)
from equisite.protocol.radiomics import Radiomics, RadiomicSettings

AFFINE_MM = 1e-3
MODALITIES = {"CT": "CT", "PET": "PT", "PT": "PT", "MR": "MR"}


def protocol(patterns: tuple[str, ...]) -> Protocol:
    """A protocol that asks for one region; the rest is the smallest that is valid."""
    return Protocol(
        protocol=Head(
            id="masks",
            version="1.0.0",
            title="Masks",
            contact="none",
            licence="CC0-1.0",
            data="public",
        ),
        reference=Reference(
            assembly="none", contigs=(Contig(name="1", length=1, md5="0" * 32),)
        ),
        genomics=Genomics(),
        imaging=Imaging(roi=(RoiRule(name="region", patterns=patterns),)),
        radiomics=Radiomics(modalities={"CT": RadiomicSettings()}),
        cohort=Cohort(),
        tables=(CountTable(id="cohort", kind="count", keys=("sex",)),),
        disclosure=Disclosure(ruleset="public-data-v1"),
        conformance=Conformance(pack_sha256="0" * 64),
        codebook=CodebookPin(version="1", constants_sha256="0" * 64),
    )


def cases(dicom: Path, masks: Path) -> dict[str, ImagingItem]:
    """Rows of the batch by case, for every series that has a reference mask."""
    found = {}
    for folder in sorted(p for p in dicom.glob("*/*") if (p / "image").is_dir()):
        name = f"{folder.parent.name}_{folder.name}"
        modality = MODALITIES.get(folder.name.split("_")[0])
        drawn = sorted(p for p in (folder / "mask").glob("*") if p.is_file())
        if modality is None or len(drawn) != 1 or not (masks / f"{name}_mask.nii.gz").is_file():
            continue
        found[name] = ImagingItem(
            patient=folder.parent.name,
            token=name,
            series=str((folder / "image").resolve()),
            root="",
            modality=modality,
            mask=str(drawn[0].resolve()),
            roi="",
            roi_label="",
            reader="",
            stamp="",
        )
    return found


def segment_cases(dicom: Path, masks: Path) -> dict[str, tuple[ImagingItem, Path, int]]:
    """Rows for DICOM segmentations with a reference, the reference and its label."""
    references = {plain(p.stem): p for p in sorted(masks.rglob("*.nrrd"))}
    if not references:
        return {}
    headers = [
        state.header
        for path in sorted(p for p in dicom.rglob("*") if p.is_file())
        if (state := read_header(path)).header is not None
    ]
    folders = {
        h.series: str(Path(h.path).parent.resolve()) for h in headers if h.modality != "SEG"
    }
    found = {}
    for header in headers:
        if header.modality != "SEG":
            continue
        source = read_segmentation(Path(header.path))
        series = next((folders[s] for s in sorted(source.series) if s in folders), None)
        for segment in source.segments:
            for stem, path in references.items():
                stack = SimpleITK.ReadImage(path)
                labels = np.unique(SimpleITK.GetArrayViewFromImage(stack))
                if series and stem.startswith(plain(Path(header.path).stem)) and (
                    segment.number in labels
                ):  # fmt: skip
                    name = f"{plain(Path(header.path).stem)}-{segment.number}"
                    mask = str(Path(header.path).resolve())
                    row = ImagingItem(
                        "seg",
                        name,
                        series,
                        "",
                        "CT",
                        mask,
                        "region",
                        str(segment.number),
                        "",
                        "",
                    )
                    found[name] = (row, path, segment.number)
                    break
    return found


def plain(stem: str) -> str:
    """A stem for comparison: lower case, one kind of dash."""
    return stem.lower().replace("-", "_")


def as_nifti(reference: Path, label: int, target: Path) -> Path:
    """One label of an NRRD file as NIfTI, by SimpleITK."""
    SimpleITK.WriteImage(SimpleITK.ReadImage(reference) == label, target)
    return target


def compare(drawn: Path, reference: Path) -> tuple[int, int, float, float]:
    """Voxels of both masks, Dice, and the largest difference of the affines in mm."""
    a, b = (nibabel.as_closest_canonical(nibabel.load(p)) for p in (drawn, reference))
    one, other = np.asarray(a.dataobj) != 0, np.asarray(b.dataobj) != 0
    apart = float(np.max(np.abs(a.affine - b.affine)))
    if one.shape != other.shape:
        return int(one.sum()), int(other.sum()), 0.0, apart
    both = int((one & other).sum())
    total = int(one.sum()) + int(other.sum())
    return int(one.sum()), int(other.sum()), 2 * both / total if total else 1.0, apart


def main() -> int:
    """Convert, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("dicom", type=Path, metavar="DICOM_DIR")
    parser.add_argument("masks", type=Path, metavar="MASK_DIR")
    parser.add_argument(
        "--pattern", action="append", help="names of the region, in order of preference"
    )
    args = parser.parse_args()
    rows = cases(args.dicom, args.masks)
    segments = segment_cases(args.dicom, args.masks)
    rows |= {name: row for name, (row, _, _) in segments.items()}
    if not rows:
        print("no case with image, mask object and reference mask", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        rule = protocol(tuple(args.pattern or ("gtv.*", ".*")))
        (work / "protocol.json").write_text(rule.model_dump_json(), encoding="utf-8")
        write_rows(work / "index.tsv", ImagingItem, rows.values())
        start = time.perf_counter()
        code = equisite(
            ["imaging", "convert", "--protocol", str(work / "protocol.json"),
             "--index", str(work / "index.tsv"), "--out", str(work / "out")]
        )  # fmt: skip
        seconds = time.perf_counter() - start
        if code:
            print(f"the conversion ended with code {code}", file=sys.stderr)
            return 2
        regions = {r.token: r for r in read_rows(work / "out/regions.tsv", RegionPair)}
        different = []
        for name in rows:
            reference = args.masks / f"{name}_mask.nii.gz"
            if name in segments:
                _, labels, label = segments[name]
                reference = as_nifti(labels, label, work / f"{name}.nii")
            if name not in regions:
                found = compare(reference, reference)
                different.append(
                    {"case": name, "voxels_a": 0, "voxels_b": found[1], "dice": 0.0}
                )
                print(f"{name:24} no mask")
                continue
            a, b, dice, apart = compare(work / "out" / regions[name].mask, reference)
            equal = dice == 1.0 and apart <= AFFINE_MM
            print(f"{name:24} {a:9d} {b:9d} voxels  Dice {dice:.6f}  affine {apart:.1e} mm")
            if not equal:
                different.append(
                    {"case": name, "voxels_a": a, "voxels_b": b, "dice": round(dice, 6)}
                )
        outcomes = read_outcomes([work / "out/outcomes.tsv"])
        refused = Counter(o.code for o in outcomes if o.outcome == "refused")
        series = read_rows(work / "out/series.tsv", SeriesRow)
        images = sum({r.token: r.images for r in series}.values())
    print(f"{images} slices, {seconds:.2f} s; refused: {dict(refused) or 'none'}")
    print(
        json.dumps(
            {
                "cases": len(rows),
                "equal": len(rows) - len(different),
                "different": different,
                "refused": dict(refused),
                "slices": images,
                "seconds": round(seconds, 3),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
