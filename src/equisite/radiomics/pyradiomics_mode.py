"""Features with the names and numbers of PyRadiomics 3.0.1, from the product's own kernels.

What PyRadiomics does in its own way is copied here: edges of bins, kurtosis that is not
excess, a covariance over n, the mean over directions that are not empty, and a small number
inside of logarithms. Ids are those of the codebook.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.correlation import EPS, maximal_correlation
from equisite.radiomics.kernels.intensities import levels_between
from equisite.radiomics.kernels.matrices import (
    COUNT_MEASURES,
    PAIR_MEASURES,
    TONE_MEASURES,
    tone_measures,
)
from equisite.radiomics.shape import Shape
from equisite.radiomics.statistics import Summary
from equisite.radiomics.texture import (
    DIRECTIONS_3D,
    GreyLevels,
    measures_of_counts,
    measures_of_pairs,
    neighbours,
    tabulate,
    zones,
)

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]

PAIR_IDS = {
    "glcm_autocorrelation": "auto_corr",
    "glcm_cluster_prominence": "clust_prom",
    "glcm_cluster_shade": "clust_shade",
    "glcm_cluster_tendency": "clust_tend",
    "glcm_contrast": "contrast",
    "glcm_correlation": "corr",
    "glcm_difference_average": "diff_avg",
    "glcm_difference_entropy": "diff_entr",
    "glcm_difference_variance": "diff_var",
    "glcm_id": "inv_diff",
    "glcm_idm": "inv_diff_mom",
    "glcm_idmn": "inv_diff_mom_norm",
    "glcm_idn": "inv_diff_norm",
    "glcm_imc1": "info_corr1",
    "glcm_imc2": "info_corr2",
    "glcm_inverse_variance": "inv_var",
    "glcm_joint_average": "joint_avg",
    "glcm_joint_energy": "energy",
    "glcm_joint_entropy": "joint_entr",
    "glcm_maximum_probability": "joint_max",
    "glcm_sum_average": "sum_avg",
    "glcm_sum_entropy": "sum_entr",
    "glcm_sum_squares": "joint_var",
}
"""Measure of the co-occurrence matrix by codebook id."""


def _count_ids(
    family: str, small: str, large: str, tone: str, spread: str, what: str
) -> dict[str, str]:
    """Measure of a matrix of counts by codebook id, from the words that its ids use."""
    words = {
        f"{small}_emphasis": "short",
        f"{large}_emphasis": "long",
        f"low_grey_level_{tone}": "low_grey",
        f"high_grey_level_{tone}": "high_grey",
        f"{small}_low_grey_level_emphasis": "short_low",
        f"{small}_high_grey_level_emphasis": "short_high",
        f"{large}_low_grey_level_emphasis": "long_low",
        f"{large}_high_grey_level_emphasis": "long_high",
        "grey_level_non_uniformity": "grey_nonuni",
        f"{spread}_non_uniformity": "nonuni",
        f"{spread}_non_uniformity_normalised": "nonuni_norm",
        "grey_level_variance": "grey_var",
        f"{what}_variance": "var",
        f"{what}_entropy": "entropy",
    }
    if family != "gldm":
        words["grey_level_non_uniformity_normalised"] = "grey_nonuni_norm"
    return {f"{family}_{word}": measure for word, measure in words.items()}


RUN_IDS = _count_ids("glrlm", "short_run", "long_run", "run_emphasis", "run_length", "run")
ZONE_IDS = _count_ids("glszm", "small_area", "large_area", "zone_emphasis", "size_zone", "zone")
DEPENDENCE_IDS = _count_ids(
    "gldm", "small_dependence", "large_dependence", "emphasis", "dependence", "dependence"
)


def bin_edges(values: NDArray[np.generic], width: float | None, count: int | None) -> Floats:
    """Edges of grey levels, made in the type of the values as PyRadiomics makes them.

    values: smallest and largest intensity of the region, of the image's own type.
    Source: PyRadiomics 3.0.1, imageoperations.getBinEdges.
    """
    if count is not None:
        edges = np.histogram_bin_edges(values, count)
        edges[-1] += 1
        return edges.astype(np.float64)
    if width is None:
        raise ValueError("neither a bin width nor a bin count is given")
    low, high = values.min(), values.max()
    made = np.arange(low - low % width, high + 2 * width, width)
    if made.size == 1:
        made = np.array([made[0] - 0.5, made[0] + 0.5])
    return made.astype(np.float64)


def levels_of(values: Floats, edges: Floats) -> tuple[Counts, NDArray[np.int64]]:
    """Grey level of each value from 1 on, and the number of voxels by level from 0 on."""
    levels = np.empty(values.size, np.int32)
    counts = np.zeros(edges.size + 1, np.int64)
    levels_between(values, edges, levels, counts)
    return levels, counts


def shape_values(shape: Shape) -> dict[str, float]:
    """The 14 features of shape."""
    least, minor, major = (float(a) for a in shape.axes(shape.voxels))
    slice_, column, row = shape.plane_diameters
    sphere = (36 * math.pi * shape.volume**2) ** (1 / 3)
    return {
        "shape_mesh_volume": shape.volume,
        "shape_voxel_volume": shape.voxels * shape.voxel_mm3,
        "shape_surface_area": shape.area,
        "shape_surface_volume_ratio": shape.area / shape.volume,
        "shape_sphericity": sphere / shape.area,
        "shape_maximum_3d_diameter": shape.diameter,
        "shape_maximum_2d_diameter_slice": slice_,
        "shape_maximum_2d_diameter_column": column,
        "shape_maximum_2d_diameter_row": row,
        "shape_major_axis_length": major,
        "shape_minor_axis_length": minor,
        "shape_least_axis_length": least,
        "shape_elongation": minor / major,
        "shape_flatness": least / major,
    }


def firstorder_values(summary: Summary, counts: Floats, voxel_mm3: float) -> dict[str, float]:
    """The 18 first-order features. counts: voxels of each grey level that is present."""
    share = counts / counts.sum()
    low, quarter, median, three_quarters, high = summary.quantiles
    return {
        "firstorder_10percentile": low,
        "firstorder_90percentile": high,
        "firstorder_energy": summary.energy,
        "firstorder_entropy": float(-(share * np.log2(share + EPS)).sum()),
        "firstorder_interquartile_range": three_quarters - quarter,
        "firstorder_kurtosis": summary.kurtosis,
        "firstorder_maximum": summary.maximum,
        "firstorder_mean_absolute_deviation": summary.deviation,
        "firstorder_mean": summary.mean,
        "firstorder_median": median,
        "firstorder_minimum": summary.minimum,
        "firstorder_range": summary.maximum - summary.minimum,
        "firstorder_robust_mean_absolute_deviation": summary.trimmed_deviation,
        "firstorder_root_mean_squared": math.sqrt(summary.energy / summary.number),
        "firstorder_skewness": summary.skewness,
        "firstorder_total_energy": summary.energy * voxel_mm3,
        "firstorder_uniformity": float((share * share).sum()),
        "firstorder_variance": summary.variance,
    }


def texture_values(grey: GreyLevels, classes: Collection[str]) -> dict[str, float]:
    """Features of the texture classes asked for: glcm, glrlm, glszm, gldm, ngtdm."""
    steps = grey.steps(DIRECTIONS_3D)
    found, linked = neighbours(grey, steps, grey.voxels)
    met = np.array([bool(pairs.any()) for pairs in found.pairs])
    values: dict[str, float] = {}
    if "glcm" in classes:
        values |= _glcm(found.pairs[met], grey.levels)
    if "glrlm" in classes:
        kept = [m or _share_a_line(grey, d) for m, d in zip(met, DIRECTIONS_3D, strict=True)]
        values |= _glrlm(found.runs[np.array(kept)], grey.levels)
    if "gldm" in classes:
        sizes = np.arange(1.0, found.alike.shape[1] + 1)
        measures = measures_of_counts(found.alike[None], grey.levels, sizes, EPS)
        values |= _named(DEPENDENCE_IDS, COUNT_MEASURES, measures[0])
    if "ngtdm" in classes:
        out = np.empty(len(TONE_MEASURES))
        numbers, differences = found.tones[:, 0].copy(), found.tones[:, 2].copy()
        tone_measures(numbers, differences, grey.levels, out)
        values |= {f"ngtdm_{n}": float(v) for n, v in zip(TONE_MEASURES, out, strict=True)}
    if "glszm" in classes:
        values |= _glszm(grey, steps, linked)
    return values


def _glcm(pairs: Counts, levels: Floats) -> dict[str, float]:
    """Mean of each feature over the directions that are not empty."""
    if pairs.shape[0] == 0:
        return dict.fromkeys((*PAIR_IDS, "glcm_mcc"), math.nan)
    measures = measures_of_pairs(pairs, levels, float(levels[-1]), EPS)
    values = _named(PAIR_IDS, PAIR_MEASURES, measures.mean(axis=0))
    return values | {"glcm_mcc": maximal_correlation(pairs)}


def _glrlm(runs: Counts, levels: Floats) -> dict[str, float]:
    if runs.shape[0] == 0:
        return dict.fromkeys((*RUN_IDS, "glrlm_run_percentage"), math.nan)
    sizes = np.arange(1.0, runs.shape[2] + 1)
    measures = measures_of_counts(runs, levels, sizes, EPS)
    share = measures[:, COUNT_MEASURES.index("rows")] / measures[:, -1]
    values = _named(RUN_IDS, COUNT_MEASURES, measures.mean(axis=0))
    return values | {"glrlm_run_percentage": float(share.mean())}


def _glszm(
    grey: GreyLevels, steps: NDArray[np.int64], linked: NDArray[np.uint8]
) -> dict[str, float]:
    found = zones(grey, grey.ranks.copy(), steps, grey.voxels, linked, grey.ranks)
    table, sizes = tabulate(found[:, 0], found[:, 1], grey.levels.size)
    measures = measures_of_counts(table, grey.levels, sizes, EPS)
    values = _named(ZONE_IDS, COUNT_MEASURES, measures[0])
    return values | {"glszm_zone_percentage": len(found) / grey.voxels.size}


def _share_a_line(grey: GreyLevels, direction: tuple[int, int, int]) -> bool:
    """Whether two voxels lie on one line of a direction, with whatever between them.

    PyRadiomics counts the runs of a direction only then.
    """
    places = np.stack(np.unravel_index(grey.voxels, grey.shape), axis=1)
    axis = next(a for a, step in enumerate(direction) if step)
    along = places[:, [axis]] * direction[axis]
    lines = places - along * np.array(direction)
    return len(np.unique(lines, axis=0)) < len(lines)


def _named(
    ids: Mapping[str, str], columns: tuple[str, ...], row: NDArray[np.float64]
) -> dict[str, float]:
    place = {name: i for i, name in enumerate(columns)}
    return {identifier: float(row[place[name]]) for identifier, name in ids.items()}
