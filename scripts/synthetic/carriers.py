"""Who carries what at a site, and the truth tables that a run must find again."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.genome import Genome
from synthetic.patients import FAULTS, Patient
from synthetic.streams import stream
from synthetic.variants import Carried, Variant

Truth = dict[str, list[dict[str, object]]]
"""Rows of `truth/<name>.tsv` by name."""


def genotypes(
    people: Sequence[Patient], variants: Sequence[Variant], numbers: tuple[int, int], seed: str
) -> dict[str, list[Carried]]:
    """What each patient carries.

    Per gene and class (truncating, missense) a number of carriers from a range is
    drawn among patients whose reads are usable; a patient has at most one of the two in a
    gene, so that the class of each variant is the same whichever haplotypes meet. Patients
    whose reads are not usable carry variants as well, which must not be counted.
    """
    chosen: dict[str, list[Carried]] = {p.name: [] for p in people if p.genomics}
    usable = [p.name for p in people if p.usable("genomics")]
    others = [name for name in chosen if name not in set(usable)]
    for gene in sorted({v.gene for v in variants if v.gene}):
        rng = stream(seed, "carriers", gene)
        order = [usable[i] for i in rng.permutation(len(usable))]
        for consequence in ("truncating", "missense"):
            options = [v for v in variants if (v.gene, v.consequence) == (gene, consequence)]
            low, high = numbers
            number = min(int(rng.integers(low, high + 1)), len(order))
            carriers, order = order[:number], order[number:]
            for name in [*carriers, *others[:: 2 if consequence == "missense" else 3]]:
                if any(c.variant.gene == gene and c.variant.consequence for c in chosen[name]):
                    continue
                variant = options[int(rng.integers(0, len(options)))]
                both = rng.random() < 0.08
                first = bool(both or rng.random() < 0.5)
                chosen[name].append(Carried(variant, first, bool(both or not first)))
    frequency = stream(seed.split("/", maxsplit=1)[0], "frequencies")
    for variant in variants:
        share = float(frequency.beta(0.6, 1.4))
        if variant.consequence in ("truncating", "missense"):
            continue
        rng = stream(seed, variant.contig, variant.pos)
        for name in chosen:
            first, second = (bool(draw < share) for draw in rng.random(2))
            if first or second:
                chosen[name].append(Carried(variant, first, second))
    return {n: sorted(c, key=lambda one: one.variant) for n, c in chosen.items()}


def add_truth(
    truth: Truth,
    site: str,
    people: Sequence[Patient],
    carried: dict[str, list[Carried]],
    genome: Genome,
) -> None:
    """Add one site's carriers, planted variants and failing patients to the tables."""
    counted = {p.name for p in people if p.usable("genomics")}
    for gene in genome.genes:
        for consequence in ("truncating", "missense"):
            carriers = [
                name
                for name in sorted(counted)
                if any(
                    (c.variant.gene, c.variant.consequence) == (gene.name, consequence)
                    for c in carried[name]
                )
            ]
            truth["carriers"].append(
                {
                    "site": site,
                    "gene": gene.name,
                    "consequence": consequence,
                    "carriers": len(carriers),
                    "patients": len(counted),
                }
            )
    for name in sorted(carried):
        for c in carried[name]:
            v = c.variant
            if v.consequence in ("truncating", "missense"):
                truth["planted"].append(
                    {
                        "site": site,
                        "patient": name,
                        "gene": v.gene,
                        "kind": v.kind,
                        "contig": v.contig,
                        "pos": v.pos,
                        "ref": v.ref,
                        "alt": v.alt,
                        "genotype": c.genotype,
                        "counted": int(name in counted),
                    }
                )
    for p in people:
        if p.fault:
            room, code = FAULTS[p.fault]
            truth["failing"].append(
                {"site": site, "patient": p.name, "fault": p.fault, "room": room, "code": code}
            )
