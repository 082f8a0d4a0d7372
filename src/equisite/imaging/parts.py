"""A series of several stacks (echoes, phases ...), split as the protocol says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from equisite.imaging.checks.geometry import PLANES
from equisite.imaging.discovery import SeriesFiles
from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import REFUSE, finding
from equisite.imaging.multiframe import expand
from equisite.imaging.series import SeriesReport, judge_series
from equisite.protocol.imaging import Imaging, SeriesLimits, SplitKey

PLAIN: dict[SplitKey, Callable[[ImageHeader], str]] = {
    "matrix": lambda h: f"{h.rows} x {h.columns}",
    "image_type": lambda h: "\\".join(h.image_type),
    "echo": lambda h: h.echo_number or _number(h.echo_time),
    "b_value": lambda h: _number(h.b_value),
    "temporal_position": lambda h: _number(h.temporal_position),
    "acquisition": lambda h: _number(h.acquisition_number),
}
"""Keys whose values are compared as they are, and how a value is written in `choose`."""


@dataclass(frozen=True)
class Judged:
    """The verdict that counts, and the parts that were judged alone.

    report: of the whole series, or of the part that is used; refused when no part is.
    parts: name, number of images and report of each, empty for a series not split.
    """

    report: SeriesReport
    parts: tuple[tuple[str, int, SeriesReport], ...] = ()


def judge_parts(
    files: SeriesFiles, modality: str, imaging: Imaging, volume: Path | None = None
) -> Judged:
    """Judge a series, or each part of it where `split_by` finds several.

    The part that is used is the only sound one among those that `choose` names, or among
    all; its volume is written. Raises MemoryError or OSError when the machine fails.
    """
    parts = split(files, imaging.split_by, imaging.limits)
    if len(parts) < 2:
        return Judged(judge_series(files, modality, imaging.limits, volume, imaging.tilt))
    reports = {
        name: judge_series(part, modality, imaging.limits, None, imaging.tilt)
        for name, (part, _) in parts.items()
    }
    asked = [
        name
        for name, (_, values) in parts.items()
        if all(values.get(key) == value for key, value in imaging.choose.items())
    ]
    sound = [name for name in asked if not reports[name].refused]
    if len(sound) == 1:
        part, _ = parts[sound[0]]
        report = judge_series(part, modality, imaging.limits, volume, imaging.tilt)
    elif sound:
        names = "; ".join(sound)
        found = finding("PARTS_AMBIGUOUS", count=len(sound), parts=len(parts), names=names)
        report = SeriesReport((found,))
    elif asked:
        why = {f.code for name in asked for f in reports[name].findings if f.severity == REFUSE}
        found = finding("PARTS_REFUSED", parts=len(parts), codes=", ".join(sorted(why)))
        report = SeriesReport((found,))
    else:
        found = finding("PART_NOT_FOUND", parts=len(parts), names="; ".join(parts))
        report = SeriesReport((found,))
    return Judged(
        report, tuple((name, len(parts[name][0].headers), reports[name]) for name in parts)
    )


def split(
    files: SeriesFiles, keys: Sequence[SplitKey], limits: SeriesLimits
) -> dict[str, tuple[SeriesFiles, Mapping[SplitKey, str]]]:
    """Parts by name, with the value of each key in them; the series itself when it is one.

    A part forgets the numbering of its instances: it runs through the whole series.
    """
    frames, findings = expand(files.headers)
    if not keys or findings:
        return {"": (files, {})}
    named = {key: _names(key, frames, limits) for key in keys}
    groups: dict[tuple[str, ...], list[ImageHeader]] = {}
    for index, header in enumerate(frames):
        groups.setdefault(tuple(named[key][index] for key in keys), []).append(header)
    if len(groups) < 2:
        return {"": (files, {})}
    parts: dict[str, tuple[SeriesFiles, Mapping[SplitKey, str]]] = {}
    for values, headers in sorted(groups.items()):
        varying = [
            f"{key} {value or 'none'}"
            for key, value in zip(keys, values, strict=True)
            if len(set(named[key])) > 1
        ]
        unnumbered = tuple(
            replace(h, instance_number=None, images_in_acquisition=None, number_of_slices=None)
            for h in headers
        )
        part = replace(files, headers=unnumbered)
        parts[", ".join(varying)] = part, dict(zip(keys, values, strict=True))
    return parts


def _names(key: SplitKey, frames: Sequence[ImageHeader], limits: SeriesLimits) -> list[str]:
    """The value of a key for each frame, as text."""
    if key in PLAIN:
        return [PLAIN[key](h) for h in frames]
    if key == "frame_of_reference":  # an identifier: only its number is shown
        known = sorted({h.frame_of_reference for h in frames})
        return [str(known.index(h.frame_of_reference) + 1) for h in frames]
    if key == "spacing":
        near = _clusters([h.spacing for h in frames], limits.pixel_spacing_mm)
        return [" x ".join(f"{v:g}" for v in place) if place else "" for place in near]
    near = _clusters([h.orientation for h in frames], limits.orientation)
    planes = {place: _plane(place) for place in set(near)}
    names: dict[Hashable, str] = {}
    for plane in sorted(set(planes.values())):
        same = sorted(place for place, its in planes.items() if its == plane)
        for number, place in enumerate(same, start=1):
            names[place] = plane if len(same) == 1 else f"{plane} {number}"
    return [names[place] for place in near]


def _clusters(
    values: Sequence[tuple[float, ...] | None], tolerance: float
) -> list[tuple[float, ...]]:
    """For each value the first one, in sorted order, that is near it; () for none."""

    def near(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        return max(abs(x - y) for x, y in zip(a, b, strict=True)) <= tolerance

    centres: list[tuple[float, ...]] = []
    found: dict[tuple[float, ...], tuple[float, ...]] = {(): ()}
    for value in sorted({v for v in values if v is not None}):
        centre = next((c for c in centres if near(c, value)), None)
        if centre is None:
            centres.append(value)
        found[value] = centre or value
    return [found[v or ()] for v in values]


def _plane(orientation: tuple[float, ...]) -> str:
    if not orientation:
        return "none"
    normal = np.cross(orientation[:3], orientation[3:])
    return PLANES[int(np.argmax(np.abs(normal)))]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
