"""Foreign NIfTI masks: taken only on the image's own grid, or with its axes permuted."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.findings import ImagingFinding, finding
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.grid import Grid

CORNER_VOXELS = 0.01
"""Corner voxel centres of the two grids may differ by this part of a voxel."""
WHOLE_LABEL = 1e-6
RESAMPLED_VOLUME = 0.05


@dataclass(frozen=True)
class LabelImage:
    """Integer labels, (i, j, k), and the affine of the indices to mm, RAS."""

    labels: NDArray[np.integer[Any]]
    ras: NDArray[np.float64]


_GZIP = b"\x1f\x8b"
_MISNAMED = {
    False: "its name ends with .gz, and it is not compressed",
    True: "it is compressed, and its name does not end with .gz",
}


def read_labels(path: Path) -> LabelImage:
    """Read a NIfTI file of labels.

    Raises InputError MASK_UNREADABLE, MASK_LABELS (a value that is no whole number) or
    MASK_GRID (no geometry stated); OSError when the machine cannot read.
    """
    import nibabel

    def unreadable(why: str) -> InputError:
        return InputError("MASK_UNREADABLE", problem=why)

    with path.open("rb") as stream:  # a missing or forbidden file is the machine's OSError
        packed = stream.read(2) == _GZIP
    if packed != path.name.lower().endswith(".gz"):
        raise unreadable(_MISNAMED[packed])
    with foreign_parser(unreadable):
        image: Any = nibabel.nifti1.Nifti1Image.from_filename(path)
        values = np.asanyarray(image.dataobj)
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise InputError("MASK_GRID", reason=f"it has {values.ndim} dimensions, not 3")
    if int(image.header["sform_code"]) == 0 and int(image.header["qform_code"]) == 0:
        raise InputError("MASK_GRID", reason="it states no position (sform and qform code 0)")
    return LabelImage(whole_labels(values), np.asarray(image.affine, dtype=np.float64))


def whole_labels(values: NDArray[Any]) -> NDArray[np.integer[Any]]:
    """Labels as whole numbers; raises InputError MASK_LABELS for a value that is none."""
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise InputError("MASK_LABELS", reason="it holds values that are no finite numbers")
    rounded = np.round(values)
    worst = float(np.max(np.abs(values - rounded), initial=0.0))
    if worst > WHOLE_LABEL:
        raise InputError(
            "MASK_LABELS",
            reason=f"it holds values that are no whole numbers (off by {worst:.3g})",
        )
    return rounded.astype(np.int32)


def select_label(labels: NDArray[np.integer[Any]], label: str) -> NDArray[np.bool_]:
    """Voxels of one label: the number given, or the only one there is.

    Raises InputError MASK_LABELS.
    """
    there = [int(v) for v in np.unique(labels[labels != 0])]
    text = ", ".join(map(str, there[:10])) or "none"
    if label:
        try:
            number = int(label)
        except ValueError:
            number = 0
        if number not in there:
            raise InputError(
                "MASK_LABELS", reason=f"label {label} is not in it; it holds {text}"
            )
        return np.asarray(labels == number)
    if len(there) > 1:
        raise InputError("MASK_LABELS", reason=f"it holds several labels ({text})")
    return np.asarray(labels != 0)


def on_grid(
    mask: NDArray[np.bool_], ras: NDArray[np.float64], grid: Grid, resample: bool = False
) -> tuple[NDArray[np.bool_], list[ImagingFinding]]:
    """The mask (i, j, k) as (slice, row, column) on the grid of an image.

    Axes that are only permuted or flipped are put back exactly. Otherwise MASK_GRID, with
    the difference in words, unless `resample`: then nearest neighbour, refused when the
    volume changes by more than 5 %.
    """
    to_image = np.asarray(np.linalg.solve(grid.ras, ras), dtype=np.float64)
    order, signs = _axes(to_image)
    found: list[ImagingFinding] = []
    turned = np.transpose(mask, np.argsort(order))
    if turned.shape == grid.size:
        exact = _exact(order, signs, grid.size)
        if _corner_distance(to_image, exact, mask.shape) <= CORNER_VOXELS:
            for axis in range(3):
                if signs[list(order).index(axis)] < 0:
                    turned = np.flip(turned, axis)
            if list(order) != [0, 1, 2] or min(signs) < 0:
                found.append(finding("MASK_REORIENTED"))
            return np.ascontiguousarray(turned.T), found
    reason = _explain(mask.shape, ras, grid, to_image, order, signs)
    if not resample:
        raise InputError("MASK_GRID", reason=reason)
    return _resampled(mask, ras, grid)


def _axes(to_image: NDArray[np.float64]) -> tuple[tuple[int, ...], list[int]]:
    """Image axis nearest to each mask axis (a permutation), and its sign."""
    size = np.abs(to_image[:3, :3])
    order = max(
        itertools.permutations(range(3)),
        key=lambda p: sum(float(size[p[axis], axis]) for axis in range(3)),
    )
    signs = [1 if to_image[order[axis], axis] >= 0 else -1 for axis in range(3)]
    return order, signs


def _exact(
    order: tuple[int, ...], signs: list[int], size: tuple[int, int, int]
) -> NDArray[np.float64]:
    """The affine of a pure permutation with flips, from mask to image indices."""
    exact = np.zeros((4, 4))
    exact[3, 3] = 1
    for axis in range(3):
        exact[order[axis], axis] = signs[axis]
        if signs[axis] < 0:
            exact[order[axis], 3] = size[order[axis]] - 1
    return exact


def _corner_distance(
    a: NDArray[np.float64], b: NDArray[np.float64], shape: tuple[int, ...]
) -> float:
    """Largest distance of the mask's corner voxel centres under two affines, in voxels."""
    corners = np.array(list(itertools.product(*((0, s - 1) for s in shape), (1,))), dtype=float)
    corners[:, 3] = 1
    return float(np.max(np.abs(corners @ (a - b).T)))


