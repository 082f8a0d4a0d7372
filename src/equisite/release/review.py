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
from equisite.codebook.labels import code_label, column_label
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


MINUS = "−"
WORDY = frozenset(
    {"Group", "Covariates", "Patients in each, from low to high", "Reference", "Allele"}
)
"""Columns of words beside the first."""

_Layout = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Titles of the columns, and rows of texts."""


@dataclass(frozen=True)
class Section:
    """One table of the bundle as a person reads it. rows: texts, first the row's name.

    patients: the analysis set in words. wordy: the columns that hold words, not numbers.
    """

    row: TableRow
    patients: str
    words: str
    reason: str
    shown: int
    hidden: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wordy: frozenset[str]


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
    everybody = _set_words(row.analysis_set, book)
    header, rows = _without_same(header, rows, "Group", everybody)
    shown = sum(bool(cell.value) for cell in cells)
    return Section(
        row,
        everybody,
        KIND_WORDS[row.kind],
        form.TABLE_REASONS[row.reason],
        shown,
        len(cells) - shown,
        header,
        tuple(rows),
        WORDY | {header[0]},
    )


def _without_same(
    header: tuple[str, ...], rows: list[tuple[str, ...]], name: str, same: str
) -> _Layout:
    """The table without a later column that holds the same words in every row."""
    place = header.index(name) if name in header[1:] else 0
    if not place or any(row[place] != same for row in rows):
        return header, rows
    kept = [i for i in range(len(header)) if i != place]
    return tuple(header[i] for i in kept), [tuple(row[i] for i in kept) for row in rows]


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
    return cell.value if cell.measure in form.INTEGER_MEASURES else _real(cell.number)


def _real(value: float) -> str:
    return f"{value:.5g}".replace("-", MINUS)


def _codes(key: Key, book: Codebook) -> str:
    """The group of a key in words; without coded variables its analysis set."""
    words = [
        f"{book.variable(name).label}: {code_label(book, name, code)}"
        for name, code in key.variables.items()
    ]
    return ", ".join(words) or _set_words(key.get(FIRST) or "", book)


def _set_words(analysis_set: str, book: Codebook) -> str:
    return code_label(book, FIRST, analysis_set)


def _counts(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    rows: list[tuple[str, ...]] = [
        (_codes(parse_key(cell.key), book), _text(cell)) for cell in cells
    ]
    return ("Group", "Patients"), rows


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
    return ("Gene", *(f"Carriers, {c}" for c in consequences), "Gene read in"), rows


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
            (_real(mean.number + constant.centre), _sd(n.number, m2.number))
            if shown and n and mean and m2
            else (_text(mean), _text(m2))
        )
        scale = "" if constant.transform == "identity" else f" ({constant.transform})"
        rows.append(
            (
                column_label(book, column) + scale,
                _codes(key, book),
                _text(n),
                *numbers,
                _text(by.get("clippedlow")),
                _text(by.get("clippedhigh")),
            )
        )
    header = ("Feature", "Group", "Patients", "Mean", "SD", "Below limit", "Above limit")
    return header, rows


def _sd(n: float, m2: float) -> str:
    return _real(math.sqrt(m2 / (n - 1))) if n > 1 else ""


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
            (
                column_label(book, key.get("feature") or ""),
                _codes(key, book),
                str(len(bins)),
                counts,
            )
        )
    return ("Feature", "Group", "Intervals", "Patients in each, from low to high"), rows


def _repeatability(cells: Sequence[CellRow], book: Codebook) -> _Layout:
    by_key: dict[str, dict[str, CellRow]] = {}
    for cell in cells:
        by_key.setdefault(cell.key, {})[cell.measure] = cell
    rows = [
        (
            column_label(book, parse_key(text).get("feature") or ""),
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
