"""Products of spectra under a real, even weight."""

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
