"""What a protocol or keyring must agree on within itself, beyond the form of each key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equisite.codebook.book import codebook
from equisite.core.canonical import sha256_file
from equisite.core.errors import Finding
from equisite.protocol.keyring import Keyring
from equisite.protocol.models import (
    CONSEQUENCES,
    CarriersTable,
    ComomentTable,
    FeatureTable,
    PositionsTable,
    Protocol,
    RepeatabilityTable,
    SpectrumTable,
    VariantsTable,
)
from equisite.protocol.places import region_of
from equisite.protocol.radiomic_checks import of_other_mode, radiomics_faults, without_filter
from equisite.protocol.released_names import unreleasable_features, unreleasable_variables
from equisite.protocol.responses import book_of
from equisite.protocol.salvage import Examined
from equisite.protocol.yaml_text import Document, Location

PATIENTS_K = 10
"""Smallest publishable count for patients' data (rule R4 of the disclosure page)."""
PATIENTS_N = 30
"""Smallest cohort of patients from which anything leaves (rule R2)."""
RULESET_OF = {"patients": "default-v1", "public": "public-data-v1"}
_KEY = re.compile(r"^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5[0-9A-Za-z+/]{48}( .*)?$")


def check_protocol(
    examined: Examined[Protocol], document: Document, folder: Path
) -> list[Finding]:
    """All contradictions of what is sound of a protocol.

    document: the whole file, for names. folder: where the protocol lies; its pinned files
    must lie beside it.
    """
    findings = list(_names_once(document))
    protocol, sound = examined.part, examined.document
    if protocol is None or sound is None:
        return findings
    findings += radiomics_faults(getattr(protocol, "radiomics", None), sound)
    for check in (_patterns, _pinned, _rules_of_release, _tables):
        findings += check(_Sound(protocol, sound, examined.knows, folder))
    return findings


@dataclass(frozen=True)
class _Sound:
    """What is sound of a protocol. knows: whether keys can be read and nothing is lost."""

    protocol: Protocol
    document: Document
    knows: Callable[..., bool]
    folder: Path


def check_keyring(examined: Examined[Keyring], document: Document) -> list[Finding]:
    """Sites named twice, keys that are no keys, validity that ends before it begins.

    document: the whole file.
    """
    found = list(_twice(document, ("sites",), "id"))
    keyring, sound = examined.part, examined.document
    sites = getattr(keyring, "sites", ())
    if sound is None:
        return found
    for number, site in enumerate(sites):
        place: Location = ("sites", number)
        for name in ("prepare_key", "approve_key"):
            key = getattr(site, name)
            if key is not None and not _KEY.match(key):
                found.append(Finding("KEY_NOT_ED25519", sound.where((*place, name))))
        if site.valid_from and site.valid_until and site.valid_until < site.valid_from:
            where = sound.where((*place, "valid_until"))
            found.append(Finding("VALIDITY_REVERSED", where, {"first": site.valid_from}))
    return found


def _twice(document: Document, place: Location, key: str = "") -> Iterator[Finding]:
    """Names of a list that occur twice, also when only upper and lower case differ.

    key: under which each item of the list has its name; empty where the items are names.
    """
    items: Any = document.content
    for part in place:
        items = items.get(part) if isinstance(items, dict) else None
    seen: dict[str, int] = {}
    for number, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get(key) if isinstance(item, dict) and key else item
        if not isinstance(name, str):
            continue
        folded = name.casefold()
        if folded in seen:
            end = (key,) if key else ()
            where = document.where((*place, number, *end))
            yield Finding("NAME_TWICE", where, {"name": name, "first": seen[folded] + 1})
        else:
            seen[folded] = number


def _names_once(document: Document) -> Iterator[Finding]:
    yield from _twice(document, ("reference", "contigs"), "name")
    yield from _twice(document, ("imaging", "roi"), "name")
    yield from _twice(document, ("tables",), "id")
    yield from _twice(document, ("genomics", "panel"))


