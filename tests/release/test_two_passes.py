"""Positions in two passes over three made sites: lists, the lead's union, counts at all of it.

Calls are written as bcftools writes them, approvals are signed, bundles go through the door;
the copies that the lead adds in the end are those that were drawn.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from made_approval import (
    COHORT,
    HMB,
    TABLE,
    approval,
    make_key,
    opt_in_protocol,
    write_approver,
)
from made_cohort import columns, patient, write_site

from equisite.bundle.codec import read_bundle
from equisite.cli.main import main
from equisite.compare.lead import load_folder
from equisite.compare.positions import list_positions
from equisite.core.errors import ConfigError
from equisite.core.tables import read_table, write_rows
from equisite.genomics.alleles import Allele, read_names
from equisite.genomics.genotype import FLAT, Seen
from equisite.intake.index import SequencingItem
from equisite.protocol.load import load_protocol, protocol_json
from equisite.protocol.models import Protocol
from equisite.release.approvals import sign_approval
from equisite.variants.vcf import open_text

PATIENTS, LENGTH = 60, 2000
SITES = ("north", "south", "west")
BASES = "".join(np.random.default_rng(5).choice(list("ACGT"), LENGTH))
PASS_1 = [COHORT, {**TABLE, "regions": ["c17:101-1900"]}]


def snp(position: int) -> Allele:
    ref = BASES[position - 1]
    return Allele("c17", position, ref, "ACGT"[("ACGT".index(ref) + 1) % 4])


def deletion(position: int) -> Allele:
    """Two bases go; placed where no equal base stands before, so that it is leftmost."""
    while BASES[position - 1] == BASES[position + 1] or BASES[position] == BASES[position + 2]:
        position += 1
    return Allele("c17", position, BASES[position - 1 : position + 2], BASES[position - 1])


LISTED, EVERYWHERE, ONE_SITE, RARE, INDEL = (
    snp(200), snp(400), snp(600), snp(800), deletion(1000),
)  # fmt: skip
OUTSIDE = snp(50)
CARRIERS: dict[Allele, tuple[int, int, int]] = {
    LISTED: (25, 30, 20),
    EVERYWHERE: (20, 15, 30),
    ONE_SITE: (12, 9, 0),  # passes in north only
    RARE: (9, 9, 9),  # nowhere enough
    INDEL: (10, 22, 18),
    OUTSIDE: (30, 30, 30),
}
FOUND = {EVERYWHERE, ONE_SITE, INDEL}


@dataclass(frozen=True)
class Made:
    """Consortium in a folder. genotypes: copies by site and allele, (patient,)."""

    folder: Path
    key: Path
    genotypes: dict[str, dict[Allele, np.ndarray]]

    def path(self, name: str) -> Path:
        return self.folder / name


def drawn(seed: int) -> dict[str, dict[Allele, np.ndarray]]:
    rng = np.random.default_rng(seed)
    found: dict[str, dict[Allele, np.ndarray]] = {}
    for number, site in enumerate(SITES):
        found[site] = {}
        for allele, carriers in CARRIERS.items():
            copies = np.zeros(PATIENTS, dtype=int)
            who = rng.choice(PATIENTS, carriers[number], replace=False)
            copies[who] = rng.integers(1, 3, who.size)
            found[site][allele] = copies
    return found


def made_protocol(tables: list[Any], vcf: Path, digest: str | None = None) -> dict[str, Any]:
    content = opt_in_protocol([COHORT]).model_dump(mode="json", exclude_none=True)
    content["protocol"]["duo"] = [HMB]
    content["tables"] = tables
    md5 = hashlib.md5(BASES.encode(), usedforsecurity=False).hexdigest()
    content["reference"]["contigs"] = [{"name": "c17", "length": LENGTH, "md5": md5}]
    sha256 = digest or hashlib.sha256(vcf.read_bytes()).hexdigest()
    content["genomics"]["alleles"] = {"file": vcf.name, "sha256": sha256}
    return content


def write_calls(folder: Path, genotypes: dict[Allele, np.ndarray]) -> None:
    """One VCF per patient, and the index of the batch."""
    folder.mkdir(parents=True)
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tx\n"
    for number in range(PATIENTS):
        rows = [
            f"{a.contig}\t{a.position}\t.\t{a.ref}\t{a.alt}\t60\tPASS\t.\tGT\t"
            f"{('0/0', '0/1', '1/1')[copies[number]]}\n"
            for a, copies in sorted(genotypes.items())
            if copies[number]
        ]
        (folder / f"tok{number}.vcf.gz").write_text(head + "".join(rows))


def sample(number: int) -> SequencingItem:
    name = patient(number)
    empty = {"library": "", "lane": "", "fastq_1": "", "fastq_2": "", "stamp": ""}
    return SequencingItem(
        patient=name, sample=name, token=f"tok{number}", lane_number=1, kind="normal",
        reads="x.bam", calls="", assay="panel", sex="female", **empty,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("consortium")
    genotypes = drawn(11)
    (folder / "reference.fa").write_text(f">c17\n{BASES}\n")
    lead = folder / "lead"
    (lead / "inbox").mkdir(parents=True)
    row = f"c17\t{LISTED.position}\t.\t{LISTED.ref}\t{LISTED.alt}\t.\t.\t.\n"
    (lead / "known.vcf").write_text(row)
    content = made_protocol(PASS_1, lead / "known.vcf")
    key = make_key(folder / "keys")
    write_lead(lead, content, key)
    return Made(folder, key, genotypes)


def write_lead(lead: Path, content: dict[str, Any], key: Path) -> Protocol:
    (lead / "protocol.yaml").write_text(yaml.safe_dump(content))
    (lead / "compare.yaml").write_text("protocol: protocol.yaml\nkeyring: keyring.yaml\n")
    public = key.with_name(f"{key.name}.pub").read_text().strip()
    sites = [{"id": site, "title": site, "approve_key": public} for site in SITES]
    keyring = {"protocol": content["protocol"]["id"], "sites": sites}
    (lead / "keyring.yaml").write_text(yaml.safe_dump(keyring))
    return load_protocol(lead / "protocol.yaml")


def run(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def prepare_reference(made: Made, site: Path, protocol: Path, pinned: Path) -> Path:
    """Steps of the rules that write what depends on the protocol."""
    out = site / "work/reference/site"
    fasta = made.path("reference.fa")
    common = ("--protocol", protocol, "--out", out)
    run("genomics", "prepare-reference", "--fasta", fasta, *common)
    parts = ("--pinned", pinned, "--header", out / "header.sam", "--cache", out / "cache")
    run("genomics", "prepare-alleles", *parts, *common)
    run("genomics", "prepare-frequencies", *parts, *common)
    return out


def pass_one(made: Made, name: str, protocol: Protocol) -> bytes:
    """From calls to an approved bundle with the site's positions."""
    site = made.path(name)
    write_site(site, columns(PATIENTS), protocol, site=name)
    frozen = site / "work/intake/protocol.json"
    frozen.write_bytes(protocol_json(protocol))
    out = prepare_reference(made, site, frozen, made.path("lead"))
    write_calls(site / "work/genomics/1/calls", made.genotypes[name])
    carried = []
    for batch, numbers in ((1, range(40)), (2, range(40, PATIENTS))):
        index = site / f"work/intake/genomics/{batch}.tsv"
        write_rows(index, SequencingItem, [sample(n) for n in numbers])
        carried.append(site / f"work/genomics/{batch}/carried.tsv")
        run(
            "genomics", "find-carried", "--protocol", frozen, "--index", index,
            "--calls", site / "work/genomics/1/calls", "--header", out / "header.sam",
            "--cache", out / "cache", "--out", carried[-1],
        )  # fmt: skip
    run(
        "genomics", "gather-carried", "--protocol", frozen, "--carried", *carried,
        "--alleles", out / "alleles.tsv", "--frequencies", out / "frequencies.tsv",
        "--out", site / "private/positions.tsv",
    )  # fmt: skip
    write_approver(site, made.key, site=name)
    # No panel of frequencies is pinned: each position counts for twelve statistics.
    allowed = approval(protocol, duo=[HMB], expires="2199-12-31", budget=1.0)
    sign_approval(site, allowed, protocol, made.key)
    run("prepare", "--directory", site)
    run("approve", "--directory", site)
    return (site / f"outbox/{name}-r0001.bundle").read_bytes()


