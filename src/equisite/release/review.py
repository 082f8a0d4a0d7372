"""`private/review/review.html`: what would leave, in plain words, for who approves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equisite.bundle import format as form
from equisite.bundle.codec import encode_files, file_name
from equisite.bundle.format import CellRow, TableRow
from equisite.bundle.keys import FIRST, Key, parse_key
from equisite.codebook.book import Codebook
from equisite.codebook.channels import LABELS
from equisite.cohort.html import render
from equisite.core.canonical import sha256_bytes
from equisite.protocol.approval import Approval
from equisite.release.opt_in import Charge
from equisite.release.prepare import Prepared

TEMPLATE = Path(__file__).parent / "templates" / "review.html"
KIND_WORDS = {
    "count": "How many patients fall into each group.",
    "variants": "How many copies of each listed allele the patients have.",
    "positions": "Which alleles enough patients carry, without any number: an opt-in table.",
    "carriers": "How many patients carry at least one qualifying variant in each gene.",
    "spectrum": "How many substitutions of each kind the tumours have together, each bounded.",
    "moment": "Number, mean and spread of each feature over all patients.",
    "hist": "How many patients fall into each registered interval of a feature.",
    "comoment": "How features vary together with the covariates, as sums over all patients.",
    "repeatability": "How far features move when cases are perturbed, as mean squares.",
    "quality": "Number, mean and spread of technical quality over all patients.",
}
STATUS_WORDS = {
    "suppressed": "withheld",
    "clipped": "withheld: too many values outside the registered limits",
    "structural": "0 by definition",
}


@dataclass(frozen=True)
class Section:
    """One table of the bundle as a person reads it. rows: texts, first the row's name."""

    row: TableRow
    words: str
    reason: str
    shown: int
    hidden: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def review_page(prepared: Prepared, folder: Path) -> str:
    """The page as one HTML text; it names no patient and no path of the data."""
    bundle = prepared.bundle
    about = bundle.about
    files = encode_files(bundle)
    book = prepared.book
    cells = (*bundle.cells, *bundle.quality)
    order = [row.table for row in prepared.disclosed.tables]
    sections = [
        _section(row, [c for c in cells if c.table == row.table], book)
        for row in sorted(bundle.tables, key=lambda r: order.index(r.table))
    ]
    return render(
        TEMPLATE,
        about=about,
        rules=prepared.rules,
        name=file_name(about.site, about.release_no),
        size=len(prepared.content),
        sha256=sha256_bytes(prepared.content),
        files={path: len(content) for path, content in files.items()},
        sections=sections,
        released=sum(s.row.status == "released" for s in sections),
        left_out=prepared.disclosed.left_out,
        approvals=[_approved(charge, prepared) for charge in prepared.disclosed.charges],
        not_approved=prepared.permits.findings,
        patients=prepared.patients,
        scanned=prepared.scanned,
        known=prepared.release_is_known,
        conformance=len(bundle.conformance),
        folder=folder.resolve().name,
    )


def _section(row: TableRow, cells: Sequence[CellRow], book: Codebook) -> Section:
    header, rows = _LAYOUTS[row.kind](cells, book)
    shown = sum(bool(cell.value) for cell in cells)
    return Section(
        row,
        KIND_WORDS[row.kind],
        form.TABLE_REASONS[row.reason],
        shown,
        len(cells) - shown,
        header,
        tuple(rows),
    )


@dataclass(frozen=True)
class ApprovedSection:
    """An opt-in table that would leave, as the officer is told of it. limit: of statistics."""

    table: str
    approval: Approval
    k: int
    cells: int
    rank: int
    limit: str


def _approved(charge: Charge, prepared: Prepared) -> ApprovedSection:
    row = next(r for r in prepared.bundle.tables if r.table == charge.table)
    approval = prepared.permits.by_table[charge.table].approval
    limits = prepared.rules.ruleset.largest_budget
    limit = "none for open data"
    if limits is not None:
        rate = limits[row.data_class] if approval.budget is None else approval.budget
        limit = f"{rate:.4f} for each patient of the set, all tables of the class together"
    return ApprovedSection(
        charge.table, approval, charge.approved.k, row.cells, row.rank, limit
    )


def _text(cell: CellRow | None) -> str:
    if cell is None:
        return ""
    if not cell.value:
        return STATUS_WORDS[cell.status]
    return cell.value if cell.measure in form.INTEGER_MEASURES else f"{cell.number:.5g}"


def label(book: Codebook, name: str) -> str:
    """Label of a feature column: modality, region and the codebook's words."""
    parts = name.split("__")
    own = book.variable(name).label
    if len(parts) < 3:
        return own
    return f"{' '.join((parts[0].upper(), *parts[1:-1]))}: {own}"


def _codes(key: Key, book: Codebook) -> str:
    words = []
    for name, code in key.variables.items():
        variable = book.variable(name)
        words.append(f"{variable.label}: {variable.codes.get(code, code)}")
    return ", ".join(words) or "all"


_Layout = tuple[tuple[str, ...], list[tuple[str, ...]]]


