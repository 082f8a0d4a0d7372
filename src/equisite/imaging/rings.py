"""Areas of rings, and how much of one lies within the image."""

from __future__ import annotations

from equisite.imaging.rasterise import Ring

Point = tuple[float, float]


def area(ring: Ring) -> float:
    """Area enclosed by a ring, in pixels (shoelace formula).

    >>> import numpy as np
    >>> area(Ring(np.array([0.0, 2, 2, 0]), np.array([0.0, 0, 3, 3]), 0.0, 0.0))
    6.0
    """
    return _shoelace(list(zip(ring.x.tolist(), ring.y.tolist(), strict=True)))


def area_inside(ring: Ring, columns: int, rows: int) -> float:
    """Area of the part of a ring that lies on the pixels of an image, in pixels."""
    left, right, top, bottom = -0.5, columns - 0.5, -0.5, rows - 0.5
    if (
        ring.x.min() >= left
        and ring.x.max() <= right
        and ring.y.min() >= top
        and ring.y.max() <= bottom
    ):
        return area(ring)
    points = list(zip(ring.x.tolist(), ring.y.tolist(), strict=True))
    for axis, limit, sign in ((0, left, 1), (0, right, -1), (1, top, 1), (1, bottom, -1)):
        points = _clipped(points, axis, limit, sign)
    return _shoelace(points)


def _clipped(points: list[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """The polygon on one side of a line (Sutherland and Hodgman, CACM 17:32, 1974)."""
    kept: list[Point] = []
    for here, there in zip(points, points[1:] + points[:1], strict=True):
        a, b = sign * (here[axis] - limit), sign * (there[axis] - limit)
        if a >= 0:
            kept.append(here)
        if (a >= 0) != (b >= 0):
            t = a / (a - b)
            x, y = here[0] + t * (there[0] - here[0]), here[1] + t * (there[1] - here[1])
            kept.append((limit, y) if axis == 0 else (x, limit))
    return kept


def _shoelace(points: list[Point]) -> float:
    if len(points) < 3:
        return 0.0
    # About the first point: far from the origin the products would cancel.
    x0, y0 = points[0]
    twice = sum(
        (a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0)
        for a, b in zip(points, points[1:] + points[:1], strict=True)
    )
    return abs(twice) / 2
