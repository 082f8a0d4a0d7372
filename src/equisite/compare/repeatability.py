"""Which features stand perturbation: ICC of each site, and pooled by degrees of freedom."""

from __future__ import annotations

import math

import numpy as np

from equisite.compare.cells import Party, count_block
from equisite.compare.results import ABSENT, OK, PooledRow, SiteRow
from equisite.protocol.robustness import Robustness
from equisite.stats.icc import Icc, MeanSquares, intraclass_correlation, pooled

KIND = "repeatability"
ROBUST, BELOW = "robust", "below"
NONE = Icc(math.nan, math.nan, math.nan)


def analyse_repeatability(
    parties: list[Party], table: str, chain: Robustness
) -> tuple[list[SiteRow], list[PooledRow]]:
    """ICC(1,1) with 95 % interval per feature, of every site and of the pooled ones.

    chain: the protocol's; it says how many copies each case has, and the limit that the
    lower bound must reach. Sites are pooled within themselves: their differences do not
    make a feature look repeatable.
    """
    n, between, within = (count_block(parties, table, m) for m in ("n", "msb", "msw"))
    sites: list[SiteRow] = []
    sums: list[PooledRow] = []
    for column, key in enumerate(n.keys):
        blocks = [block.value[:, column].tolist() for block in (n, between, within)]
        found = [_squares(a, b, c, chain) for a, b, c in zip(*blocks, strict=True)]
        analysis_set = key.get("analysis_set") or ""
        for s, (party, squares) in enumerate(zip(parties, found, strict=True)):
            icc = intraclass_correlation(squares) if squares else NONE
            sites.append(
                SiteRow(
                    table,
                    KIND,
                    analysis_set,
                    str(key),
                    party.site,
                    party.pooled,
                    str(n.status[s, column]) or ABSENT,
                    float(n.value[s, column]),
                    icc.value,
                    icc.lower,
                    icc.upper,
                    text=_verdict(icc, chain),
                )
            )
        used = [x for x, p in zip(found, parties, strict=True) if x and p.pooled]
        icc = intraclass_correlation(pooled(used)) if used else NONE
        sums.append(
            PooledRow(
                table,
                KIND,
                analysis_set,
                str(key),
                "icc",
                len(used),
                OK if used else ABSENT,
                float(sum(x.df_between + 1 for x in used)) if used else math.nan,
                icc.value,
                icc.lower,
                icc.upper,
                text=_verdict(icc, chain),
            )
        )
    return sites, sums


def _squares(n: float, between: float, within: float, chain: Robustness) -> MeanSquares | None:
    if not np.isfinite([n, between, within]).all():
        return None
    k = chain.number_of_copies
    return MeanSquares(int(n) - 1, int(n) * (k - 1), k, float(between), float(within))


def _verdict(icc: Icc, chain: Robustness) -> str:
    """`robust`, or `below` the protocol's limit; empty when there is nothing to judge."""
    if math.isnan(icc.lower):
        return ""
    return ROBUST if icc.lower >= chain.minimum_icc else BELOW
