"""Bodies with analytic answers, and MR-like images around them.

Coordinates are mm in the DICOM patient frame (LPS); grids are axial and axis-parallel.
Arrays are (z, y, x).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Volume = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LATTICE_VARIANCE = 0.0724
"""Variance of an area measured by counting the points of a square lattice laid at random is
0.0724 x boundary length x (lattice step)^3 (B. Matern 1985; Gundersen and Jensen 1987)."""

_VERTICES = 64


@dataclass(frozen=True)
class Grid:
    """Voxel centres: shape (z, y, x); spacing and origin (first centre) in mm, x, y, z."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]

    def axes(self) -> tuple[Volume, Volume, Volume]:
        """Coordinates z, y, x of the voxel centres, each broadcastable to the shape."""
        z, y, x = (
            self.origin[2 - i]
            + self.spacing[2 - i] * np.arange(self.shape[i], dtype=np.float64)
            for i in range(3)
        )
        return z[:, None, None], y[None, :, None], x[None, None, :]

    @property
    def centre(self) -> tuple[float, float, float]:
        """Middle of the grid (x, y, z)."""
        x, y, z = (
            self.origin[i] + self.spacing[i] * (self.shape[2 - i] - 1) / 2 for i in range(3)
        )
        return x, y, z

    @property
    def diagonal(self) -> float:
        """Length of a voxel's diagonal."""
        return math.hypot(*self.spacing)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned by `angle` (radians) about z; semi-axes along its own x, y and z."""

    centre: tuple[float, float, float]
    semi_axes: tuple[float, float, float]
    angle: float = 0.0

    @property
    def volume(self) -> float:
        """4/3 pi abc."""
        a, b, c = self.semi_axes
        return 4.0 / 3.0 * math.pi * a * b * c

    @property
    def diameter(self) -> float:
        """Largest distance of two points of the body."""
        return 2.0 * max(self.semi_axes)

    def section(self, z: float) -> tuple[float, float]:
        """Semi-axes of the cut at height z; zeros outside."""
        a, b, c = self.semi_axes
        share = 1.0 - ((z - self.centre[2]) / c) ** 2
        scale = math.sqrt(share) if share > 0 else 0.0
        return a * scale, b * scale

    def slice_error(self, step: float) -> float:
        """Largest error of the volume that comes from cutting into slices.

        The area of a cut is a quadratic in z that starts and ends with slope 2 pi ab/c, so
        the Euler-Maclaurin series of its sum ends after the second Bernoulli polynomial:
        the error is at most step^2 (slope + slope) max|B2|/2 with max|B2| = 1/6.
        """
        a, b, c = self.semi_axes
        return step**2 * (2.0 * 2.0 * math.pi * a * b / c) / 12.0


@dataclass(frozen=True)
class Cylinder:
    """An upright cylinder whose height is a whole number of slices."""

    centre: tuple[float, float, float]
    radius: float
    height: float

    @property
    def volume(self) -> float:
        """pi r^2 h."""
        return math.pi * self.radius**2 * self.height

    @property
    def diameter(self) -> float:
        """From rim to opposite rim."""
        return math.hypot(2.0 * self.radius, self.height)

    @property
    def angle(self) -> float:
        """A circle has no direction."""
        return 0.0

    def section(self, z: float) -> tuple[float, float]:
        """Semi-axes of the cut at height z; zeros outside."""
        inside = abs(z - self.centre[2]) < self.height / 2
        return (self.radius, self.radius) if inside else (0.0, 0.0)

    def slice_error(self, step: float) -> float:
        """None: each slice stands for exactly its own thickness of the body."""
        return 0.0 * step


Body = Ellipsoid | Cylinder


def perimeter(a: float, b: float) -> float:
    """Circumference of an ellipse (Ramanujan 1914, second formula)."""
    if a + b == 0:
        return 0.0
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1.0 + 3.0 * h / (10.0 + math.sqrt(4.0 - 3.0 * h)))


def in_plane_sd(body: Body, grid: Grid) -> float:
    """Standard deviation of the volume that comes from counting pixel centres, mm3.

    The cuts of an ellipsoid differ from slice to slice, so their errors add as variances;
    those of a cylinder are the same circle on the same pixels, so they add as they are.
    """
    dx, dy, dz = grid.spacing
    step = math.sqrt(dx * dy)
    cuts = [perimeter(*body.section(float(z))) for z in grid.axes()[0].ravel()]
    variances = [_LATTICE_VARIANCE * cut * step**3 for cut in cuts]
    if isinstance(body, Cylinder):
        return dz * sum(math.sqrt(v) for v in variances)
    return dz * math.sqrt(sum(variances))


def volume_tolerance(body: Body, grid: Grid) -> float:
    """How far a voxel volume may be from the analytic one, mm3.

    The exact bound for slicing, the cuts too small to draw, and four standard deviations of
    counting pixel centres (for a body that lies anywhere, not on a symmetry of the lattice).
    """
    cuts = (body.section(float(z)) for z in grid.axes()[0].ravel())
    skipped = sum(math.pi * a * b for a, b in cuts if not _drawn(a, b, grid)) * grid.spacing[2]
    return body.slice_error(grid.spacing[2]) + skipped + 4.0 * in_plane_sd(body, grid)


def _drawn(a: float, b: float, grid: Grid) -> bool:
    """A cut is drawn when it surely holds a pixel centre."""
    return min(a, b) >= max(grid.spacing[:2])


def mesh_tolerance(body: Body, grid: Grid) -> float:
    """How far the volume inside a marching-cubes mesh may be from the analytic one, mm3.

    On top of `volume_tolerance`: the mesh of a binary mask cuts each outer corner of each
    plane of voxels by an eighth of a pixel and fills each inner one. A convex outline has
    four more outer than inner corners, so a plane loses half a voxel at most; the planes of
    the three directions are as many as the body is voxels long.
    """
    a, b = body.section(body.centre[2])
    height = body.height if isinstance(body, Cylinder) else 2.0 * body.semi_axes[2]
    c, s = math.cos(body.angle), math.sin(body.angle)
    extents = (2 * math.hypot(a * c, b * s), 2 * math.hypot(a * s, b * c), height)
    planes = sum(e / d + 1.0 for e, d in zip(extents, grid.spacing, strict=True))
    return volume_tolerance(body, grid) + math.prod(grid.spacing) / 2.0 * planes


def rings(body: Body, grid: Grid) -> list[tuple[int, Volume]]:
    """Contours of the body: (slice index, (vertex, 3) mm), one for each slice it meets.

    Each polygon has the area of the ellipse that it stands for, so that the drawn body has
    the analytic volume of its slices exactly.
    """
    turn = 2.0 * math.pi * np.arange(_VERTICES) / _VERTICES
    area = _VERTICES / 2.0 * math.sin(2.0 * math.pi / _VERTICES) / math.pi
    scale = 1.0 / math.sqrt(area)
    drawn: list[tuple[int, Volume]] = []
    for index, z in enumerate(grid.axes()[0].ravel()):
        a, b = body.section(float(z))
        if not _drawn(a, b, grid):
            continue
        u, v = a * scale * np.cos(turn), b * scale * np.sin(turn)
        c, s = math.cos(body.angle), math.sin(body.angle)
        x = body.centre[0] + c * u - s * v
        y = body.centre[1] + s * u + c * v
        drawn.append((index, np.stack([x, y, np.full(_VERTICES, z)], axis=1)))
    return drawn


def inside(body: Body, grid: Grid) -> Mask:
    """Voxels whose centre lies in the body."""
    z, y, x = grid.axes()
    c, s = math.cos(body.angle), math.sin(body.angle)
    u = c * (x - body.centre[0]) + s * (y - body.centre[1])
    v = -s * (x - body.centre[0]) + c * (y - body.centre[1])
    filled = np.zeros(grid.shape, dtype=bool)
    for index, height in enumerate(z.ravel()):
        a, b = body.section(float(height))
        if _drawn(a, b, grid):
            filled[index] = ((u / a) ** 2 + (v / b) ** 2 < 1.0)[0]
    return filled


def smooth_noise(
    shape: tuple[int, int, int], widths: tuple[int, int, int], rng: np.random.Generator
) -> Volume:
    """Standard normal noise, smoothed by two box means along each axis, SD 1 again."""
    field = rng.standard_normal(shape)
    for axis, width in enumerate(widths):
        for _ in range(2):
            field = _box_mean(field, width, axis)
    return np.asarray((field - field.mean()) / field.std())


def _box_mean(field: Volume, width: int, axis: int) -> Volume:
    """Running mean of an odd width; the border repeats the last value."""
    if width <= 1:
        return field
    half = width // 2
    pad = [(0, 0)] * field.ndim
    pad[axis] = (half + 1, half)
    total = np.cumsum(np.pad(field, pad, mode="edge"), axis=axis)
    size = field.shape[axis]
    upper = np.take(total, np.arange(width, width + size), axis=axis)
    lower = np.take(total, np.arange(size), axis=axis)
    return np.asarray((upper - lower) / width)


@dataclass(frozen=True)
class Tissue:
    """Intensities of one patient's T1-weighted image, in normalised units.

    The scale is that of the public sarcoma series after the publishers' normalisation:
    tumour means near 330, between-patient SD near 45, within-tumour SD 40 to 110.
    spread: SD of the logarithm of the texture. inclusions: brightness of the brightest spots.
    """

    tumour: float
    spread: float
    noise: float
    inclusions: float = 600.0
    background: float = 430.0


def mr_image(body: Body, grid: Grid, tissue: Tissue, rng: np.random.Generator) -> Volume:
    """Muscle and fat around a tumour with smooth texture, a few bright inclusions, and noise.

    The inclusions give the long right tail of the public series (skewness 2 to 5), on which
    a fixed number of bins depends.
    """
    coarse = smooth_noise(grid.shape, (3, 9, 9), rng)
    body_field = tissue.background * np.exp(0.25 * coarse)
    texture = smooth_noise(grid.shape, (1, 5, 5), rng)
    tumour_field = tissue.tumour * np.exp(tissue.spread * texture - tissue.spread**2 / 2.0)
    bright = smooth_noise(grid.shape, (1, 3, 3), rng)
    tumour_field = tumour_field + tissue.inclusions * np.maximum(bright - 1.9, 0.0)
    image = np.where(inside(body, grid), tumour_field, body_field)
    return image + tissue.noise * rng.standard_normal(grid.shape)


def stored(image: Volume) -> NDArray[np.int16]:
    """Voxels as a scanner stores them: whole numbers from 0 to 4095."""
    return np.clip(np.rint(image), 0, 4095).astype(np.int16)
