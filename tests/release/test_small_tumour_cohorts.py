"""Small cohorts of tumours from their calls to what three sites release and the lead adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from made_cohort import GENES, columns, protocol, write_site

from equisite.bundle.codec import Bundle, read_bundle
from equisite.bundle.keys import parse_key
from equisite.bundle.verify import verify
from equisite.codebook.channels import CODES, channel_columns
from equisite.compare.cells import Party
from equisite.compare.spectra import analyse_spectrum
from equisite.compare.tallies import analyse_carriers
from equisite.core.outcomes import Outcome
from equisite.core.tables import format_cell, write_rows
from equisite.genomics.somatic.pair import PairFacts
from equisite.genomics.tumour.batch import BatchFolders, count_tumours, ground_of
from equisite.genomics.tumour.features import Row
from equisite.intake.index import SequencingItem
from equisite.protocol.models import Genomics
from equisite.release.prepare import prepare

SEQUENCE = "".join(np.random.default_rng(4).choice(list("ACGT"), 12_000))
REFERENCE = {"c1": SEQUENCE}
HEAD = "##x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\tNORMAL\n"
FACTS = PairFacts("TN", "ok", 12_000, 61.0, 28.0, 300, 0.996, 500, 0.01, 40, 0)
TABLES = [
    {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
    {
        "id": "somatic",
        "kind": "carriers",
        "genes": "panel",
        "domain": "somatic",
        "consequence": ["missense"],
    },
    {"id": "spectrum", "kind": "spectrum"},
    {
        "id": "load",
        "kind": "moment",
        "features": ["som_n_snv", "som_tmb"],
        "analysis_set": "genomics",
    },
]
HEAVY = 3000
SIZES = {"north": 96, "south": 105, "west": 24}
"""West is below thirty patients: nothing of them may leave. A spectrum of most channels needs
some ninety patients (R10)."""


def gene_models() -> str:
    """Three genes of one coding exon, 4,000 bases apart."""
    rows = []
    for number, gene in enumerate(GENES):
        start = 500 + 4000 * number
        place = (str(start + 1), str(start + 3000), ".", "+")
        own = f"ID=gene:{number};Name={gene};biotype=protein_coding"
        copy = f"ID=transcript:{number};Parent=gene:{number};biotype=x"
        coding = f"ID=CDS:{number};Parent=transcript:{number}"
        rows += [
            ("c1", "x", "gene", *place, ".", own),
            ("c1", "x", "mRNA", *place, ".", copy),
            ("c1", "x", "CDS", *place, "0", coding),
        ]
    return "".join("\t".join(row) + "\n" for row in rows)


def records(rng: np.random.Generator, number: int) -> str:
    """Substitutions; some of the first gene change the protein."""
    text = ""
    for at in sorted(rng.choice(np.arange(600, 11_400), number, replace=False).tolist()):
        ref = SEQUENCE[at]
        alt = str(rng.choice([b for b in "ACGT" if b != ref]))
        hit = f";BCSQ=missense|{GENES[0]}|t" if 600 <= at < 780 else ""
        info = f"CLASS=high{hit}"
        text += f"c1\t{at + 1}\t.\t{ref}\t{alt}\t.\tPASS\t{info}\tAD\t20,10\t30,0\n"
    return text


@dataclass(frozen=True)
class MadeSite:
    """Features of a site's tumours, and what it sent."""

    rows: Sequence[Row]
    bundle: Bundle


