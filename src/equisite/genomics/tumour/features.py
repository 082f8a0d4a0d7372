"""One row of somatic features per patient, from what the steps before left of each tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.codebook.channels import channel_columns
from equisite.core.errors import Finding
from equisite.core.tables import read_rows, read_table
from equisite.genomics.tumour import copy_number as copies
from equisite.genomics.tumour.burden import burden, median_fraction
from equisite.genomics.tumour.calls import HIGH, SomaticCall, read_calls
from equisite.genomics.tumour.gene_hits import gene_hits
from equisite.genomics.tumour.gene_regions import GeneRegions
from equisite.genomics.tumour.measured import PAIR, Event, Measures
from equisite.genomics.tumour.signatures import (
    Exposures,
    Signatures,
    columns_of,
    exposures,
    for_territory,
)
from equisite.genomics.tumour.spectrum import opportunities, spectrum
from equisite.protocol.models import CONSEQUENCES, Genomics
from equisite.variants.alleles import Reference
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import open_text

if TYPE_CHECKING:
    from equisite.genomics.tumour.spectrum import Counts

TUMOUR_COLUMN = "TUMOUR"
PAIRED = "TN"
HIGHLY_UNSTABLE, FEWEST_LOCI = 0.2, 30
MEGABASE = 1e6
BANDS = ((20.0, "above_20"), (10.0, "10_to_20"), (5.0, "5_to_10"), (0.0, "below_5"))

VARIABLES = (
    "som_mode", "som_callable_mb", "qc_depth_t", "qc_depth_n", "qc_pair", "qc_contam",
    "som_n_snv", "som_n_indel", "som_med_vaf", "som_tmb", "som_tmb_alone", "som_tmb_given",
    "som_tmb_class", "sig_fit", "msi_class", "msi_loci", "sv_count", "cn_spread", "cn_ploidy",
    "cn_burden", "cn_breaks",
)  # fmt: skip
"""Codebook variables of a row, in order; arms, signatures, spectra and genes follow."""
SPECTRA = ("sbs96", "sbs96_alone")
"""Spectra of tumours with their normal, and alone."""
ARMS = tuple(
    f"{number}{side}"
    for number in range(1, 23)
    for side in "pq"
    if side == "q" or number not in (13, 14, 15, 21, 22)
)
"""Arms of the autosomes that have genes on them."""
_STATES = {-1: "loss", 0: "none", 1: "gain", None: None}

Row = dict[str, object]


@dataclass(frozen=True)
class Ground:
    """What is the same for all tumours of a protocol."""

    genomics: Genomics
    reference: Reference
    territory: Territory
    coding: Mapping[str, Territory]
    regions: GeneRegions
    signatures: Signatures | None


@dataclass(frozen=True)
class TumourFiles:
    """What is there of one tumour; None for what was not measured."""

    calls: Path
    callable_bases: Path
    pair: Path
    measures: Path | None
    events: Path | None
    bins: Path | None
    segments: Path | None


def columns(genomics: Genomics) -> list[str]:
    """Columns of `tumours.tsv`: the same at all sites, whatever was found."""
    table = genomics.tumour.signatures
    return [
        "patient",
        *VARIABLES,
        *(f"cn_arm_{arm}" for arm in ARMS),
        *(columns_of(table.names) if table else ()),
        *(column for spectrum in SPECTRA for column in channel_columns(spectrum)),
        *(
            f"som_gene__{gene}__{kind}"
            for gene in genomics.panel
            for kind in CONSEQUENCES["somatic"]
        ),
    ]


def tumour_row(files: TumourFiles, ground: Ground) -> tuple[Row, list[Finding]]:
    """Features of one tumour by column, without its patient, and what is to be said of it.

    Not measured and not callable are both empty; zero means that it was looked at.
    """
    settings = ground.genomics.tumour
    facts = read_table(files.pair)[1][0]
    paired = facts["mode"] == PAIRED
    seen = read_bed(open_text(files.callable_bases))
    calls = [
        call
        for call in read_calls(files.calls, TUMOUR_COLUMN)
        if call.confidence in settings.confidence and call.inside(seen)
    ]
    row: Row = {
        "som_mode": facts["mode"],
        "som_callable_mb": seen.size / MEGABASE,
        "qc_depth_t": facts["depth_tumour"],
        "qc_depth_n": facts["depth_normal"] if paired else None,
        "qc_pair": facts["identity"],
        "qc_contam": facts["contamination"],
    }
    row |= _burden(calls, seen, ground, paired=paired)
    row |= genes_of(calls, seen, ground)
    measures = read_rows(files.measures, Measures)[0] if files.measures else None
    row |= _repeats(measures)
    row |= _events(files, measures, ground)
    mutations, findings = mutations_of(calls, ground, paired=paired)
    row |= mutations if seen.size else {}
    more, told = _copies(files, ground)
    return {**row, **more}, [*findings, *told]


def mutations_of(
    calls: Sequence[SomaticCall], ground: Ground, *, paired: bool
) -> tuple[Row, list[Finding]]:
    """Numbers, fractions, spectrum and signatures of calls; told when the latter do not fit."""
    counts = spectrum((call.edit for call in calls), ground.reference)
    channels = channel_columns(SPECTRA[not paired])
    shares, findings = _shares(counts, ground)
    return {
        "som_n_snv": sum(not call.edit.is_indel for call in calls),
        "som_n_indel": sum(call.edit.is_indel for call in calls),
        "som_med_vaf": median_fraction(calls),
        **dict(zip(channels, counts.tolist(), strict=True)),
        **shares,
    }, findings


def genes_of(calls: Sequence[SomaticCall], seen: Territory, ground: Ground) -> Row:
    """Panel genes hit by small variants, where enough of their bases were seen."""
    hits = gene_hits(
        calls, ground.genomics.panel, ground.coding, ground.regions.promoters, seen
    )
    return {f"som_gene__{gene}__{kind}": state for (gene, kind), state in hits.items()}


def burden_of(calls: Sequence[SomaticCall], seen: Territory, ground: Ground) -> float | None:
    """Mutations per million coding bases that were seen; None where these are too few."""
    settings = ground.genomics.tumour
    coding = Territory.of(span for bases in ground.coding.values() for span in bases)
    found = burden(calls, coding, seen, silent=settings.count_silent)
    return found.per_mb(settings.minimum_coding_mb)


def _burden(
    calls: Sequence[SomaticCall], seen: Territory, ground: Ground, *, paired: bool
) -> Row:
    """Burden under the name of its mode, and its class for pairs."""
    value = burden_of(calls, seen, ground)
    if not paired:
        return {"som_tmb_alone": value}
    band = None if value is None else next(name for low, name in BANDS if value >= low)
    return {"som_tmb": value, "som_tmb_class": band}


def _shares(counts: Counts, ground: Ground) -> tuple[Row, list[Finding]]:
    """Shares of the protocol's signatures; told when they do not explain the tumour."""
    table = ground.genomics.tumour.signatures
    if table is None or ground.signatures is None:
        return {}, []
    found = exposures(counts, ground.signatures)
    if found is None:
        return {}, []
    findings = [] if found.fits else [Finding("SIGNATURES_DO_NOT_FIT", "", _cosine(found))]
    shares = {one.name: one.share for one in found.shares}
    row: Row = {f"sig__{name}": shares[name] for name in table.names}
    return {"sig_fit": found.cosine, **row}, findings


