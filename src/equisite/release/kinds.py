"""From a table of the protocol to its released cells: one function per kind of table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

from equisite.bundle.format import CellRow, CellStatus
from equisite.bundle.outputs import columns_of, genes_of, sets_of, strata_of
from equisite.protocol.models import (
    CarriersTable,
    CountTable,
    FeatureTable,
    QualityTable,
    VariantsTable,
)
from equisite.release.carriers import carrier_column, carrier_rows, carriers_charge
from equisite.release.comoments import comoment_table
from equisite.release.context import Context, Linked, Result, cell, key_of, withheld
from equisite.release.counts import primary, protect, structural_zeros, tabulate
from equisite.release.features import (
    finest_level,
    hist_rows,
    moment_rows,
    scale,
    withheld_rows,
)
from equisite.release.inference import Sum
from equisite.release.patients import Mask
from equisite.release.positions import positions_table
from equisite.release.repeatability import repeatability_table
from equisite.release.spectrum import spectrum_table
from equisite.release.variants import allele_column, variant_rows

_Stratum = tuple[Mapping[str, str], Mask]


def count_table(context: Context, table: CountTable) -> Result:
    """Counts of one to three coded variables, or the sizes of the analysis sets."""
    names = strata_of(table)
    rows: list[CellRow] = []
    reasons: set[str] = set()
    rank = 0
    share = 0.0
    for analysis_set in sets_of(table, context.protocol):
        group = context.group(analysis_set)
        if not names:
            count = 0 if group is None else int(group.sum())
            status: CellStatus = "suppressed" if group is None else "ok"
            rows.append(cell(table.id, key_of(analysis_set), "count", count, status))
            if group is not None:
                rank += 1
                share += 1 / count
            continue
        if group is None:
            reasons.add("minimum")
            continue
        axes = [context.axis(name) for name in names]
        linked = context.linked[names[0]]
        zeros = structural_zeros(axes, _registered_zeros(context, names), tabulate(axes, group))
        cells, reason = protect(axes, group, zeros, context.rules, linked.guard, linked.joint)
        if reason:
            reasons.add(reason)
        for c in cells:
            codes = {name: code for name, code in zip(names, c.codes, strict=True) if code}
            rows.append(
                cell(table.id, key_of(analysis_set, **codes), "count", c.count, c.status)
            )
        inner = [c for c in cells if all(c.codes)]
        free = sum(c.status == "ok" for c in inner) - (len(cells) > len(inner))
        rank += free
        share += free / int(group.sum())
    if rank or not reasons:
        return Result(tuple(rows), rank, share=share)
    return withheld(min(reasons))


def _registered_zeros(context: Context, names: Sequence[str]) -> list[Mapping[str, str]]:
    return [
        dict(pair.split("=", 1) for pair in key.split("|"))
        for name in names
        for key in context.book.variable(name).structural_zeros
    ]


def carriers_table(context: Context, table: CarriersTable) -> Result:
    """Carriers by gene and consequence, and in how many patients the gene was read."""
    group = context.group(table.analysis_set)
    genes = genes_of(table, context.protocol)
    columns = {
        (gene, consequence): carrier_column(gene, consequence, table.domain)
        for gene in genes
        for consequence in table.consequence
    }
    if not any(context.patients.has(column) for column in columns.values()):
        return withheld("absent")
    if group is None:
        return withheld("minimum")
    rows = carrier_rows(
        table.id,
        key_of(table.analysis_set),
        {pair: context.patients.numbers(column) for pair, column in columns.items()},
        group,
        [int(mask.sum()) for mask in context.groups.masks],
        context.genes_out,
        context.rules,
    )
    return _about(group, rows, carriers_charge(rows, context.rules))


def _about(group: Mask, rows: Sequence[CellRow], statistics: int) -> Result:
    """A table about one group."""
    if not statistics:
        return withheld("small")
    return Result(tuple(rows), statistics, share=statistics / int(group.sum()))


def variants_table(context: Context, table: VariantsTable) -> Result:
    """Copies of listed alleles, and in how many patients they were looked for."""
    group = context.group(table.analysis_set)
    patients = context.patients
    cells = {name: patients.texts.get(allele_column(name)) for name in table.alleles}
    if not any(cells.values()):
        return withheld("absent")
    if group is None:
        return withheld("minimum")
    nothing = [""] * patients.count
    rows = variant_rows(
        table.id,
        key_of(table.analysis_set),
        {name: texts or nothing for name, texts in cells.items()},
        group,
        [int(mask.sum()) for mask in context.groups.masks],
        context.genes_out,
        context.rules,
    )
    released = sum(row.status == "ok" and row.measure == "ac" for row in rows)
    return _about(group, rows, released)


def moment_table(context: Context, table: FeatureTable | QualityTable) -> Result:
    """n, mean and M2 of numeric variables, in disjoint strata if the protocol has any."""
    strata = strata_of(table) if isinstance(table, FeatureTable) else ()

    def rows_of(
        key: Mapping[str, object], columns: Sequence[str], stratum: Mask
    ) -> list[CellRow]:
        scaled = [
            scale(
                c,
                context.book.constant(c),
                context.patients.numbers(c)[stratum],
                context.rules,
            )
            for c in columns
        ]
        return moment_rows(table.id, key, scaled, context.rules)

    return _by_group(context, table, strata, rows_of, context.moments_out, withheld_rows)


def hist_table(context: Context, table: FeatureTable) -> Result:
    """Nested histograms: the finest level at which all bins of all strata pass."""
    patients = context.patients
    levels: dict[str, int | None] = {}

    def rows_of(
        key: Mapping[str, object], columns: Sequence[str], stratum: Mask
    ) -> list[CellRow]:
        rows = []
        for column in columns:
            constant, raw = context.book.constant(column), patients.numbers(column)
            if column not in levels:
                group = context.valued(table.analysis_set, column)
                found = _strata(context, table.strata, group if group is not None else stratum)
                levels[column] = finest_level(
                    constant, raw, [mask for _, mask in found], context.rules
                )
            level = levels[column]
            if level is not None:
                bins = constant.bin_counts(raw[stratum], level).tolist()
                rows += hist_rows(table.id, key, column, level, bins)
        return rows

    return _by_group(context, table, table.strata, rows_of, context.bins_out, None)


def _by_group(
    context: Context,
    table: FeatureTable | QualityTable,
    strata: Sequence[str],
    rows_of: Callable[[Mapping[str, object], Sequence[str], Mask], list[CellRow]],
    out: dict[str, bytes],
    without: Callable[[str, Mapping[str, object], str], list[CellRow]] | None,
) -> Result:
    """Cells of all features, those with values of the same patients together.

    out: groups over which a feature left already. without: cells of a feature that stays,
    in a table without strata; strata have no cell for all their patients together.
    """
    columns = columns_of(table, context.book)
    least = context.rules.ruleset.moment_minimum_n
    by_group: dict[bytes, tuple[Mask, list[str]]] = {}
    rows: list[CellRow] = []
    if not any(context.patients.has(column) for column in columns):
        return withheld("absent")
    for column in columns:
        group = context.valued(table.analysis_set, column)
        if group is None or group.sum() < least:
            if without and not strata:
                rows += without(table.id, key_of(table.analysis_set), column)
            continue
        by_group.setdefault(group.tobytes(), (group, []))[1].append(column)
    if not by_group:
        return withheld("minimum")
    signature = "|".join(strata).encode()
    ranked = 0
    share = 0.0
    for mark, (group, names) in by_group.items():
        if any(out.get(name, mark + signature) != mark + signature for name in names):
            return withheld("overlap")
        parts = _strata(context, strata, group)
        if any(0 < mask.sum() < least for _, mask in parts):
            return withheld("small")
        if strata and _tells_codes(context, strata, group):
            return withheld("small")
        if strata and not _enter(context.linked[strata[0]], parts):
            return withheld("linked")
        own: list[CellRow] = []
        for codes, mask in parts:
            if mask.any():
                own += rows_of(key_of(table.analysis_set, **codes), names, mask)
        rows += own
        ranked += _rank(own)
        share += _rank(own) / int(group.sum())
    for mark, (_, names) in by_group.items():
        out.update(dict.fromkeys(names, mark + signature))
    if ranked:
        return Result(tuple(rows), ranked, share=share)
    if any(r.status == "clipped" for r in rows):
        return Result(tuple(rows), 0, "clipped")
    return withheld("small")


def _rank(rows: Sequence[CellRow]) -> int:
    """Independent statistics of a group: means, squares, and all bins but one of each."""
    free = sum(r.status == "ok" and r.measure in ("mean_off", "m2", "bin") for r in rows)
    return free - len({r.key.rpartition("|bin=")[0] for r in rows if r.measure == "bin"})


def _strata(context: Context, names: Sequence[str], group: Mask) -> list[_Stratum]:
    """Disjoint strata of a group; without variables the group itself."""
    axes = [context.axis(name) for name in names]
    found: list[_Stratum] = []
    for codes in product(*(axis.codes for axis in axes)):
        mask = group.copy()
        for axis, code in zip(axes, codes, strict=True):
            mask &= axis.values == code
        found.append((dict(zip(names, codes, strict=True)), mask))
    return found


def _tells_codes(context: Context, names: Sequence[str], group: Mask) -> bool:
    """R4, R5: whether the sizes of strata are counts that a count table would suppress.

    Strata of which only one holds patients tell the code of each of them.
    """
    axes = [context.axis(name) for name in names]
    counts = tabulate(axes, group)
    zeros = structural_zeros(axes, _registered_zeros(context, names), counts)
    return bool(primary(counts, axes, zeros, context.rules))


def _enter(linked: Linked, parts: Sequence[_Stratum]) -> bool:
    """Note the sizes of strata, unless they would open a count table that is out."""
    whole = parts[0][1].copy()
    for _, mask in parts:
        whole |= mask
    sums = [
        Sum(linked.joint.cells(whole, {n: {c} for n, c in codes.items()}), int(mask.sum()))
        for codes, mask in parts
    ]
    if not linked.guard.admits(sums, []):
        return False
    linked.guard.take(sums, [])
    return True


TABULATE: Mapping[str, Callable[[Context, Any], Result]] = {
    "count": count_table,
    "carriers": carriers_table,
    "variants": variants_table,
    "spectrum": spectrum_table,
    "positions": positions_table,
    "moment": moment_table,
    "hist": hist_table,
    "comoment": comoment_table,
    "repeatability": repeatability_table,
    "quality": moment_table,
}
"""What makes each kind of table."""