def pass_two(made: Made, name: str, protocol: Protocol) -> bytes:
    """Every patient is looked at for every allele of the list; ten were not callable."""
    site = made.path(f"{name}-second")
    found = columns(PATIENTS)
    write_site(site, found, protocol, site=name)
    frozen = site / "work/intake/protocol.json"
    out = prepare_reference(made, site, frozen, made.path("next"))
    for allele in read_names(open_text(out / "alleles.tsv")):
        found[allele.column] = [
            seen(made.genotypes[name][allele][n], n).cell(2, 10) for n in range(PATIENTS)
        ]
    write_site(site, found, protocol, site=name)
    run("prepare", "--directory", site)
    run("approve", "--directory", site)
    return (site / f"outbox/{name}-r0001.bundle").read_bytes()


UNSEEN = range(50, PATIENTS)


def seen(copies: int, number: int) -> Seen:
    """Sure genotypes; the last ten patients have no read here and are not reference."""
    if number in UNSEEN:
        return Seen(FLAT, 0)
    zero, one, two = (0 if c == copies else 255 for c in range(3))
    return Seen((zero, one, two), 30)


@pytest.fixture(scope="module")
def first(made: Made) -> Protocol:
    """Pass 1 at all sites: bundles in the lead's inbox."""
    protocol = load_protocol(made.path("lead/protocol.yaml"))
    for name in SITES:
        content = pass_one(made, name, protocol)
        (made.path("lead/inbox") / f"{name}-r0001.bundle").write_bytes(content)
    return protocol


