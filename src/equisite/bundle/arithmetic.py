"""What the numbers of a bundle must satisfy by themselves: small counts, sums, sense.

All functions return the names of the tables in which a cell is at fault, one per cell.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement

import numpy as np

from equisite.bundle.codec import Bundle
from equisite.bundle.format import INTEGER_MEASURES, CellRow
from equisite.bundle.keys import FIRST, LAST, Key, parse_key
from equisite.bundle.outputs import Register, codes_of, strata_of
from equisite.bundle.ruleset import Rules
from equisite.codebook.book import Codebook
from equisite.protocol.models import CarriersTable, ComomentTable, CountTable

DIGITS = 1e-6
"""Relative size of the rounding of a released real (seven digits)."""

COPIES = frozenset({"ac", "an"})
"""Measures that count copies, of which a patient has two at most, and not patients."""

EVENTS = frozenset({"sum"})
"""Measures that count what a patient may have many of."""

Published = dict[tuple[str, str, str], float]


def published(bundle: Bundle) -> Published:
    """All numbers that are there, by table, key and measure."""
    return {
        (c.table, c.key, c.measure): c.number
        for c in (*bundle.cells, *bundle.quality)
        if c.value
    }


def _without(key: Key, name: str) -> str:
    return "|".join(f"{n}={v}" for n, v in key.pairs if n != name)


def _group(key: Key, without: str = "") -> str:
    """The part of a key that says which patients are meant, or its margin over a variable."""
    return "|".join(
        f"{n}={v}" for n, v in key.pairs if n == FIRST or (n not in LAST and n != without)
    )


class Wholes:
    """Published numbers of patients, and which of them surely hold the patients of a cell.

    Two features of one analysis set may be there in patients of whom neither group holds
    the other; only the sets, the margins and a cell's own feature or gene are its wholes.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._found: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._blocks: dict[tuple[str, str], set[str]] = defaultdict(set)
        for cell in (*bundle.cells, *bundle.quality):
            key = parse_key(cell.key)
            if cell.measure == "m2" and key.get("pattern"):
                block = (cell.table, key.get("pattern") or "")
                self._blocks[block].add(key.get("feature") or "")
            elif cell.value and cell.measure == "n" and not key.get("pattern"):
                self._found[_group(key), _owner(key)].add(int(cell.value))
            elif cell.value and cell.measure == "count" and not key.get("gene"):
                self._found[_group(key), ""].add(int(cell.value))

    def of(self, cell: CellRow) -> set[int]:
        """Numbers of patients among whom those of the cell are."""
        key = parse_key(cell.key)
        block = (cell.table, key.get("pattern") or "")
        owners = {"", _owner(key), *self._blocks.get(block, ())}
        return {
            number
            for group in (_group(key), *(_group(key, without=n) for n in key.variables))
            for owner in owners
            for number in self._found.get((group, owner), ())
        }


def _owner(key: Key) -> str:
    return key.get("feature") or key.get("gene") or key.get("variant") or ""


def small_counts(bundle: Bundle, register: Register, rules: Rules) -> list[str]:
    """R4 and R8: counts 1..k-1, remainders 1..k-1 of a published whole, moments of too few."""
    wholes = Wholes(bundle)
    faults = []
    for cell in (*bundle.cells, *bundle.quality):
        if not cell.value or cell.measure not in INTEGER_MEASURES:
            continue
        value = int(cell.value)
        if cell.measure in COPIES | EVENTS:
            continue
        if rules.small(value) or any(rules.small(n - value) for n in wholes.of(cell)):
            faults.append(cell.table)
        carried = cell.measure == "count" and isinstance(
            register.tables[cell.table], CarriersTable
        )
        hidden_zeros = rules.ruleset.carriers_zero == "suppressed"
        if carried and value == 0 and hidden_zeros and cell.status == "ok":
            faults.append(cell.table)
    return [
        *faults,
        *_alleles_of_few(bundle, rules),
        *_sums_of_few(bundle, rules),
        *_moments_of_few(bundle, rules),
    ]


