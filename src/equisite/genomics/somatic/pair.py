"""Do tumour and normal belong together? Facts gathered on the way, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from equisite.core.errors import Finding
from equisite.genomics.somatic import contamination
from equisite.genomics.somatic.sums import FEWEST, Gathered, median
from equisite.protocol.somatic import Somatic

OTHER_PERSON, DOUBTFUL = 0.70, 0.93
"""Share of equal genotypes. Measured on public genomes: one person 1.00, a pool of three with
itself .98, 30 % foreign reads .93 to .94, another person .35."""
ABSENT, FEWEST_ABSENT = 0.05, 10
"""Share and number of alleles of each sample that the other has not in one fragment: groups
of people have many genotypes in common, but not their rarer alleles."""
SAME_READS = 0.05
"""Share of the normal's reads that stand in the tumour too, base by base."""
REVERSED, FEWEST_REVERSED = 3, 10
PAIRED, ALONE = "TN", "TO"


@dataclass(frozen=True)
class PairFacts:
    """What was found of a pair; a row of `<token>.pair.tsv`.

    mode: TN, or TO for a tumour that is called alone. status: codes of what is to be said,
    a blank between, or `ok`. callable_bp: bases of the territory with enough fragments in
    what is called. depth_*: medians. identity, contamination: shares, empty where they could
    not be told.
    """

    mode: str
    status: str
    callable_bp: int
    depth_tumour: float
    depth_normal: float
    identity_sites: int
    identity: float | None
    contamination_sites: int
    contamination: float | None
    forward: int
    reverse: int


def judge(
    gathered: Gathered, settings: Somatic, *, paired: bool, told: Sequence[Finding]
) -> tuple[str, list[Finding]]:
    """How a tumour is called (TN, TO), and what is to be said; findings may refuse.

    paired: there is a normal. told: what was known before.
    """
    remarks = [*told]
    mode = PAIRED if paired else ALONE
    limits = settings.thresholds
    numbers: dict[str, str | int | float | bool]
    if paired:
        depth = median(gathered.normal_depths)
        if depth < limits.minimum_normal_depth:
            mode = ALONE
            numbers = {"depth": depth, "minimum": limits.minimum_normal_depth}
            code = "NORMAL_THIN" if settings.mode == "paired_or_alone" else "NORMAL_TOO_THIN"
            remarks.append(Finding(code, "", numbers))
        remarks += judge_pair(gathered, settings)
    if not callable_bases(gathered, mode):
        numbers = {"tumour": limits.callable_tumour, "normal": limits.callable_normal}
        remarks.append(Finding("NOTHING_CALLABLE", "", numbers))
    refused = [finding for finding in remarks if finding.severity == "refuse"]
    return mode, refused or remarks


def callable_bases(gathered: Gathered, mode: str) -> int:
    """Bases with enough fragments in what is called."""
    return gathered.callable_alone if mode == ALONE else gathered.callable_pair


def facts_of(gathered: Gathered, mode: str, remarks: Sequence[Finding]) -> PairFacts:
    """The row of a pair that is called."""
    sites, identity = identity_of(gathered)
    return PairFacts(
        mode,
        " ".join(finding.code for finding in remarks) or "ok",
        callable_bases(gathered, mode),
        median(gathered.tumour_depths),
        median(gathered.normal_depths),
        sites,
        identity if sites >= FEWEST else None,
        gathered.sites,
        gathered.contamination,
        gathered.forward,
        gathered.reverse,
    )


def identity_of(gathered: Gathered) -> tuple[int, float]:
    """Sites and share of equal genotypes; fewer than `FEWEST` sites: it cannot be told.

    A turn that speaks against one person says nothing while the other has too few sites:
    many mutations spoil one turn, another person spoils both, or lacks alleles both ways.
    """
    sites, equal = gathered.identity
    fewest = int(min(gathered.compared))
    if fewest < FEWEST and equal < OTHER_PERSON and not _strangers(gathered):
        return fewest, 0.0
    return sites, equal


def _strangers(gathered: Gathered) -> bool:
    """Whether each sample lacks germline alleles of the other.

    A pure tumour that lost chromosomes lacks some of its normal, a tumour of many mutations
    has some that its normal lacks; another person does both.
    """
    return all(
        absent >= FEWEST_ABSENT and absent >= ABSENT * shown
        for absent, shown in zip(gathered.absent, gathered.shown, strict=True)
    )


def judge_pair(gathered: Gathered, settings: Somatic) -> list[Finding]:
    """Why a pair is refused, or what is to be said of it.

    SAME_READS, WRONG_NORMAL and SWAPPED_PAIR put both samples in doubt, FOREIGN_READS the
    tumour. Refusals stand first and alone.
    """
    refused: list[Finding] = []
    told: list[Finding] = []
    share = gathered.shared / max(gathered.reads, 1)
    if share >= SAME_READS:
        return [Finding("SAME_READS", "", {"share": share})]
    sites, equal = identity_of(gathered)
    numbers: dict[str, str | int | float | bool] = {"share": equal, "sites": sites}
    if settings.identity == "off":
        told.append(Finding("IDENTITY_OFF"))
    elif sites < FEWEST:
        told.append(Finding("IDENTITY_NOT_CHECKED", "", {"sites": sites}))
    elif equal < OTHER_PERSON or _strangers(gathered):
        refused.append(Finding("WRONG_NORMAL", "", numbers))
    elif equal < DOUBTFUL:
        told.append(Finding("IDENTITY_DOUBTFUL", "", numbers))
    swapped = gathered.reverse >= FEWEST_REVERSED
    if not refused and swapped and gathered.reverse > REVERSED * gathered.forward:
        counts: dict[str, str | int | float | bool] = {
            "forward": gathered.forward, "reverse": gathered.reverse,
        }  # fmt: skip
        refused.append(Finding("SWAPPED_PAIR", "", counts))
    foreign = gathered.contamination
    if settings.identity != "off" and foreign is not None and not refused:
        if foreign > contamination.REFUSED:
            refused.append(Finding("FOREIGN_READS", "", {"share": foreign}))
        elif foreign > contamination.WARNED:
            told.append(Finding("SOME_FOREIGN_READS", "", {"share": foreign}))
    return refused or told
