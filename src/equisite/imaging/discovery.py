"""Which files are the series of a row: every file below a folder is looked into."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.errors import InputError
from equisite.imaging.checks.kind import READ
from equisite.imaging.dicomdir import is_directory, missing_files
from equisite.imaging.extent import Extent, place_of
from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import finding
from equisite.imaging.header import EMPTY, NOT_DICOM, TRUNCATED, WHOLE, read_header
from equisite.imaging.index import Entry, HeaderIndex, packed, unpacked
from equisite.imaging.syntaxes import is_supported
from equisite.imaging.walk import FoundFile, folders

NOT_IMAGE = "no image"
"""State of a file that is DICOM and holds no image."""

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
    not reached) of image files that end inside their header. missing: files that a
    DICOMDIR lists and that are not there. extents: by plane and series, for all series.
    """

    images: dict[str, list[ImageHeader]] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    not_dicom: int = 0
    empty: int = 0
    not_image: int = 0
    links_out: int = 0
    missing: set[str] = field(default_factory=set)
    extents: dict[tuple[str, str], Extent] = field(default_factory=dict)


@dataclass(frozen=True)
class SeriesFiles:
    """The image files of one series, and what else lay beside them.

    headers: in an order that does not depend on names of files. broken: image files that
    end inside their header and belong, or may belong, to the series. beyond: other series
    of the same study and plane.
    """

    uid: str
    headers: tuple[ImageHeader, ...]
    broken: int = 0
    not_dicom: int = 0
    empty: int = 0
    not_image: int = 0
    links_out: int = 0
    missing: int = 0
    beyond: tuple[Extent, ...] = ()


def has_no_image(header: ImageHeader) -> bool:
    """Whether the file is no image: its class has no pixels, or a whole header no rows."""
    kind = header.sop_class
    return any(kind == known or kind.startswith(known + ".") for known in WITHOUT_IMAGE)


def scan(
    root: Path, wanted: Collection[str] | None = None, index: HeaderIndex | None = None
) -> Found:
    """Look at every file below `root`; with `wanted`, keep headers of these series only.

    index: headers read before; a file of the same path, size and time is not opened again.
    Raises OSError when the machine cannot read a file or folder.
    """
    found = Found()
    for folder, files, out in folders(root):
        found.links_out += out
        known = index.of_folder(folder, wanted) if index else {}
        for file in files:
            entry, header = known.pop(file.name, None), None
            path = os.path.join(folder, file.name)  # noqa: PTH118 - hot
            if entry is None or (entry.size, entry.mtime_ns) != (file.size, file.mtime_ns):
                entry, header = _seen(path, file)
                if index:
                    index.add(folder, file.name, entry)
            _add(found, entry, header, folder, path, wanted)
        if index and known:
            index.forget(folder, known)
    return found


def _seen(path: str, file: FoundFile) -> tuple[Entry, ImageHeader | None]:
    """Read one header, and what is kept of it."""
    read = read_header(Path(path))
    header = read.header
    state, plane, along = read.state, "", None
    if header is None:
        return Entry(file.size, file.mtime_ns, state, "", "", None, ""), None
    if has_no_image(header):
        state = NOT_IMAGE
    elif state == WHOLE and header.pixel_offset is None:
        # Cut between two elements; but some syntaxes keep the pixels on a server (JPIP).
        elsewhere = header.rows is not None and not is_supported(header.syntax)
        if header.sop_class in ("", *READ) and not elsewhere:
            state = TRUNCATED
        elif header.rows is None:
            state = NOT_IMAGE
    elif state == WHOLE:
        plane, along = place_of(header)
    return (
        Entry(
            file.size, file.mtime_ns, state, header.series, plane, along,
            packed(header) if state == WHOLE else "",
        ),
        header,
    )  # fmt: skip


