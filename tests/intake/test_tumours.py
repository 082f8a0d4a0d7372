"""What a site brings for its tumours: the table of signatures, calls of other callers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from equisite.core.errors import ConfigError
from equisite.genomics.samples import read_samples
from equisite.intake.freeze import freeze

TABLE = "Type\tM1\nA[C>A]A\t1\n"
HEAD = "patient\tsample\tkind\treads\tcalls\tfastq_1\n"


def with_table(site: Path) -> None:
    """The protocol names a table of signatures."""
    digest = hashlib.sha256(TABLE.encode()).hexdigest()
    text = (site / "protocol.yaml").read_text(encoding="utf-8")
    keys = f"{{version: made 1, sha256: {digest}, names: [M1]}}"
    panel = "  panel: [TP53, KRAS]\n"
    text = text.replace(panel, f"{panel}  tumour:\n    signatures: {keys}\n")
    (site / "protocol.yaml").write_text(text, encoding="utf-8")


def configure(site: Path) -> None:
    """The site has the file."""
    (site / "table.txt").write_text(TABLE, encoding="utf-8")
    with (site / "config.yaml").open("a", encoding="utf-8") as stream:
        stream.write("signature_file: table.txt\n")


def codes(site: Path) -> set[str]:
    return {finding.code for finding in freeze(site).remarks}


def test_the_table_is_copied_into_the_index(site: Path) -> None:
    with_table(site)
    configure(site)
    frozen = freeze(site)
    assert frozen.signatures is not None
    assert (site / frozen.signatures).read_text(encoding="utf-8") == TABLE


def test_a_site_without_the_table_is_told_what_is_missing(site: Path) -> None:
    with_table(site)
    assert "SIGNATURE_FILE_MISSING" in codes(site)
    assert freeze(site).signatures is None


def test_a_table_that_nobody_asked_for_is_not_copied(site: Path) -> None:
    configure(site)
    assert "SIGNATURE_FILE_NOT_USED" in codes(site)
    assert freeze(site).signatures is None


def sheet(site: Path, *rows: str) -> None:
    for row in rows:
        for name in row.split("\t")[3:]:
            if name:
                (site / name).write_bytes(name.encode())
    text = HEAD + "".join(f"{row}\n" for row in rows)
    (site / "sequencing.tsv").write_text(text, encoding="utf-8")


def test_other_callers_stand_beside_a_tumour_s_reads(site: Path) -> None:
    sheet(
        site,
        "P01\tN\tnormal\tn.bam\t\t",
        "P01\tT\ttumour\t\tmutect2.vcf.gz\t",
        "P01\tT\ttumour\tt.bam\t\t",
        "P01\tT\ttumour\t\tstrelka.vcf\t",
    )
    frozen = freeze(site)
    (batch,) = frozen.genomics_batches
    samples = read_samples(site / f"work/intake/genomics/{batch}.tsv")
    (tumour,) = (s for s in samples if s.kind == "tumour")
    assert tumour.given == "reads"
    assert [Path(lane.reads).name for lane in tumour.lanes] == ["t.bam"]
    assert sorted(Path(lane.calls).name for lane in tumour.evidence) == [
        "mutect2.vcf.gz",
        "strelka.vcf",
    ]


def test_reads_of_two_kinds_stay_a_mistake_whatever_stands_between(site: Path) -> None:
    sheet(
        site,
        "P01\tT\ttumour\t\tmutect2.vcf.gz\t",
        "P01\tT\ttumour\tt.bam\t\t",
        "P01\tT\ttumour\t\t\tt.fq.gz",
    )
    with pytest.raises(ConfigError, match="SAMPLE_STARTS_DIFFER"):
        freeze(site)


def test_calls_of_a_normal_are_no_evidence(site: Path) -> None:
    sheet(site, "P01\tN\tnormal\tn.bam\t\t", "P01\tN\tnormal\t\tn.vcf\t")
    with pytest.raises(ConfigError, match="SAMPLE_STARTS_DIFFER"):
        freeze(site)
