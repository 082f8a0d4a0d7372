"""The hash of the settings of an extraction, which travels with each row."""

from __future__ import annotations

from equisite.codebook.model import Mode
from equisite.core.canonical import sha256_json
from equisite.protocol.radiomics import RadiomicSettings

VERSION = "1.0.0"
"""Of the product's own engine; another one whenever a number may change."""


def engine_text(engine: str, mode: Mode) -> str:
    """Text of the column `engine`: program, version, and for the product's own the mode.

    >>> engine_text("equisite", "ibsi"), engine_text("pyradiomics", "pyradiomics")
    ('equisite-1.0.0-ibsi', 'pyradiomics-3.0.1')
    """
    return "pyradiomics-3.0.1" if engine == "pyradiomics" else f"equisite-{VERSION}-{mode}"


def settings_hash(settings: RadiomicSettings, engine: str) -> str:
    """First 16 hex digits of sha256 over engine, its version and all effective settings.

    engine: name and version as in the column `engine`. Two rows with one hash were made
    in the same way, whatever was left to a default.
    """
    return sha256_json({"engine": engine, "settings": settings.model_dump(mode="json")})[:16]
