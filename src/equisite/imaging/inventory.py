"""Which series and which files of regions lie below a folder, and what belongs to what."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from equisite.core.errors import InputError
from equisite.imaging.discovery import has_no_image
from equisite.imaging.fields import ImageHeader
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.header import WHOLE, read_header
from equisite.imaging.names import matching
from equisite.imaging.nifti_mask import read_labels
from equisite.imaging.nrrd import read_nrrd
from equisite.imaging.rtstruct import RTSTRUCT, read_structures
from equisite.imaging.segmentation import LABEL_MAP, SEGMENTATION, read_segmentation
from equisite.imaging.walk import folders
from equisite.intake.found import FoundMask, FoundSeries, Inventory, LeftOut
from equisite.protocol.imaging import RoiRule

TAKEN = ("CT", "MR", "PT")
_LABELS = re.compile(r"\.(nii|nii\.gz|nrrd)$", re.IGNORECASE)
_OF_REGIONS = re.compile(
    r"(^|[^a-z])(mask|seg|segmentation|label|labels|roi|rois|contour|lesion|tumou?r|gtv|ctv)"
    r"([^a-z]|s?$)",
    re.IGNORECASE,
)
"""A volume file is taken for regions only when its name, or its folder's, says so."""
_OTHER_FILES = "no DICOM file and no file of regions"


class _UnreadableError(Exception):
    """pydicom cannot read a file."""


def take_inventory(roots: Sequence[Path], rules: Sequence[RoiRule] | None) -> Inventory:
    """Look at every file below the roots.

    rules: the protocol's regions, to tell which of them a file has; None: not known.
    Raises OSError when the machine cannot read.
    """
    images: dict[str, list[ImageHeader]] = defaultdict(list)
    objects: list[tuple[str, ImageHeader]] = []
    volumes: list[str] = []
    left_out: list[LeftOut] = []
    for root in roots:
        others = 0
        for folder, files, out in folders(root):
            if out:
                left_out.append(LeftOut(folder, f"{out} link(s) that lead out of the folder"))
            for file in files:
                path = os.path.join(folder, file.name)  # noqa: PTH118 - thousands of files
                if _LABELS.search(file.name):
                    volumes.append(path)
                    continue
                read = read_header(Path(path))
                if read.state != WHOLE or read.header is None:
                    others += 1
                elif read.header.sop_class in (RTSTRUCT, SEGMENTATION, LABEL_MAP):
                    objects.append((path, read.header))
                elif not has_no_image(read.header) and read.header.rows is not None:
                    images[read.header.series].append(read.header)
                else:
                    others += 1
        if others:
            left_out.append(LeftOut(str(root), f"{others} file(s): {_OTHER_FILES}"))
    series = _all_series(images, left_out)
    masks = []
    for path, header in objects:
        masks += _of_object(path, header, rules, left_out)
    for path in volumes:
        masks += _of_volume(path, rules, left_out)
    return Inventory(tuple(sorted(series)), tuple(sorted(masks)), tuple(sorted(left_out)))


def _all_series(
    images: dict[str, list[ImageHeader]], left_out: list[LeftOut]
) -> list[FoundSeries]:
    inside: dict[str, set[str]] = defaultdict(set)
    places = {uid: _common(h.path for h in headers) for uid, headers in images.items()}
    for uid, headers in images.items():
        for folder in {os.path.dirname(h.path) for h in headers}:  # noqa: PTH120
            while len(folder) > 1:
                inside[folder].add(uid)
                folder = os.path.dirname(folder)  # noqa: PTH120, PLW2901
    found = []
    for uid, headers in sorted(images.items()):
        first = min(headers, key=lambda h: h.path)
        folder = places[uid]
        patients = {h.patient_id for h in headers}
        modalities = {h.modality for h in headers}
        what = f"series in {folder}"
        if not uid:
            left_out.append(LeftOut(what, f"{len(headers)} image(s) without SeriesInstanceUID"))
        elif len(patients) > 1:
            left_out.append(LeftOut(what, f"it names {len(patients)} patients"))
        elif len(modalities) > 1 or first.modality not in TAKEN:
            told = ", ".join(sorted(modalities)) or "none"
            left_out.append(LeftOut(what, f"its modality is {told}, not CT, MR or PT"))
        else:
            found.append(
                FoundSeries(
                    first.patient_id,
                    _sex(Path(first.path)),
                    first.modality,
                    uid,
                    folder,
                    inside[folder] == {uid},
                    len(headers),
                    first.frame_of_reference,
                )
            )
    return found


def _common(paths: Iterable[str]) -> str:
    return os.path.commonpath([os.path.dirname(path) for path in paths])  # noqa: PTH120


def _sex(path: Path) -> str:
    """PatientSex of one file; empty when it says nothing."""
    import pydicom

    try:
        with path.open("rb") as stream, foreign_parser(_UnreadableError):
            dataset = pydicom.dcmread(
                stream, stop_before_pixels=True, force=True, specific_tags=["PatientSex"]
            )
            return str(dataset.get("PatientSex") or "").strip().upper()
    except _UnreadableError:
        return ""


def _of_object(
    path: str,
    header: ImageHeader,
    rules: Sequence[RoiRule] | None,
    left_out: list[LeftOut],
) -> list[FoundMask]:
    """The mask of a structure set or segmentation object."""
    try:
        if header.sop_class == RTSTRUCT:
            kind = "RTSTRUCT"
            drawn = read_structures(Path(path)).structures
            names = tuple(one.name for one in drawn)
            series = {uid for one in drawn for uid in one.series}
            frames = {one.frame_of_reference for one in drawn}
        else:
            kind = "SEG"
            segmentation = read_segmentation(Path(path))
            names = tuple(segment.name for segment in segmentation.segments)
            series, frames = set(segmentation.series), {segmentation.frame_of_reference}
    except InputError as error:
        left_out.append(LeftOut(path, f"{error.code}: {error.findings[0].sentence}"))
        return []
    return [
        FoundMask(
            path,
            kind,
            header.patient_id,
            names,
            0,
            tuple(sorted(series - {""})),
            tuple(sorted(frames - {""})),
            _regions(names, rules),
        )
    ]


def _of_volume(
    path: str, rules: Sequence[RoiRule] | None, left_out: list[LeftOut]
) -> list[FoundMask]:
    """The mask of a NIfTI or NRRD file, when its name says that it holds regions."""
    place = Path(path)
    if not (_OF_REGIONS.search(place.name) or _OF_REGIONS.search(place.parent.name)):
        left_out.append(LeftOut(path, "nothing in its name says that it holds regions"))
        return []
    names: tuple[str, ...] = ()
    try:
        if place.suffix.casefold() == ".nrrd":
            kind, content = "NRRD", read_nrrd(place)
            names = tuple(segment.name for segment in content.segments)
            layers = [layer.labels for layer in content.layers]
        else:
            kind, layers = "NIfTI", [read_labels(place).labels]
    except InputError as error:
        left_out.append(LeftOut(path, f"{error.code}: {error.findings[0].sentence}"))
        return []
    labels = 0 if names else len({int(v) for layer in layers for v in np.unique(layer)} - {0})
    return [FoundMask(path, kind, "", names, labels, (), (), _regions(names, rules))]


def _regions(names: Sequence[str], rules: Sequence[RoiRule] | None) -> tuple[str, ...] | None:
    if rules is None:
        return None
    return tuple(rule.name for rule in rules if matching(names, rule.patterns))