def _sums_of_few(bundle: Bundle, rules: Rules) -> Iterator[str]:
    """Substitutions 1..k-1, which as many patients have at most; none where that is hidden."""
    for (table, _, measure), value in published(bundle).items():
        none = value == 0 and rules.ruleset.carriers_zero == "suppressed"
        if measure == "sum" and (none or rules.small(int(value))):
            yield table


def _alleles_of_few(bundle: Bundle, rules: Rules) -> Iterator[str]:
    """Copies 1..k-1 of an allele or of all others; none, or all, where that is not shown."""
    numbers = published(bundle)
    for (table, key, measure), value in numbers.items():
        if measure != "ac":
            continue
        others = numbers.get((table, key, "an"), -1) - value
        none = value == 0 and rules.ruleset.carriers_zero == "suppressed"
        every = others == 0 and rules.ruleset.group_disclosure
        if none or every or rules.small(int(value)) or rules.small(int(others)):
            yield table


def _moments_of_few(bundle: Bundle, rules: Rules) -> Iterator[str]:
    numbers = published(bundle)
    for cell in (*bundle.cells, *bundle.quality):
        if cell.value and cell.measure in ("m2", "sxx", "msb", "msw", "sum"):
            key = parse_key(cell.key)
            pairs = [(n, v) for n, v in key.pairs if n not in ("covariates", "channel")]
            if key.get("pattern"):
                pairs = [(n, v) for n, v in pairs if n != "feature"]
            counted = "|".join(f"{n}={v}" for n, v in pairs)
            n = numbers.get((cell.table, counted, "n"))
            if n is None or n < rules.ruleset.moment_minimum_n:
                yield cell.table


def broken_sums(bundle: Bundle, register: Register, book: Codebook) -> list[str]:
    """Margins that are not the sum of their parts, bins that do not sum to n, line counts."""
    numbers = published(bundle)
    faults = []
    for row in bundle.tables:
        lines = sum(c.table == row.table for c in (*bundle.cells, *bundle.quality))
        if lines != row.cells:
            faults.append(row.table)
        table = register.tables[row.table]
        if isinstance(table, CountTable):
            faults += _broken_margins(row.table, table, numbers, book)
    bins: dict[tuple[str, str], float] = defaultdict(float)
    for (table_id, key, measure), value in numbers.items():
        if measure == "bin":
            bins[table_id, _without(parse_key(key), "bin")] += value
    counted = {
        _without(parse_key(key), "side"): v
        for (_, key, measure), v in numbers.items()
        if measure == "n"
    }
    for (table_id, key), total in bins.items():
        n = counted.get(_without(parse_key(key), "level"))
        if n is not None and n != total:
            faults.append(table_id)
    return faults


def _broken_margins(
    name: str, table: CountTable, numbers: Mapping[tuple[str, str, str], float], book: Codebook
) -> Iterator[str]:
    for (table_id, text, measure), value in numbers.items():
        if table_id != name or measure != "count":
            continue
        key = parse_key(text)
        for variable in strata_of(table):
            if variable in key.variables:
                continue
            head, rest = key.pairs[:1], key.pairs[1:]
            parts = [
                numbers.get((name, _joined(head, [*rest, (variable, code)]), "count"))
                for code in codes_of(book.variable(variable))
            ]
            known = [p for p in parts if p is not None]
            if (len(known) == len(parts) and sum(known) != value) or sum(known) > value:
                yield name


def _joined(head: tuple[tuple[str, str], ...], rest: list[tuple[str, str]]) -> str:
    return "|".join(f"{n}={v}" for n, v in (*head, *sorted(rest)))


