"""What the header of a PET slice says about dose, times and weight."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from equisite.core.errors import InputError
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.groups import UNASSIGNED, FrameGroups, frame_groups

PHILIPS = "Philips PET Private Group"
PHILIPS_SUV, PHILIPS_ACTIVITY = (0x7053, PHILIPS, 0x00), (0x7053, PHILIPS, 0x09)
GE_SCAN_TIME = (0x0009, "GEMS_PETD_01", 0x0D)
"""Private elements by group, creator and element of the creator's block; PS3.5 7.8.1."""
ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"


@dataclass(frozen=True, slots=True)
class SuvFields:
    """The fields of one slice; None is absent or unreadable. Instants are in seconds.

    start: injection with its date; start_clock: injection as seconds of its day, where
    only a time is stated. All values stay inside the room: no output holds them.
    """

    weight_kg: float | None
    dose_bq: float | None
    half_life_s: float | None
    nuclide: str
    tracer: str
    start: float | None
    start_clock: float | None
    series: float | None
    series_day: float | None
    acquisition: float | None
    ge_scan: float | None
    decay_correction: str
    corrections: frozenset[str]
    philips_suv: float | None
    philips_activity: float | None


def day_seconds(value: str) -> float | None:
    """Seconds of a DICOM date (`20240229`, or the old `2024.02.29`).

    >>> day_seconds("19700102") - day_seconds("1970.01.01"), day_seconds("20240230")
    (86400.0, None)
    """
    digits = value.strip().replace(".", "")
    if not re.fullmatch(r"\d{8}", digits):
        return None
    try:
        day = datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    # Counted from 2000-01-01: large numbers would cost the fraction of the second.
    return (day.toordinal() - 730120) * 86400.0


def clock_seconds(value: str) -> float | None:
    """Seconds since midnight of a DICOM time, with or without colons and fraction.

    >>> [clock_seconds(t) for t in ("112011", "112011.00", "11:20:11", "1120", "25")]
    [40811.0, 40811.0, 40811.0, 40800.0, None]
    """
    match = re.fullmatch(
        r"(\d{2})(?:(\d{2})(?:(\d{2}(?:\.\d*)?))?)?", value.strip().replace(":", "")
    )
    if match is None:
        return None
    hour, minute, second = (float(part or 0) for part in match.groups())
    return (
        hour * 3600 + minute * 60 + second
        if hour < 24 and minute < 60 and second < 61
        else None
    )


def instant_seconds(value: str) -> float | None:
    """Seconds of a DICOM date and time in one value; an offset of the time zone is dropped."""
    match = re.fullmatch(r"(\d{8})(\d{2,6}(?:\.\d*)?)(?:[+-]\d{4})?", value.strip())
    if match is None:
        return None
    return _sum(day_seconds(match[1]), clock_seconds(match[2]))


def read_suv_fields(path: str) -> SuvFields:
    """Read one slice with pydicom.

    Raises InputError SUV_UNREADABLE when it cannot be parsed, OSError when the machine
    cannot read it.
    """
    import pydicom

    def unreadable(why: str) -> InputError:
        return InputError("SUV_UNREADABLE", problem=why)

    with foreign_parser(unreadable):
        dataset = pydicom.dcmread(Path(path), stop_before_pixels=True, force=True)
        return _fields(dataset, [dataset])


def read_frame_fields(path: str) -> list[SuvFields]:
    """Read each frame of an enhanced or legacy converted file; errors as above.

    A legacy converted object keeps the classic attributes among its unassigned ones; an
    enhanced one states to which instant decay is corrected, and corrections one by one.
    """
    import pydicom

    def unreadable(why: str) -> InputError:
        return InputError("SUV_UNREADABLE", problem=why)

    with foreign_parser(unreadable):
        dataset = pydicom.dcmread(Path(path), stop_before_pixels=True, force=True)
        enhanced = str(dataset.get("SOPClassUID", "")) == ENHANCED_PET
        found = []
        for groups in frame_groups(dataset):
            frame = _Frame(dataset, groups)
            fields = _fields(frame, frame.holders())
            found.append(_enhanced(fields, dataset) if enhanced else fields)
        return found


