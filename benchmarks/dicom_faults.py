"""Faults injected into real series: each must be named by exactly its code.

    dicom_faults.py DICOM_DIR [--bases N]

From all series below DICOM_DIR (any layout) the smallest sound one of each maker and modality
is taken (N at most) and given each fault of `dicom_fault_kinds.py`. The faulty series lies in
one tree with a sound neighbour; both are rows of one batch. A fault counts as right when on
every base exactly the expected codes refuse, the expected warnings are told, and the neighbour
still gets its region.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom_fault_kinds import FAULTS, Fault, NotPossible, Series
from equisite.imaging.batch import BatchResult, run_batch
from equisite.imaging.checks.kind import CLASSIC
from equisite.imaging.discovery import SeriesFiles, scan, series_by_uid
from equisite.imaging.nifti import write_mask
from equisite.imaging.series import judge_series
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule, SeriesLimits

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SLICES, SMALLEST = 24, 8
IMAGING = Imaging(roi=(RoiRule(name="gtv", patterns=("gtv",)),))


def bases(folder: Path, most: int) -> Iterator[tuple[str, Series]]:
    """The smallest sound series of each maker and modality, as uncompressed data sets."""
    found = scan(folder)
    candidates: dict[tuple[str, str], SeriesFiles] = {}
    for uid in sorted(found.images, key=lambda u: (sum(h.size for h in found.images[u]), u)):
        first = found.images[uid][0]
        if len(found.images[uid]) < SMALLEST or first.sop_class not in CLASSIC:
            continue
        maker = str(
            pydicom.dcmread(first.path, stop_before_pixels=True).get("Manufacturer", "")
        )
        key = (maker.split(" ")[0].upper(), first.modality)
        if key in candidates:
            continue
        files = series_by_uid(found, uid)
        report = judge_series(files, first.modality, SeriesLimits())
        slices = len(report.stack.headers) if report.stack else 0
        if slices >= SMALLEST and not report.refused and not report.empty:
            candidates[key] = files
            if len(candidates) >= most:
                break
    for (maker, modality), files in sorted(candidates.items()):
        report = judge_series(files, modality, SeriesLimits())
        headers = report.stack.headers if report.stack else ()
        start = max(0, (len(headers) - SLICES) // 2)
        made = [_plain(h.path) for h in headers[start : start + SLICES]]
        for number, ds in enumerate(made, start=1):
            ds.InstanceNumber = number
        yield f"{maker or 'unknown'} {modality}", made


def _plain(path: str) -> Dataset:
    ds = pydicom.dcmread(path, force=True)
    if ds.file_meta.TransferSyntaxUID.is_compressed:
        ds.decompress()
    # A slice alone: what it says of a longer series is not true of the piece.
    for keyword in ("NumberOfSlices", "ImagesInAcquisition"):
        if keyword in ds:
            delattr(ds, keyword)
    return ds


def structures(made: Series, how: str) -> Dataset:
    """A structure set with a ring on each inner slice, or one with a fault."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = RTSTRUCT
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=["structures", made[0].SeriesInstanceUID]
    )
    ds.Modality = "RTSTRUCT"
    frame = "1.2.3.9" if how == "elsewhere" else str(made[0].get("FrameOfReferenceUID", ""))
    series, study, reference = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = "1.2.3.8" if how == "elsewhere" else made[0].SeriesInstanceUID
    study.RTReferencedSeriesSequence = Sequence([series])
    reference.FrameOfReferenceUID = frame
    reference.RTReferencedStudySequence = Sequence([study])
    ds.ReferencedFrameOfReferenceSequence = Sequence([reference])
    roi, contours = Dataset(), Dataset()
    roi.ROINumber = contours.ReferencedROINumber = 1
    roi.ROIName = "other" if how == "unnamed" else "GTV"
    roi.ReferencedFrameOfReferenceUID = frame
    contours.ContourSequence = Sequence()
    third = len(made) // 3
    for k in range(third, 2 * third + 1):
        if how == "gaps" and (k - third) % 2:
            continue
        contour = Dataset()
        contour.ContourGeometricType = "CLOSED_PLANAR"
        contour.ContourData = [f"{v:.5f}" for v in _ring(made, k, how).ravel()]
        contours.ContourSequence.append(contour)
    ds.StructureSetROISequence = Sequence([roi])
    ds.ROIContourSequence = Sequence([contours])
    return ds


def _ring(made: Series, k: int, how: str) -> np.ndarray:
    ds = made[k]
    direction = np.array(ds.ImageOrientationPatient, float)
    row, column = direction[:3], direction[3:]
    dy, dx = (float(v) for v in ds.PixelSpacing)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = (ds.Columns / 2 + ds.Columns / 5 * np.cos(angle)) * dx
    y = (ds.Rows / 2 + ds.Rows / 5 * np.sin(angle)) * dy
    points = np.array(ds.ImagePositionPatient, float) + np.outer(x, row) + np.outer(y, column)
    first, last = (np.array(made[i].ImagePositionPatient, float) for i in (0, -1))
    step = (last - first) / (len(made) - 1)
    if how == "far":
        points = points + 400 * row + 400 * column
    elif how == "between":
        points = points + 0.3 * step
    elif how == "tilted":
        points = points + np.outer(np.cos(angle), step)
    return points


