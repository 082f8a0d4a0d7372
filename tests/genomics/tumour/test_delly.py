"""Delly on made and on real reads: thin normals, confidence without genotypes."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from equisite.genomics.adapters.breakpoints import Breakend, Junction, same_event
from equisite.genomics.adapters.records import UNKNOWN, Counts
from equisite.genomics.adapters.structural import read_junctions
from equisite.genomics.tumour.delly import call_structural, confidence_of

DATA = Path(os.environ.get("EQUISITE_DATA", "/nowhere")) / "genomics" / "somatic_sv_hcc1954"


def junction(tumour: Counts, normal: Counts, *, passed: bool = True) -> Junction:
    ends = Breakend("c", 1, "3"), Breakend("c", 900, "5")
    return Junction(*ends, tumour, normal, True, (), passed, None, "Delly")


@pytest.mark.parametrize(
    ("tumour", "normal", "passed", "paired", "expected"),
    [
        (Counts(97, 3), Counts(10, 0), True, True, "high"),
        (Counts(98, 2), Counts(10, 0), True, True, "low"),
        (Counts(97, 3), Counts(10, 1), True, True, "low"),
        (Counts(97, 3), Counts(9, 0), True, True, "low"),
        (Counts(3, 6), Counts(10, 0), True, True, "low"),
        (Counts(97, 3), Counts(10, 0), False, True, "low"),
        (Counts(97, 3), Counts(10, 0), True, False, "low"),
        (Counts(97, 3), UNKNOWN, True, True, "low"),
    ],
)
def test_confidence_comes_from_counts(
    tumour: Counts, normal: Counts, passed: bool, paired: bool, expected: str
) -> None:
    assert confidence_of(junction(tumour, normal, passed=passed), paired=paired) == expected


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cell line's two loci; of the reference only the two sequences that it has."""
    folder = tmp_path_factory.mktemp("sv")
    with tarfile.open(DATA / "reference.fa.tar.bz2") as archive:
        (member,) = archive.getmembers()
        body = archive.extractfile(member)
        assert body is not None
        (folder / "reference.fa").write_bytes(body.read())
    subprocess.run(["samtools", "faidx", folder / "reference.fa"], check=True)
    for name, sample in (("tumour", "HCC1954"), ("normal", "HCC1954_BL")):
        for ending in ("bam", "bam.bai"):
            (folder / f"{sample}.{ending}").symlink_to(DATA / f"{name}.{ending}")
    return folder


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="EQUISITE_DATA names no data folder")
def test_the_three_events_of_the_cell_line_are_found(real: Path) -> None:
    expected = list(read_junctions(DATA / "expected_manta.vcf", ["8", "11"], "HCC1954"))
    found = call_structural(
        real / "reference.fa", ["8", "11"], real, real / "HCC1954.bam", real / "HCC1954_BL.bam"
    )
    assert found.reason == "thin_normal"
    assert found.known
    assert len(found.calls) == len(expected) == 3
    for event in expected:
        assert any(same_event(event, call.junction) for call in found.calls)
    assert {call.confidence for call in found.calls} == {"low"}
    assert found.counted() == []


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="EQUISITE_DATA names no data folder")
def test_a_tumour_too_thin_for_delly_is_not_a_tumour_without_events(real: Path) -> None:
    found = call_structural(
        real / "reference.fa", ["8", "11"], real, real / "HCC1954_BL.bam", None
    )
    assert (found.known, found.calls, found.reason) == (False, (), "thin_tumour")
