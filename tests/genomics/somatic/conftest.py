"""A made pair that several tests read."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made_pairs import (
    MadePair,
    Planted,
    fragments,
    random_genome,
    snv,
    write_bam,
    write_reference,
)

from equisite.variants.alleles import Edit


@pytest.fixture(scope="session")
def made_pair(tmp_path_factory: pytest.TempPathFactory) -> MadePair:
    """60 fragments of tumour and 30 of normal; 40 germline, 12 somatic alleles."""
    if shutil.which("samtools") is None:
        pytest.skip("samtools is not on the PATH")
    folder = tmp_path_factory.mktemp("pair")
    genome = {"one": random_genome(40_000, 1), "two": random_genome(4000, 2)}
    germline = tuple(
        snv(genome, "one", 700 + 900 * n, 1.0 if n % 2 else 0.5) for n in range(40)
    )
    somatic = (
        *(snv(genome, "one", 1100 + 900 * n, 0.2 + 0.02 * n) for n in range(10)),
        Planted(Edit("one", 20_000, 20_004, ""), 0.3),
        Planted(Edit("one", 22_050, 22_050, "GATTACAGG"), 0.3),
    )
    tumour = fragments(genome, [*germline, *somatic], 60, 11)
    normal = fragments(genome, germline, 30, 12)
    return MadePair(
        genome,
        write_reference(genome, folder),
        folder,
        write_bam(folder / "tumour.bam", genome, tumour, "tum"),
        write_bam(folder / "normal.bam", genome, normal, "nor"),
        somatic,
        germline,
    )
