"""Judges one series and, when nothing refuses it, writes its volume slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

import numpy as np

from equisite.core.atomic import replacing
from equisite.core.errors import InputError
from equisite.imaging.checks.consistency import check_consistency, describe
from equisite.imaging.checks.geometry import (
    check_direction,
    check_orientation,
    check_present,
    describe_plane,
)
from equisite.imaging.checks.kind import check_kind
from equisite.imaging.checks.pixel_format import check_pixel_format
from equisite.imaging.checks.spacing import check_spacing
from equisite.imaging.checks.values import ValueTally, check_values
from equisite.imaging.copies import without_copies
from equisite.imaging.decode import DecodeError, FrameReader
from equisite.imaging.discovery import SeriesFiles
from equisite.imaging.extent import continuing
from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import INFO, ImagingFinding, finding, refused
from equisite.imaging.grid import Grid
from equisite.imaging.multiframe import expand
from equisite.imaging.nifti import nifti_header
from equisite.imaging.shear import Shear
from equisite.imaging.stack import Stack
from equisite.imaging.suv import suv_factor
from equisite.protocol.imaging import SeriesLimits


@dataclass(frozen=True)
class SeriesReport:
    """The verdict on a series.

    findings: all of them, in the order of the tests. stack: its slices, None when kind or
    orientation ended the tests. grid: of the volume, None when the series is refused.
    empty: indices of constant slices at the ends. shear: of a leaning stack that was put
    upright; masks are made on its leaning grid.
    """

    findings: tuple[ImagingFinding, ...]
    stack: Stack | None = None
    grid: Grid | None = None
    empty: tuple[int, ...] = ()
    shear: Shear | None = None

    @property
    def refused(self) -> bool:
        """Whether a finding refuses the series."""
        return refused(self.findings)


def judge_series(
    files: SeriesFiles,
    modality: str,
    limits: SeriesLimits,
    volume: Path | None = None,
    tilt: Literal["refuse", "shear"] = "refuse",
) -> SeriesReport:
    """Run all tests of a series; write its volume if it passes and a path is given.

    modality: as the sheet says (CT, MR, PT). The volume is float32, (slice, row, column),
    k ascending along row x column; value = stored x slope + intercept in float64, PET in
    SUV by body weight. Nothing stands at `volume` when the series is refused. tilt: what
    becomes of a series with gantry tilt.
    Raises MemoryError or OSError when the machine fails.
    """
    findings = _beside(files)
    frames, framing = expand(files.headers)
    stages: tuple[Callable[[], list[ImagingFinding]], ...] = (
        lambda: check_kind(frames, limits),
        lambda: framing,
        lambda: check_present(frames),
        lambda: check_orientation(frames, limits),
    )
    for stage in stages:
        findings += stage()
        if refused(findings):
            return SeriesReport(tuple(findings))
    with FrameReader() as reader:
        headers, copies = without_copies(frames, reader)
        findings += copies
        stack = Stack.of(headers)
        findings += _modality(stack.headers, modality)
        findings += describe_plane(stack)
        direction = check_direction(stack, limits)
        leaning = [f for f in direction if f.code == "GANTRY_TILT"] if tilt == "shear" else []
        for found in leaning:
            direction[direction.index(found)] = replace(found, level=INFO)
            direction.append(finding("INTERPOLATED", value=found.numbers["value"]))
        findings += direction
        findings += [_explained(f, files.broken) for f in check_spacing(stack, limits)]
        findings += _split(stack, files)
        findings += check_consistency(stack, limits)
        findings += describe(stack.headers)
        format_findings, unreadable = check_pixel_format(stack, files.broken, limits)
        findings += format_findings
        factor = 1.0
        if modality == "PT" and stack.headers[0].modality == "PT":
            factor, more = suv_factor(stack.headers)
            findings += more
        grid = Grid.of(stack)
        shear = Shear.of(grid) if leaning and not refused(findings) else None
        grid = grid if shear is None else shear.upright
        tally = ValueTally()
        if volume is None or refused(findings):
            _stream(stack, unreadable, reader, tally, factor, None, None)
            findings += check_values(tally)
        else:
            try:
                with replacing(volume) as stream:
                    stream.write(nifti_header(grid, "float32"))
                    _stream(stack, unreadable, reader, tally, factor, shear, stream)
                    findings += check_values(tally)
                    if refused(findings):
                        raise InputError(findings)  # leaves no file behind
            except InputError:
                return SeriesReport(tuple(findings), stack)
    if refused(findings):
        return SeriesReport(tuple(findings), stack)
    return SeriesReport(tuple(findings), stack, grid, tuple(tally.empty_ends()), shear)


def _stream(
    stack: Stack,
    unreadable: frozenset[int],
    reader: FrameReader,
    tally: ValueTally,
    factor: float,
    shear: Shear | None,
    stream: IO[bytes] | None,
) -> None:
    """Decode each frame once: count it, and append it to the volume."""
    for index, header in enumerate(stack.headers):
        if index in unreadable:
            tally.unread()
            continue
        try:
            stored = reader.read(header)
        except DecodeError as problem:
            tally.unread(str(problem))
            continue
        scaled = stored.astype(np.float64)
        if header.slope != 1.0 or header.intercept != 0.0:
            scaled *= header.slope
            scaled += header.intercept
        tally.add(header, stored, scaled)
        if stream is not None:
            if factor != 1.0:
                scaled *= factor
            if shear is not None:
                scaled = shear.image(scaled, index)
            stream.write(scaled.astype("<f4").tobytes())


def _explained(found: ImagingFinding, broken: int) -> ImagingFinding:
    """Slices that lack because their files end early are told once, as TRUNCATED_PIXELS."""
    if found.code == "MISSING_SLICE" and int(found.numbers["value"]) <= broken:
        return replace(found, level=INFO)
    return found


def _split(stack: Stack, files: SeriesFiles) -> list[ImagingFinding]:
    """SERIES_SPLIT: another series of the study goes on where this one ends."""
    if len(stack.positions) < 2 or not files.beyond:
        return []
    gap = float(np.median(stack.gaps))
    found = continuing(stack.positions.tolist(), gap, files.beyond)
    if not found:
        return []
    images, apart = sum(n for n, _ in found), min(mm for _, mm in found)
    return [finding("SERIES_SPLIT", count=images, value=round(apart, 3), limit=round(gap, 3))]


def _beside(files: SeriesFiles) -> list[ImagingFinding]:
    """What else lay in the folder of the series, for information."""
    counts = {
        "NOT_DICOM": files.not_dicom,
        "EMPTY_FILE": files.empty,
        "NOT_IMAGE": files.not_image,
        "LINK_SKIPPED": files.links_out,
        "DICOMDIR_GAP": files.missing,
    }
    return [finding(code, count=number) for code, number in counts.items() if number]


def _modality(headers: Sequence[ImageHeader], modality: str) -> list[ImagingFinding]:
    found = sorted({h.modality for h in headers})
    if found == [modality] or len(found) > 1:
        return []  # several: TWO_SERIES_IN_ONE says so
    return [finding("MODALITY_DIFFERS", value=found[0] or "none", limit=modality)]
