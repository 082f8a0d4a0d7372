"""Area and volume of the marching-cubes surface of a mask, from the types of its cubes.

A mask is binary, so all points of the surface lie half way along edges of cubes, and a cube
of eight voxels has one of 256 surfaces. Type t and its complement share one surface, turned
inside out. Source of the triangles: Lorensen and Cline, SIGGRAPH 21:163 (1987), with the
case table of Bourke, Polygonising a scalar field (1994), which PyRadiomics uses, too. Only
what area and volume need is kept of them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SURFACES = (
    "/ "
    "111 / 220 220 / 111 111 / 202 202 / 111 222 400 / 400 400 / 022 022 / 040 111 222 / "
    "022 022 111 / 111 202 202 / 022 111 202 333 / 004 111 222 / 111 111 111 / 111 111 "
    "222 222 / 111 220 220 / 022 111 220 333 / 111 111 222 400 / 040 040 / 040 111 111 "
    "222 / 111 202 220 333 / 220 220 220 220 / 111 111 113 240 420 / 022 022 022 022 / "
    "004 111 111 222 / 024 042 111 111 311 / 111 111 111 111 / 111 111 111 222 222 / 004 "
    "004 / 202 202 202 202 / 111 111 131 204 402 "
)
"""Surfaces that differ in area, in the order of letters: three digits per triangle, the
absolute components (z, y, x) of its edges' cross product in quarters of a voxel's face."""

KINDS = (
    "abbcbdefbedfcffgbhdidjkldmnopqrfbdhidnmodkjlprqfciisptuiputivwwcbddphjmqdknrilof"
    "djntjxyznyABtzBoekmumyCmkDyEuEmefloiqzmhrEBowdob"
)
"""Letter of the surface of cubes 0 to 127."""


FLUX_Z = (
    "mnnqnoqtnqotqttulmmpmnpsmpnspsstlmmpmnpsmpnspsstijjmjkmpjmkpmppqlmmpmnpsmpnspsst"
    "kllolmorlomrorrsijjmjkmpjmkpmppqfggjghjmgjhmjmmn"
)
FLUX_Y = (
    "mnnqlmmplmmpijjmnqotmpnsmpnsjmkpnoqtmnpsmnpsjkmpqttupsstpsstmppqlmmpijjmkllofggj"
    "mpnsjmkplomrgjhmmnpsjkmplmorghjmpsstmppqorrsjmmn"
)
FLUX_X = (
    "mnlmlmijnqmpmpjmnqmpmpjmotnsnskplmijklfgmpjmlogjmpjmlogjnskpmrhmlmklijfgmplojmgj"
    "mplojmgjnsmrkphmijfgfgefjmgjgjfijmgjgjfikphmhmgl"
)
"""Sum over the triangles of the components of their cross product, in quarters: letters from
m = 0 on."""

CONE = (
    0, 1, -1, 4, -3, -2, -4, 7, -1, 4, -2, 13, -4, 7, 1, 8, -1, 4, -2, 13, -4, 1, -5, 12, -2,
    13, -3, 18, -5, 12, 0, 13, -3, -2, -4, 7, -6, -5, -1, 6, -4, 1, -5, 12, -7, 4, 0, 7, -4,
    7, 1, 8, -7, 4, 0, 7, -5, 12, 0, 13, -8, 5, -5, 12, -5, -4, -6, -1, -12, -11, -7, 0, -6,
    -1, -7, 8, -7, 0, -6, 1, -6, -1, -7, 8, -13, -8, -8, -1, -7, 8, -8, 13, -8, -1, -7, 6,
    -12, -11, -7, 0, -13, -12, -8, -1, -13, -8, -8, -1, -12, -11, -7, 4, -7, 0, -6, 1, -12,
    -11, -7, 4, -8, -1, -7, 6, -17, 4, -6, 3,
)  # fmt: skip
"""Sum over the triangles of a . (b x c) with the cube's first corner as origin, in eighths."""


@cache
def _tables() -> tuple[Integers, Integers, Integers, Integers]:
    """(surface, 5, 3) cross products; (256,) surface; (3, 256) signed flux; (256,) cone."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEF"
    texts = [text.split() for text in "".join(SURFACES).split("/")]
    products = np.zeros((len(texts), 5, 3), np.int64)
    for row, text in enumerate(texts):
        for column, triangle in enumerate(text):
            products[row, column] = [int(digit) for digit in triangle]
    half = np.array([letters.index(letter) for letter in "".join(KINDS)])
    flux = np.array([[ord(c) - ord("m") for c in "".join(f)] for f in (FLUX_Z, FLUX_Y, FLUX_X)])
    cone = np.array(CONE)
    return (
        products,
        np.concatenate([half, half[::-1]]),
        np.concatenate([flux, -flux[:, ::-1]], axis=1),
        np.concatenate([cone, -cone[::-1]]),
    )


def area_and_volume(cubes: Integers, spacing_mm: Floats) -> tuple[float, float]:
    """Area in mm2 and enclosed volume in mm3.

    cubes: (4, 256), by type of cube: their number and the sums of their z, y and x, counted
    from the frame around the mask. spacing_mm: (z, y, x). The volume is the sum of
    a . (b x c) / 6 over all triangles, in whole numbers until the end. The case table leaves
    pinholes in rare places, so the sum depends on the origin by about 1e-5; the corner of a
    frame around the tight mask is that of PyRadiomics.
    """
    products, surface, flux, cone = _tables()
    faces = spacing_mm.prod() / spacing_mm
    by_surface = np.sqrt(((products * (faces / 4)) ** 2).sum(axis=2)).sum(axis=1) / 2
    area = float(cubes[0] @ by_surface[surface])
    eighths = int(cubes[0] @ cone) + 2 * int((cubes[1:] * flux).sum())
    return area, eighths / 48 * float(spacing_mm.prod())
