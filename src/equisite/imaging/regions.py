"""Rings of one region to its mask on the grid of a series, with all remarks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.findings import ImagingFinding, finding, listed
from equisite.imaging.gaps import HOW, fill_gaps, gaps
from equisite.imaging.grid import Grid
from equisite.imaging.rasterise import Ring, fill, ring_on
from equisite.imaging.rings import area, area_inside

SAME_PLANE = 0.1
"""Contours nearer to a slice, or to each other, than this part of the distance are on it."""
TINY_VOXELS = 64


def draw_region(
    contours: Sequence[NDArray[np.float64]],
    grid: Grid,
    overlapping: Literal["xor", "union"] = "xor",
    fill_in: Literal["off", "nearest", "shape"] = "off",
) -> tuple[NDArray[np.bool_], list[ImagingFinding]]:
    """The mask (slice, row, column) of closed contours in mm, LPS, and its findings.

    Rings of one plane combine by exclusive or (a ring in a ring is a hole); contours of
    different planes that fall on one slice are joined. With `union`, what two rings
    share that only overlap is kept. fill_in: what becomes of slices without a contour.
    Raises InputError ROI_NO_VOXEL, ROI_OUTSIDE or ROI_OBLIQUE_CONTOUR.
    """
    rings = [ring_on(points, grid) for points in contours]
    if not rings:
        raise InputError([finding("ROI_NO_VOXEL", count=0)])
    slanted = [ring for ring in rings if ring.spread > SAME_PLANE]
    if slanted:
        raise InputError(
            [
                finding(
                    "ROI_OBLIQUE_CONTOUR",
                    count=len(slanted),
                    total=len(rings),
                    value=round(max(r.spread for r in slanted), 3),
                    limit=SAME_PLANE,
                )
            ]
        )
    slices = grid.size[2]
    inside = [ring for ring in rings if 0 <= ring.slice < slices]
    findings = _placement(rings, inside, grid)
    inside, repeated = _without_repeats(inside)
    if repeated:
        findings.append(finding("ROI_REPEATED_RING", count=repeated))
    findings += _between(inside)
    layers = _layers(inside)
    mask = np.zeros(grid.shape, dtype=bool)
    for layer in range(max(layers, default=0) + 1):
        chosen = [r for r, at in zip(inside, layers, strict=True) if at == layer]
        fill(chosen, [r.slice for r in chosen], grid.shape, into=mask)
    overlap = _overlaps(inside, layers, grid)
    if overlap:
        shared = sum(int(part.sum()) for _, part in overlap)
        findings.append(finding("ROI_OVERLAP", count=shared, how=overlapping))
        if overlapping == "union":
            for k, part in overlap:
                mask[k] |= part
    lacking = gaps({ring.slice for ring in inside})
    if lacking:
        where = listed(k + 1 for k in lacking)
        findings.append(
            finding("ROI_SLICE_GAP", count=len(lacking), slice=where, how=HOW[fill_in])
        )
        if fill_in != "off":
            dx, dy, _ = (float(s) for s in grid.spacing)
            fill_gaps(mask, (dy, dx), fill_in)
    return mask, findings + judge_size(mask, len(rings))


def judge_size(mask: NDArray[np.bool_], contours: int) -> list[ImagingFinding]:
    """ROI_TINY; raises InputError ROI_NO_VOXEL when no voxel is inside."""
    voxels = int(np.count_nonzero(mask))
    if voxels == 0:
        raise InputError([finding("ROI_NO_VOXEL", count=contours)])
    if voxels < TINY_VOXELS:
        return [finding("ROI_TINY", count=voxels, limit=TINY_VOXELS)]
    return []


def _placement(
    rings: Sequence[Ring], inside: Sequence[Ring], grid: Grid
) -> list[ImagingFinding]:
    """ROI_PARTIAL with the share of the area outside; raises ROI_OUTSIDE when it is all."""
    columns, rows, slices = grid.size
    total = sum(area(ring) for ring in rings)
    kept = sum(area_inside(ring, columns, rows) for ring in inside)
    if not inside or (total > 0 and kept <= 0):
        k = [ring.k for ring in rings]
        raise InputError(
            [
                finding(
                    "ROI_OUTSIDE",
                    count=len(rings),
                    slices=len(rings) - len(inside),
                    extent=f"{_range([v for r in rings for v in (r.x.min(), r.x.max())])} of "
                    f"columns 0..{columns - 1}, "
                    f"{_range([v for r in rings for v in (r.y.min(), r.y.max())])} of "
                    f"rows 0..{rows - 1}, {_range(k)} of slices 0..{slices - 1}",
                )
            ]
        )
    lost = 1.0 - kept / total if total > 0 else 0.0
    if lost < 1e-9 and len(inside) == len(rings):
        return []
    return [finding("ROI_PARTIAL", value=round(100 * lost, 3), count=len(rings) - len(inside))]


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.1f}..{max(values):.1f}"


def _without_repeats(rings: Sequence[Ring]) -> tuple[list[Ring], int]:
    """Each ring once: an exact copy would cancel its twin by exclusive or."""
    kept: dict[tuple[float, bytes, bytes], Ring] = {}
    for ring in rings:
        kept.setdefault((ring.k, ring.x.tobytes(), ring.y.tobytes()), ring)
    return list(kept.values()), len(rings) - len(kept)


def _between(rings: Sequence[Ring]) -> list[ImagingFinding]:
    off = [abs(ring.k - ring.slice) for ring in rings]
    far = [value for value in off if value > SAME_PLANE]
    if not far:
        return []
    return [
        finding(
            "ROI_BETWEEN_SLICES",
            count=len(far),
            total=len(rings),
            value=round(max(far), 3),
            limit=SAME_PLANE,
        )
    ]


def _layers(rings: Sequence[Ring]) -> list[int]:
    """For each ring the number of its plane among the planes that fall on its slice."""
    layers = [0] * len(rings)
    order = sorted(range(len(rings)), key=lambda i: (rings[i].slice, rings[i].k))
    for before, here in pairwise(order):
        if rings[before].slice == rings[here].slice:
            step = rings[here].k - rings[before].k > SAME_PLANE
            layers[here] = layers[before] + step
    return layers


def _overlaps(
    rings: Sequence[Ring], layers: Sequence[int], grid: Grid
) -> list[tuple[int, NDArray[np.bool_]]]:
    """Slice and shared voxels of each two rings of a plane of which none holds the other."""
    columns, rows, _ = grid.size
    planes: dict[tuple[int, int], list[Ring]] = {}
    for ring, layer in zip(rings, layers, strict=True):
        planes.setdefault((ring.slice, layer), []).append(ring)
    found = []
    for (k, _), together in sorted(planes.items(), key=lambda item: item[0]):
        for a, b in combinations(together, 2):
            if not _boxes_meet(a, b):
                continue
            one, other = (fill([r], [0], (1, rows, columns))[0] for r in (a, b))
            both = one & other
            shared = int(both.sum())
            if shared and shared < min(int(one.sum()), int(other.sum())):
                found.append((k, both))
    return found


def _boxes_meet(a: Ring, b: Ring) -> bool:
    return bool(
        a.x.min() <= b.x.max()
        and b.x.min() <= a.x.max()
        and a.y.min() <= b.y.max()
        and b.y.min() <= a.y.max()
    )
