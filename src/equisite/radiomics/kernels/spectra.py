"""Fields of a region for its spectra, and products of these under a real, even weight."""

from __future__ import annotations

from typing import Any

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled(
    "void(complex64[:,:,::1], complex64[:,:,::1], complex64[:,:,::1], float64[:,:,::1],"
    " float64[::1])"
)
def weighted_products(a: Array, b: Array, c: Array, weights: Array, out: Array) -> None:
    """Sums of w |a|^2, w |b|^2 and w Re(c conj(a)) over the whole spectrum.

    a, b, c: (Z, Y, X / 2 + 1), half spectra of real fields of even sizes. weights:
    (Z / 2 + 1, Y / 2 + 1, X / 2 + 1). out: (3,).
    """
    depth, height, half = a.shape
    out[:] = 0.0
    for z in range(depth):
        for y in range(height):
            first = 0.0
            second = 0.0
            third = 0.0
            for x in range(half):
                w = weights[min(z, depth - z), min(y, height - y), x]
                if x > 0 and x < half - 1:
                    w *= 2.0
                ar, ai = float(a[z, y, x].real), float(a[z, y, x].imag)
                br, bi = float(b[z, y, x].real), float(b[z, y, x].imag)
                cr, ci = float(c[z, y, x].real), float(c[z, y, x].imag)
                first += w * (ar * ar + ai * ai)
                second += w * (br * br + bi * bi)
                third += w * (cr * ar + ci * ai)
            out[0] += first
            out[1] += second
            out[2] += third


@compiled("int64(float64[:,:,::1], boolean[:,:,::1], float32[:,:,:,::1], float64[::1])")
def centre_and_square(values: Array, inside: Array, fields: Array, sums: Array) -> int:
    """Number of voxels inside; the fields 1, d and d^2 of them, 0 outside.

    values, inside: (z, y, x). d is the distance to the mean over the largest one of all, so
    that single precision holds it. fields: (3, z, y, at least x). sums: (2,), mean, and sum
    of d^2.
    """
    depth, height, width = values.shape
    number = 0
    total = 0.0
    for z in range(depth):
        for y in range(height):
            part = 0.0
            for x in range(width):
                if inside[z, y, x]:
                    part += values[z, y, x]
                    number += 1
            total += part
    mean = total / number if number > 0 else 0.0
    largest = 0.0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if inside[z, y, x]:
                    largest = max(largest, abs(values[z, y, x] - mean))
    scale = 1.0 / largest if largest > 0 else 0.0
    square = 0.0
    for z in range(depth):
        for y in range(height):
            part = 0.0
            for x in range(width):
                if inside[z, y, x]:
                    d = (values[z, y, x] - mean) * scale
                    fields[0, z, y, x] = 1.0
                    fields[1, z, y, x] = d
                    fields[2, z, y, x] = d * d
                    part += d * d
                else:
                    fields[0, z, y, x] = 0.0
                    fields[1, z, y, x] = 0.0
                    fields[2, z, y, x] = 0.0
            square += part
    sums[0] = mean
    sums[1] = square
    return number