def _counts(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    rows: list[tuple[str, ...]] = [
        (key.get(FIRST) or "", _codes(key, book), _text(cell))
        for cell in cells
        for key in (parse_key(cell.key),)
    ]
    return ("Set", "Group", "Patients"), rows


def _carriers(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    del book
    found: dict[str, dict[str, CellRow]] = {}
    for cell in cells:
        key = parse_key(cell.key)
        found.setdefault(key.get("gene") or "", {})[key.get("consequence") or ""] = cell
    consequences = sorted({c for by in found.values() for c in by if c})
    rows = [
        (gene, *(_text(by.get(c)) for c in consequences), _text(by.get("")))
        for gene, by in sorted(found.items())
    ]
    return ("Gene", *(f"carriers, {c}" for c in consequences), "gene read in"), rows


def _variants(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    del book
    found: dict[str, dict[str, CellRow]] = {}
    for cell in cells:
        found.setdefault(parse_key(cell.key).get("variant") or "", {})[cell.measure] = cell
    rows = [
        (name, *(_text(own.get(measure)) for measure in ("ac", "an", "n")))
        for name, own in found.items()
    ]
    return ("Allele", "Copies", "Copies of the locus", "Callable patients"), rows


def _spectrum(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    del book
    found = {parse_key(c.key).get("channel") or "": c for c in cells}
    rows: list[tuple[str, ...]] = [("all: patients", _text(found.get("")))]
    rows += [(LABELS[code], _text(found[code])) for code in LABELS if code in found]
    return ("Channel", "Substitutions"), rows


def _positions(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    del book
    rows: list[tuple[str, ...]] = [
        (contig, position, ref, alt)
        for cell in cells
        for contig, position, ref, alt in [
            (parse_key(cell.key).get("variant") or "").split(":")
        ]
    ]
    return ("Sequence", "Position", "Reference", "Allele"), rows


def _moments(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    found: dict[str, dict[str, CellRow]] = {}
    for cell in cells:
        key = parse_key(cell.key)
        row = "|".join(f"{n}={v}" for n, v in key.pairs if n != "side")
        found.setdefault(row, {})[f"{cell.measure}{key.get('side') or ''}"] = cell
    rows: list[tuple[str, ...]] = []
    for text, by in sorted(found.items()):
        key = parse_key(text)
        column = key.get("feature") or ""
        constant = book.constant(column)
        n, mean, m2 = (by.get(m) for m in ("n", "mean_off", "m2"))
        shown = bool(n and mean and m2 and n.value and mean.value and m2.value)
        numbers = (
            (f"{mean.number + constant.centre:.5g}", _sd(n.number, m2.number))
            if shown and n and mean and m2
            else (_text(mean), _text(m2))
        )
        scale = "" if constant.transform == "identity" else f" ({constant.transform})"
        rows.append(
            (
                label(book, column) + scale,
                _codes(key, book),
                _text(n),
                *numbers,
                _text(by.get("clippedlow")),
                _text(by.get("clippedhigh")),
            )
        )
    header = ("Feature", "Group", "Patients", "Mean", "SD", "below limit", "above limit")
    return header, rows


def _sd(n: float, m2: float) -> str:
    return f"{math.sqrt(m2 / (n - 1)):.5g}" if n > 1 else ""


def _hists(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    found: dict[str, dict[int, str]] = {}
    for cell in cells:
        key = parse_key(cell.key)
        row = "|".join(f"{n}={v}" for n, v in key.pairs if n not in ("level", "bin"))
        found.setdefault(row, {})[int(key.get("bin") or 0)] = _text(cell)
    rows: list[tuple[str, ...]] = []
    for text, bins in sorted(found.items()):
        key = parse_key(text)
        counts = " ".join(bins[b] for b in sorted(bins))
        rows.append(
            (label(book, key.get("feature") or ""), _codes(key, book), str(len(bins)), counts)
        )
    return ("Feature", "Group", "Intervals", "Patients in each, from low to high"), rows


def _repeatability(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    by_key: dict[str, dict[str, CellRow]] = {}
    for cell in cells:
        by_key.setdefault(cell.key, {})[cell.measure] = cell
    rows = [
        (
            label(book, parse_key(text).get("feature") or ""),
            *(_text(own[measure]) for measure in ("n", "msb", "msw")),
        )
        for text, own in by_key.items()
    ]
    return ("Feature", "Patients", "Between patients", "Within copies"), rows


def _comoments(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    by_pattern: dict[str, list[tuple[Key, CellRow]]] = {}
    for cell in cells:
        key = parse_key(cell.key)
        by_pattern.setdefault(key.get("pattern") or "", []).append((key, cell))
    rows: list[tuple[str, ...]] = []
    for pattern, found in sorted(by_pattern.items()):
        names = {k.get("feature") for k, _ in found if k.get("feature")}
        covariates = sorted(
            {k.get("covariates") or "" for k, c in found if c.measure == "mean_off"} - {""}
        )
        n = next((_text(c) for _, c in found if c.measure == "n"), "")
        words = ", ".join(book.variable(c).label for c in covariates)
        rows.append((pattern, n, words, str(len(names)), str(len(found))))
    return ("Block", "Patients", "Covariates", "Features", "Numbers"), rows


_LAYOUTS: Mapping[str, Any] = {
    "count": _counts,
    "carriers": _carriers,
    "variants": _variants,
    "spectrum": _spectrum,
    "positions": _positions,
    "moment": _moments,
    "hist": _hists,
    "comoment": _comoments,
    "repeatability": _repeatability,
    "quality": _moments,
}