def _explain(
    shape: tuple[int, ...],
    ras: NDArray[np.float64],
    grid: Grid,
    to_image: NDArray[np.float64],
    order: tuple[int, ...],
    signs: list[int],
) -> str:
    """How the grids differ, by axis of the image and in mm."""
    reasons = []
    names = ("columns", "rows", "slices")
    spacing = np.linalg.norm(ras[:3, :3], axis=0)
    for axis, name in enumerate(names):
        source = order.index(axis)
        if shape[source] != grid.size[axis]:
            reasons.append(f"{shape[source]} {name} where the image has {grid.size[axis]}")
        if abs(spacing[source] - grid.spacing[axis]) > 1e-3 * grid.spacing[axis]:
            reasons.append(
                f"{spacing[source]:.4f} mm between {name} where the image has "
                f"{grid.spacing[axis]:.4f} mm"
            )
    directions = (grid.ras[:3, :3] / grid.spacing).T @ (ras[:3, :3] / spacing)
    cosine = min(abs(float(directions[order[axis], axis])) for axis in range(3))
    if cosine < 1 - 1e-6:
        reasons.append(f"turned by {np.degrees(np.arccos(min(1.0, cosine))):.2f} degrees")
    # The voxel of the mask that ought to be the image's first one.
    start = np.array([0 if s > 0 else n - 1 for s, n in zip(signs, shape, strict=True)] + [1.0])
    shift = (to_image @ start)[:3] * grid.spacing
    for axis, name in enumerate(names):
        if abs(shift[axis]) > CORNER_VOXELS * grid.spacing[axis]:
            reasons.append(f"shifted by {shift[axis]:+.3f} mm along the {name}")
    return "; ".join(reasons) or "corner voxels differ by more than 0.01 voxel"


def _resampled(
    mask: NDArray[np.bool_], ras: NDArray[np.float64], grid: Grid
) -> tuple[NDArray[np.bool_], list[ImagingFinding]]:
    """Nearest neighbour on the image's grid, slice by slice."""
    to_mask = np.linalg.solve(ras, grid.ras)
    columns, rows, slices = grid.size
    drawn = np.zeros(grid.shape, dtype=bool)
    j, i = np.mgrid[0:rows, 0:columns]
    for k in range(slices):
        index = [
            np.floor(t[0] * i + t[1] * j + t[2] * k + t[3] + 0.5).astype(np.int64)
            for t in to_mask[:3]
        ]
        there = np.ones((rows, columns), dtype=bool)
        for values, size in zip(index, mask.shape, strict=True):
            there &= (values >= 0) & (values < size)
        drawn[k][there] = mask[tuple(v[there] for v in index)]
    before = int(mask.sum()) * abs(float(np.linalg.det(ras[:3, :3])))
    after = int(drawn.sum()) * abs(float(np.linalg.det(grid.ras[:3, :3])))
    change = (after - before) / before if before else 0.0
    if abs(change) > RESAMPLED_VOLUME:
        raise InputError(
            "MASK_GRID",
            reason=f"resampling it changes the volume by {100 * change:+.1f} %, "
            f"more than {100 * RESAMPLED_VOLUME:g} %",
        )
    return drawn, [finding("MASK_RESAMPLED", value=round(100 * change, 3))]
