"""From the cohort to the tables that may leave: aggregate and disclose, in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from equisite.bundle.format import CellRow, TableRow
from equisite.bundle.outputs import columns_of, data_class, register_of, sets_of, strata_of
from equisite.bundle.ruleset import Rules
from equisite.codebook.book import Codebook
from equisite.protocol.models import (
    OPT_IN,
    CarriersTable,
    ComomentTable,
    CountTable,
    FeatureTable,
    PositionsTable,
    Protocol,
    QualityTable,
    RepeatabilityTable,
    SpectrumTable,
    Table,
    VariantsTable,
)
from equisite.release.budget import Budget
from equisite.release.comoments import complete
from equisite.release.context import Context, Result, link, withheld
from equisite.release.groups import Groups, settle
from equisite.release.increments import Behind, Increments
from equisite.release.kinds import TABULATE
from equisite.release.opt_in import Charge, OptIn, digest_of, judge
from equisite.release.patients import Mask, Patients
from equisite.release.repeatability import copied, least_copied
from equisite.release.spectrum import with_spectrum

SET_ORDER = ("genomics", "imaging", "all", "both")
"""Analysis sets that keep their patients first; `all` and `both` follow from the others."""


@dataclass(frozen=True)
class Disclosed:
    """Everything that may leave of one cohort, and how many were left out for safety.

    cells: of all tables but those of quality. left_out: by analysis set, patients of the
    cohort who are not counted; None when the set is not published at all. charges: of the
    opt-in tables that leave. behind: what stands behind the other tables that leave. shares:
    statistics per patient of each table that leaves. spent: of each class, with what left
    before on the same patients.
    """

    tables: tuple[TableRow, ...]
    cells: tuple[CellRow, ...]
    quality: tuple[CellRow, ...]
    left_out: dict[str, int | None]
    charges: tuple[Charge, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    behind: Mapping[str, Behind] = field(default_factory=dict)


NOTHING_APPROVED = OptIn()


def disclose(
    patients: Patients,
    protocol: Protocol,
    book: Codebook,
    rules: Rules,
    opt_in: OptIn = NOTHING_APPROVED,
    increments: Increments | None = None,
) -> Disclosed:
    """Aggregate by the protocol's list of tables; whole tables enter or stay, in its order.

    A table that does not fit into what may still be told stays; a later one may fit (R16).
    Opt-in tables come after all others: they are charged beside everything that leaves.
    increments: None where the rules compare no releases.

    Raises ConfigError when the codebook does not allow a table (R1).
    """
    register_of(protocol, book)
    large_enough = int(patients.sets["all"].sum()) >= rules.minimum_n
    context = _context(patients, protocol, book, rules)
    rows: dict[str, TableRow] = {}
    cells: list[CellRow] = []
    quality: list[CellRow] = []
    out: dict[str, tuple[TableRow, str]] = {}
    charges: list[Charge] = []
    budget = Budget.of(rules.ruleset, opt_in.past.releases, opt_in.past.own)
    shares: dict[str, float] = {}
    behind: dict[str, Behind] = {}
    for table in sorted(protocol.tables, key=lambda table: table.kind in OPT_IN):
        before = context.with_own_notes()
        charge = None
        if not large_enough:
            result = withheld("minimum")
        elif table.kind in OPT_IN:
            result, charge = _opted_in(context, table, opt_in, out)
        else:
            result = TABULATE[table.kind](context, table)
        now = None
        if increments is not None and table.kind not in OPT_IN and not result.reason:
            now = increments.behind(context, table)
            if not increments.allow(now, rules):
                result, context = withheld("increment"), before
        row = _row(table, result, context)
        key = table.id, digest_of(result.rows)
        if not result.reason and not _fits(budget, key, row, result, charge):
            result, charge, context = withheld("budget"), None, before
            row = _row(table, result, context)
        own = quality if isinstance(table, QualityTable) else cells
        own += result.rows
        rows[table.id] = row
        if not result.reason:
            out[table.id] = row, key[1]
            charges += [charge] if charge else []
            if now is not None:
                behind[table.id] = now
            shares[table.id] = result.share
            budget.take(key, row.data_class, result.share)
    return Disclosed(
        tuple(rows[table.id] for table in protocol.tables),
        tuple(cells),
        tuple(quality),
        _left_out(patients, context.groups),
        tuple(charges),
        shares,
        {name: budget.spent(name) for name in sorted({c for c, _ in budget.told.values()})},
        behind,
    )


def _fits(
    budget: Budget, key: tuple[str, str], row: TableRow, result: Result, charge: Charge | None
) -> bool:
    """R10. The class of an opt-in table was judged by its approval; all classes are here."""
    if charge is None:
        return budget.admits(key, row.data_class, result.share)
    return budget.admits_together(key, result.share)


def _row(table: Table, result: Result, context: Context) -> TableRow:
    return TableRow(
        table.id,
        table.kind,
        data_class(table, context.book),
        sets_of(table, context.protocol)[0],
        "withheld" if result.reason else "released",
        result.reason,
        result.rank,
        len(result.rows),
    )


def _opted_in(
    context: Context, table: Table, opt_in: OptIn, out: dict[str, tuple[TableRow, str]]
) -> tuple[Result, Charge | None]:
    """An opt-in table under its approval, and its charge; R15 comes before any counting."""
    if table.id not in opt_in.permits.by_table:
        return withheld("approval"), None
    rules = replace(context.rules, k=opt_in.k(table.id, context.rules))
    result = TABULATE[table.kind](replace(context, rules=rules), table)
    group = context.group(table.analysis_set)
    if result.reason or group is None:
        return result, None
    return judge(opt_in, _row(table, result, context), result.rows, group, out, rules)


def _context(patients: Patients, protocol: Protocol, book: Codebook, rules: Rules) -> Context:
    bare = Context(patients, protocol, book, rules, Groups({}), {})
    groups = settle(list(_asked(bare)), rules.k)
    coded = [
        strata_of(table)
        for table in protocol.tables
        if isinstance(table, CountTable | FeatureTable) and strata_of(table)
    ]
    linked = link(coded, patients, book, groups.masks, rules.k)
    return Context(patients, protocol, book, rules, groups, linked)


def _asked(context: Context) -> Iterator[tuple[Mask, int]]:
    """Groups that the tables are about: those with values first, then the sets."""
    patients, protocol = context.patients, context.protocol
    least = context.rules.ruleset.moment_minimum_n
    used: set[str] = set()
    for table in protocol.tables:
        if isinstance(table, CountTable | CarriersTable | VariantsTable | PositionsTable):
            used.update(sets_of(table, protocol))
            continue
        if isinstance(table, SpectrumTable):
            yield with_spectrum(context, table), least
            continue
        for column in columns_of(table, context.book):
            if isinstance(table, RepeatabilityTable):
                yield copied(context, table, column), least_copied(context)
            elif isinstance(table, ComomentTable):
                yield complete(context, table, column), least
            else:
                present = ~np.isnan(patients.numbers(column))
                yield patients.sets[table.analysis_set] & present, least
    for name in SET_ORDER:
        if name in used:
            yield patients.sets[name], context.rules.k


def _left_out(patients: Patients, groups: Groups) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, asked in patients.sets.items():
        if asked.tobytes() in groups.released:
            kept = groups.of(asked)
            found[name] = None if kept is None else int(asked.sum() - kept.sum())
    return found
