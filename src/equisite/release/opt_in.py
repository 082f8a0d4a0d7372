"""Opt-in tables at the door (R15): approved, within the budget (R10, R13), not too often (R14).

An opt-in table is judged after all others, by everything that leaves with it and by what
left before: its statistics and those of all tables of its class may not tell more about who
is in the cohort than the limit of the rules, or of its approval, allows; and between two
releases of it enough patients must have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from equisite.bundle.about import ApprovedTable
from equisite.bundle.format import CellRow, TableRow, cells_of
from equisite.bundle.ruleset import Rules
from equisite.core.canonical import sha256_bytes
from equisite.release.approvals import NONE, Permits
from equisite.release.context import Result, withheld
from equisite.release.ledger import Record
from equisite.release.past import NO_PAST, Past, split_tags
from equisite.release.patients import Mask

_Fields = Mapping[str, object]


@dataclass(frozen=True)
class Charge:
    """An opt-in table that leaves, for the ledger. tags: of its patients, sorted, joined."""

    table: str
    kind: str
    rank: int
    cells_sha256: str
    tags: bytes
    approved: ApprovedTable


@dataclass(frozen=True)
class OptIn:
    """What opt-in tables of one preparation are judged by.

    tags_of: tags of a group of patients. least_k: what the site itself demands at least.
    """

    permits: Permits = NONE
    past: Past = NO_PAST
    tags_of: Callable[[Mask], bytes] = lambda _: b""
    least_k: int = 0

    def k(self, table: str, rules: Rules) -> int:
        """The smallest count behind a cell: the approval's, never below the site's own."""
        own = self.permits.by_table[table].approval.k
        return rules.k if own is None else max(own, self.least_k)

    def limit(self, table: str, data_class: str, rules: Rules) -> float | None:
        """Most statistics per patient; None where the rules have no budget."""
        limits = rules.ruleset.largest_budget
        if limits is None:
            return None  # data that everybody may see
        budget = self.permits.by_table[table].approval.budget
        return limits[data_class] if budget is None else budget


def judge(
    opt_in: OptIn,
    own: TableRow,
    cells: Sequence[CellRow],
    group: Mask,
    others: Mapping[str, tuple[TableRow, str]],
    rules: Rules,
) -> tuple[Result, Charge | None]:
    """The table as it may leave, or why it may not: `budget`, `increment`, `overlap`.

    own: its row, were it released. others: rows of the tables that leave with it and the
    digests of their cells, by table. group: its patients.
    """
    result = Result(tuple(cells), own.rank, share=own.rank / int(group.sum()))
    charge = Charge(
        own.table,
        own.kind,
        own.rank,
        digest_of(cells),
        opt_in.tags_of(group),
        opt_in.permits.by_table[own.table].told(own.table, opt_in.k(own.table, rules)),
    )
    if any(row.kind == own.kind for row, _ in others.values()):
        return withheld("overlap"), None
    limit = opt_in.limit(own.table, own.data_class, rules)
    if limit is None:
        return result, charge
    digests = {name: digest for name, (_, digest) in others.items()}
    digests[own.table] = charge.cells_sha256
    beside = sum(r.rank for r, _ in others.values() if r.data_class == own.data_class)
    total = own.rank + beside + spent(opt_in.past, own, charge, digests)
    if total > limit * int(group.sum()):
        return withheld("budget"), None
    if not changed_enough(opt_in.past, charge, limit, rules.ruleset.fewest_changed):
        return withheld("increment"), None
    return result, charge


def spent(past: Past, own: TableRow, charge: Charge, digests: Mapping[str, str]) -> int:
    """R13: statistics of the class that left before on the same patients.

    A table whose cells are those of a table of the same name that leaves now costs nothing;
    neither does one that left twice.
    """
    set_digest = sha256_bytes(charge.tags)
    seen: dict[tuple[str, str], int] = {}
    for number, record in enumerate(past.releases):
        tables = cast(Mapping[str, _Fields], record.get("tables", {}))
        same_group = {o["table"] for o in _opt_ins(record) if o["set_digest"] == set_digest}
        same_cohort = record["set_digest"] == past.own
        if same_cohort and "tables" not in record:
            classes = cast(Mapping[str, Mapping[str, int]], record["classes"])
            seen[str(number), ""] = classes.get(own.data_class, {}).get("rank", 0)
        for name, table in tables.items():
            if table["class"] != own.data_class or not (same_cohort or name in same_group):
                continue
            digest = str(table["cells_sha256"])
            if digests.get(name) != digest:
                seen[name, digest] = int(str(table["rank"]))
    return sum(seen.values())


def changed_enough(past: Past, charge: Charge, limit: float, fewest: int) -> bool:
    """R14: whether the difference to each earlier release of its kind is one that may leave.

    The difference is a release on newcomers and leavers: none, or at least `fewest`, and
    within the limit for as many patients. An earlier list may differ in any of its
    positions, so both lists count unless they are the same.
    """
    now = split_tags(charge.tags)
    for record in past.releases:
        for earlier in _opt_ins(record):
            if earlier["kind"] != charge.kind:
                continue
            then = past.tags(str(earlier["set_digest"]))
            if then is None:
                return False
            changed = len(now ^ then)
            if not changed or not now & then:
                continue
            common = charge.rank
            if earlier["cells_sha256"] != charge.cells_sha256:
                common += int(str(earlier["rank"]))
            if changed < fewest or common > limit * changed:
                return False
    return True


def digest_of(cells: Sequence[CellRow]) -> str:
    """Digest of the cells of one table, in canonical order."""
    lines = sorted("\t".join(cells_of(cell)) for cell in cells)
    return sha256_bytes("\n".join(lines).encode())


def _opt_ins(record: Record) -> Sequence[_Fields]:
    return cast(Sequence[_Fields], record.get("opt_in", ()))
