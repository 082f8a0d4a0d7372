"""What a protocol or keyring must agree on within itself, beyond the form of each key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from equisite.core.canonical import sha256_file
from equisite.core.errors import Finding
from equisite.protocol.keyring import Keyring
from equisite.protocol.models import (
    CarriersTable,
    ComomentTable,
    FeatureTable,
    Protocol,
    RadiomicSettings,
)
from equisite.protocol.yaml_text import Document, Location

PATIENTS_K = 10
"""Smallest publishable count for patients' data (rule R4 of the disclosure page)."""
PATIENTS_N = 30
"""Smallest cohort of patients from which anything leaves (rule R2)."""
RULESET_OF = {"patients": "default-v1", "public": "public-data-v1"}
TEXTURES = {"glcm", "glrlm", "glszm", "gldm", "ngtdm"}
_KEY = re.compile(r"^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5[0-9A-Za-z+/]{48}( .*)?$")


def check_protocol(protocol: Protocol, document: Document, folder: Path) -> list[Finding]:
    """All contradictions of a protocol whose keys are each well formed.

    folder: where the protocol lies; its pinned files must lie beside it.
    """
    return [
        *_names_once(protocol, document),
        *_patterns(protocol, document),
        *_pinned(protocol, document, folder),
        *_rules_of_release(protocol, document),
        *_radiomics(protocol, document),
        *_tables(protocol, document),
    ]


def check_keyring(keyring: Keyring, document: Document) -> list[Finding]:
    """Sites named twice, keys that are no keys, validity that ends before it begins."""
    found = list(_twice(document, ("sites",), "id", [site.id for site in keyring.sites]))
    for number, site in enumerate(keyring.sites):
        place: Location = ("sites", number)
        for name in ("prepare_key", "approve_key"):
            key = getattr(site, name)
            if key is not None and not _KEY.match(key):
                found.append(Finding("KEY_NOT_ED25519", document.where((*place, name))))
        if site.valid_from and site.valid_until and site.valid_until < site.valid_from:
            where = document.where((*place, "valid_until"))
            found.append(Finding("VALIDITY_REVERSED", where, {"first": site.valid_from}))
    return found


