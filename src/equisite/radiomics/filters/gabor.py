"""Modulus of 2D Gabor responses, in axial planes or in those of all three directions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from equisite.protocol.filters import GaborFilter
from equisite.radiomics.filters.boundaries import Floats, extended
from equisite.radiomics.filters.separable import pool

Complex = NDArray[np.complex128]

ENVELOPE_SIGMA = 6
"""Where the kernel ends, in the wider of its two sigmas; the envelope is 1.5e-8 there."""


def reach(setting: GaborFilter, edge_mm: float) -> int:
    """Voxels from the centre of the kernel to its end."""
    widest = max(1.0, 1 / setting.aspect) * setting.sigma_mm / edge_mm
    return math.floor(ENVELOPE_SIGMA * widest + 0.5)


def orientations(setting: GaborFilter) -> tuple[float, ...]:
    """Angles in radians. A half turn conjugates the kernel, so half a turn holds them all."""
    first = math.radians(setting.orientation_deg)
    if setting.step_deg is None:
        return (first,)
    steps = round(180 / setting.step_deg)
    return tuple(first + math.pi * step / steps for step in range(steps))


def kernel_values(setting: GaborFilter, edge_mm: float, angle: float) -> Complex:
    """The kernel, (y, x), centre in the middle.

    g(k) = exp(-(u^2 + gamma^2 v^2) / 2 sigma^2 + 2 pi i u / lambda), u = x cos + y sin and
    v = x sin - y cos of the angle, lengths in voxels. Source: IBSI-2 manual, Gabor.
    """
    sigma, wavelength = setting.sigma_mm / edge_mm, setting.wavelength_mm / edge_mm
    half = reach(setting, edge_mm)
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    u = x * math.cos(angle) + y * math.sin(angle)
    v = x * math.sin(angle) - y * math.cos(angle)
    envelope = np.exp(-(u**2 + (setting.aspect * v) ** 2) / (2 * sigma**2))
    phase = 2 * math.pi * u / wavelength
    values: Complex = envelope * (np.cos(phase) + 1j * np.sin(phase))
    return values


def gabor(image: Floats, edge_mm: float, setting: GaborFilter) -> Floats:
    """Modulus of the complex response, pooled over orientations and directions of planes.

    image: (z, y, x). In a plane the first direction of the kernel runs along the faster
    axis of the array: x in axial and coronal planes, y in sagittal ones.
    """
    directions = (0,) if setting.planes == "axial" else (0, 1, 2)
    return pool(_by_direction(image, edge_mm, setting, directions), setting.pooling)


def _by_direction(
    image: Floats, edge_mm: float, setting: GaborFilter, directions: tuple[int, ...]
) -> Iterator[Floats]:
    from scipy import fft

    half = reach(setting, edge_mm)
    for direction in directions:
        planes = np.moveaxis(image, direction, 0)
        size = planes.shape[1:]
        padded = [fft.next_fast_len(n + 2 * half) for n in size]
        spectra = [
            _spectrum(kernel_values(setting, edge_mm, angle), padded)
            for angle in orientations(setting)
        ]
        response = np.empty(planes.shape)
        for number, plane in enumerate(planes):
            wide = extended(plane, half, (0, 1), setting.boundary)
            transformed = fft.fft2(wide, padded)
            moduli = (
                np.abs(fft.ifft2(transformed * spectrum))[
                    half : half + size[0], half : half + size[1]
                ]
                for spectrum in spectra
            )
            response[number] = pool(moduli, setting.pooling)
        yield np.moveaxis(response, 0, direction)


def _spectrum(kernel: Complex, shape: list[int]) -> Floats:
    """Transform of the kernel about its centre, which is real: g(-k) is g(k) conjugated."""
    from scipy import fft

    framed = np.zeros(shape, dtype=np.complex128)
    framed[: kernel.shape[0], : kernel.shape[1]] = kernel
    half = kernel.shape[0] // 2
    spectrum: Floats = fft.fft2(np.roll(framed, (-half, -half), axis=(0, 1))).real
    return spectrum
