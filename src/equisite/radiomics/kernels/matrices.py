"""Numbers of a matrix that both modes need: co-occurrence, and levels against a count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any

PAIR_MEASURES = (
    "joint_max", "joint_avg", "joint_var", "joint_entr", "diff_avg", "diff_var", "diff_entr",
    "sum_avg", "sum_var", "sum_entr", "energy", "contrast", "dissimilarity", "inv_diff",
    "inv_diff_norm", "inv_diff_mom", "inv_diff_mom_norm", "inv_var", "corr", "auto_corr",
    "clust_tend", "clust_shade", "clust_prom", "info_corr1", "info_corr2",
)  # fmt: skip
"""Columns of `pair_measures`, by the names of the IBSI reference values."""

COUNT_MEASURES = (
    "short", "long", "low_grey", "high_grey", "short_low", "short_high", "long_low",
    "long_high", "grey_nonuni", "grey_nonuni_norm", "nonuni", "nonuni_norm", "grey_var",
    "var", "entropy", "energy", "rows", "voxels",
)  # fmt: skip
"""Columns of `count_measures`: `rows` is the sum of the matrix, `voxels` that times j."""

TONE_MEASURES = ("coarseness", "contrast", "busyness", "complexity", "strength")
"""Columns of `tone_measures`."""


@compiled("void(int32[:,:,::1], float64[::1], float64, float64, float64[:,::1])")
def pair_measures(pairs: Array, levels: Array, span: float, eps: float, out: Array) -> None:
    """Measures of each co-occurrence matrix, made symmetric; NaN for an empty one.

    pairs: (A, K, K) counts of one direction. levels: (K,), whole numbers of at least 1.
    span: number of grey levels that normalises differences. eps: is added inside
    logarithms. out: (A, 25) by PAIR_MEASURES. Source: IBSI manual, section 3.6.
    """
    angles, size, _ = pairs.shape
    lowest = int(levels[0])
    width = int(levels[size - 1]) - lowest + 1
    by_sum = np.empty(2 * width - 1)
    by_difference = np.empty(width)
    margin = np.empty(size)
    for a in range(angles):
        total = 0
        for i in range(size):
            for j in range(size):
                total += pairs[a, i, j]
        if total == 0:
            out[a, :] = np.nan
            continue
        scale = 1.0 / (2.0 * total)
        by_sum[:] = 0.0
        by_difference[:] = 0.0
        highest = 0.0
        entropy = 0.0
        energy = 0.0
        product = 0.0
        for i in range(size):
            row = 0
            for j in range(size):
                row += pairs[a, i, j] + pairs[a, j, i]
            margin[i] = row * scale
            for j in range(i + 1):
                count = pairs[a, i, j] + pairs[a, j, i]
                if count == 0:
                    continue
                p = count * scale
                times = 1.0 if i == j else 2.0
                highest = max(highest, p)
                entropy -= times * p * math.log2(p + eps)
                energy += times * p * p
                product += times * p * levels[i] * levels[j]
                s = int(levels[i] + levels[j]) - 2 * lowest
                by_sum[s] += times * p
                by_difference[int(levels[i] - levels[j])] += times * p
        mean = 0.0
        marginal_entropy = 0.0
        for i in range(size):
            mean += margin[i] * levels[i]
            if margin[i] > 0:
                marginal_entropy -= margin[i] * math.log2(margin[i] + eps)
        variance = 0.0
        covariance = 0.0
        crossed = 0.0
        independent = 0.0
        for i in range(size):
            variance += margin[i] * (levels[i] - mean) ** 2
            for j in range(i + 1):
                expected = margin[i] * margin[j]
                if expected == 0:
                    continue
                times = 1.0 if i == j else 2.0
                logarithm = math.log2(expected + eps)
                independent -= times * expected * logarithm
                count = pairs[a, i, j] + pairs[a, j, i]
                if count > 0:
                    p = count * scale
                    crossed -= times * p * logarithm
                    covariance += times * p * (levels[i] - mean) * (levels[j] - mean)
        out[a, 0] = highest
        out[a, 1] = mean
        out[a, 2] = variance
        out[a, 3] = entropy
        difference = 0.0
        for d in range(width):
            difference += d * by_difference[d]
        spread = 0.0
        difference_entropy = 0.0
        contrast = 0.0
        inverse = 0.0
        inverse_norm = 0.0
        moment = 0.0
        moment_norm = 0.0
        inverse_variance = 0.0
        for d in range(width):
            p = by_difference[d]
            if p == 0:
                continue
            spread += p * (d - difference) ** 2
            difference_entropy -= p * math.log2(p + eps)
            contrast += p * d * d
            inverse += p / (1.0 + d)
            inverse_norm += p / (1.0 + d / span)
            moment += p / (1.0 + d * d)
            moment_norm += p / (1.0 + d * d / (span * span))
            if d > 0:
                inverse_variance += p / (d * d)
        out[a, 4] = difference
        out[a, 5] = spread
        out[a, 6] = difference_entropy
        summed = 0.0
        for s in range(2 * width - 1):
            summed += (s + 2 * lowest) * by_sum[s]
        sum_variance = 0.0
        sum_entropy = 0.0
        tendency = 0.0
        shade = 0.0
        prominence = 0.0
        for s in range(2 * width - 1):
            p = by_sum[s]
            if p == 0:
                continue
            sum_variance += p * (s + 2 * lowest - summed) ** 2
            sum_entropy -= p * math.log2(p + eps)
            apart = s + 2 * lowest - mean - mean
            tendency += p * apart**2
            shade += p * apart**3
            prominence += p * apart**4
        out[a, 7] = summed
        out[a, 8] = sum_variance
        out[a, 9] = sum_entropy
        out[a, 10] = energy
        out[a, 11] = contrast
        out[a, 12] = difference
        out[a, 13] = inverse
        out[a, 14] = inverse_norm
        out[a, 15] = moment
        out[a, 16] = moment_norm
        out[a, 17] = inverse_variance
        out[a, 18] = 1.0 if variance == 0 else covariance / (variance + eps)
        out[a, 19] = product
        out[a, 20] = tendency
        out[a, 21] = shade
        out[a, 22] = prominence
        if marginal_entropy > 0:
            out[a, 23] = (entropy - crossed) / marginal_entropy
        else:
            out[a, 23] = 0.0
        gain = independent - entropy
        out[a, 24] = math.sqrt(1.0 - math.exp(-2.0 * gain)) if gain > 0 else 0.0


@compiled("void(int32[:,:,::1], float64[::1], float64[::1], float64, float64[:,::1])")
def count_measures(counts: Array, levels: Array, sizes: Array, eps: float, out: Array) -> None:
    """Measures of matrices of levels against run length, zone size, distance or dependence.

    counts: (A, K, J). levels: (K,). sizes: (J,). eps: is added inside the logarithm.
    out: (A, 18) by COUNT_MEASURES; NaN for an empty matrix, but for the last two.
    Source: IBSI manual, sections 3.7 to 3.9 and 3.11, which share these sums.
    """
    angles, rows, columns = counts.shape
    by_size = np.empty(columns)
    for a in range(angles):
        total = 0
        for i in range(rows):
            for j in range(columns):
                total += counts[a, i, j]
        out[a, 16] = total
        if total == 0:
            out[a, :16] = np.nan
            out[a, 17] = 0.0
            continue
        by_size[:] = 0.0
        number = float(total)
        low = 0.0
        high = 0.0
        corners = np.zeros(4)
        grey_square = 0.0
        grey_mean = 0.0
        entropy = 0.0
        energy = 0.0
        for i in range(rows):
            row = 0.0
            square = levels[i] * levels[i]
            for j in range(columns):
                count = counts[a, i, j]
                if count == 0:
                    continue
                row += count
                by_size[j] += count
                length = sizes[j] * sizes[j]
                corners[0] += count / (square * length)
                corners[1] += count * square / length
                corners[2] += count * length / square
                corners[3] += count * square * length
                p = count / number
                entropy -= p * math.log2(p + eps)
                energy += p * p
            low += row / square
            high += row * square
            grey_square += row * row
            grey_mean += row / number * levels[i]
        grey_variance = 0.0
        for i in range(rows):
            row = 0.0
            for j in range(columns):
                row += counts[a, i, j]
            grey_variance += row / number * (levels[i] - grey_mean) ** 2
        short = 0.0
        long = 0.0
        square_sum = 0.0
        mean = 0.0
        voxels = 0.0
        for j in range(columns):
            short += by_size[j] / (sizes[j] * sizes[j])
            long += by_size[j] * (sizes[j] * sizes[j])
            square_sum += by_size[j] * by_size[j]
            mean += by_size[j] / number * sizes[j]
            voxels += by_size[j] * sizes[j]
        variance = 0.0
        for j in range(columns):
            variance += by_size[j] / number * (sizes[j] - mean) ** 2
        out[a, 0] = short / number
        out[a, 1] = long / number
        out[a, 2] = low / number
        out[a, 3] = high / number
        for c in range(4):
            out[a, 4 + c] = corners[c] / number
        out[a, 8] = grey_square / number
        out[a, 9] = grey_square / (number * number)
        out[a, 10] = square_sum / number
        out[a, 11] = square_sum / (number * number)
        out[a, 12] = grey_variance
        out[a, 13] = variance
        out[a, 14] = entropy
        out[a, 15] = energy
        out[a, 17] = voxels


@compiled("void(float64[::1], float64[::1], float64[::1], float64[::1])")
def tone_measures(numbers: Array, differences: Array, levels: Array, out: Array) -> None:
    """Measures of a neighbourhood grey tone difference matrix.

    numbers, differences, levels: (K,), voxels of a level and the sum of their differences to
    their neighbourhoods. out: (5,) by TONE_MEASURES. What would divide by zero is 1e6 for
    coarseness and 0 for the others. Source: IBSI manual, section 3.10.
    """
    size = levels.size
    total = 0.0
    summed = 0.0
    present = 0
    for i in range(size):
        total += numbers[i]
        summed += differences[i]
        if numbers[i] > 0:
            present += 1
    coarse = 0.0
    spread = 0.0
    busy = 0.0
    complex_ = 0.0
    strong = 0.0
    for i in range(size):
        p = numbers[i] / total
        coarse += p * differences[i]
        if p == 0:
            continue
        for j in range(size):
            q = numbers[j] / total
            if q == 0:
                continue
            apart = abs(levels[i] - levels[j])
            spread += p * q * apart * apart
            busy += abs(levels[i] * p - levels[j] * q)
            complex_ += apart * (p * differences[i] + q * differences[j]) / (p + q)
            strong += (p + q) * apart * apart
    out[0] = 1.0 / coarse if coarse != 0 else 1e6
    out[1] = 0.0
    if present > 1:
        out[1] = spread * summed / total / (present * (present - 1))
    out[2] = coarse / busy if busy != 0 else 0.0
    out[3] = complex_ / total
    out[4] = strong / summed if summed != 0 else 0.0