def write(made: Series, folder: Path) -> list[Path]:
    """One file per data set."""
    folder.mkdir(parents=True)
    paths = []
    for number, ds in enumerate(made):
        path = folder / f"f{number:04d}"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        pydicom.dcmwrite(path, ds, enforce_file_format=True)
        paths.append(path)
    return paths


def renamed(made: Series) -> Series:
    """A neighbour: the same series under UIDs of its own."""
    other = copy.deepcopy(made)
    series = generate_uid(entropy_srcs=["neighbour", made[0].SeriesInstanceUID])
    for ds in other:
        ds.SeriesInstanceUID = series
        ds.SOPInstanceUID = generate_uid(entropy_srcs=["neighbour", ds.SOPInstanceUID])
    return other


def row(name: str, made: Series, modality: str, root: Path, mask: Path) -> ImagingItem:
    """One row of the sheet."""
    uid = str(made[0].SeriesInstanceUID)
    return ImagingItem(name, name, uid, str(root), modality, str(mask), "gtv", "", "", "")


def inject(fault: Fault, base: Series, modality: str, scratch: Path) -> BatchResult:
    """Both rows of one batch: the faulty series and its neighbour."""
    root = scratch / "tree"
    sound = renamed(base)
    write(sound, root / "neighbour")
    faulty = fault.change(copy.deepcopy(base))
    paths = write(faulty, root / "faulty")
    if fault.after:
        fault.after(paths)
    masks = scratch / "masks"
    (good,) = write([structures(sound, "")], masks / "neighbour")
    (drawn,) = write([structures(base, fault.mask)], masks / "faulty")
    if fault.mask == "cut":
        drawn.write_bytes(drawn.read_bytes()[:-200])
    elif fault.mask == "nifti off":
        drawn = masks / "off.nii"
        report = judge_series(
            series_by_uid(scan(root / "faulty"), str(base[0].SeriesInstanceUID)),
            modality,
            SeriesLimits(),
        )
        if report.grid is not None:
            labels = np.zeros(report.grid.shape, dtype=np.uint8)
            labels[2:-2, 5:-5, 5:-5] = 1
            report.grid.lps[:3, 3] += report.grid.lps[:3, 0]
            write_mask(drawn, report.grid, labels)
    rows = [
        row("faulty", base, modality, root, drawn),
        row("neighbour", sound, modality, root, good),
    ]
    return run_batch(rows, IMAGING, scratch / "volumes")


def judge(fault: Fault, result: BatchResult) -> tuple[str, list[str], list[str]]:
    """`right`, `wrong`, `accepted` or `neighbour`, the refusing codes and the others."""
    refused = {o.code for o in result.outcomes
               if o.patient == "faulty" and o.outcome == "refused"}  # fmt: skip
    told = {s.code for s in result.series if s.patient == "faulty"} - refused - {""}
    for region in result.regions:
        if region.patient == "faulty":
            told |= set(region.flags.split(",")) - {""}
    sound = [r for r in result.regions if r.patient == "neighbour"]
    hurt = [o for o in result.outcomes if o.patient == "neighbour" and o.outcome == "refused"]
    if len(sound) != 1 or hurt:
        verdict = "neighbour"
    elif refused == set(fault.refuse) and set(fault.tell) <= told:
        verdict = "right"
    elif not refused and not set(fault.tell) & told and (fault.refuse or fault.tell):
        verdict = "accepted"
    else:
        verdict = "wrong"
    return verdict, sorted(refused), sorted(told)


def main() -> int:
    """Inject, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="DICOM_DIR")
    parser.add_argument("--bases", type=int, default=8)
    args = parser.parse_args()
    chosen = list(bases(args.folder, args.bases))
    if not chosen:
        print("no sound series of at least 8 slices", file=sys.stderr)
        return 2
    wrong: list[dict[str, object]] = []
    accepted: list[dict[str, object]] = []
    tried = right = 0
    kinds = set()
    for name, base in chosen:
        modality = str(base[0].Modality)
        print(f"{name}: {len(base)} slices")
        for fault in FAULTS:
            if fault.modality not in ("", modality):
                continue
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    result = inject(fault, base, modality, Path(scratch))
                except NotPossible:
                    print(f"  skipped   {fault.name:32} slices too small to encode")
                    continue
            verdict, refused, told = judge(fault, result)
            tried += 1
            right += verdict == "right"
            kinds.add(fault.name)
            codes = " ".join(refused) or "not refused"
            shown = " ".join(set(fault.tell) & set(told))
            print(f"  {verdict:9} {fault.name:32} {codes} {shown}")
            if verdict != "right":
                about = {
                    "base": name,
                    "fault": fault.name,
                    "verdict": verdict,
                    "expected": [*fault.refuse, *fault.tell],
                    "got": refused,
                    "told": told,
                }
                (accepted if verdict == "accepted" else wrong).append(about)
    faults = [f for f in FAULTS if f.name in kinds and (f.refuse or f.tell)]
    print(
        json.dumps(
            {
                "kinds": len(faults),
                "bases": [name for name, _ in chosen],
                "tried": tried,
                "right_reason": right,
                "wrong_reason": wrong,
                "accepted": accepted,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
