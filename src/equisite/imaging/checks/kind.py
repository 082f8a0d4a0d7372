"""Is it a kind of image that has a volume at all; if not, nothing else is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding
from equisite.imaging.multiframe import ENHANCED

if TYPE_CHECKING:  # the scan of an archive needs no models
    from equisite.protocol.imaging import SeriesLimits

CLASSIC = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
}
"""SOP classes with one slice per file, and their modality."""
READ = CLASSIC | ENHANCED

SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
SCOUT_WORDS = ("LOCALIZER", "SCOUT", "SURVEY", "SURVIEW")
WHY = {
    "1.2.840.10008.5.1.4.1.1.1.2": (
        "A mammogram is a projection: it has no slices, so a region in it has no volume."
    ),
    "1.2.840.10008.5.1.4.1.1.13.1.3": (
        "Breast tomosynthesis sees a small angle only: across its slices nothing is sharp "
        "enough to be measured."
    ),
    "1.2.840.10008.5.1.4.1.1.6.1": (
        "Ultrasound frames share no grid, and their brightness follows the settings of the "
        "hour."
    ),
    "1.2.840.10008.5.1.4.1.1.3.1": (
        "Ultrasound frames share no grid, and their brightness follows the settings of the "
        "hour."
    ),
    "1.2.840.10008.5.1.4.1.1.6.2": (
        "Ultrasound brightness follows the settings of the hour and cannot be compared."
    ),
    "1.2.840.10008.5.1.4.1.1.1": "A radiograph is a projection and has no slices.",
    "1.2.840.10008.5.1.4.1.1.1.1": "A radiograph is a projection and has no slices.",
    "1.2.840.10008.5.1.4.1.1.20": "Counts of a gamma camera have no unit that sites share.",
}
"""Why a class of images is not read, where a reader may ask; by SOP class or what precedes
its last component."""
GREY = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", ""})


def is_secondary(sop_class: str) -> bool:
    """Secondary capture by whole components: `.7` or `.7.1` to `.7.4`, never `.77`."""
    return sop_class == SECONDARY or sop_class.startswith(SECONDARY + ".")


def is_scout(header: ImageHeader) -> bool:
    """An image type that names a planning image."""
    return any(word in value.upper() for value in header.image_type for word in SCOUT_WORDS)


def check_kind(headers: Sequence[ImageHeader], limits: SeriesLimits) -> list[ImagingFinding]:
    """Codes of images that are no slices of a volume; all that apply."""
    total = len(headers)
    findings = []

    def count(code: str, number: int, **numbers: str) -> None:
        if number:
            findings.append(finding(code, count=number, total=total, **numbers))

    secondary = [h for h in headers if is_secondary(h.sop_class)]
    unsupported = [
        h
        for h in headers
        if not is_secondary(h.sop_class)
        and (h.sop_class not in READ or (h.sop_class in CLASSIC and h.frames > 1))
    ]
    count(
        "SOP_UNSUPPORTED",
        len(unsupported),
        kinds=_class_names(unsupported),
        why=_reasons(unsupported),
    )
    count("SECONDARY_CAPTURE", len(secondary))
    slices = [h for h in headers if h.sop_class in READ]
    count("LOCALIZER", sum(map(is_scout, slices)))
    known = {value.upper() for value in limits.projections}
    projected = sorted({v for h in slices for v in h.image_type if v.upper() in known})
    count(
        "DERIVED_PROJECTION",
        sum(any(v.upper() in known for v in h.image_type) for h in slices),
        kinds=", ".join(projected),
    )
    count("MOSAIC", sum("MOSAIC" in h.image_type for h in slices))
    count("COLOUR", sum(h.samples > 1 or h.photometric not in GREY for h in headers))
    count("PALETTE", sum(h.samples == 1 and h.photometric == "PALETTE COLOR" for h in headers))
    return findings


def _reasons(headers: Sequence[ImageHeader]) -> str:
    """Own sentences of the classes, each before a blank; empty where there is none."""
    found = {
        WHY.get(h.sop_class) or WHY.get(h.sop_class.rpartition(".")[0], "") for h in headers
    }
    return "".join(f"{reason} " for reason in sorted(found - {""}))


def _class_names(headers: Sequence[ImageHeader]) -> str:
    """Names of the DICOM classes, such as `Ultrasound Image Storage`."""
    if not headers:
        return ""
    from pydicom.uid import UID_dictionary  # late: only a refusal needs it

    classes = {h.sop_class for h in headers}
    return ", ".join(
        sorted({UID_dictionary[c][0] if c in UID_dictionary else "unknown" for c in classes})
    )
