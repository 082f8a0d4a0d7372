"""Files with many frames (enhanced and legacy converted objects) to one header per frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.groups import GEOMETRY, FrameGroups, frame_groups, number, numbers

ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "MR",
    "1.2.840.10008.5.1.4.1.1.130": "PT",
    "1.2.840.10008.5.1.4.1.1.128.1": "PT",
}
"""SOP classes with many frames per file (enhanced, legacy converted), and their modality."""

FRAME_TYPES = ("CTImageFrameTypeSequence", "MRImageFrameTypeSequence", "PETFrameTypeSequence")
UNITS = {"Bq/ml": "BQML", "g/ml{SUVbw}": "GML"}
"""UCUM units of a real world value map, as the classic attribute Units writes them."""


class _GroupsError(Exception):
    """The functional groups do not tell where the frames are; the text says why."""


def expand(
    headers: Sequence[ImageHeader],
) -> tuple[list[ImageHeader], list[ImagingFinding]]:
    """One header per frame of the enhanced files among `headers`; others stay as they are,
    as do headers of single frames.

    Position, orientation, spacing and scale of a frame are those of its functional groups,
    where an item per frame wins over the shared one. ENHANCED_GROUPS when a file's groups
    do not say; such a file stays one header.
    """
    frames: list[ImageHeader] = []
    reasons: set[str] = set()
    bad = 0
    for header in headers:
        if header.sop_class not in ENHANCED or header.frame is not None:
            frames.append(header)
            continue
        try:
            frames += _frames(header)
        except _GroupsError as problem:
            frames.append(header)
            reasons.add(str(problem))
            bad += 1
    if not bad:
        return frames, []
    why = ", ".join(sorted(reasons))
    return frames, [finding("ENHANCED_GROUPS", count=bad, total=len(headers), reason=why)]


def _frames(header: ImageHeader) -> list[ImageHeader]:
    import pydicom

    with foreign_parser(_GroupsError):
        dataset = pydicom.dcmread(header.path, stop_before_pixels=True, force=True)
        groups = list(frame_groups(dataset))
        if len(groups) != header.frames:
            raise _GroupsError(f"{len(groups)} of {header.frames} frames are described")
        for name in GEOMETRY:
            lacking = sum(g.group(name) is None for g in groups)
            if lacking:
                raise _GroupsError(f"{lacking} frames without {name.removesuffix('Sequence')}")
        stacks = {_text(g.value("FrameContentSequence", "StackID")) for g in groups}
        if len(stacks) > 1:
            raise _GroupsError(f"{len(stacks)} stacks in one file")
        return [_frame(header, index, g) for index, g in enumerate(groups)]


def _frame(header: ImageHeader, index: int, groups: FrameGroups) -> ImageHeader:
    position = numbers(groups.value("PlanePositionSequence", "ImagePositionPatient"), 3)
    orientation = numbers(
        groups.value("PlaneOrientationSequence", "ImageOrientationPatient"), 6
    )
    slope, intercept, scale, rescale_type, units = _scale(header, groups)
    kinds = [k for name in FRAME_TYPES if (k := groups.value(name, "FrameType")) is not None]

    def measure(keyword: str) -> float | None:
        return number(groups.value("PixelMeasuresSequence", keyword))

    def content(keyword: str) -> Any:
        return groups.value("FrameContentSequence", keyword)

    time = content("FrameAcquisitionDateTime") or groups.unassigned("AcquisitionTime")
    instance = _first(groups.unassigned("InstanceNumber"), content("InStackPositionNumber"))
    return replace(
        header,
        frame=index,
        image_type=tuple(str(k).strip() for k in kinds[0]) if kinds else header.image_type,
        position=position,
        orientation=orientation,
        spacing=numbers(groups.value("PixelMeasuresSequence", "PixelSpacing"), 2),
        thickness=measure("SliceThickness"),
        spacing_between=measure("SpacingBetweenSlices"),
        slope=slope,
        intercept=intercept,
        scale=scale,
        rescale_type=rescale_type,
        units=units,
        suv_type=_text(groups.unassigned("SUVType")) or header.suv_type,
        temporal_position=_whole(content("TemporalPositionIndex")),
        echo_time=number(groups.value("MREchoSequence", "EffectiveEchoTime")),
        b_value=number(groups.value("MRDiffusionSequence", "DiffusionBValue")),
        trigger_time=number(
            groups.value("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime")
        ),
        acquisition_time=_text(time),
        acquisition_number=_whole(content("FrameAcquisitionNumber")),
        instance_number=_whole(instance),
        images_in_acquisition=None,
        number_of_slices=None,
    )


def _scale(header: ImageHeader, groups: FrameGroups) -> tuple[float, float, str, str, str]:
    """Slope, intercept, whether they are stated, rescale type and units of one frame.

    A PET frame without Units takes scale and units of its real world value map.
    """
    name = "PixelValueTransformationSequence"
    own = number(groups.value(name, "RescaleSlope"))
    slope = _first(own, header.slope)
    scale = header.scale if own is None else "stated"
    intercept = _first(number(groups.value(name, "RescaleIntercept")), header.intercept)
    rescale_type = _text(groups.value(name, "RescaleType")) or header.rescale_type
    units = _text(groups.unassigned("Units")) or header.units
    mapping = groups.group("RealWorldValueMappingSequence")
    if ENHANCED[header.sop_class] == "PT" and not units and mapping is not None:
        code: Any = next(iter(mapping.get("MeasurementUnitsCodeSequence") or ()), {})
        units = UNITS.get(str(code.get("CodeValue", "")), "")
        mapped = number(mapping.get("RealWorldValueSlope"))
        if units and mapped is not None:
            slope, scale = mapped, "stated"
            intercept = number(mapping.get("RealWorldValueIntercept")) or 0.0
    return slope, intercept, scale, rescale_type, units


def _first(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _whole(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and found == int(found) else None