def _twice(
    document: Document, place: Location, key: str | None, names: Iterable[str]
) -> Iterator[Finding]:
    """Names of a list that occur twice, also when only upper and lower case differ."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        folded = name.casefold()
        if folded in seen:
            end = (key,) if key else ()
            where = document.where((*place, number, *end))
            yield Finding("NAME_TWICE", where, {"name": name, "first": seen[folded] + 1})
        else:
            seen[folded] = number


def _names_once(protocol: Protocol, document: Document) -> Iterator[Finding]:
    contigs = [c.name for c in protocol.reference.contigs]
    yield from _twice(document, ("reference", "contigs"), "name", contigs)
    yield from _twice(
        document, ("imaging", "roi"), "name", [r.name for r in protocol.imaging.roi]
    )
    yield from _twice(document, ("tables",), "id", [t.id for t in protocol.tables])
    yield from _twice(document, ("genomics", "panel"), None, protocol.genomics.panel)


def _patterns(protocol: Protocol, document: Document) -> Iterator[Finding]:
    for number, rule in enumerate(protocol.imaging.roi):
        for index, pattern in enumerate(rule.patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                where = document.where(("imaging", "roi", number, "patterns", index))
                yield Finding(
                    "PATTERN_INVALID", where, {"pattern": pattern, "problem": str(error)}
                )


def _pinned(protocol: Protocol, document: Document, folder: Path) -> Iterator[Finding]:
    for place, pinned in protocol.genomics.pinned.items():
        path = folder / pinned.file
        where = document.where(("genomics", *place))
        if not path.is_file():
            yield Finding("PINNED_MISSING", where, {"file": pinned.file})
            continue
        found = sha256_file(path)
        if found != pinned.sha256:
            yield Finding(
                "PINNED_DIFFERS",
                where,
                {"file": pinned.file, "found": found, "expected": pinned.sha256},
            )


def _rules_of_release(protocol: Protocol, document: Document) -> Iterator[Finding]:
    kind, ruleset = protocol.protocol.data, protocol.disclosure.ruleset
    if RULESET_OF[kind] != ruleset:
        yield Finding(
            "RULESET_MISMATCH",
            document.where(("disclosure", "ruleset")),
            {"ruleset": ruleset, "kind": kind, "right": RULESET_OF[kind]},
        )
    k, minimum = protocol.disclosure.k, protocol.cohort.minimum_n
    if kind == "patients":
        if k is not None and k < PATIENTS_K:
            where = document.where(("disclosure", "k"))
            yield Finding("MINIMUM_TOO_SMALL", where, {"value": k, "least": PATIENTS_K})
        if minimum < PATIENTS_N:
            where = document.where(("cohort", "minimum_n"))
            yield Finding("MINIMUM_TOO_SMALL", where, {"value": minimum, "least": PATIENTS_N})
    if k is not None and minimum < k:
        where = document.where(("cohort", "minimum_n"))
        yield Finding("MINIMUM_TOO_SMALL", where, {"value": minimum, "least": k})


def _radiomics(protocol: Protocol, document: Document) -> Iterator[Finding]:
    for modality, settings in protocol.radiomics.modalities.items():
        place: Location = ("radiomics", "modalities", modality)
        if settings.range is not None and settings.range[0] >= settings.range[1]:
            yield Finding("RANGE_REVERSED", document.where((*place, "range")))
        bins = (settings.bin_width is not None) + (settings.bin_count is not None)
        if bins != 1 and _discretises(settings):
            where = document.where(place)
            yield Finding("BINS_UNCLEAR", where, {"modality": modality, "given": bins})


def _discretises(settings: RadiomicSettings) -> bool:
    return bool(TEXTURES & set(settings.classes)) or "firstorder" in settings.classes


def _tables(protocol: Protocol, document: Document) -> Iterator[Finding]:
    regions = {rule.name for rule in protocol.imaging.roi}
    for number, table in enumerate(protocol.tables):
        place: Location = ("tables", number)
        if table.analysis_set not in protocol.cohort.analysis_sets:
            yield Finding(
                "ANALYSIS_SET_UNKNOWN",
                document.where((*place, "analysis_set")),
                {"name": table.analysis_set},
            )
        if isinstance(table, CarriersTable):
            yield from _carriers(protocol, document, place, table)
        if isinstance(table, FeatureTable | ComomentTable):
            names = [table.features] if isinstance(table.features, str) else table.features
            for name in names:
                modality, _, rest = name.partition("__")
                region = rest.partition("__")[0]
                where = document.where((*place, "features"))
                if not rest or not region or "__" not in rest:
                    yield Finding("FEATURE_FORM", where, {"name": name})
                    continue
                if modality.upper() not in protocol.radiomics.modalities:
                    yield Finding(
                        "MODALITY_WITHOUT_SETTINGS",
                        where,
                        {"modality": modality.upper(), "name": name},
                    )
                if region not in regions:
                    yield Finding(
                        "ROI_UNKNOWN",
                        where,
                        {"roi": region, "known": ", ".join(sorted(regions))},
                    )


def _carriers(
    protocol: Protocol, document: Document, place: Location, table: CarriersTable
) -> Iterator[Finding]:
    where = document.where((*place, "genes"))
    panel = set(protocol.genomics.panel)
    if not panel:
        yield Finding("PANEL_EMPTY", where)
    elif table.genes != "panel":
        for gene in table.genes:
            if gene not in panel:
                yield Finding("GENE_NOT_IN_PANEL", where, {"gene": gene})
    if protocol.genomics.gene_models is None:
        yield Finding("GENE_MODELS_NEEDED", where)
