"""Separable filters: one chain of kernels per axis, turned by right angles and pooled.

A turned filter is the filter applied to the image turned the other way, turned back: so a
kernel of even length, whose centre is off by half a voxel, is off to the other side.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from equisite.protocol.filters import Boundary, Pooling
from equisite.radiomics.filters.boundaries import NDIMAGE, Floats

Chain = tuple[Floats, ...]
"""Kernels that are applied one after the other along one axis."""

AXES = (2, 1, 0)
"""Array axes of x, y, z in a (z, y, x) image."""


def filtered(image: Floats, chains: Sequence[Chain], boundary: Boundary) -> Floats:
    """Response to one chain per axis, in the order x, y, z; two leave z alone.

    image: (z, y, x). Convolution: kernels are mirrored, and the centre of a kernel of n
    voxels is voxel n // 2.
    """
    for axis, chain in zip(AXES, chains, strict=False):
        image = _along(image, axis, chain, False, boundary)
    return image


def pooled(
    image: Floats, chains: Sequence[Chain], boundary: Boundary, pooling: Pooling
) -> Floats:
    """Response pooled over all right-angle rotations: 24 for three chains, 4 for two.

    `none`: the response of `filtered`. Source: IBSI-2 manual, section on rotation
    invariance (pooling of the rotations of a separable filter).
    """
    if pooling == "none":
        return filtered(image, chains, boundary)
    return pool(_rotated(image, chains, boundary, (), True), pooling)


def pool(responses: Iterable[Floats], pooling: Pooling) -> Floats:
    """Mean or maximum of responses, of which only two are held at a time."""
    remaining = iter(responses)
    total = next(remaining).copy()
    count = 1
    for response in remaining:
        if pooling == "max":
            np.maximum(total, response, out=total)
        else:
            total += response
        count += 1
    return total if pooling == "max" else total / count


def _rotated(
    image: Floats,
    chains: Sequence[Chain],
    boundary: Boundary,
    placed: tuple[int, ...],
    even: bool,
) -> Iterator[Floats]:
    """Responses of all proper rotations, axis by axis; what they begin with is shared.

    placed: which chain lies along each axis so far. even: whether the number of flips is.
    A signed permutation of axes is a rotation if its determinant is +1.
    """
    if len(placed) == len(chains):
        yield image
        return
    axis = AXES[len(placed)]
    for chain, flip in itertools.product(range(len(chains)), (False, True)):
        now, still_even = (*placed, chain), even ^ flip
        last = len(now) == len(chains)
        if chain in placed or (last and still_even != _is_even(now)):
            continue
        turned = _along(image, axis, chains[chain], flip, boundary)
        yield from _rotated(turned, chains, boundary, now, still_even)


def _is_even(permutation: Sequence[int]) -> bool:
    pairs = itertools.combinations(permutation, 2)
    return sum(a > b for a, b in pairs) % 2 == 0


def _along(image: Floats, axis: int, chain: Chain, flip: bool, boundary: Boundary) -> Floats:
    from scipy import ndimage

    if flip:
        image = np.flip(image, axis)
    for kernel in chain:
        image = ndimage.convolve1d(image, kernel, axis=axis, mode=NDIMAGE[boundary])
    return np.flip(image, axis) if flip else image
