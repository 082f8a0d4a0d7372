"""One picture per region for the local reader: three planes, the contour, a histogram."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.atomic import write_bytes
from equisite.imaging.nifti import read_volume
from equisite.imaging.planes import Plane, three_planes

CT_WINDOW = (-160.0, 240.0)
UNITS = {"CT": "HU", "PT": "SUV (body weight), g/ml", "MR": "signal"}
BINS = 64
LINE = "#ff3b30"


def draw_picture(image: Path, mask: Path, modality: str, title: str, target: Path) -> None:
    """Write the PNG of one region.

    image, mask: volumes written by this room, on one grid. title: token and region; nothing
    that could name a patient is in the picture or its chunks.
    """
    # Late: only this step needs them, and they take a second to import.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    grid, voxels = read_volume(image)
    _, labels = read_volume(mask)
    planes = three_planes(grid, voxels.astype(np.float32, copy=False), labels.view(np.uint8))
    inside = np.asarray(voxels)[labels != 0]
    low, high = window(modality, planes)
    figure = Figure(figsize=(11, 8.5), dpi=100, facecolor="white", layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2).ravel()
    for axis, plane in zip(axes, planes, strict=False):
        _show(axis, plane, low, high, "gray_r" if modality == "PT" else "gray")
    _histogram(axes[3], inside, modality)
    volume_ml = float(np.prod(grid.spacing)) * inside.size / 1000
    figure.suptitle(
        f"{title}\n{modality}   {inside.size} voxels, {volume_ml:.3g} ml, "
        f"window {_short(low)} to {_short(high)}",
        fontsize=11,
    )
    png = io.BytesIO()
    canvas.print_png(png, metadata={"Software": None})
    write_bytes(target, png.getvalue())


def window(modality: str, planes: list[Plane]) -> tuple[float, float]:
    """Darkest and brightest value shown: soft tissue in CT, no uptake to p99 of the body in
    PET, else p1 to p99.

    The body is what is brighter than the empty background of the planes shown.
    """
    if modality == "CT":
        return CT_WINDOW
    values = np.concatenate([p.values.ravel() for p in planes])
    body = values[values > values.min()]
    if not body.size:
        return float(values.min()), float(values.min()) + 1.0
    low, high = (float(v) for v in np.percentile(body, (1, 99)))
    low = 0.0 if modality == "PT" else low
    return (low, high) if high > low else (low, low + 1.0)


def _short(value: float) -> str:
    """Three digits where they matter, never an exponent for a grey value."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def outline(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Edges of the pixels of a region: (segment, 2, 2) as x, y; pixel centres at integers."""
    padded = np.pad(region, 1)
    row, column = np.nonzero(padded[:, 1:] != padded[:, :-1])
    upright = [
        [(x - 0.5, y - 1.5), (x - 0.5, y - 0.5)] for y, x in zip(row, column, strict=True)
    ]
    row, column = np.nonzero(padded[1:] != padded[:-1])
    level = [[(x - 1.5, y - 0.5), (x - 0.5, y - 0.5)] for y, x in zip(row, column, strict=True)]
    return np.array(upright + level, dtype=np.float64).reshape(-1, 2, 2)


def _show(axis: Any, plane: Plane, low: float, high: float, colours: str) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    rows, columns = plane.values.shape
    axis.imshow(
        plane.values,
        cmap=colours,
        vmin=low,
        vmax=high,
        aspect=plane.spacing_mm[0] / plane.spacing_mm[1],
        interpolation="nearest",
    )
    axis.add_collection(
        LineCollection(list(outline(plane.region)), colors=LINE, linewidths=1.0)
    )
    axis.set_title(plane.name, fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_color("#c7c7cc")
    colour, around = ("#ffd60a", "black") if colours == "gray" else ("#005fcc", "white")
    edge = [withStroke(linewidth=2, foreground=around)]
    look = {"color": colour, "fontsize": 10, "path_effects": edge}
    places = ((0.01, 0.5, plane.left), (0.99, 0.5, plane.right), (0.5, 0.98, plane.top),
              (0.5, 0.02, plane.bottom))  # fmt: skip
    for (x, y, letter), side, height in zip(
        places, ("left", "right", "center", "center"), ("center", "center", "top", "bottom"),
        strict=True,
    ):  # fmt: skip
        axis.text(x, y, letter, transform=axis.transAxes, ha=side, va=height, **look)
    _scale_bar(axis, columns, rows, plane.spacing_mm[1], look)


def _scale_bar(
    axis: Any, columns: int, rows: int, spacing_mm: float, look: dict[str, Any]
) -> None:
    """A bar of 10, 20, 50 or 100 mm: the longest that fits into a third of the width."""
    width_mm = columns * spacing_mm
    length = max((mm for mm in (10, 20, 50, 100) if mm <= width_mm / 3), default=0)
    if not length:
        return
    start, end = 0.03 * columns, 0.03 * columns + length / spacing_mm
    height = 0.96 * rows
    axis.plot(
        [start - 0.5, end - 0.5],
        [height, height],
        color=look["color"],
        linewidth=2,
        path_effects=look["path_effects"],
    )
    axis.text(start, 0.945 * rows, f"{length} mm", va="bottom", **look | {"fontsize": 8})


def _histogram(axis: Any, inside: NDArray[Any], modality: str) -> None:
    axis.hist(inside.astype(np.float64), bins=BINS, color="#8e8e93")
    median = float(np.median(inside))
    axis.axvline(median, color=LINE, linewidth=1)
    axis.set_title(f"inside the region, median {_short(median)}", fontsize=10)
    axis.set_xlabel(UNITS.get(modality, "value"))
    axis.set_ylabel("voxels")
    axis.spines[["top", "right"]].set_visible(False)
