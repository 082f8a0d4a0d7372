"""What a volume was made of, in a file beside it that names nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json
from equisite.imaging.fields import ImageHeader
from equisite.imaging.grid import Grid
from equisite.imaging.nifti import HEADER_BYTES
from equisite.imaging.series import SeriesReport
from equisite.imaging.syntaxes import PACKAGES


def write_provenance(volume: Path, report: SeriesReport, *, n4: bool) -> None:
    """Write `<volume>.json` beside a volume: codes, geometry, digests of sources and voxels.

    Equal at every site that has the same images: two sites can compare the digests of a
    phantom without sending a voxel. n4: whether the bias field was corrected.
    """
    if report.stack is None or report.grid is None:
        raise ValueError("the series was refused")
    with volume.open("rb") as stream:
        stream.seek(HEADER_BYTES)
        voxels = hashlib.file_digest(stream, "sha256").hexdigest()
    about = {
        "codes": {f.code: f.severity for f in report.findings},
        "decoders": decoders(report.stack.headers),
        "images": len(report.stack.headers),
        "n4": n4,
        "sources_sha256": sources_digest(report.stack.headers),
        "voxels_sha256": voxels,
        **_geometry(report.grid),
    }
    write_bytes(volume.with_suffix(".json"), canonical_json(about))


def sources_digest(headers: Iterable[ImageHeader]) -> str:
    """SHA-256 of the sorted SOPInstanceUIDs and frame numbers; not of files, whose bytes a
    PACS may change.
    """
    names = sorted(f"{h.sop_instance} {h.frame or 0}" for h in headers)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def decoders(headers: Iterable[ImageHeader]) -> dict[str, str]:
    """Names and versions of the packages that decoded the pixels; empty for plain ones."""
    syntaxes = {h.syntax for h in headers}
    return {name: version(name) for s in sorted(syntaxes) for name in PACKAGES.get(s, ())}


def _geometry(grid: Grid) -> dict[str, Any]:
    return {"size_ijk": list(grid.size), "affine_lps": grid.lps.round(9).tolist()}
