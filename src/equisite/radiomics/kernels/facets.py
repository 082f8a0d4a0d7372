"""Points against the facets of a convex hull."""

from __future__ import annotations

from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled("float64(float64[:,::1], float64[:,::1])")
def farthest_beyond(points: Array, facets: Array) -> float:
    """Largest distance of any point to the outer side of any facet; negative inside of all.

    points: (n, 3). facets: (f, 4), outward unit normal and offset: 0 on the facet. Infinite
    for a facet that has no normal.
    """
    worst = -1e300
    for facet in range(facets.shape[0]):
        a, b, c = facets[facet, 0], facets[facet, 1], facets[facet, 2]
        offset = facets[facet, 3]
        if not a * a + b * b + c * c < 2.0:
            return np.inf
        for place in range(points.shape[0]):
            apart = points[place, 0] * a + points[place, 1] * b + points[place, 2] * c + offset
            if apart > worst:
                worst = apart
    return worst
