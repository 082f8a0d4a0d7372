"""Records, and haplotypes written out the slow way."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from equisite.variants.vcf import Genotype

Maker = Callable[..., Genotype]


@pytest.fixture(scope="session")
def record() -> Maker:
    def make(position: int, ref: str, alts: str, gt: str, contig: str = "c") -> Genotype:
        copies = tuple(None if c == "." else int(c) for c in gt.replace("|", "/").split("/"))
        line = f"{contig}\t{position + 1}\t.\t{ref}\t{alts}\t.\t.\t.\tGT\t{gt}"
        return Genotype(contig, position, (ref, *alts.split(",")), copies, line)

    return make
