"""Tumour and normal from FASTQ through alignment, germline and somatic calls in one run."""

from __future__ import annotations

import gzip
import random
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from nano_sites import CHECKOUT, Site, snakemake

sys.path.insert(0, str(CHECKOUT / "tests/genomics/somatic"))

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not on the PATH"),
]
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def places(length: int) -> list[int]:
    """Where a person may vary; mutations stand 40 bases behind every second."""
    return list(range(600, length - 600, 130))


def write_fastq(folder: Path, name: str, lines: list[str]) -> str:
    """Both files of some aligned fragments; returns the cells of the sheet."""
    mates: dict[str, dict[int, str]] = {}
    for line in lines:
        fields = line.split("\t")
        flag, bases = int(fields[1]), fields[9]
        if flag & 16:
            bases = bases.translate(COMPLEMENT)[::-1]
        mates.setdefault(fields[0], {})[1 if flag & 64 else 2] = bases
    cells = []
    for mate in (1, 2):
        path = folder / f"{name}_{mate}.fastq.gz"
        rows = (f"@{n}\n{b[mate]}\n+\n{'I' * len(b[mate])}\n" for n, b in mates.items())
        path.write_bytes(gzip.compress("".join(rows).encode(), 1, mtime=0))
        cells.append(str(path))
    return "\t".join(cells)


GIVEN = (700, 900, 1300)


def write_given(folder: Path, bases: str, positions: tuple[int, ...]) -> Path:
    """Calls of a pair as Strelka2 writes them: no genotypes, counts by base."""
    rows = [
        "##fileformat=VCFv4.1",
        "##source=strelka",
        "##content=strelka somatic snv calls",
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNORMAL\tTUMOR",
    ]
    for at in positions:
        ref = bases[at]
        alt = "A" if ref != "A" else "C"
        counts = [
            ":".join({ref: a, alt: b}.get(base, "0,0") for base in "ACGT")
            for a, b in (("30,30", "0,0"), ("15,15", "5,5"))
        ]
        head = f"pack1\t{at + 1}\t.\t{ref}\t{alt}\t.\tPASS\tSOMATIC;QSS_NT=60"
        rows.append("\t".join((head, "AU:CU:GU:TU", *counts)))
    path = folder / "given.vcf"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, start) -> Site:  # type: ignore[no-untyped-def]
    """Four patients: a pair, an exchanged pair, a tumour alone, and calls without reads."""
    from made_pairs import Planted, fragments, snv

    from equisite.cli.example import write_example
    from equisite.variants.alleles import Edit
    from equisite.variants.fasta import read_fasta

    folder = tmp_path_factory.mktemp("pairs") / "site"
    write_example(folder)
    fasta = folder / "example/reference.fa.gz"
    genome = {name: bases.decode() for name, bases in read_fasta(fasta)}
    sites = places(len(genome["pack1"]))
    rng = random.Random(3)
    people = []
    for _ in range(3):
        chosen = sorted(rng.sample(sites, 32))
        germline = [snv(genome, "pack1", p, 0.5 if p % 2 else 1.0) for p in chosen]
        mutated = [snv(genome, "pack1", p + 40, 0.2) for p in sites[::2]]
        mutated.append(Planted(Edit("pack2", 1000, 1005, ""), 0.35))
        people.append((germline, mutated))
    rows = ["patient\tsample\tkind\tfastq_1\tfastq_2\tcalls\tassay"]
    for number, (germline, mutated) in enumerate(people, start=1):
        clean = write_fastq(folder, f"{number}n", fragments(genome, germline, 35, 10 + number))
        tumour = fragments(genome, [*germline, *mutated], 60, 20 + number)
        changed = write_fastq(folder, f"{number}t", tumour)
        if number == 2:
            clean, changed = changed, clean
        rows.append(f"p{number}\tp{number}-t\ttumour\t{changed}\t\tgenome")
        if number != 3:
            rows.append(f"p{number}\tp{number}-n\tnormal\t{clean}\t\tgenome")
    given = write_given(folder, genome["pack1"], GIVEN)
    rows.append(f"p4\tp4-t\ttumour\t\t\t{given}\tgenome")
    (folder / "sequencing.tsv").write_text("\n".join(rows) + "\n")
    patients = [
        "patient\tsex\tage\tdiagnosis",
        *(f"p{n}\tfemale\t50\tC49.9" for n in (1, 2, 3, 4)),
    ]
    (folder / "patients.tsv").write_text("\n".join(patients) + "\n")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    del config["sheets"]["imaging"]
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    protocol = yaml.safe_load((folder / "protocol.yaml").read_text())
    del protocol["genomics"]["territory"]
    protocol["genomics"]["somatic"] = {}
    protocol["tables"] = [t for t in protocol["tables"] if t["kind"] in ("count", "carriers")]
    (folder / "protocol.yaml").write_text(yaml.safe_dump(protocol, sort_keys=False))
    command = snakemake(folder, CHECKOUT, "--cores", "2", "genomics", "somatic")
    return Site(folder, start(*command, folder=folder).stdout)


