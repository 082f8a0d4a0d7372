"""Which files are the series of a row: every file below a folder is looked into."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.errors import InputError
from equisite.imaging.fields import ImageHeader
from equisite.imaging.header import EMPTY, NOT_DICOM, TRUNCATED, read_header

WITHOUT_IMAGE = (
    "1.2.840.10008.1.3.10",  # DICOMDIR
    "1.2.840.10008.5.1.4.1.1.9",  # waveforms
    "1.2.840.10008.5.1.4.1.1.11",  # presentation states
    "1.2.840.10008.5.1.4.1.1.66",  # raw data, registration, segmentation
    "1.2.840.10008.5.1.4.1.1.88",  # structured reports, key objects
    "1.2.840.10008.5.1.4.1.1.104",  # encapsulated documents
    "1.2.840.10008.5.1.4.1.1.481",  # radiotherapy: structures, plans, doses
)
"""SOP classes (or their first components) that are no image series; PS3.6 Annex A."""


@dataclass
class Found:
    """What lies below a folder.

    images: headers by SeriesInstanceUID. broken: folder and SeriesInstanceUID (empty when
    not reached) of image files that end inside their header.
    """

    images: dict[str, list[ImageHeader]] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    not_dicom: int = 0
    empty: int = 0
    not_image: int = 0
    links_out: int = 0


@dataclass(frozen=True)
class SeriesFiles:
    """The image files of one series, and what else lay beside them.

    headers: in an order that does not depend on names of files. broken: image files that
    end inside their header and belong, or may belong, to the series.
    """

    uid: str
    headers: tuple[ImageHeader, ...]
    broken: int = 0
    not_dicom: int = 0
    empty: int = 0
    not_image: int = 0
    links_out: int = 0


def has_no_image(header: ImageHeader) -> bool:
    """Whether the file is no image: its class has no pixels, or a whole header no rows."""
    kind = header.sop_class
    return any(kind == known or kind.startswith(known + ".") for known in WITHOUT_IMAGE)


def scan(root: Path, wanted: Collection[str] | None = None) -> Found:
    """Look into every file below `root`; with `wanted`, keep only these series.

    Links are followed only to files inside the root, never to folders.
    Raises OSError when the machine cannot read a file.
    """
    found = Found()
    for path in _files(root, found):
        found.files += 1
        state = read_header(path)
        header = state.header
        if state.state == EMPTY:
            found.empty += 1
        elif state.state == NOT_DICOM:
            found.not_dicom += 1
        elif header is None or state.state == TRUNCATED:
            if header is not None and has_no_image(header):
                found.not_image += 1
            else:
                found.broken.append((str(path.parent), header.series if header else ""))
        elif has_no_image(header) or (header.rows is None and header.pixel_offset is None):
            found.not_image += 1
        elif wanted is None or header.series in wanted:
            found.images.setdefault(header.series, []).append(header)
    return found


def _files(root: Path, found: Found) -> Iterator[Path]:
    """Regular files below the root in sorted order; links out of it are counted."""
    real_root = Path(os.path.realpath(root))
    if not root.is_dir():
        return

    def fail(problem: OSError) -> None:
        raise problem  # a folder that cannot be read must not look like one without slices

    for folder, below, names in os.walk(root, onerror=fail):
        below.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(real_root):
                found.links_out += 1
            elif path.is_file():
                yield path


def one_series(found: Found) -> SeriesFiles:
    """The only image series of a scanned folder.

    Raises InputError SERIES_NOT_FOUND or SERIES_AMBIGUOUS; the text counts the series and
    their images, it quotes no identifier.
    """
    if not found.images:
        raise InputError(
            "SERIES_NOT_FOUND",
            files=found.files,
            not_dicom=found.not_dicom,
            not_image=found.not_image,
            broken=len(found.broken),
        )
    if len(found.images) > 1:
        raise InputError(
            "SERIES_AMBIGUOUS", count=len(found.images), kinds=_kinds(found.images.values())
        )
    ((uid, headers),) = found.images.items()
    broken = sum(series in ("", uid) for _, series in found.broken)
    return _series(uid, headers, broken, found)


def series_by_uid(found: Found, uid: str) -> SeriesFiles:
    """The series of this SeriesInstanceUID.

    A file that ends before it names its series counts as broken for the series when no
    image of another series lies in its folder. Raises InputError SERIES_NOT_FOUND.
    """
    headers = found.images.get(uid)
    if not headers:
        raise InputError(
            "SERIES_NOT_FOUND",
            files=found.files,
            not_dicom=found.not_dicom,
            not_image=found.not_image,
            broken=len(found.broken),
        )
    holds: dict[str, set[str]] = {}
    for series, images in found.images.items():
        for image in images:
            holds.setdefault(os.path.dirname(image.path), set()).add(series)  # noqa: PTH120 - hot
    broken = sum(
        series == uid or (series == "" and holds.get(folder) == {uid})
        for folder, series in found.broken
    )
    return _series(uid, headers, broken, Found())


def _series(uid: str, headers: list[ImageHeader], broken: int, beside: Found) -> SeriesFiles:
    ordered = sorted(headers, key=lambda h: (h.sop_instance, h.size, h.path))
    return SeriesFiles(
        uid,
        tuple(ordered),
        broken,
        beside.not_dicom,
        beside.empty,
        beside.not_image,
        beside.links_out,
    )


def _kinds(groups: Collection[list[ImageHeader]]) -> str:
    """Modality and number of images of each series, as text without identifiers."""
    counts = Counter((g[0].modality or "unknown", len(g)) for g in groups)
    return ", ".join(
        f"{modality} with {n} image{'s' if n > 1 else ''}"
        + (f" ({times} times)" if times > 1 else "")
        for (modality, n), times in sorted(counts.items())
    )
