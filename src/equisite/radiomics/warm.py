"""Compile all kernels of the room, or find them compiled (`-m equisite.radiomics.warm`)."""

from __future__ import annotations

import sys

from equisite.radiomics.kernels import (  # noqa: F401 (imported to be compiled)
    facets,
    intensities,
    matrices,
    mesh,
    parts,
    peaks,
    ranks,
    recursive,
    spectra,
    texture,
)
from equisite.radiomics.kernels.compiled import REGISTERED


def cache_use() -> tuple[int, int]:
    """How many kernels were found compiled, and how many had to be compiled."""
    hits = sum(sum(kernel.stats.cache_hits.values()) for kernel in REGISTERED)
    misses = sum(sum(kernel.stats.cache_misses.values()) for kernel in REGISTERED)
    return hits, misses


if __name__ == "__main__":
    sys.stdout.write("kernel cache: {} hits, {} misses\n".format(*cache_use()))
