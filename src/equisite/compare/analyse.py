"""From admitted bundles to the result tables: pool, compare, rank."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from equisite.bundle.codec import read_bundle
from equisite.bundle.outputs import columns_of
from equisite.codebook.labels import column_label
from equisite.compare import distance, facts, scores
from equisite.compare.admission import ADMITTED, AdmittedRow
from equisite.compare.cells import (
    CountBlock,
    MomentBlock,
    Party,
    Reals,
    moment_block,
    set_sizes,
)
from equisite.compare.conformance import SiteConformance
from equisite.compare.features import FeatureResults, analyse_features
from equisite.compare.lead import SUFFIX, LeadFolder
from equisite.compare.models import analyse_comoments
from equisite.compare.positions import opt_in_rows
from equisite.compare.reference import Limits, limits
from equisite.compare.repeatability import analyse_repeatability
from equisite.compare.results import OK, WITHHELD, MetaRow, PooledRow, SiteRow
from equisite.compare.spectra import analyse_spectrum
from equisite.compare.suspects import GENES, UNRANKED, SuspectRow, rank_sites
from equisite.compare.tallies import (
    analyse_carriers,
    analyse_counts,
    analyse_histograms,
    analyse_variants,
)
from equisite.compare.words import SCORE_WORDS, cell_label, family_label
from equisite.protocol.models import ComomentTable

Shares = list[tuple[CountBlock, Reals]]
"""Carriers tables with the patients behind each cell."""


@dataclass(frozen=True)
class Analysis:
    """All result rows of a comparison, and which methods ran."""

    sites: list[SiteRow]
    pooled: list[PooledRow]
    meta: list[MetaRow]
    suspects: list[SuspectRow]
    limits: Limits
    methods: list[str]
    patients: float | None


def parties_of(lead: LeadFolder, admitted: list[AdmittedRow]) -> list[Party]:
    """The admitted bundles, read again from the inbox, sorted by site."""
    parties = []
    for row in admitted:
        if row.verdict == ADMITTED:
            path = lead.inbox / f"{row.site}-r{row.release_no:04d}{SUFFIX}"
            parties.append(
                Party(row.site, row.title, row.pooled, read_bundle(path.read_bytes()))
            )
    return sorted(parties, key=lambda p: p.site)


def analyse(
    lead: LeadFolder, parties: list[Party], conformance: list[SiteConformance]
) -> Analysis:
    """Everything that the tables say about the admitted sites."""
    sites: list[SiteRow] = []
    pooled: list[PooledRow] = []
    counted: list[CountBlock] = []
    shares: Shares = []
    ran = ["admission", "conformance", "facts"]
    for table in lead.protocol.tables:
        if table.kind == "count":
            rows, sums, cells = analyse_counts(parties, table.id, lead.book)
        elif table.kind == "carriers":
            rows, sums, cells, total = analyse_carriers(parties, table.id)
            shares.append((cells, total))
        elif table.kind == "variants":
            rows, sums, cells = analyse_variants(parties, table.id)
        elif table.kind == "spectrum":
            rows, sums, cells = analyse_spectrum(parties, table.id)
        elif table.kind == "hist":
            rows, sums, cells = analyse_histograms(parties, table.id, lead.book)
        elif isinstance(table, ComomentTable):
            features = columns_of(table, lead.book)
            slopes = analyse_comoments(parties, table.id, table.covariates, features)
            pooled += slopes
            ran += ["slopes"] if slopes else []
            continue
        elif table.kind == "repeatability":
            chain = lead.protocol.radiomics.robustness
            if chain is not None:
                rows, sums = analyse_repeatability(parties, table.id, chain)
                sites += rows
                pooled += sums
                ran += ["repeatability"] if sums else []
            continue
        else:
            continue
        sites += rows
        pooled += sums
        if cells.keys:
            counted.append(cells)
            ran.append({"count": "counts"}.get(table.kind, table.kind))
    block = moment_block(parties)
    features_found = analyse_features(parties, block, lead.book)
    if block.names:
        ran += ["moments", "meta"]
        if any(row.sites > 2 for row in features_found.meta):
            ran.append("tau2_interval")
    judged = {c.site: c for c in conformance}
    hard = [
        *facts.conformance_facts(parties, judged),
        *facts.counted_twice_facts(parties, counted),
        *_feature_facts(block, lead, features_found.families),
    ]
    unlike = scores.heterogeneity_rows(judged)
    ran += ["heterogeneity"] if any(row.status == OK for row in unlike) else []
    suspects, found_limits = _ranked(lead, parties, block, features_found, shares, hard)
    if any(row.verdict != UNRANKED for row in suspects):
        ran.append("distance")
    return Analysis(
        [
            *sites,
            *features_found.sites,
            *_conformance_rows(parties, judged),
            *scores.score_rows(parties, judged),
            *_table_rows(parties),
            *opt_in_rows(parties),
        ],
        [*pooled, *features_found.pooled, *unlike],
        features_found.meta,
        suspects,
        found_limits,
        list(dict.fromkeys(ran)),
        _patients(parties),
    )


def _feature_facts(
    block: MomentBlock, lead: LeadFolder, families: list[str]
) -> list[facts.Fact]:
    words = {f: family_label(f) for f in families}
    return [
        *facts.clipped_facts(block, families),
        *facts.unit_slope_facts(block, lead.book, families, words),
    ]


def _ranked(
    lead: LeadFolder,
    parties: list[Party],
    block: MomentBlock,
    found: FeatureResults,
    shares: Shares,
    hard: list[facts.Fact],
) -> tuple[list[SuspectRow], Limits]:
    """Scores of all families, limits for a consortium of this shape, ranked sites."""
    families = _scored(block, found.families)
    found_scores = distance.family_scores(
        families,
        distance.LOCATION,
        distance.location(block.n, block.mean, found.sd),
    )
    found_scores += distance.family_scores(
        families, distance.SPREAD, distance.spread(block.n, found.sd)
    )
    counts = [np.where(np.isfinite(b.value), b.value, np.nan) for b, _ in shares]
    totals = [t for _, t in shares]
    genes = [cell_label(lead.book, key) for b, _ in shares for key in b.keys]
    if genes:
        apart = distance.share(np.concatenate(counts, axis=1), np.concatenate(totals, axis=1))
        found_scores += distance.family_scores([GENES] * len(genes), distance.SHARE, apart)
    used = {score.family for score in found_scores}
    sizes = Counter(f for f in families if f in used)
    patients = np.array(
        [float(np.nanmax(own)) for own in _sizes_seen(block, totals, len(parties))]
    )
    bounds = limits(patients, sizes, len(genes) if GENES in used else 0)
    rows = rank_sites(
        [(p.site, p.title) for p in parties],
        hard,
        found_scores,
        bounds,
        [column_label(lead.book, key.get("feature") or "") for _, key in block.names],
        genes,
        {f: family_label(f) for f in used | {fact.family for fact in hard}},
    )
    return rows, bounds


def _scored(block: MomentBlock, families: list[str]) -> list[str]:
    """Families as scored: a stratum of a feature that is there as a whole counts for none."""
    whole = {key.get("feature") for _, key in block.names if not key.variables}
    return [
        f"strata of {family}" if key.variables and key.get("feature") in whole else family
        for (_, key), family in zip(block.names, families, strict=True)
    ]


def _sizes_seen(block: MomentBlock, totals: list[Reals], sites: int) -> list[Reals]:
    """Numbers of patients behind the cells of each site; 2 where it has none."""
    return [
        np.concatenate([[2.0], block.n[site], *(t[site] for t in totals)])
        for site in range(sites)
    ]


def _patients(parties: list[Party]) -> float | None:
    """Patients of all pooled sites, None where one that sends tables hides its number."""
    own = [
        size.get("all")
        for size, party in zip(set_sizes(parties), parties, strict=True)
        if party.pooled and any(t.status != WITHHELD for t in party.bundle.tables)
    ]
    known = [n for n in own if n is not None]
    return sum(known) if known and len(known) == len(own) else None


def _conformance_rows(
    parties: list[Party], judged: dict[str, SiteConformance]
) -> list[SiteRow]:
    return [
        SiteRow(
            "conformance",
            "conformance",
            "",
            item.item,
            party.site,
            party.pooled,
            item.level,
            value=item.values.get("max_difference", float("nan")),
            text="; ".join(
                [f"{SCORE_WORDS[n]} {value:.3g}" for n, value in sorted(item.values.items())]
                + ([f"digest {item.digest[:12]}"] if item.digest else [])
            ),
        )
        for party in parties
        for item in judged[party.site].items
    ]


def _table_rows(parties: list[Party]) -> list[SiteRow]:
    """What became of each table of the protocol at each site, and notes on software."""
    rows = [
        SiteRow(
            row.table,
            "table",
            row.analysis_set,
            row.kind,
            party.site,
            party.pooled,
            row.status,
            value=float(row.cells),
            text=row.reason,
        )
        for party in parties
        for row in party.bundle.tables
    ]
    for site, notes in sorted(facts.different_software(parties).items()):
        rows += [SiteRow("software", "note", "", note, site, True, "differs") for note in notes]
    return rows
