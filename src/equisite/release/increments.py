"""R14 for every table: between two releases nobody stands alone (docs/decisions/0198).

Who has two releases can subtract them: one patient more, or one value mended, is what the
difference shows. A table therefore leaves again only when nothing behind it changed, or when
enough patients did. Behind a table stand the patients of its released groups, each with
the values that the table was made of; the ledger keeps both as tags under the site's key.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from equisite.bundle.outputs import columns_of, genes_of, sets_of, strata_of
from equisite.bundle.ruleset import Rules
from equisite.codebook.channels import channel_columns
from equisite.protocol.models import (
    CarriersTable,
    ComomentTable,
    CountTable,
    FeatureTable,
    QualityTable,
    RepeatabilityTable,
    SpectrumTable,
    Table,
    VariantsTable,
)
from equisite.release.carriers import carrier_column
from equisite.release.comoments import complete
from equisite.release.context import Context
from equisite.release.ledger import PATIENT_TAG, Record, patient_set, patient_tag
from equisite.release.past import Past, split_tags
from equisite.release.patients import Mask
from equisite.release.repeatability import copied
from equisite.release.spectrum import with_spectrum
from equisite.release.variants import allele_column

ROW_TAG = 16
"""Bytes of the tag of a patient's values."""

_Part = tuple[Mask | None, Sequence[str], Sequence[Sequence[str]]]
"""A released group (None: it stays inside), columns, and their values by patient."""


@dataclass(frozen=True)
class Behind:
    """What stands behind a table. columns: sorted names, with the analysis sets it is over.

    rows: tag of its values by tag of patient.
    """

    columns: tuple[str, ...]
    rows: Mapping[bytes, bytes]

    @property
    def content(self) -> bytes:
        """Sorted pairs of tags, joined: the file that `of_file` reads."""
        return b"".join(patient + row for patient, row in sorted(self.rows.items()))


def of_file(columns: Sequence[str], content: bytes) -> Behind:
    """What `Behind.content` was written of."""
    step = PATIENT_TAG + ROW_TAG
    pairs = (content[at : at + step] for at in range(0, len(content), step))
    rows = {pair[:PATIENT_TAG]: pair[PATIENT_TAG:] for pair in pairs}
    return Behind(tuple(columns), rows)


def behind(context: Context, table: Table, key: bytes, names: Sequence[str]) -> Behind:
    """What stands behind a table of a cohort whose patients have these names, in its order.

    A patient who is in no released group of the table is not behind it.
    """
    parts = [part for part in _parts(context, table) if part[0] is not None]
    columns = sorted({column for _, own, _ in parts for column in own})
    rows = {}
    for place, name in enumerate(names):
        held = [
            "\t".join((*own, *(column[place] for column in values)))
            for group, own, values in parts
            if group is not None and group[place]
        ]
        if held:
            told = f"equisite-row-v1|{name}|" + "\n".join(held)
            row = hmac.digest(key, told.encode(), "sha256")[:ROW_TAG]
            rows[patient_tag(key, name)] = row
    return Behind(tuple(columns), rows)


@dataclass(frozen=True)
class Increments:
    """What every table is judged by beside its own numbers: who stood behind earlier ones.

    key: the site's. names: the patients of the cohort, in its order.
    """

    past: Past
    key: bytes
    names: Sequence[str]

    def behind(self, context: Context, table: Table) -> Behind:
        """What stands behind a table now."""
        return behind(context, table, self.key, self.names)

    def allow(self, now: Behind, rules: Rules) -> bool:
        """Whether a table may follow all earlier releases of this site.

        When the tags of an earlier release are gone nobody can say, and it may not.
        """
        return all(self._follows(record, now, rules) for record in self.past.releases)

    def _follows(self, record: Record, now: Behind, rules: Rules) -> bool:
        fewest = rules.ruleset.fewest_changed
        tables = cast(Mapping[str, Mapping[str, Any]], record.get("tables", {}))
        opt_in = cast(Sequence[Mapping[str, str]], record.get("opt_in", ()))
        judged_apart = {one["table"] for one in opt_in}
        listed = [table for name, table in tables.items() if name not in judged_apart]
        if "tables" not in record or not all("rows_sha256" in table for table in listed):
            return self._cohort_follows(record, fewest)
        earlier = []
        for table in listed:
            content = self.past.content(table["rows_sha256"])
            if content is None:
                return False
            earlier.append(of_file(table["columns"], content))
        # What left already beside the others may do so again.
        return now in earlier or all(
            changed_enough(now, then, fewest, rules.k) for then in earlier
        )

    def _cohort_follows(self, record: Record, fewest: int) -> bool:
        """The same by the whole cohort: a ledger of an earlier version says no more."""
        then = self.past.tags(str(record["set_digest"]))
        now = split_tags(patient_set(self.key, self.names))
        return then is not None and not (now & then and 0 < len(now ^ then) < fewest)


def changed_enough(now: Behind, then: Behind, fewest: int, k: int) -> bool:
    """Whether the difference of two tables is about nobody, or about enough patients.

    Of tables made of the same columns: newcomers, leavers and patients whose values
    changed are none, or `fewest`. Of others that share a column the patients of one who are
    not in the other: none, or k, as within one release. What shares no column or no
    patient tells nothing about the other.
    """
    common = now.rows.keys() & then.rows.keys()
    if not set(now.columns) & set(then.columns) or not common:
        return True
    moved = len(now.rows.keys() ^ then.rows.keys())
    if now.columns != then.columns:
        return not 0 < moved < k
    changed = moved + sum(now.rows[tag] != then.rows[tag] for tag in common)
    return not (0 < moved < fewest or 0 < changed < fewest)


def _parts(context: Context, table: Table) -> Iterator[_Part]:
    """Released groups of a table, each with the columns that were read of its patients."""
    patients, book = context.patients, context.book
    nothing = [""] * patients.count

    def texts(names: Sequence[str]) -> list[Sequence[str]]:
        return [patients.texts.get(name, nothing) for name in names]

    if isinstance(table, CountTable):
        strata = strata_of(table)
        for name in sets_of(table, context.protocol):
            yield context.group(name), (f"set_{name}", *strata), [nothing, *texts(strata)]
    elif isinstance(table, CarriersTable | VariantsTable):
        names = _genetic(table, context)
        yield context.group(table.analysis_set), names, texts(names)
    elif isinstance(table, SpectrumTable):
        names = channel_columns(table.spectrum)
        yield context.groups.of(with_spectrum(context, table)), names, texts(names)
    elif isinstance(table, RepeatabilityTable):
        for column in columns_of(table, book):
            copies = patients.copies.get(column)
            values = nothing if copies is None else [repr(row) for row in copies.tolist()]
            yield context.groups.of(copied(context, table, column)), (column,), [values]
    elif isinstance(table, ComomentTable):
        for column in columns_of(table, book):
            names = (column, *table.covariates)
            yield context.groups.of(complete(context, table, column)), names, texts(names)
    elif isinstance(table, FeatureTable | QualityTable):
        strata = strata_of(table) if isinstance(table, FeatureTable) else ()
        for column in columns_of(table, book):
            names = (column, *strata)
            yield context.valued(table.analysis_set, column), names, texts(names)


def _genetic(table: CarriersTable | VariantsTable, context: Context) -> tuple[str, ...]:
    if isinstance(table, VariantsTable):
        return tuple(allele_column(name) for name in table.alleles)
    return tuple(
        carrier_column(gene, consequence, table.domain)
        for gene in genes_of(table, context.protocol)
        for consequence in table.consequence
    )
