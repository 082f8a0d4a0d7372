"""What the radiomic settings of a protocol must agree on within themselves."""

from __future__ import annotations

from collections.abc import Iterator

from equisite.codebook.aggregation import ENDS
from equisite.codebook.book import CORE_LISTS, SEPARATOR, codebook
from equisite.codebook.model import Mode
from equisite.core.errors import Finding
from equisite.protocol.filters import dimensions
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
    yield from _filter_faults(document, place, mode, settings)
    known = ", ".join(CLASSES[mode])
    for name in classes:
        if name not in CLASSES[mode]:
            where = document.where((*place, "classes"))
            numbers = {"modality": modality, "mode": mode, "name": name, "known": known}
            yield Finding("CLASS_OF_OTHER_MODE", where, {**numbers})


def _filter_faults(
    document: Document, place: Location, mode: Mode, settings: RadiomicSettings
) -> Iterator[Finding]:
    """Filters of the other mode, two of one name, and voxels that a filter cannot stand on."""
    names: set[str] = set()
    for number, chosen in enumerate(settings.filters):
        where = document.where((*place, "filters", number))
        if chosen.name in names:
            yield Finding("FILTER_TWICE", where, {"name": chosen.name})
        names.add(chosen.name)
        if chosen.kind.startswith("pyradiomics_") != (mode == "pyradiomics"):
            yield Finding("FILTER_OF_OTHER_MODE", where, {"filter": chosen.name, "mode": mode})
        elif mode == "ibsi" and not _equal_edges(settings, dimensions(chosen)):
            needed = dimensions(chosen)
            named: dict[str, float | int | str] = {"filter": chosen.name}
            yield Finding("FILTER_NEEDS_SPACING", where, named | {"dimensions": needed})


def _equal_edges(settings: RadiomicSettings, directions: int) -> bool:
    """Whether voxels have equal edges in the plane (2) or in space (3), or may have them."""
    wanted = settings.spacing_mm or (0.0, 0.0, 0.0)
    if directions == 2:
        return wanted[0] == wanted[1]
    return wanted[0] > 0 and len(set(wanted)) == 1


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


def without_filter(radiomics: Radiomics, modality: str, column: str) -> str:
    """The filter that a column names and the modality does not have, or empty."""
    parts = column.split(SEPARATOR)
    settings = next((s for m, s in radiomics.modalities.items() if m == modality), None)
    if len(parts) != 4 or settings is None:
        return ""
    return "" if parts[2] in {f.name for f in settings.filters} else parts[2]
