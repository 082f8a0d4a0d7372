"""Whether a bundle may be trusted: every check that needs no patient data, in fixed order.

A failing stage ends the checks: what follows would judge content that is not to be read.
The codes are all that a site is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from equisite.bundle import arithmetic
from equisite.bundle import format as form
from equisite.bundle.codec import Bundle, check_manifest, decode, read_files
from equisite.bundle.keys import parse_key
from equisite.bundle.opt_in import beyond_approval
from equisite.bundle.outputs import Register, alleles_of, data_class, register_of, sets_of
from equisite.bundle.ruleset import Rules, rules_of
from equisite.bundle.scan import count_patterns, free_text
from equisite.codebook.book import Codebook
from equisite.core.errors import BundleError, Finding
from equisite.protocol.load import protocol_sha256
from equisite.protocol.models import Protocol
from equisite.protocol.responses import book_of


@dataclass(frozen=True)
class Verified:
    """The verdict on one file.

    bundle: the content, None unless every check passed. findings: why not, in order.
    approved: whether two people signed; this schema has no signatures, so nobody did.
    """

    bundle: Bundle | None
    findings: tuple[Finding, ...]
    approved: bool = False


def verify(content: bytes, protocol: Protocol, book: Codebook | None = None) -> Verified:
    """Check the bytes of a bundle against the lead's own protocol, codebook and rules."""
    book = book or book_of(protocol.radiomics)
    rules = rules_of(protocol)
    try:
        files = read_files(content)
        check_manifest(files)
        findings = _head(files, protocol, book, rules)
        if findings:
            return Verified(None, tuple(findings))
        bundle = decode(files)
    except BundleError as error:
        return Verified(None, error.findings)
    register = register_of(protocol, book)
    stages: Sequence[Callable[[], list[Finding]]] = (
        lambda: _counted("V_R1", _unregistered(bundle, register, protocol, book)),
        lambda: _counted("V_R4", arithmetic.small_counts(bundle, register, rules)),
        lambda: _counted("V_OPT_IN", beyond_approval(bundle, protocol, rules)),
        lambda: _counted("V_ADD", arithmetic.broken_sums(bundle, register, book)),
        lambda: _scanned(files, bundle.about.freeze.date, protocol),
        lambda: _counted("V_PLAUS", arithmetic.impossible_numbers(bundle, register, book)),
    )
    for stage in stages:
        findings = stage()
        if findings:
            return Verified(None, tuple(findings))
    return Verified(bundle, ())


def _scanned(files: dict[str, bytes], date: str, protocol: Protocol) -> list[Finding]:
    """V_SCAN when a text of the bundle looks like an identifier of any site."""
    hits = sum(
        sum(count_patterns(content, allowed_date=date).values())
        for content in free_text(files, alleles_of(protocol)).values()
    )
    return [Finding("V_SCAN", "", {"hits": hits})] if hits else []


def _head(
    files: dict[str, bytes], protocol: Protocol, book: Codebook, rules: Rules
) -> list[Finding]:
    """Protocol, codebook and rules must be known before anything else is looked at."""
    about = json.loads(files[form.ABOUT])
    own_codebook = (book.sha256, protocol.codebook.constants_sha256)
    k = about.get("k")
    findings = []
    if about.get("protocol_sha256") != protocol_sha256(protocol):
        findings.append(Finding("V_PROTOCOL"))
    if (about.get("codebook_sha256"), about.get("constants_sha256")) != own_codebook:
        findings.append(Finding("V_CODEBOOK"))
    same_rules = about.get("ruleset_sha256") == rules.sha256 and (
        about.get("data") == rules.ruleset.data
    )
    if not same_rules or not isinstance(k, int) or k < rules.k:
        findings.append(Finding("V_RULESET"))
    return findings


def _counted(code: str, tables: list[str]) -> list[Finding]:
    return [Finding(code, "", {"cells": len(tables), "table": tables[0]})] if tables else []


def _unregistered(
    bundle: Bundle, register: Register, protocol: Protocol, book: Codebook
) -> list[str]:
    """Cells and tables that the protocol does not have, and tables of it that are absent."""
    faults = []
    rows = {row.table: row for row in bundle.tables}
    for name, table in register.tables.items():
        row = rows.get(name)
        sets = sets_of(table, protocol)
        expected = (table.kind, data_class(table, book), sets[0])
        if row is None or (row.kind, row.data_class, row.analysis_set) != expected:
            faults.append(name)
    faults += sorted(set(rows) - set(register.tables))
    for cells, quality in ((bundle.cells, False), (bundle.quality, True)):
        for cell in cells:
            row = rows.get(cell.table)
            known = row is not None and (row.kind == "quality") == quality
            allowed = known and register.allows(cell.table, parse_key(cell.key), cell.measure)
            if not allowed or (row and row.status != "released" and cell.value):
                faults.append(cell.table)
    return faults
