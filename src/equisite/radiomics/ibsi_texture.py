"""Texture by the IBSI definitions in all aggregations of directions and slices.

One pass fills the matrices of all directions of a volume, or of each slice; an aggregation
is where sums and means are taken: of matrices (merged) or of features (averaged).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from equisite.codebook.aggregation import ENDS
from equisite.radiomics.kernels.matrices import (
    COUNT_MEASURES,
    PAIR_MEASURES,
    TONE_MEASURES,
    tone_measures,
)
from equisite.radiomics.texture import (
    DIRECTIONS_2D,
    DIRECTIONS_3D,
    GreyLevels,
    Neighbours,
    distance_to_border,
    measures_of_counts,
    measures_of_pairs,
    neighbours,
    tabulate,
    zones,
)

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Values = dict[str, float]

FAMILIES = ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm")


def _count_tags(
    family: str, small: str, large: str, low: str, high: str, spread: str, entropy: str
) -> dict[str, str]:
    """Measure of a matrix of counts by tag, from the words of the family."""
    return {
        f"{family}_{small}e": "short",
        f"{family}_{large}e": "long",
        f"{family}_{low}": "low_grey",
        f"{family}_{high}": "high_grey",
        f"{family}_{small}lge": "short_low",
        f"{family}_{small}hge": "short_high",
        f"{family}_{large}lge": "long_low",
        f"{family}_{large}hge": "long_high",
        f"{family}_glnu": "grey_nonuni",
        f"{family}_glnu_norm": "grey_nonuni_norm",
        f"{family}_{spread}": "nonuni",
        f"{family}_{spread}_norm": "nonuni_norm",
        f"{family}_gl_var": "grey_var",
        f"{family}_{entropy}_var": "var",
        f"{family}_{entropy}_entr": "entropy",
    }


PAIR_TAGS = {f"cm_{name}": name for name in PAIR_MEASURES}
RUN_TAGS = _count_tags("rlm", "sr", "lr", "lgre", "hgre", "rlnu", "rl")
SIZE_TAGS = _count_tags("szm", "sz", "lz", "lgze", "hgze", "zsnu", "zs")
DISTANCE_TAGS = _count_tags("dzm", "sd", "ld", "lgze", "hgze", "zdnu", "zd")
DEPENDENCE_TAGS = _count_tags("ngl", "ld", "hd", "lgce", "hgce", "dcnu", "dc") | {
    "ngl_dc_energy": "energy"
}


def texture_values(
    grey: GreyLevels,
    frame: NDArray[np.uint8],
    span: float,
    aggregations: Collection[str],
    families: Collection[str],
) -> Values:
    """Features of all families and aggregations asked for, by tag.

    grey: levels of the intensity mask. frame: the morphological mask on the same framed
    volume. span: number of grey levels that normalises differences of the co-occurrence
    matrix. What is not defined is NaN.
    """
    solid = [a for a in aggregations if a.startswith("3D")]
    flat = [a for a in aggregations if not a.startswith("3D")]
    values: Values = {}
    if solid:
        values |= _of_volume(_Region(grey, frame, span, families, False), solid)
    if flat:
        values |= _of_slices(_Region(grey, frame, span, families, True), flat)
    return values


class _Region:
    """A region with the neighbourhood in which it is looked at."""

    def __init__(
        self,
        grey: GreyLevels,
        frame: NDArray[np.uint8],
        span: float,
        families: Collection[str],
        in_plane: bool,
    ) -> None:
        self.grey = grey
        self.span = span
        self.families = families
        self.steps = grey.steps(DIRECTIONS_2D if in_plane else DIRECTIONS_3D)
        self.zoned = bool({"glszm", "gldzm"} & set(families))
        if "gldzm" in families:
            self.border = distance_to_border(frame, in_plane=in_plane)
        else:
            self.border = grey.ranks
        self.unvisited = grey.ranks.copy() if self.zoned else grey.ranks

    def part(self, voxels: NDArray[np.int64]) -> tuple[Neighbours, Counts]:
        """Matrices and zones of some voxels."""
        found, linked = neighbours(self.grey, self.steps, voxels)
        if not self.zoned:
            return found, np.empty((0, 3), np.int32)
        place = zones(self.grey, self.unvisited, self.steps, voxels, linked, self.border)
        return found, place

    def of_directions(self, found: Neighbours, suffix: str, *, merged: bool) -> Values:
        """Features of co-occurrence and runs: of the sum of the directions, or their mean."""
        values: Values = {}
        levels = self.grey.levels
        if "glcm" in self.families:
            pairs = _sum(found.pairs) if merged else found.pairs
            rows = measures_of_pairs(pairs, levels, self.span, 0.0)
            values |= _named(PAIR_TAGS, PAIR_MEASURES, _mean(rows), suffix)
        if "glrlm" in self.families:
            runs = _sum(found.runs) if merged else found.runs
            sizes = np.arange(1.0, runs.shape[2] + 1)
            rows = measures_of_counts(runs, levels, sizes, 0.0)
            values |= _named(RUN_TAGS, COUNT_MEASURES, _mean(rows), suffix)
            share = rows[:, COUNT_MEASURES.index("rows")] / rows[:, -1]
            values[f"rlm_r_perc_{suffix}"] = float(share.mean())
        return values

    def without_directions(
        self, found: Neighbours, places: Counts, voxels: int, suffix: str
    ) -> Values:
        """Features of zones, dependence and tone differences."""
        values: Values = {}
        levels = self.grey.levels
        for family, tags, column in (("glszm", SIZE_TAGS, 1), ("gldzm", DISTANCE_TAGS, 2)):
            if family in self.families:
                table, sizes = tabulate(places[:, 0], places[:, column], levels.size)
                row = measures_of_counts(table, levels, sizes, 0.0)[0]
                values |= _named(tags, COUNT_MEASURES, row, suffix)
                name = "szm" if family == "glszm" else "dzm"
                values[f"{name}_z_perc_{suffix}"] = len(places) / voxels
        if "ngldm" in self.families:
            sizes = np.arange(1.0, found.alike.shape[1] + 1)
            row = measures_of_counts(found.alike[None], levels, sizes, 0.0)[0]
            values |= _named(DEPENDENCE_TAGS, COUNT_MEASURES, row, suffix)
            values[f"ngl_dc_perc_{suffix}"] = 1.0
        if "ngtdm" in self.families:
            values |= _tones(found.tones, levels, suffix)
        return values


def _of_volume(region: _Region, aggregations: Sequence[str]) -> Values:
    voxels = region.grey.voxels
    found, places = region.part(voxels)
    values = region.without_directions(found, places, voxels.size, "3d")
    for name in aggregations:
        merged = name == "3D_mrg"
        values |= region.of_directions(found, ENDS[name][0], merged=merged)
    return values


def _of_slices(region: _Region, aggregations: Sequence[str]) -> Values:
    """Features by slice and their mean (2D), and of the sum of all slices (2.5D)."""
    by_slice: list[Values] = []
    total: Neighbours | None = None
    every: list[Counts] = []
    for voxels in region.grey.slices():
        found, places = region.part(voxels)
        values: Values = {}
        if {"2D_avg", "2D_smrg"} & set(aggregations):
            values |= region.without_directions(found, places, voxels.size, "2d")
        for name in ("2D_avg", "2D_smrg"):
            if name in aggregations:
                merged = name == "2D_smrg"
                values |= region.of_directions(found, ENDS[name][0], merged=merged)
        by_slice.append(values)
        every.append(places)
        if total is None:
            total = found
        else:
            total += found
    result = _mean_values(by_slice)
    if total is None:
        return result
    if {"2.5D_dmrg", "2.5D_vmrg"} & set(aggregations):
        number = region.grey.voxels.size
        result |= region.without_directions(total, np.concatenate(every), number, "2_5d")
    for name in ("2.5D_dmrg", "2.5D_vmrg"):
        if name in aggregations:
            merged = name == "2.5D_vmrg"
            result |= region.of_directions(total, ENDS[name][0], merged=merged)
    return result


def _tones(tones: Floats, levels: Floats, suffix: str) -> Values:
    """Neighbourhood grey tone difference: voxels without a neighbour do not count."""
    numbers, differences = tones[:, 1].copy(), tones[:, 2].copy()
    out = np.full(len(TONE_MEASURES), math.nan)
    if numbers.any():
        tone_measures(numbers, differences, levels, out)
    return {f"ngt_{n}_{suffix}": float(v) for n, v in zip(TONE_MEASURES, out, strict=True)}


def _sum(matrices: Counts) -> Counts:
    total: Counts = matrices.sum(axis=0, keepdims=True, dtype=np.int32)
    return total


def _mean(rows: Floats) -> Floats:
    """Mean of the rows that are defined."""
    known = rows[~np.isnan(rows[:, 0])]
    return known.mean(axis=0) if len(known) else np.full(rows.shape[1], math.nan)


def _mean_values(parts: Sequence[Values]) -> Values:
    """Mean of each feature over the slices in which it is defined."""
    values: Values = {}
    for name in parts[0] if parts else ():
        known = [part[name] for part in parts if not math.isnan(part[name])]
        values[name] = math.fsum(known) / len(known) if known else math.nan
    return values


def _named(tags: Mapping[str, str], columns: Sequence[str], row: Floats, suffix: str) -> Values:
    place = {name: i for i, name in enumerate(columns)}
    return {f"{tag}_{suffix}": float(row[place[name]]) for tag, name in tags.items()}
