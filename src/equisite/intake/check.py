"""All checks of a site folder, over whole sheets, before anything runs."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equisite.core.errors import ConfigError, Finding, Number
from equisite.core.layers import REPORT_QC, find_layer
from equisite.intake import imaging as imaging_checks
from equisite.intake import sequencing as sequencing_checks
from equisite.intake.agreement import (
    check_freeze_name,
    check_keyring,
    check_product,
    check_tightening,
)
from equisite.intake.pacs import COPIES
from equisite.intake.patients import (
    check_alike,
    check_clinical_only,
    check_known,
    check_patients,
    included,
)
from equisite.intake.places import Place, Places
from equisite.intake.reference import check_reference
from equisite.intake.roots import check_name
from equisite.intake.rows import (
    Sheet,
    read_imaging,
    read_patients,
    read_sequencing,
    without_withdrawn,
)
from equisite.intake.signatures import check_signatures
from equisite.protocol.explain import shown
from equisite.protocol.load import examine_protocol, examine_site
from equisite.protocol.models import Protocol
from equisite.protocol.salvage import Examined
from equisite.protocol.site import (
    ImagingRow,
    PatientRow,
    SequencingRow,
    SiteConfig,
)
from equisite.protocol.yaml_text import Document

SHOWN = 10
"""Findings of one kind in one column that are told line by line; the rest are counted."""
SHOWN_ONCE = frozenset(("CELL_NOT_KNOWN",))
"""Codes of which one line per column says everything."""

Found = Mapping[tuple[int, str], Place]


@dataclass(frozen=True)
class CheckedSite:
    """A site folder without mistakes, and what was looked up on the way.

    remarks: findings that stop nothing. A sheet that the site does not have is None.
    """

    directory: Path
    config: SiteConfig
    protocol: Protocol
    protocol_folder: Path
    patients: Sheet[PatientRow]
    sequencing: Sheet[SequencingRow] | None
    imaging: Sheet[ImagingRow] | None
    lanes: Found
    series: Found
    fasta: Place | None
    signatures: Place | None
    image_root: Place | None
    reads_root: Place | None
    remarks: tuple[Finding, ...]


def check_site(directory: Path, overrides: Mapping[str, Any] | None = None) -> CheckedSite:
    """Check `config.yaml` of a folder and everything that it names.

    overrides: values given on Snakemake's command line, laid over the file.
    Raises ConfigError with all mistakes of all files at once: each check looks at what is
    sound of the files before it, so that no mistake hides another.
    """
    check_name(directory.absolute())
    examined = examine_site(directory / "config.yaml", overrides)
    findings = list(examined.findings)
    config, document = examined.part, examined.document
    if config is None or document is None:
        _raise_refusals(findings)
        raise ConfigError(findings)
    protocol: Examined[Protocol] = Examined()
    if examined.knows("protocol"):
        protocol = examine_protocol(directory / config.protocol)
    findings += [_named(f, document) for f in protocol.findings]
    findings += check_product(protocol)
    findings += check_tightening(examined, protocol)
    findings += check_keyring(examined, protocol, directory)

    patients, more = _patients(directory, examined)
    findings += more
    sequencing, lanes, more = _sequencing(directory, examined, patients)
    findings += more
    findings += check_freeze_name(examined, _ids(patients, sequencing))
    root, more = _folder(config.roots.images, document, ("roots", "images"), directory)
    findings += more
    reads, more = _folder(config.roots.reads, document, ("roots", "reads"), directory)
    findings += more
    if config.pacs is not None:
        if config.roots.images is not None:
            findings.append(Finding("PACS_AND_ROOT", document.where(("pacs",))))
        root = Place(str((directory / COPIES).absolute()), "", "")
    imaging, series, more = _imaging(directory, examined, patients, protocol)
    findings += more
    fasta = None
    if config.reference is not None and examined.knows("reference.fasta"):
        places = Places(directory)
        fasta, more = check_reference(config.reference.fasta, protocol, document, places)
        findings += more
    elif sequencing is not None and sequencing.lines and examined.knows("reference"):
        findings.append(Finding("REFERENCE_NEEDED", document.name))
    signatures, more = check_signatures(config, protocol, document, Places(directory))
    findings += more
    if config.multiqc and find_layer(REPORT_QC) is None:
        where = document.where(("multiqc",))
        findings.append(Finding("LAYER_MISSING", where, {"layer": REPORT_QC}))
    findings += _remarks(directory, config, patients, sequencing, imaging)
    _raise_refusals(findings)
    if examined.value is None or protocol.value is None or patients is None:
        raise ConfigError(findings)  # each of these came with a refusal
    return CheckedSite(
        directory, config, protocol.value, (directory / config.protocol).parent, patients,
        sequencing, imaging, lanes, series, fasta, signatures,
        root, reads, tuple(findings),
    )  # fmt: skip


def _name_of(config: Examined[SiteConfig], kind: str) -> str | None:
    """What `sheets` names for a kind; None where it names nothing, or nothing sound."""
    if config.part is None or not config.knows(f"sheets.{kind}"):
        return None
    name: str | None = getattr(config.part.sheets, kind)
    return name


def _patients(
    directory: Path, config: Examined[SiteConfig]
) -> tuple[Sheet[PatientRow] | None, list[Finding]]:
    name = _name_of(config, "patients")
    if name is None:
        return None, []
    sheet, findings = read_patients(directory / name, name)
    if sheet is None:
        return None, findings
    findings += check_patients(sheet)
    if "patient" not in sheet.columns:
        return None, findings  # told once; nobody is unknown because of it
    return sheet, findings


def _sequencing(
    directory: Path, config: Examined[SiteConfig], patients: Sheet[PatientRow] | None
) -> tuple[Sheet[SequencingRow] | None, Found, list[Finding]]:
    name = _name_of(config, "sequencing")
    if name is None:
        return None, {}, []
    sheet, findings = read_sequencing(directory / name, name)
    if sheet is None:
        return None, {}, findings
    if patients is not None:
        findings += check_known(patients, sheet)
    findings += sequencing_checks.check_sequencing(sheet)
    sheet = without_withdrawn(sheet, patients)
    found, more = sequencing_checks.check_files(sheet, Places(sheet.folder))
    return sheet, found, findings + more


def _imaging(
    directory: Path,
    config: Examined[SiteConfig],
    patients: Sheet[PatientRow] | None,
    protocol: Examined[Protocol],
) -> tuple[Sheet[ImagingRow] | None, Found, list[Finding]]:
    name = _name_of(config, "imaging")
    if name is None or config.part is None:
        return None, {}, []
    sheet, findings = read_imaging(directory / name, name)
    if sheet is None:
        return None, {}, findings
    if patients is not None:
        findings += check_known(patients, sheet)
    site = config.part
    given = site.roots.images is not None or site.pacs is not None
    open_question = not config.knows("roots.images", "pacs")
    findings += imaging_checks.check_imaging(
        sheet,
        root_given=given or open_question,
        pacs_given=site.pacs is not None or not config.knows("pacs"),
    )
    findings += imaging_checks.check_against_protocol(sheet, protocol)
    sheet = without_withdrawn(sheet, patients)
    copies = directory / COPIES if site.pacs is not None else None
    found, more = imaging_checks.check_files(sheet, Places(sheet.folder), copies)
    return sheet, found, findings + more


def _folder(
    name: str | None, document: Document, key: tuple[str, ...], directory: Path
) -> tuple[Place | None, list[Finding]]:
    if name is None:
        return None, []
    path = directory / name
    where = document.where(key)
    if "://" in name:
        return None, [Finding("PATH_IS_URL", where, {"path": name})]
    # `isdir` of a path that may not be asked is False, where `Path.is_dir` raises.
    if not os.path.isdir(path) or not os.access(path, os.R_OK | os.X_OK):  # noqa: PTH112
        place = Places(directory).tree(name, where)
        return None, [place] if isinstance(place, Finding) else []
    return Place(str(path.absolute()), "", str(path.resolve())), []


def _named(finding: Finding, document: Document) -> Finding:
    """A protocol that is none is told with the line of config.yaml that names it."""
    if finding.code == "CONFIG_UNREADABLE" and " line " not in finding.where:
        return Finding(finding.code, document.where(("protocol",)), finding.numbers)
    if finding.code != "CONFIG_MISSING":
        return finding
    path = document.content.get("protocol") or finding.where
    return Finding("PROTOCOL_MISSING", document.where(("protocol",)), {"path": shown(path)})


def _ids(
    patients: Sheet[PatientRow] | None, sequencing: Sheet[SequencingRow] | None
) -> set[str]:
    sheets: list[Sheet[Any]] = [sheet for sheet in (patients, sequencing) if sheet is not None]
    cells = [line.cells for sheet in sheets for line in (*sheet.lines, *sheet.gone)]
    return {row[column] for row in cells for column in ("patient", "sample") if column in row}


def _remarks(
    directory: Path,
    config: SiteConfig,
    patients: Sheet[PatientRow] | None,
    sequencing: Sheet[SequencingRow] | None,
    imaging: Sheet[ImagingRow] | None,
) -> Iterator[Finding]:
    for kind in ("sequencing", "imaging"):
        if getattr(config.sheets, kind) is None and (directory / f"{kind}.tsv").is_file():
            yield Finding("SHEET_NOT_USED", f"{kind}.tsv", {"kind": kind})
    if sequencing is not None and (count := sequencing_checks.tumours_alone(sequencing)):
        yield Finding("TUMOUR_ALONE", sequencing.name, {"count": count})
    if patients is not None:
        sheets: list[Sheet[Any]] = [s for s in (sequencing, imaging) if s is not None]
        with_rows = {row.cells.patient for sheet in sheets for row in sheet.rows}
        yield from check_clinical_only(patients, with_rows)
        yield from check_alike(patients)
        gone = len({r.cells.patient for r in patients.rows}) - len(included(patients))
        if gone:
            yield Finding("WITHDRAWN", patients.name, {"count": gone})


def _raise_refusals(findings: Iterable[Finding]) -> None:
    refusals = [f for f in findings if f.severity == "refuse"]
    if refusals:
        raise ConfigError(condensed(refusals))


def condensed(findings: Iterable[Finding], shown: int = SHOWN) -> list[Finding]:
    """Findings in order; of one kind in one column at most `shown`, then their number."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        file, _, rest = finding.where.partition(" line ")
        groups[finding.code, file, rest.partition(", ")[2]].append(finding)
    result: list[Finding] = []
    for (code, file, column), group in groups.items():
        told = 1 if code in SHOWN_ONCE else shown
        result += group[:told]
        if len(group) > told:
            place = file + (f", {column}" if column else "")
            more = len(group) - told
            numbers: dict[str, Number] = {"count": more, "code": code}
            result.append(Finding("MORE_OF_A_KIND", place, numbers, stands_for=more))
    return result
