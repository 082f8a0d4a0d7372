"""Which evidence makes a call, and how sure it is; each threshold by principle.

The page docs/site/somatic.md says how each was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from equisite.genomics.somatic.evidence import Evidence
from equisite.protocol.somatic import Somatic

PAIR_LOD = 3.5
"""Log10 odds that two fragments need. Up to which depth they may carry a single-nucleotide
variant the protocol says (`two_fragment_depth`): chance pairs per Mb are 3e6 C(n,2) (e/3)^2,
with e = 10^-3.5 10 at n = 25 and 59 at n = 60."""
MAPQ_UNDER_REFERENCE = 15
"""Mean mapping quality of alt may be so much below that of ref: paralogues."""
EXCESS, EXCESS_WITHOUT_PANEL = 4.0, 2.5
"""Differences of alt's reads beyond those of ref's: mis-mapped reads carry several."""
STRANDED, STRAND_P = 5, 1e-3
"""Strands are judged from so many fragments of alt on."""
THIN = range(3, 8)
"""Fragments of the normal at which 2.2 cannot be reached (0.3 each) although all are
reference: frequency, panel and fraction stand in, and the class is medium at most."""
SURE_LOD, SURE_EXCESS = 8.0, 2.0
"""Evidence A alone is of medium confidence from here on."""
EXEMPT_TLOD, EXEMPT_SLOD, EXEMPT_NORMAL = 20.0, 5.0, 20
"""A variant so clear, and in none of so many normal fragments, is no artefact of the panel."""
GERMLINE_P = 0.05


@dataclass(frozen=True)
class Setting:
    """How a tumour is called.

    alone: without its normal. panel: normals that tell artefacts from rare evidence.
    """

    somatic: Somatic
    alone: bool
    panel: bool


def failures(evidence: Evidence, setting: Setting) -> list[str]:
    """Filters that an allele fails, in a fixed order; none: evidence A calls it."""
    limits = setting.somatic.thresholds
    failed = []
    if _too_few(evidence, setting):
        failed.append("fragments")
    if evidence.fraction < limits.minimum_fraction:
        failed.append("fraction")
    if evidence.mapq_alt < max(
        limits.minimum_mapping_quality, evidence.mapq_ref - MAPQ_UNDER_REFERENCE
    ):
        failed.append("mapping")
    if evidence.alt_tumour >= STRANDED and evidence.strand_p < STRAND_P:
        failed.append("strand")
    if evidence.is_snv:
        if evidence.end_distance < limits.minimum_end_distance:
            failed.append("read_end")
        if evidence.excess > (EXCESS if setting.panel else EXCESS_WITHOUT_PANEL):
            failed.append("differences")
    return failed + _against_normal(evidence, setting)


def _too_few(evidence: Evidence, setting: Setting) -> bool:
    limits = setting.somatic.thresholds
    least = limits.minimum_fragments if evidence.is_snv else limits.minimum_fragments_indel
    if evidence.alt_tumour >= least:
        return evidence.tlod < limits.tumour_lod
    return not (is_pair(evidence, setting) and evidence.tlod >= PAIR_LOD)


def is_pair(evidence: Evidence, setting: Setting) -> bool:
    """Whether a single-nucleotide variant stands on two fragments of few."""
    deepest = setting.somatic.thresholds.two_fragment_depth
    return (
        evidence.is_snv
        and setting.panel
        and not setting.alone
        and evidence.alt_tumour == 2
        and evidence.alt_tumour + evidence.ref_tumour <= deepest
        and evidence.excess < SURE_EXCESS
    )


def _against_normal(evidence: Evidence, setting: Setting) -> list[str]:
    limits = setting.somatic.thresholds
    if setting.alone:
        return ["normal"] if evidence.alt_normal and evidence.nlod < 0 else []
    failed = []
    if evidence.nlod < limits.normal_lod and not is_thin(evidence, setting):
        failed.append("normal")
    if evidence.slod < limits.somatic_lod:
        failed.append("somatic")
    return failed


def is_thin(evidence: Evidence, setting: Setting) -> bool:
    """Whether the normal is too thin to exclude a germline allele, and all else does."""
    return (
        not setting.alone
        and setting.panel
        and evidence.nlod < setting.somatic.thresholds.normal_lod
        and evidence.ref_normal in THIN
        and evidence.alt_normal == 0
        and not germline_like(evidence)
    )


def is_exempt(evidence: Evidence) -> bool:
    """Whether a variant is called although a panel holds its allele."""
    return (
        evidence.tlod >= EXEMPT_TLOD
        and evidence.slod >= EXEMPT_SLOD
        and evidence.alt_normal == 0
        and evidence.ref_normal >= EXEMPT_NORMAL
    )


def germline_like(evidence: Evidence) -> bool:
    """Whether a fraction fits a heterozygous or homozygous germline allele (two-sided test)."""
    alt, total = evidence.alt_tumour, evidence.alt_tumour + evidence.ref_tumour
    low = sum(_binomial(k, total) for k in range(min(alt, total - alt) + 1))
    return min(1.0, 2 * low) >= GERMLINE_P or evidence.fraction > 0.95


def _binomial(k: int, n: int) -> float:
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
    return math.exp(log)


HIGH, MEDIUM, LOW = "high", "medium", "low"


def confidence(evidence: Evidence | None, callers: Collection[str], setting: Setting) -> str:
    """Class of a call by who found it: A and another high, A alone and clear medium, else low.

    An indel that A calls alone is clear: A counts reads that an aligner has clipped, which
    others never see, so that their silence says nothing.
    Two callers without A are medium. A tumour alone, a thin normal and two fragments of few
    never give more than medium.
    """
    if evidence is None or "A" not in callers:
        return MEDIUM if len(callers) > 1 else LOW
    if is_pair(evidence, setting):
        return MEDIUM
    capped = setting.alone or is_thin(evidence, setting)
    if len(callers) > 1:
        return MEDIUM if capped else HIGH
    sure = evidence.tlod >= SURE_LOD and evidence.excess < SURE_EXCESS
    clear = sure or not evidence.is_snv
    return MEDIUM if clear else LOW
