"""Delly on made and on real reads: thin normals, confidence without genotypes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
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


BASES = np.array(list("ACGT"))
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def write_reads(folder: Path, name: str, haplotypes: list[str], pairs: int, seed: int) -> Path:
    """Aligned pairs of 150 bases from haplotypes in turn, as `<name>.bam`."""
    rng = np.random.default_rng(seed)
    mates: tuple[list[str], list[str]] = ([], [])
    for number in range(pairs):
        bases = haplotypes[number % len(haplotypes)]
        size = int(rng.normal(400, 30))
        start = int(rng.integers(0, len(bases) - size))
        piece = bases[start : start + size]
        ends = piece[:150], piece[-150:].translate(COMPLEMENT)[::-1]
        for side, end in zip(mates, ends, strict=True):
            side.append(f"@r{number}\n{end}\n+\n{'I' * 150}\n")
    files = [folder / f"{name}_{side}.fq" for side in (1, 2)]
    for path, lines in zip(files, mates, strict=True):
        path.write_text("".join(lines), encoding="utf-8")
    text = (
        'bwa mem -v 1 -R "@RG\\tID:x\\tSM:$1" "$2" "$3" "$4" 2>/dev/null'
        ' | samtools sort -o "$5" - 2>/dev/null; samtools index "$5"'
    )
    out = folder / f"{name}.bam"
    words = [name, str(folder / "reference.fa"), *map(str, files), str(out)]
    subprocess.run(["bash", "-euo", "pipefail", "-c", text, "bash", *words], check=True)
    return out


@pytest.mark.workflow
@pytest.mark.skipif(shutil.which("delly") is None, reason="delly is not on the PATH")
def test_a_planted_deletion_is_somatic_and_an_inherited_one_is_not(tmp_path: Path) -> None:
    sequence = "".join(np.random.default_rng(4).choice(BASES, 40_000))
    (tmp_path / "reference.fa").write_text(f">c1\n{sequence}\n", encoding="utf-8")
    subprocess.run(["bwa", "index", tmp_path / "reference.fa"], check=True, capture_output=True)
    subprocess.run(["samtools", "faidx", tmp_path / "reference.fa"], check=True)
    inherited = sequence[:25_000] + sequence[27_000:]
    both = inherited[:8_000] + inherited[11_000:]
    normal = write_reads(tmp_path, "n", [sequence, inherited], 5000, 1)
    tumour = write_reads(tmp_path, "t", [sequence, both], 5000, 2)
    found = call_structural(tmp_path / "reference.fa", ["c1"], tmp_path, tumour, normal)
    assert (found.known, found.reason) == (True, "")
    (event,) = found.counted()
    assert event.kind == "DEL"
    assert abs(event.first.position - 7_999) <= 10
    assert abs(event.second.position - 11_000) <= 10
    germline = [c for c in found.calls if abs(c.junction.first.position - 24_999) <= 10]
    assert [c.confidence for c in germline] == ["low"]
