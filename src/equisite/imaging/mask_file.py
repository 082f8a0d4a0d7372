"""The file of a mask that a row of the sheet names, and what kind of file it is."""

from __future__ import annotations

from pathlib import Path

from equisite.core.errors import InputError
from equisite.imaging.findings import finding
from equisite.imaging.header import EMPTY, NOT_DICOM, TRUNCATED, read_header
from equisite.imaging.nrrd import is_nrrd
from equisite.imaging.rtstruct import RTSTRUCT
from equisite.imaging.segmentation import LABEL_MAP, SEGMENTATION
from equisite.intake.pacs import COPIES

NIFTI_NAMES = (".nii", ".nii.gz")


def mask_file(place: Path) -> Path:
    """The mask itself: a file, or the one object of a series that was copied from the PACS.

    place: of the index. Raises InputError MASK_NOT_COPIED for a series that the archive does
    not have, MASK_OF_SEVERAL for one with more than one object; FileNotFoundError for a file
    that was there when the run was checked.
    """
    copied = place.is_dir() or place.parent.match(COPIES)
    if not copied:
        return place
    objects = sorted(place.iterdir()) if place.is_dir() else []
    if not objects:
        raise InputError("MASK_NOT_COPIED")
    if len(objects) > 1:
        raise InputError("MASK_OF_SEVERAL", count=len(objects))
    return objects[0]


def mask_kind(path: Path) -> str:
    """`rtstruct`, `seg`, `nrrd` or `nifti`, by content; by name for NIfTI.

    Raises InputError MASK_UNREADABLE for an empty file, MASK_UNSUPPORTED for another kind.
    """
    if path.name.lower().endswith(NIFTI_NAMES):
        return "nifti"
    with path.open("rb") as stream:
        if is_nrrd(stream.read(8)):
            return "nrrd"
    state = read_header(path)
    if state.state == EMPTY:
        raise InputError("MASK_UNREADABLE", problem="it is empty")
    if state.state == TRUNCATED:
        raise InputError("MASK_UNREADABLE", problem="it ends early")
    if state.state == NOT_DICOM or state.header is None:
        raise InputError("MASK_UNSUPPORTED", value="neither DICOM nor NIfTI nor NRRD")
    kind = {RTSTRUCT: "rtstruct", SEGMENTATION: "seg", LABEL_MAP: "seg"}.get(
        state.header.sop_class
    )
    if kind is None:
        text = state.header.sop_class or "none"
        raise InputError([finding("MASK_UNSUPPORTED", value=f"DICOM class {text}")])
    return kind
