"""The mutational spectrum of a group: sums by channel, of many patients and of no few.

The spectrum of one tumour is a fingerprint. A channel leaves only when enough patients have
a substitution in it and no two of them make up its sum (R4, R5); each patient's spectrum is
scaled down to a registered size before it is added (R3).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from equisite.bundle.format import CellRow, CellStatus
from equisite.bundle.ruleset import Rules
from equisite.codebook.channels import CODES, channel_columns
from equisite.protocol.models import SpectrumTable
from equisite.release.context import Context, Result, cell, key_of, withheld
from equisite.release.features import dominated
from equisite.release.patients import Mask, Reals

FEWEST_SUBSTITUTIONS = 50
"""A spectrum of fewer is noise (somatic page, section 9)."""


def with_spectrum(context: Context, table: SpectrumTable) -> Mask:
    """Patients of the table's set whose tumour has a spectrum, before groups were settled."""
    first = channel_columns(table.spectrum)[0]
    known: Mask = ~np.isnan(context.patients.numbers(first))
    return context.patients.sets[table.analysis_set] & known


def bounded(counts: Reals, most: float) -> Reals:
    """Spectra in which no patient has more than `most` substitutions; shares stay.

    counts: (patient, channel).
    """
    totals = counts.sum(axis=1)
    factor = np.divide(most, totals, out=np.ones_like(totals), where=totals > most)
    scaled: Reals = counts * factor[:, None]
    return scaled


def spectrum_table(context: Context, table: SpectrumTable) -> Result:
    """Substitutions of a group by channel, and over how many patients.

    A spectrum leaves for one group only (R14): the difference of two is that of the others.
    """
    columns = channel_columns(table.spectrum)
    patients, rules = context.patients, context.rules
    if not any(patients.has(column) for column in columns):
        return withheld("absent")
    group = context.groups.of(with_spectrum(context, table))
    if group is None or group.sum() < rules.ruleset.moment_minimum_n:
        return withheld("minimum")
    mark = group.tobytes()
    if context.moments_out.get(table.spectrum, mark) != mark:
        return withheld("overlap")
    counts = np.column_stack([patients.numbers(column)[group] for column in columns])
    spectra = bounded(counts, context.book.constant(table.spectrum).clip_high)
    if math.fsum(spectra.ravel().tolist()) < FEWEST_SUBSTITUTIONS:
        return withheld("small")
    if dominated(spectra.sum(axis=1), rules):
        return withheld("dominated")
    key = key_of(table.analysis_set, feature=table.spectrum)
    rows = [cell(table.id, key, "n", int(group.sum()))]
    rows += [
        _channel(table.id, {**key, "channel": code}, spectra[:, place], rules)
        for place, code in enumerate(CODES)
    ]
    shown = sum(row.status == "ok" and row.measure == "sum" for row in rows)
    if not shown:
        return withheld("small")
    context.moments_out[table.spectrum] = mark
    return Result(tuple(rows), shown, share=shown / int(group.sum()))


def _channel(
    table: str, key: dict[str, object], values: NDArray[np.float64], rules: Rules
) -> CellRow:
    """One sum, or nothing where few patients are behind it, or none is.

    The rounded sum must be no small number either: then the lead, who does not see the
    patients, can check that no few made it.
    """
    carriers = int(np.count_nonzero(values))
    total = round(math.fsum(values.tolist()))
    few = rules.small(carriers) or rules.small(total) or (carriers > 0 and total == 0)
    none = carriers == 0 and rules.ruleset.carriers_zero == "suppressed"
    hidden = few or none or (carriers > 0 and dominated(values, rules))
    status: CellStatus = "suppressed" if hidden else "ok"
    return cell(table, key, "sum", total, status)