def test_a_site_lists_what_enough_of_its_patients_carry(made: Made, first: Protocol) -> None:
    for number, name in enumerate(SITES):
        bundle = read_bundle((made.path("lead/inbox") / f"{name}-r0001.bundle").read_bytes())
        listed = {c.key.rpartition("=")[2] for c in bundle.cells if c.measure == "listed"}
        assert listed == {a.name for a in FOUND if CARRIERS[a][number] >= 10}
        assert bundle.about.opt_in
    private = read_table(made.path("north/private/positions.tsv"))[1]
    kept = {int(row["position"]) for row in private}
    assert kept == {a.position for a in (EVERYWHERE, ONE_SITE, RARE, INDEL)}


def test_too_rare_an_allele_is_in_no_bundle_and_no_log(
    made: Made, first: Protocol, capfd: pytest.CaptureFixture[str]
) -> None:
    name = "south"
    run("prepare", "--directory", made.path(name))
    told = capfd.readouterr()
    review = made.path(name) / "private/review"
    texts = [*(path.read_bytes() for path in review.iterdir()), told.out.encode()]
    texts += [path.read_bytes() for path in made.path("lead/inbox").iterdir()]
    for allele in (RARE, OUTSIDE):
        for text in texts:
            assert f":{allele.position}:".encode() not in text
    for number in range(PATIENTS):
        assert not any(patient(number).encode() in text for text in texts)