def tables(site: Site, pattern: str) -> list[dict[str, str]]:
    return [
        row
        for path in sorted(site.folder.glob(pattern))
        if path.parent.name != "0"
        for row in site.table(str(path.relative_to(site.folder)))
    ]


def test_each_patient_is_judged(site: Site) -> None:
    codes = {
        (row["item"], row["outcome"], row["code"])
        for row in tables(site, "work/genomics/*/outcomes.tsv")
    }
    assert ("p1-t", "flagged", "TUMOUR_NOT_COUNTED") in codes
    assert ("p2-t", "refused", "SWAPPED_PAIR") in codes
    assert ("p2-n", "refused", "SWAPPED_PAIR") in codes
    assert ("p3-t", "refused", "NO_NORMAL") in codes


def test_an_exchanged_normal_gives_no_germline_row(site: Site) -> None:
    assert {row["patient"] for row in tables(site, "work/genomics/*/variants.tsv")} == {"p1"}


def test_planted_variants_are_called_and_no_other(site: Site) -> None:
    from equisite.variants.vcf import open_text

    found = {}
    for path in sorted(site.folder.glob("work/somatic/*/calls/*.vcf.gz")):
        if path.with_name(path.name.replace(".vcf.gz", ".given.tsv")).is_file():
            continue
        records = [line.split("\t") for line in open_text(path) if line[0] != "#"]
        mode = next(line for line in open_text(path) if line.startswith("##mode="))
        found[mode] = records
        assert path.with_name(path.name.replace(".vcf.gz", ".callable.bed")).is_file()
    assert set(found) == {"##mode=TN", "##mode=TO"}
    pair = found["##mode=TN"]
    good = [r for r in pair if "CLASS=high" in r[7] or "CLASS=medium" in r[7]]
    called = {(r[0], int(r[1])) for r in good}
    planted = {("pack1", p + 41) for p in places(8442)[::2]}
    assert {p for p in called if p[0] == "pack1"} == planted
    assert len([p for p in called if p[0] == "pack2"]) == 1
    assert all("CLASS=high" not in r[7] for r in found["##mode=TO"])


def test_facts_of_a_pair(site: Site) -> None:
    rows = {row["mode"]: row for row in tables(site, "work/somatic/*/calls/*.pair.tsv")}
    assert rows["TN"]["status"] == "ok"
    assert rows["TN"]["panel"] == ""
    assert rows["TO"]["status"] == "CALLED_ALONE"
    assert rows["TO"]["panel"] == "1"


def test_no_name_in_logs_and_paths(site: Site) -> None:
    for path in (site.folder / "logs").rglob("*somatic*/*.log"):
        assert "p1-" not in path.read_text()
    for path in (site.folder / "work/somatic").rglob("*"):
        assert path.name[:2] not in ("p1", "p2", "p3", "p4"), path


def test_features_of_tumours_stand_in_the_cohort(site: Site, start) -> None:  # type: ignore[no-untyped-def]
    command = snakemake(site.folder, CHECKOUT, "--cores", "2", "private/cohort.tsv")
    start(*command, folder=site.folder)
    rows = {row["patient"]: row for row in site.table("private/cohort.tsv")}
    pair, alone = rows["p1"], rows["p3"]
    assert (pair["som_mode"], alone["som_mode"]) == ("TN", "TO")
    planted = len(places(8442)[::2])
    assert (pair["som_n_snv"], pair["som_n_indel"]) == (str(planted), "1")
    assert float(pair["som_callable_mb"]) > 0.01
    assert float(pair["som_med_vaf"]) == pytest.approx(0.2, abs=0.04)
    # Too few coding bases for a burden, no layer or protocol for copies: missing, not zero.
    for name in ("som_tmb", "som_tmb_alone", "cn_ploidy", "cn_arm_1p", "sv_count"):
        assert pair[name] == alone[name] == ""
    assert alone["mean_depth"] == ""
    assert "p2" not in rows or not rows["p2"]["som_mode"]
    assert sum(int(pair[c]) for c in pair if c.startswith("sbs96__")) == planted


def test_calls_without_reads_are_counted_as_far_as_they_go(site: Site) -> None:
    rows = {row["patient"]: row for row in site.table("private/cohort.tsv")}
    given = rows["p4"]
    assert given["som_mode"] == "TN_given"
    assert (given["som_n_snv"], given["som_n_indel"]) == (str(len(GIVEN)), "0")
    assert float(given["som_med_vaf"]) == 0.25
    assert sum(int(given[c]) for c in given if c.startswith("sbs96__")) == len(GIVEN)
    for name in ("som_callable_mb", "qc_depth_t", "som_tmb", "msi_loci", "mean_depth"):
        assert given[name] == ""
    codes = {row["code"] for row in tables(site, "work/somatic/*/call.tsv")}
    assert "GIVEN_CALLS_ONLY" in codes