@dataclass(frozen=True)
class _Frame:
    """One frame seen like a classic data set: unassigned attributes, then the top level."""

    dataset: Any
    groups: FrameGroups

    def get(self, keyword: str) -> Any:
        value = self.groups.unassigned(keyword)
        return self.dataset.get(keyword) if value is None else value

    def holders(self) -> list[Any]:
        """Where private elements may stand."""
        found = [self.groups.group(name) for name in UNASSIGNED]
        return [*(h for h in found if h is not None), self.dataset]


def _enhanced(fields: SuvFields, dataset: Any) -> SuvFields:
    """PS3.3 C.8.22.3: the instant of decay correction stands for the start of the scan."""
    flags = {"ATTN": "AttenuationCorrected", "DECY": "DecayCorrected"}
    return replace(
        fields,
        corrections=frozenset(k for k, name in flags.items() if _text(dataset, name) == "YES"),
        decay_correction="START",
        series=instant_seconds(_text(dataset, "DecayCorrectionDateTime")),
        acquisition=None,
        ge_scan=None,
    )


def _fields(dataset: Any, holders: Sequence[Any]) -> SuvFields:
    dose = next(iter(_get(dataset, "RadiopharmaceuticalInformationSequence") or ()), None)
    series_day = day_seconds(_text(dataset, "SeriesDate"))
    acquired = instant_seconds(_text(dataset, "AcquisitionDateTime"))
    day = day_seconds(_text(dataset, "AcquisitionDate"))
    stated = _sum(
        series_day if day is None else day, clock_seconds(_text(dataset, "AcquisitionTime"))
    )
    nuclide = next(iter(_get(dose, "RadionuclideCodeSequence") or ()), None)
    tracer = next(iter(_get(dose, "RadiopharmaceuticalCodeSequence") or ()), None)
    return SuvFields(
        weight_kg=_real(dataset, "PatientWeight"),
        dose_bq=_real(dose, "RadionuclideTotalDose"),
        half_life_s=_real(dose, "RadionuclideHalfLife"),
        nuclide=_text(nuclide, "CodeValue"),
        tracer=f"{_text(dose, 'Radiopharmaceutical')} {_text(tracer, 'CodeMeaning')}",
        start=instant_seconds(_text(dose, "RadiopharmaceuticalStartDateTime")),
        start_clock=clock_seconds(_text(dose, "RadiopharmaceuticalStartTime")),
        series=_sum(series_day, clock_seconds(_text(dataset, "SeriesTime"))),
        series_day=series_day,
        acquisition=acquired if stated is None else stated,
        ge_scan=instant_seconds(_private(holders, GE_SCAN_TIME)),
        decay_correction=_text(dataset, "DecayCorrection"),
        corrections=frozenset(_many(dataset, "CorrectedImage")),
        philips_suv=_number(_private(holders, PHILIPS_SUV)),
        philips_activity=_number(_private(holders, PHILIPS_ACTIVITY)),
    )


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _get(dataset: Any, keyword: str) -> Any:
    """The value of an element; None when it is absent or cannot be parsed."""
    if dataset is None:
        return None
    try:
        return dataset.get(keyword)
    except (ValueError, TypeError, OverflowError):
        return None


def _text(dataset: Any, keyword: str) -> str:
    value = _get(dataset, keyword)
    return "" if value is None else str(value).strip()


def _many(dataset: Any, keyword: str) -> list[str]:
    value = _get(dataset, keyword)
    if value is None:
        return []
    return [value.strip()] if isinstance(value, str) else [str(v).strip() for v in value]


def _real(dataset: Any, keyword: str) -> float | None:
    return _number(_text(dataset, keyword))


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _private(holders: Sequence[Any], wanted: tuple[int, str, int]) -> str:
    """Text of a private element; bytes of unknown representation are text or a double.

    Its block is the one that the creator reserved. Where nobody reserved the first block,
    as after some de-identifications, the usual address is read.
    """
    group, creator, element = wanted
    for holder in holders:
        blocks = {
            tag.element: str(holder[tag].value).strip().casefold()
            for tag in holder.keys()  # noqa: SIM118 - iterating a data set gives elements
            if tag.group == group and 0x10 <= tag.element <= 0xFF
        }
        own = [block for block, name in blocks.items() if name == creator.casefold()]
        if not own and 0x10 not in blocks:
            own = [0x10]
        for block in own:
            tag = (group, block << 8 | element)
            if tag in holder:
                value = holder[tag].value
                if isinstance(value, bytes):
                    return value.decode("latin-1").strip(" \0")
                return "" if value is None else str(value).strip()
    return ""