def test_the_lead_unites_the_lists_and_counts_come_out_as_drawn(
    made: Made, first: Protocol
) -> None:
    lead, following = made.path("lead"), made.path("next")
    fasta = ("--fasta", made.path("reference.fa"))
    words = ("protocol", "list-positions", "--directory", lead, "--out", following)
    run(*words, *fasta)
    once = (following / "positions.vcf").read_bytes()
    run(*words)
    assert (following / "positions.vcf").read_bytes() == once
    names = [line.split("\t") for line in once.decode().splitlines() if line[0] != "#"]
    listed = {Allele(c, int(at), ref, alt) for c, at, _, ref, alt, *_ in names}
    assert listed == {LISTED, *FOUND}
    assert [int(row[1]) for row in names] == sorted(a.position for a in listed)

    snippet = yaml.safe_load((following / "positions.yaml").read_text())
    table = snippet["tables"][0]
    assert table["alleles"] == [a.name for a in sorted(FOUND)]
    digest = snippet["genomics"]["alleles"]["sha256"]
    vcf = following / "positions.vcf"
    content = made_protocol([COHORT, table], vcf, digest)
    content["protocol"]["version"] = "2.0.0"
    protocol = write_lead(following, content, made.key)
    (following / "inbox").mkdir()
    for name in SITES:
        path = following / "inbox" / f"{name}-r0001.bundle"
        path.write_bytes(pass_two(made, name, protocol))
    run("compare", "admit", "--directory", following)
    run("compare", "pool", "--directory", following)
    rows = read_table(following / "report/pooled.tsv")[1]
    pooled = {r["key"].rpartition("=")[2]: r for r in rows if r["kind"] == "variants"}
    assert set(pooled) == {a.name for a in FOUND}
    looked_at = [n for n in range(PATIENTS) if n not in UNSEEN]
    truth = {a: sum(int(made.genotypes[s][a][looked_at].sum()) for s in SITES) for a in FOUND}
    everywhere = pooled[EVERYWHERE.name]
    assert everywhere["status"] == "ok"
    assert int(float(everywhere["value"])) == truth[EVERYWHERE]
    for allele, copies in truth.items():
        row = pooled[allele.name]
        assert int(float(row["n"])) == 2 * len(looked_at) * len(SITES)
        assert float(row["low"]) <= copies <= float(row["high"])
    # Nine carriers in south and none in west stay hidden: an interval, never a zero.
    assert pooled[ONE_SITE.name]["status"] == "interval"


def test_the_report_tells_what_left_by_approval(made: Made, first: Protocol) -> None:
    lead = made.path("lead")
    run("compare", "admit", "--directory", lead)
    run("compare", "pool", "--directory", lead)
    run("compare", "report", "--directory", lead)
    page = (lead / "report/report.html").read_text()
    assert "Opt-in tables" in page
    assert "k 10; budget 1.0000 per patient; DUO:0000006" in page
    rows = [r for r in read_table(lead / "report/sites.tsv")[1] if r["kind"] == "opt_in"]
    assert [(r["site"], r["key"], r["value"]) for r in rows] == [
        ("north", "REC-17", "3"), ("south", "REC-17", "2"), ("west", "REC-17", "2"),
    ]  # fmt: skip


def test_lists_of_other_references_are_told(made: Made, first: Protocol) -> None:
    lead = load_folder(made.path("lead"))
    wrong = made.path("wrong.fa")
    wrong.write_text(f">c17\n{BASES[1:]}A\n")
    with pytest.raises(ConfigError, match="POSITIONS_CONFLICT"):
        list_positions(lead, made.path("out"), wrong)
    gone = lead.config.model_copy(update={"protocol": "elsewhere/protocol.yaml"})
    with pytest.raises(ConfigError, match="CONFIG_MISSING"):
        list_positions(replace(lead, config=gone), made.path("out"))
    assert not made.path("out").exists()


def test_without_any_list_there_is_nothing_to_unite(tmp_path: Path, made: Made) -> None:
    write_site(tmp_path / "site", columns(60), opt_in_protocol([COHORT]))
    run("prepare", "--directory", tmp_path / "site")
    bundle = (tmp_path / "site/private/review/prepared.bundle").read_bytes()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/north-r0001.bundle").write_bytes(bundle)
    content = opt_in_protocol([COHORT]).model_dump(mode="json", exclude_none=True)
    write_lead(tmp_path, content, made.key)
    with pytest.raises(ConfigError, match="POSITIONS_NONE"):
        list_positions(load_folder(tmp_path), tmp_path / "out")
