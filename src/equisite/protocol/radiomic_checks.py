"""What the radiomic settings of a protocol must agree on within themselves."""

from __future__ import annotations

from collections.abc import Iterator

from equisite.codebook.aggregation import ENDS
from equisite.codebook.book import CORE_LISTS, codebook
from equisite.codebook.model import Mode
from equisite.core.errors import Finding
from equisite.protocol.radiomics import CLASSES, Radiomics, RadiomicSettings
from equisite.protocol.yaml_text import Document, Location

LEVELS = {
    "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm", "gldzm", "ngldm", "histogram",
}  # fmt: skip
"""Feature classes that need grey levels."""

ZERO_IS_LOWEST = {"PT"}
"""Modalities whose unit begins at 0, so that bins of fixed size do, too."""


def radiomics_faults(radiomics: Radiomics | None, document: Document) -> Iterator[Finding]:
    """All contradictions; of a protocol with other faults, as far as its keys are known."""
    mode: Mode = getattr(radiomics, "mode", "ibsi")
    if getattr(radiomics, "engine", "") == "pyradiomics" and mode != "pyradiomics":
        where = document.where(("radiomics", "engine"))
        yield Finding("ENGINE_WITHOUT_MODE", where, {"mode": mode})
    for modality, settings in getattr(radiomics, "modalities", {}).items():
        yield from _settings_faults(document, mode, modality, settings)


def _settings_faults(
    document: Document, mode: Mode, modality: str, settings: RadiomicSettings
) -> Iterator[Finding]:
    place: Location = ("radiomics", "modalities", modality)
    if settings.range is not None and settings.range[0] >= settings.range[1]:
        yield Finding("RANGE_REVERSED", document.where((*place, "range")))
    bins = (settings.bin_width is not None) + (settings.bin_count is not None)
    classes = settings.classes_of(mode)
    if bins != 1 and LEVELS & set(classes):
        where = document.where(place)
        yield Finding("BINS_UNCLEAR", where, {"modality": modality, "given": bins})
    elif (
        settings.bin_width is not None
        and settings.range is None
        and mode == "ibsi"
        and modality not in ZERO_IS_LOWEST
    ):
        where = document.where((*place, "bin_width"))
        yield Finding("BIN_ORIGIN_NEEDED", where, {"modality": modality})
    known = ", ".join(CLASSES[mode])
    for name in classes:
        if name not in CLASSES[mode]:
            where = document.where((*place, "classes"))
            numbers = {"modality": modality, "mode": mode, "name": name, "known": known}
            yield Finding("CLASS_OF_OTHER_MODE", where, {**numbers})


def of_other_mode(radiomics: Radiomics, column: str) -> bool:
    """Whether a column is a feature, or a core list, that the mode does not compute."""
    feature = column.split("__")[-1]
    if feature in CORE_LISTS:
        return CORE_LISTS[feature] != radiomics.mode
    book = codebook()
    if not book.has(feature) or book.variable(feature).class_ != "imaging":
        return False  # what is not known is told where the table's columns are looked up
    variable = book.variable(feature)
    chosen = radiomics.modalities.values()
    ends = {end for s in chosen for a in s.aggregation for end in ENDS[a]}
    return variable.mode != radiomics.mode or variable.aggregation not in {"", *ends}
