"""What kind of numbers the response to a filter holds, and the codebook that knows it.

Limits of released numbers are registered per kind, not per filter: a consortium may name any
filter with any scale.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from equisite.codebook.book import Codebook, codebook
from equisite.protocol.filters import Filter, split_kernels
from equisite.protocol.radiomics import Radiomics

ResponseKind = Literal["smooth", "detail", "magnitude"]
"""`smooth`: lets frequency 0 pass, so its mean follows that of the image. `detail`: does
not, so it has both signs and lies about 0. `magnitude`: is never negative."""


def response_kind(setting: Filter) -> ResponseKind:
    """Kind of response of a filter, from its definition alone."""
    if setting.kind == "mean":
        return "smooth"
    if setting.kind == "gabor":
        return "magnitude"
    if setting.kind == "laws":
        if setting.energy_voxels is not None:
            return "magnitude"
        low = all(kernel.startswith("L") for kernel in split_kernels(setting.kernels))
        return "smooth" if low else "detail"
    if setting.kind == "wavelet" or setting.kind == "pyradiomics_wavelet":
        return "detail" if "H" in setting.band else "smooth"
    return "detail"


def book_of(radiomics: Radiomics) -> Codebook:
    """The shipped codebook, which finds limits for the filters of a protocol, too."""
    kinds = {
        (modality.lower(), setting.name): response_kind(setting)
        for modality, settings in radiomics.modalities.items()
        for setting in settings.filters
    }
    return replace(codebook(), responses=kinds)
