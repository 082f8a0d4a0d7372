"""Intensity statistics, intensity histogram and intensity-volume histogram (IBSI)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.statistics import QUANTILES, Summary

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def statistics_values(summary: Summary) -> dict[str, float]:
    """The 18 intensity-based statistics, by tag. Source: IBSI manual, section 3.3."""
    energy = summary.energy
    return {
        **_spread_values("stat", summary),
        "stat_min": summary.minimum,
        "stat_max": summary.maximum,
        "stat_energy": energy,
        "stat_rms": math.sqrt(energy / summary.number),
    }


def _spread_values(family: str, summary: Summary) -> dict[str, float]:
    """What statistics and histogram have in common; a ratio over 0 is NaN."""
    low, quarter, median, three_quarters, high = summary.quantiles
    middle = three_quarters + quarter
    deviation = math.sqrt(summary.variance)
    return {
        f"{family}_mean": summary.mean,
        f"{family}_var": summary.variance,
        f"{family}_skew": summary.skewness,
        f"{family}_kurt": summary.kurtosis - 3,
        f"{family}_median": median,
        f"{family}_p10": low,
        f"{family}_p90": high,
        f"{family}_iqr": three_quarters - quarter,
        f"{family}_range": summary.maximum - summary.minimum,
        f"{family}_mad": summary.deviation,
        f"{family}_rmad": summary.trimmed_deviation,
        f"{family}_medad": summary.median_deviation,
        f"{family}_cov": deviation / summary.mean if summary.mean else math.nan,
        f"{family}_qcod": (three_quarters - quarter) / middle if middle else math.nan,
    }


def histogram_values(levels: Floats, counts: Integers) -> dict[str, float]:
    """The 23 features of the intensity histogram, by tag.

    levels: those that are present, rising. counts: voxels of each. Of several modes the one
    nearest to the mean counts, then the lower. Source: IBSI manual, section 3.4.
    """
    number = int(counts.sum())
    share = counts / number
    summary = _summary_of_counts(levels, counts)
    fullest = levels[counts == counts.max()]
    nearest = np.abs(fullest - summary.mean)
    everything = np.zeros(int(levels[-1] - levels[0]) + 1)
    everything[(levels - levels[0]).astype(np.int64)] = counts
    gradient = np.gradient(everything) if everything.size > 1 else np.array([math.nan])
    steepest, flattest = int(gradient.argmax()), int(gradient.argmin())
    return {
        **_spread_values("ih", summary),
        "ih_min": float(levels[0]),
        "ih_max": float(levels[-1]),
        "ih_mode": float(fullest[int(nearest.argmin())]),
        "ih_entropy": float(-(share * np.log2(share)).sum()),
        "ih_uniformity": float((share * share).sum()),
        "ih_max_grad": float(gradient[steepest]),
        "ih_max_grad_g": float(levels[0] + steepest),
        "ih_min_grad": float(gradient[flattest]),
        "ih_min_grad_g": float(levels[0] + flattest),
    }


def _summary_of_counts(levels: Floats, counts: Integers) -> Summary:
    """The summary of values that are given as levels and how often each occurs."""
    number = int(counts.sum())
    ends = np.cumsum(counts)
    mean = float((levels * counts).sum()) / number
    apart = levels - mean
    moments = [float((apart**k * counts).sum()) / number for k in (2, 3, 4)]
    quantiles = tuple(_quantile(levels, ends, fraction) for fraction in QUANTILES)
    inner = (levels >= quantiles[0]) & (levels <= quantiles[-1])
    kept = int(counts[inner].sum())
    trimmed = math.nan
    if kept:
        middle = float((levels * counts)[inner].sum()) / kept
        trimmed = float((np.abs(levels - middle) * counts)[inner].sum()) / kept
    variance = moments[0]
    return Summary(
        number=number,
        minimum=float(levels[0]),
        maximum=float(levels[-1]),
        mean=mean,
        quantiles=quantiles,
        variance=variance,
        skewness=moments[1] / variance**1.5 if variance else 0.0,
        kurtosis=moments[2] / variance**2 if variance else 0.0,
        deviation=float((np.abs(apart) * counts).sum()) / number,
        trimmed_deviation=trimmed,
        median_deviation=float((np.abs(levels - quantiles[2]) * counts).sum()) / number,
        energy=float((levels**2 * counts).sum()),
    )


def _quantile(levels: Floats, ends: Integers, fraction: float) -> float:
    """Linear quantile at rank fraction (n - 1) of values given by counts up to each level."""
    place = fraction * (int(ends[-1]) - 1)
    rank = int(place)
    low = float(levels[int(np.searchsorted(ends, rank, side="right"))])
    following = min(rank + 1, int(ends[-1]) - 1)
    high = float(levels[int(np.searchsorted(ends, following, side="right"))])
    return low + (high - low) * (place - rank)


def volume_values(
    levels: Floats, counts: Integers, lowest: float, highest: float, unit: tuple[float, float]
) -> dict[str, float]:
    """The 6 features of the intensity-volume histogram, by tag.

    levels: whole numbers that are present, rising. counts: voxels of each. lowest, highest:
    the levels of intensity fractions 0 and 1. unit: intensity of level 0 and of one step, in
    which intensities at volume fractions are told.
    Volume at a fraction: share of voxels at or above the first level whose fraction is that
    or more. Intensity at a share: first level with at most that share at or above it, which
    is one above the highest if there is none. Source: IBSI manual, section 3.5.
    """
    number = int(counts.sum())
    below = np.concatenate([[0], np.cumsum(counts)])
    volume = []
    for fraction in (0.1, 0.9):
        first = math.ceil(lowest + fraction * (highest - lowest) - 1e-9)
        volume.append(1 - int(below[int(np.searchsorted(levels, first))]) / number)
    # A level that is absent has as much at or above it as the next one that is present.
    first_with = np.concatenate([levels[:1], levels[:-1] + 1, levels[-1:] + 1])
    shares = 1 - below / number
    intensity = []
    for share in (0.1, 0.9):
        level = first_with[int(np.flatnonzero(shares <= share + 1e-12)[0])]
        intensity.append(unit[0] + unit[1] * float(level))
    return {
        "ivh_v10": volume[0],
        "ivh_v90": volume[1],
        "ivh_i10": intensity[0],
        "ivh_i90": intensity[1],
        "ivh_diff_v10_v90": volume[0] - volume[1],
        "ivh_diff_i10_i90": intensity[0] - intensity[1],
    }