def tumours(folder: Path, size: int, seed: int) -> list[Row]:
    """Features of a site's tumours: the last one has a hundred times the mutations."""
    rng = np.random.default_rng(seed)
    (folder / "territory.bed").write_text("c1\t0\t12000\n", encoding="utf-8")
    (folder / "genes.gff3").write_text(gene_models(), encoding="utf-8")
    settings = {"minimum_coding_mb": 0.001}
    genomics = Genomics(panel=GENES, somatic={}, tumour=settings)  # type: ignore[arg-type]
    ground = ground_of(
        genomics, REFERENCE, folder / "territory.bed", folder / "genes.gff3", None
    )
    items = []
    for number in range(size):
        token, patient = f"tok{number:03d}", f"p{number:03d}"
        rest = ("", "", "", "", "/x.bam", "", "exome", "unknown", "")
        items.append(SequencingItem(patient, f"{patient}-t", token, 1, "tumour", *rest))
        count = HEAVY if number == size - 1 else int(rng.poisson(10))
        (folder / f"{token}.vcf").write_text(HEAD + records(rng, count), encoding="utf-8")
        (folder / f"{token}.callable.bed").write_text("c1\t0\t12000\n", encoding="utf-8")
        write_rows(folder / f"{token}.pair.tsv", PairFacts, [FACTS])
    write_rows(folder / "index.tsv", SequencingItem, items)
    write_rows(folder / "align.tsv", Outcome, [])
    batch = BatchFolders(
        folder / "index.tsv", [folder / "align.tsv"], folder, folder, folder, None
    )
    return count_tumours(batch, ground)[0]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, MadeSite]:
    made = protocol(tables=TABLES)
    found = {}
    for seed, (site, size) in enumerate(SIZES.items()):
        rows = tumours(tmp_path_factory.mktemp(f"{site}-calls"), size, seed)
        cohort = columns(size, seed=seed)
        for name in {name: None for row in rows for name in row if name != "patient"}:
            cohort[name] = [format_cell(row.get(name)) for row in rows]
        folder = write_site(tmp_path_factory.mktemp(site), cohort, made, site=site)
        content = prepare(folder, "0" * 64).content
        assert verify(content, made).findings == ()
        found[site] = MadeSite(rows, read_bundle(content))
    return found


def told(site: MadeSite, table: str) -> dict[str, str]:
    return {
        f"{c.key} {c.measure}": c.value
        for c in site.bundle.cells
        if c.table == table and c.value
    }


def counts(site: MadeSite) -> np.ndarray:
    """(patient, channel)"""
    names = channel_columns("sbs96")
    return np.array([[int(str(row[name])) for name in names] for row in site.rows])


def test_a_freeze_below_thirty_sends_nothing_of_patients(sites: dict[str, MadeSite]) -> None:
    assert {t.reason for t in sites["west"].bundle.tables} == {"minimum"}
    assert sites["west"].bundle.cells == ()


@pytest.mark.parametrize("name", ["north", "south"])
def test_what_leaves_of_a_spectrum_is_of_many(sites: dict[str, MadeSite], name: str) -> None:
    own = counts(sites[name])
    scaled = own * np.minimum(1, 200 / np.maximum(own.sum(axis=1, keepdims=True), 1))
    shown = told(sites[name], "spectrum")
    sums = {k: int(v) for k, v in shown.items() if k.endswith(" sum")}
    assert 20 < len(sums) < 96
    for key, value in sums.items():
        place = CODES.index(parse_key(key.split()[0]).get("channel") or "")
        assert value == round(scaled[:, place].sum())
        assert np.count_nonzero(own[:, place]) >= 10
        assert value - scaled[-1, place] >= 0.1 * scaled[-1, place]
    # The heavy tumour has most mutations, and bounded far less of what counts.
    assert own[-1].sum() == HEAVY
    assert own[-1].sum() > own.sum() / 2
    assert scaled[-1].sum() < scaled.sum() / 5


@pytest.mark.parametrize("name", ["north", "south"])
def test_carriers_of_few_do_not_leave(sites: dict[str, MadeSite], name: str) -> None:
    size = SIZES[name]
    for gene in GENES:
        column = f"som_gene__{gene}__missense"
        carriers = sum(row[column] == 1 for row in sites[name].rows)
        key = f"analysis_set=genomics|gene={gene}|consequence=missense count"
        shown = told(sites[name], "somatic").get(key)
        assert (shown is None) == (carriers < 10 or size - carriers < 10)
        assert shown is None or int(shown) == carriers


def test_the_lead_adds_what_was_sent(sites: dict[str, MadeSite]) -> None:
    parties = [Party(name, name, True, site.bundle) for name, site in sites.items()]
    rows, pooled, _ = analyse_spectrum(parties, "spectrum")
    sent = [told(sites[name], "spectrum") for name in ("north", "south")]
    for row in pooled:
        values = [own.get(f"{row.key} sum") for own in sent]
        assert row.low == sum(int(v) for v in values if v is not None)
        assert (row.low == row.high) == all(v is not None for v in values)
    cosines = {r.site: r for r in rows if r.kind == "spectrum_cosine"}
    assert cosines["north"].value == pytest.approx(cosines["south"].value)
    assert cosines["north"].value > 0.9  # both were drawn alike
    assert cosines["west"].status == "absent"
    _, carriers, *_ = analyse_carriers(parties, "somatic")
    assert {row.sites for row in carriers} == {2}
