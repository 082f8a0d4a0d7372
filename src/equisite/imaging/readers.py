"""Several readers of one region of one series: their agreement, and their consensus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.core.outcomes import Outcome, from_error, judged
from equisite.imaging.agreement import CONSENSUS, agreement, majority, staple
from equisite.imaging.grid import Grid
from equisite.imaging.nifti import read_volume, write_mask
from equisite.imaging.rows import ReaderPair, RegionPair

ROOM = "imaging"


def compare_readers(
    drawn: Sequence[RegionPair],
    grid: Grid,
    volumes: Path,
    consensus: Literal["off", "majority", "staple"],
) -> tuple[list[RegionPair], list[ReaderPair], list[Outcome]]:
    """Regions to go on with, agreement of each two readers, and outcomes.

    drawn: the regions of one series. volumes: folder of its masks. With a consensus, the
    regions of several readers give way to one of the reader `consensus`, or to an outcome
    when it holds no voxel.
    """
    by_region: dict[tuple[str, str], list[RegionPair]] = {}
    for pair in drawn:
        by_region.setdefault((pair.patient, pair.roi), []).append(pair)
    kept: list[RegionPair] = []
    pairs: list[ReaderPair] = []
    outcomes: list[Outcome] = []
    for rows in by_region.values():
        readers = sorted({r.reader: r for r in reversed(rows)}.values(), key=lambda r: r.reader)
        if len(readers) < 2:
            kept += rows
            continue
        masks = [read_mask(volumes, row) for row in readers]
        for (a, one), (b, other) in combinations(zip(readers, masks, strict=True), 2):
            pairs.append(_pair(a, b, one, other, grid))
        if consensus == "off":
            kept += rows
            continue
        item = f"{rows[0].modality}/{rows[0].token}/{rows[0].roi}"
        try:
            region, findings = (majority if consensus == "majority" else staple)(masks)
        except InputError as error:
            outcomes += from_error(rows[0].patient, ROOM, item, error)
            continue
        outcomes += [judged(rows[0].patient, ROOM, item, f) for f in findings]
        name = f"{rows[0].token}.{rows[0].roi}.{CONSENSUS}.mask.nii"
        write_mask(volumes / name, grid, region.view(np.uint8))
        flags = {f for r in readers for f in r.flags.split(",")} | {f.code for f in findings}
        kept.append(
            replace(
                rows[0],
                reader=CONSENSUS,
                mask=str(Path(rows[0].mask).with_name(name)),
                voxels=int(region.sum()),
                flags=",".join(sorted(flags - {""})),
            )
        )
    return kept, pairs, outcomes


def read_mask(volumes: Path, row: RegionPair) -> NDArray[np.bool_]:
    """The mask of a row, (slice, row, column)."""
    _, labels = read_volume(volumes / Path(row.mask).name)
    return np.asarray(labels != 0, dtype=np.bool_)


def _pair(
    a: RegionPair,
    b: RegionPair,
    one: NDArray[np.bool_],
    other: NDArray[np.bool_],
    grid: Grid,
) -> ReaderPair:
    dx, dy, dz = (float(v) for v in grid.spacing)
    found = agreement(one, other, (dz, dy, dx))
    return ReaderPair(
        a.patient,
        a.token,
        b.token,
        a.modality,
        a.roi,
        a.reader,
        b.reader,
        a.voxels,
        b.voxels,
        found.dice,
        found.volume_ratio,
        found.assd_mm,
        found.hd95_mm,
    )