def impossible_numbers(bundle: Bundle, register: Register, book: Codebook) -> list[str]:
    """Sums of squares below zero, means outside the clips, co-moments that cannot be."""
    faults = []
    numbers = published(bundle)
    wholes = Wholes(bundle)
    for cell in (*bundle.cells, *bundle.quality):
        if cell.value and not _possible(cell, numbers, book):
            faults.append(cell.table)
        counted = cell.value and cell.measure in INTEGER_MEASURES - EVENTS
        copies = 2 if cell.measure in COPIES else 1
        if counted and any(int(cell.value) > copies * n for n in wholes.of(cell)):
            faults.append(cell.table)
        if cell.measure == "ac" and cell.value:
            alleles = numbers.get((cell.table, cell.key, "an"))
            if alleles is None or cell.number > alleles:
                faults.append(cell.table)
    faults += _too_many_events(numbers, book)
    for name, table in register.tables.items():
        if isinstance(table, ComomentTable):
            faults += _impossible_products(name, table, numbers)
    return faults


def _too_many_events(numbers: Published, book: Codebook) -> Iterator[str]:
    """Spectra with more substitutions than their patients may add; each sum was rounded."""
    totals: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (table, key, measure), value in numbers.items():
        if measure == "sum":
            totals[table, _without(parse_key(key), "channel")].append(value)
    for (table, key), sums in totals.items():
        n = numbers.get((table, key, "n"))
        most = book.constant(parse_key(key).get("feature") or "").clip_high
        if n is None or sum(sums) > n * most + len(sums) / 2:
            yield table


def _possible(cell: CellRow, numbers: Published, book: Codebook) -> bool:
    key = parse_key(cell.key)
    column = key.get("feature") or key.get("covariates") or ""
    if cell.measure == "m2":
        if cell.number < 0:
            return False
        constant = book.constant(column)
        n = numbers.get((cell.table, cell.key, "n"))
        width = constant.clip_high - constant.clip_low
        return n is None or cell.number <= n * width**2 / 4 * (1 + DIGITS)
    if cell.measure in ("msb", "msw"):
        return cell.number >= 0
    if cell.measure == "mean_off":
        if book.variable(column).type == "flag":
            return 0.0 <= cell.number <= 1.0
        constant = book.constant(column)
        slack = DIGITS * max(abs(constant.clip_low), abs(constant.clip_high), 1.0)
        low, high = constant.clip_low - constant.centre, constant.clip_high - constant.centre
        return low - slack <= cell.number <= high + slack
    return True


def _impossible_products(name: str, table: ComomentTable, numbers: Published) -> Iterator[str]:
    """Sxx must be positive semidefinite, and sxy^2 <= sxx * m2, up to rounding."""
    found = {(key, m): value for (owner, key, m), value in numbers.items() if owner == name}
    patterns = {parse_key(k).get("pattern") for k, m in found if m == "sxx"}
    for pattern in sorted(p for p in patterns if p):
        head = f"{FIRST}={table.analysis_set}"
        size = len(table.covariates)
        sxx = np.zeros((size, size))
        for (i, a), (j, b) in combinations_with_replacement(enumerate(table.covariates), 2):
            value = found.get((f"{head}|covariates={a},{b}|pattern={pattern}", "sxx"))
            if value is None:
                yield name
                return
            sxx[i, j] = sxx[j, i] = value
        scale = np.sqrt(np.maximum(np.diag(sxx), 0.0))
        scale[scale == 0] = 1.0
        if np.linalg.eigvalsh(sxx / np.outer(scale, scale))[0] < -size * 10 * DIGITS:
            yield name
        for (key, measure), value in found.items():
            if measure != "sxy" or not key.endswith(f"|pattern={pattern}"):
                continue
            parsed = parse_key(key)
            place = table.covariates.index(parsed.get("covariates") or "")
            m2 = found.get((_without(parsed, "covariates"), "m2"), math.inf)
            if value**2 > sxx[place, place] * m2 * (1 + 10 * DIGITS) + 1e-300:
                yield name
