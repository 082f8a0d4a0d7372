"""Transfer syntaxes that are read, and which decoder reads each."""

from __future__ import annotations

from equisite.imaging.header import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT

NATIVE_LITTLE = frozenset({IMPLICIT, EXPLICIT})
UNCOMPRESSED = NATIVE_LITTLE | {BIG_ENDIAN, DEFLATED}
JPEG_2000 = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})

DECODERS = {
    "1.2.840.10008.1.2.4.57": "pylibjpeg",
    "1.2.840.10008.1.2.4.70": "pylibjpeg",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.5": "pylibjpeg",
}
"""Lossless syntaxes and the pinned pydicom plugin: decoders differ where streams are odd."""

LOSSY_DECODERS = {
    "1.2.840.10008.1.2.4.50": "pylibjpeg",
    "1.2.840.10008.1.2.4.51": "pylibjpeg",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
}
"""Syntaxes that lose, or may lose, information; read only where the protocol accepts it."""


PACKAGES = {
    "1.2.840.10008.1.2.4.50": ("pylibjpeg-libjpeg",),
    "1.2.840.10008.1.2.4.51": ("pylibjpeg-libjpeg",),
    "1.2.840.10008.1.2.4.57": ("pylibjpeg-libjpeg",),
    "1.2.840.10008.1.2.4.70": ("pylibjpeg-libjpeg",),
    "1.2.840.10008.1.2.4.80": ("pyjpegls",),
    "1.2.840.10008.1.2.4.81": ("pyjpegls",),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg-openjpeg",),
    "1.2.840.10008.1.2.4.91": ("pylibjpeg-openjpeg",),
    "1.2.840.10008.1.2.5": ("pylibjpeg-rle",),
}
"""The package behind each plugin, whose version belongs to a result."""


def is_supported(syntax: str) -> bool:
    """Whether pixels of this syntax can be read at all."""
    return syntax in UNCOMPRESSED or syntax in DECODERS or syntax in LOSSY_DECODERS