def _patterns(sound: _Sound) -> Iterator[Finding]:
    imaging = getattr(sound.protocol, "imaging", None)
    for number, rule in enumerate(getattr(imaging, "roi", ())):
        for index, pattern in enumerate(rule.patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                where = sound.document.where(("imaging", "roi", number, "patterns", index))
                yield Finding(
                    "PATTERN_INVALID", where, {"pattern": pattern, "problem": str(error)}
                )


def _pinned(sound: _Sound) -> Iterator[Finding]:
    genomics = getattr(sound.protocol, "genomics", None)
    for place, pinned in genomics.pinned.items() if genomics is not None else ():
        if not sound.knows(f"genomics.{'.'.join(place)}"):
            continue
        path = sound.folder / pinned.file
        where = sound.document.where(("genomics", *place))
        try:
            found = sha256_file(path)
        except (FileNotFoundError, IsADirectoryError):
            yield Finding("PINNED_MISSING", where, {"file": pinned.file})
            continue
        except OSError as error:
            problem = f"{pinned.file}: {(error.strerror or 'unknown reason').lower()}"
            yield Finding("CONFIG_UNREADABLE", where, {"problem": problem})
            continue
        if found != pinned.sha256:
            yield Finding(
                "PINNED_DIFFERS",
                where,
                {"file": pinned.file, "found": found, "expected": pinned.sha256},
            )


def _rules_of_release(sound: _Sound) -> Iterator[Finding]:
    protocol, document = sound.protocol, sound.document
    of_patients = False
    if sound.knows("protocol.data"):
        kind = protocol.protocol.data
        of_patients = kind == "patients"
        if sound.knows("disclosure.ruleset") and (
            RULESET_OF[kind] != (ruleset := protocol.disclosure.ruleset)
        ):
            yield Finding(
                "RULESET_MISMATCH",
                document.where(("disclosure", "ruleset")),
                {"ruleset": ruleset, "kind": kind, "right": RULESET_OF[kind]},
            )
    k = protocol.disclosure.k if sound.knows("disclosure.k") else None
    if of_patients and k is not None and k < PATIENTS_K:
        where = document.where(("disclosure", "k"))
        yield Finding("MINIMUM_TOO_SMALL", where, {"value": k, "least": PATIENTS_K})
    if not sound.knows("cohort.minimum_n"):
        return
    minimum = protocol.cohort.minimum_n
    where = document.where(("cohort", "minimum_n"))
    if of_patients and minimum < PATIENTS_N:
        yield Finding("MINIMUM_TOO_SMALL", where, {"value": minimum, "least": PATIENTS_N})
    if k is not None and minimum < k:
        yield Finding("MINIMUM_TOO_SMALL", where, {"value": minimum, "least": k})


def _positions(sound: _Sound, place: Location, table: PositionsTable) -> Iterator[Finding]:
    """Regions lie on the reference; a use is named that approvals can be held against."""
    if sound.knows("protocol.duo") and not sound.protocol.protocol.duo:
        yield Finding("DUO_NEEDED", sound.document.where((*place, "kind")))
    if not sound.knows("reference.contigs"):
        return
    lengths = {c.name: c.length for c in sound.protocol.reference.contigs}
    where = sound.document.where((*place, "regions"))
    for region in table.regions:
        contig, first, last = region_of(region)
        if not first <= last <= lengths.get(contig, 0):
            yield Finding("REGION_OUTSIDE", where, {"region": region})


def _tables(sound: _Sound) -> Iterator[Finding]:
    protocol, document = sound.protocol, sound.document
    sets: tuple[str, ...] | None = None
    regions: list[str] | None = None
    modalities: set[str] | None = None
    if sound.knows("cohort.analysis_sets"):
        sets = protocol.cohort.analysis_sets
    if sound.knows("imaging.roi"):
        regions = sorted(rule.name for rule in protocol.imaging.roi)
    book = codebook()
    if sound.knows("radiomics.modalities"):
        modalities = set(protocol.radiomics.modalities)
        book = book_of(protocol.radiomics)
    for number, table in enumerate(getattr(protocol, "tables", ())):
        place: Location = ("tables", number)
        if sets is not None and table.analysis_set not in sets:
            yield Finding(
                "ANALYSIS_SET_UNKNOWN",
                document.where((*place, "analysis_set")),
                {"name": table.analysis_set},
            )
        yield from unreleasable_variables(table, place, book, document)
        if isinstance(table, CarriersTable):
            yield from _carriers(sound, place, table)
        if (
            isinstance(table, VariantsTable)
            and sound.knows("genomics.alleles")
            and sound.protocol.genomics.alleles is None
        ):
            yield Finding("ALLELES_NEEDED", sound.document.where((*place, "alleles")))
        if (
            isinstance(table, SpectrumTable | CarriersTable)
            and _of_tumours(table)
            and sound.knows("genomics.somatic")
            and sound.protocol.genomics.somatic == "off"
        ):
            yield Finding("SOMATIC_NEEDED", sound.document.where((*place, "kind")))
        if isinstance(table, PositionsTable):
            yield from _positions(sound, place, table)
        if isinstance(table, RepeatabilityTable) and not _perturbed(sound):
            yield Finding("NOTHING_PERTURBED", document.where((*place, "kind")))
        if not isinstance(table, FeatureTable | ComomentTable | RepeatabilityTable):
            continue
        where = document.where((*place, "features"))
        for name in [table.features] if isinstance(table.features, str) else table.features:
            if name.count("__") < 2 and book.knows(name):  # of the patient, as `som_tmb`
                yield from unreleasable_features(table, name, where, book)
                continue
            modality, _, rest = name.partition("__")
            region = rest.partition("__")[0]
            modality = modality.upper()
            if not region or "__" not in rest:
                yield Finding("FEATURE_FORM", where, {"name": name})
                continue
            if modalities is not None and modality not in modalities:
                numbers = {"modality": modality, "name": name}
                yield Finding("MODALITY_WITHOUT_SETTINGS", where, {**numbers})
            if modalities is not None and modality in modalities:
                filtered = without_filter(protocol.radiomics, modality, name)
                if filtered:
                    told = {"modality": modality, "filter": filtered, "name": name}
                    yield Finding("FILTER_UNKNOWN", where, {**told})
                else:
                    yield from unreleasable_features(table, name, where, book)
            if modalities is not None and of_other_mode(protocol.radiomics, name):
                numbers = {"name": name, "mode": protocol.radiomics.mode}
                yield Finding("FEATURE_OF_OTHER_MODE", where, {**numbers})
            if regions is not None and region not in regions:
                known = ", ".join(regions)
                yield Finding("ROI_UNKNOWN", where, {"roi": region, "known": known})


def _perturbed(sound: _Sound) -> bool:
    """Whether the protocol asks for perturbed copies, or its answer cannot be read."""
    if not sound.knows("radiomics.robustness"):
        return True
    radiomics = getattr(sound.protocol, "radiomics", None)
    return getattr(radiomics, "robustness", None) is not None


def _of_tumours(table: SpectrumTable | CarriersTable) -> bool:
    """Whether a table counts what tumours have."""
    return isinstance(table, SpectrumTable) or table.domain == "somatic"


def _carriers(sound: _Sound, place: Location, table: CarriersTable) -> Iterator[Finding]:
    for consequence in table.consequence:
        if consequence not in CONSEQUENCES[table.domain]:
            yield Finding(
                "CONSEQUENCE_OF_OTHER_DOMAIN",
                sound.document.where((*place, "consequence")),
                {
                    "consequence": consequence,
                    "domain": table.domain,
                    "known": ", ".join(CONSEQUENCES[table.domain]),
                },
            )
    where = sound.document.where((*place, "genes"))
    if sound.knows("genomics.panel"):
        panel = set(sound.protocol.genomics.panel)
        if not panel:
            yield Finding("PANEL_EMPTY", where)
        elif table.genes != "panel":
            for gene in table.genes:
                if gene not in panel:
                    yield Finding("GENE_NOT_IN_PANEL", where, {"gene": gene})
    if sound.knows("genomics.gene_models") and sound.protocol.genomics.gene_models is None:
        yield Finding("GENE_MODELS_NEEDED", where)
