"""Small FASTQ files, samples and genomes, made in code."""

from __future__ import annotations

import hashlib
import random

from equisite.genomics.samples import Sample
from equisite.intake.index import SequencingItem
from equisite.protocol.imaging import Imaging, RoiRule
from equisite.protocol.models import (
    CodebookPin,
    Cohort,
    Conformance,
    Contig,
    CountTable,
    Disclosure,
    Genomics,
    Head,
    Protocol,
    Reference,
)
from equisite.protocol.pinned import PinnedFile
from equisite.protocol.radiomics import Radiomics, RadiomicSettings

Read = tuple[str, str, str]
"""Name, bases, qualities."""


def fastq(reads: list[Read]) -> bytes:
    """FASTQ text of some reads."""
    return "".join(f"@{n}\n{b}\n+\n{q}\n" for n, b, q in reads).encode()


def random_reads(number: int, seed: int, mate: int = 1, length: int = 30) -> list[Read]:
    """Reads `r1`, `r2`, ...; both mates of a seed have the same names and other bases."""
    rng = random.Random(f"{seed} {mate}")
    return [
        (
            f"r{at}",
            "".join(rng.choices("ACGT", k=length)),
            "".join(rng.choices("#,:FGHIJ", k=length)),
        )
        for at in range(1, number + 1)
    ]


def sample_of(*lanes: SequencingItem) -> Sample:
    """The sample of some lanes, in the order in which they are streamed."""
    ordered = sorted(lanes, key=lambda r: (not r.fastq_2, r.lane_number))
    return Sample("tok", "p1", "s1", "normal", tuple(ordered))


def protocol(
    contigs: dict[str, str],
    *,
    gene_models: str | None = None,
    territory: str | None = None,
    frequencies: str | None = None,
    panel: tuple[str, ...] = (),
) -> Protocol:
    """The smallest valid protocol of a genome; pinned files are named, not hashed."""
    return Protocol(
        protocol=Head(
            id="t", version="1.0.0", title="t", contact="c", licence="CC0-1.0", data="public"
        ),
        reference=Reference(
            assembly="made",
            contigs=tuple(
                Contig(name=name, length=len(bases), md5=md5(bases))
                for name, bases in contigs.items()
            ),
        ),
        genomics=Genomics(
            gene_models=PinnedFile(file=gene_models, sha256="0" * 64) if gene_models else None,
            territory=PinnedFile(file=territory, sha256="0" * 64) if territory else None,
            frequencies=PinnedFile(file=frequencies, sha256="0" * 64) if frequencies else None,
            panel=panel,
        ),
        imaging=Imaging(roi=(RoiRule(name="gtv", patterns=("gtv",)),)),
        radiomics=Radiomics(modalities={"CT": RadiomicSettings()}),
        cohort=Cohort(),
        tables=(CountTable(id="a", kind="count", keys=("sex",)),),
        disclosure=Disclosure(ruleset="public-data-v1"),
        conformance=Conformance(pack_sha256="0" * 64),
        codebook=CodebookPin(version="1.0.0", constants_sha256="0" * 64),
    )


def md5(bases: str) -> str:
    """M5 of a sequence."""
    return hashlib.md5(bases.upper().encode(), usedforsecurity=False).hexdigest()