def _cosine(found: Exposures) -> dict[str, str | int | float | bool]:
    return {"cosine": found.cosine}


def on_territory(
    signatures: Signatures, territory: Territory, reference: Reference
) -> Signatures:
    """Signatures with the territory's triplets in place of the whole reference's."""
    whole = Territory.of((name, 0, len(reference[name])) for name in reference)
    return for_territory(
        signatures, opportunities(territory, reference), opportunities(whole, reference)
    )


def _repeats(measures: Measures | None) -> Row:
    """Class of instability; missing for tumours alone and with too few repeats."""
    if measures is None or measures.loci is None or measures.unstable is None:
        return {}
    if measures.loci < FEWEST_LOCI:
        return {"msi_loci": measures.loci}
    unstable = measures.unstable / measures.loci >= HIGHLY_UNSTABLE
    return {"msi_loci": measures.loci, "msi_class": "high" if unstable else "stable"}


def _events(files: TumourFiles, measures: Measures | None, ground: Ground) -> Row:
    """Structural variants of high confidence, and panel genes with one of their ends.

    Without a pair that could be called, none of it is known.
    """
    if measures is None or measures.structural != PAIR or files.events is None:
        return {}
    events = [e for e in read_rows(files.events, Event) if e.confidence == HIGH]
    ends = [(e.first_contig, e.first_position) for e in events]
    ends += [(e.second_contig, e.second_position) for e in events]
    row: Row = {"sv_count": len(events)}
    for gene in ground.genomics.panel:
        if gene in ground.regions.spans:
            contig, start, end = ground.regions.spans[gene]
            hit = any(name == contig and start <= at < end for name, at in ends)
            row[f"som_gene__{gene}__rearrangement"] = int(hit)
    return row


def _copies(files: TumourFiles, ground: Ground) -> tuple[Row, list[Finding]]:
    """Copy number, unless its noise forbids to tell."""
    settings = ground.genomics.tumour.copy_number
    if settings == "off" or files.bins is None or files.segments is None:
        return {}, []
    bins = copies.read_bins(files.bins)
    spread = copies.spread_of(bins)
    row: Row = {"cn_spread": spread}
    if spread is None or spread > settings.maximum_spread:
        numbers: dict[str, str | int | float | bool] = {
            "spread": -1.0 if spread is None else spread, "maximum": settings.maximum_spread,
        }  # fmt: skip
        return row, [Finding("COPIES_TOO_NOISY", "", numbers)]
    arms = [copies.Arm(a.name, a.contig, a.start, a.end) for a in settings.arms]
    panel = ground.genomics.panel
    spans = {gene: ground.regions.spans[gene] for gene in panel if gene in ground.regions.spans}
    found = copies.copy_number(bins, copies.read_bins(files.segments), arms, spans)
    row |= {f"cn_arm_{arm}": _STATES[state] for arm, state in found.arms.items()}
    for gene, state in found.genes.items():
        if state is not None:
            row[f"som_gene__{gene}__amplification"] = int(state == 1)
            row[f"som_gene__{gene}__deletion"] = int(state == -1)
    row |= {
        "cn_ploidy": found.ploidy, "cn_burden": found.burden, "cn_breaks": found.breaks,
    }  # fmt: skip
    return row, []
