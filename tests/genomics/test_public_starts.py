"""One real person, every way in, with one core or two, whole or in pieces: the same calls."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from made_reads import protocol
from public_people import MARKS
from test_edges import genotypes, item, run, told
from test_pipelines import body

from equisite.intake.index import SequencingItem
from equisite.variants.fasta import read_fasta

NAMES = ("fastq", "cram", "bam", "unaligned")

pytestmark = list(MARKS)


def test_every_start_of_a_real_person_gives_the_same_calls(tmp_path: Path) -> None:
    folder = Path(os.environ["EQUISITE_DATA"]) / "genomics/germline_cohort20"
    bases = {name: text.decode() for name, text in read_fasta(folder / "reference.fa.gz")}
    fasta = tmp_path / "r.fa"
    fasta.write_text("".join(f">{name}\n{text}\n" for name, text in bases.items()))
    cram = sorted((folder / "cram").glob("*.cram"))[0]
    make = f"""
        samtools view -b --no-PG -T {fasta} {cram} > x.bam
        samtools collate -u -O x.bam | samtools fastq -n -1 1.fq -2 2.fq -
        samtools import -1 1.fq -2 2.fq -o unaligned.bam
        for mate in 1 2; do split -l 20000 -d -a 1 --additional-suffix=.fq $mate.fq $mate.; done
    """
    command = ["bash", "-euo", "pipefail", "-c", make]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    one, other = (str(tmp_path / f"{mate}.fq") for mate in (1, 2))
    rows = [
        item("fastq", fastq_1=one, fastq_2=other),
        item("cram", reads=str(cram)),
        item("bam", reads=str(tmp_path / "x.bam")),
        item("unaligned", reads=str(tmp_path / "unaligned.bam")),
        *_lanes(tmp_path),
    ]
    batches = {
        (cores, pieces): run(
            tmp_path / f"site{cores}{pieces}",
            protocol(bases),
            bases,
            "",
            rows,
            cores=cores,
            pieces=pieces,
            shares=pieces,
        )
        for cores, pieces in ((1, 1), (2, 1), (2, 7))
    }
    whole = batches[1, 1]
    assert not {code for _, code in told(whole)} - {"", "MANY_SINGLE_CALLS"}
    calls = {
        (name, *how): body(batch / f"calls/tok-{name}.vcf.gz")
        for name in NAMES
        for how, batch in batches.items()
    }
    expected = calls["fastq", 1, 1]
    assert len(expected) > 200
    assert [key for key, lines in calls.items() if lines != expected] == []
    together, split = (
        genotypes(whole / f"calls/tok-{name}.vcf.gz") for name in ("fastq", "lanes")
    )
    assert split == together


def _lanes(folder: Path) -> list[SequencingItem]:
    """The same reads in lanes of 5,000 pairs."""
    first = item("lanes")
    found = sorted(folder.glob("1.[0-9].fq"))
    assert len(found) == 3
    return [
        replace(
            first,
            lane_number=number,
            lane=f"L{number}",
            fastq_1=str(path),
            fastq_2=str(path.with_name(f"2{path.name[1:]}")),
        )
        for number, path in enumerate(found, start=1)
    ]