def _add(
    found: Found,
    entry: Entry,
    header: ImageHeader | None,
    folder: str,
    path: str,
    wanted: Collection[str] | None,
) -> None:
    found.files += 1
    if entry.state == EMPTY:
        found.empty += 1
    elif entry.state == NOT_DICOM:
        found.not_dicom += 1
    elif entry.state in (NOT_IMAGE, TRUNCATED) and is_directory(path):
        found.not_image += 1
        found.missing |= {f"{folder}/{name}" for name in missing_files(Path(path))}
    elif entry.state == NOT_IMAGE:
        found.not_image += 1
    elif entry.state == TRUNCATED:
        found.broken.append((folder, entry.series))
    else:
        if entry.along is not None:
            extent = found.extents.setdefault((entry.plane, entry.series), Extent())
            extent.add(entry.along)
        if wanted is None or entry.series in wanted:
            found.images.setdefault(entry.series, []).append(
                header if header is not None else unpacked(entry.header)
            )


def one_series(found: Found) -> SeriesFiles:
    """The only image series of a scanned folder.

    Raises InputError SERIES_NOT_FOUND, TRUNCATED_PIXELS or SERIES_AMBIGUOUS; the text
    counts the series and their images, it quotes no identifier.
    """
    if not found.images:
        raise _nothing(found, len(found.broken))
    if len(found.images) > 1:
        raise InputError(
            "SERIES_AMBIGUOUS", count=len(found.images), kinds=_kinds(found.images.values())
        )
    ((uid, headers),) = found.images.items()
    broken = sum(series in ("", uid) for _, series in found.broken)
    return _series(uid, headers, broken, found)


def _nothing(found: Found, cut: int) -> InputError:
    """No whole image: all that there were are cut, or there was none."""
    if cut:
        return InputError([finding("TRUNCATED_PIXELS", count=cut, where="in the header")])
    return InputError(
        "SERIES_NOT_FOUND",
        files=found.files,
        not_dicom=found.not_dicom,
        not_image=found.not_image,
        broken=len(found.broken),
        links=found.links_out,
    )


def series_by_uid(found: Found, uid: str) -> SeriesFiles:
    """The series of this SeriesInstanceUID.

    A file that ends before it names its series counts as broken for the series when no
    image of another series lies in its folder. Raises InputError SERIES_NOT_FOUND or
    TRUNCATED_PIXELS.
    """
    headers = found.images.get(uid)
    if not headers:
        raise _nothing(found, sum(series == uid for _, series in found.broken))
    holds: dict[str, set[str]] = {}
    for series, images in found.images.items():
        for image in images:
            holds.setdefault(os.path.dirname(image.path), set()).add(series)  # noqa: PTH120 - hot
    broken = sum(
        series == uid or (series == "" and holds.get(folder) == {uid})
        for folder, series in found.broken
    )
    planes = {place_of(header)[0] for header in headers}
    beyond = tuple(
        extent
        for (plane, series), extent in sorted(found.extents.items())
        if plane in planes and series != uid
    )
    return _series(uid, headers, broken, Found(), beyond)


def _series(
    uid: str,
    headers: list[ImageHeader],
    broken: int,
    beside: Found,
    beyond: tuple[Extent, ...] = (),
) -> SeriesFiles:
    ordered = sorted(headers, key=lambda h: (h.sop_instance, h.size, h.path))
    return SeriesFiles(
        uid,
        tuple(ordered),
        broken,
        beside.not_dicom,
        beside.empty,
        beside.not_image,
        beside.links_out,
        len(beside.missing),
        beyond,
    )


def _kinds(groups: Collection[list[ImageHeader]]) -> str:
    """Modality and number of images of each series, as text without identifiers."""
    counts = Counter((g[0].modality or "unknown", len(g)) for g in groups)
    return ", ".join(
        f"{modality} with {n} image{'s' if n > 1 else ''}"
        + (f" ({times} times)" if times > 1 else "")
        for (modality, n), times in sorted(counts.items())
    )
