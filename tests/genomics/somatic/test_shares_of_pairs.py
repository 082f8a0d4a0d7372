"""The steps of somatic calling, in one job and in several: the same bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_pairs import MadePair, whole, write_reference

from equisite.core.outcomes import done, write_outcomes
from equisite.core.tables import write_rows
from equisite.genomics import cells
from equisite.genomics.somatic import normals, steps
from equisite.genomics.somatic.bases import MappedReference
from equisite.intake.index import SequencingItem
from equisite.protocol.somatic import Somatic
from equisite.protocol.tumour import Tumour
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import Territory

CHECKOUT = Path(__file__).parents[3]
DATA = Path(os.environ.get("EQUISITE_DATA", "")) / "genomics"

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("samtools", "bcftools", "freebayes")),
    reason="the tools of the image are not on the PATH; `run.py test` has them",
)


@dataclass(frozen=True)
class Site:
    """Work folder of one pair."""

    folder: Path
    reference: MappedReference
    tokens: tuple[str, str]

    @classmethod
    def of(
        cls,
        folder: Path,
        genome: dict[str, str],
        tumour: Path,
        normal: Path | None,
        tokens: tuple[str, str] = ("tum", "nor"),
    ) -> Site:
        """Lay out what the rules before would have made; tokens: of tumour and normal."""
        folder.mkdir(exist_ok=True)
        site = cls(folder, write_reference(genome, folder), tokens)
        fasta = folder / "reference.fa"
        fasta.write_text("".join(f">{name}\n{bases}\n" for name, bases in genome.items()))
        subprocess.run(["samtools", "faidx", str(fasta)], check=True)
        rows = []
        samples = zip(tokens, ("tumour", "normal"), (tumour, normal), strict=True)
        for token, kind, reads in samples:
            if reads is not None:
                site._link(token, reads)
                rows.append(
                    SequencingItem(
                        "p", f"p-{kind}", token, 1, kind, "", "", "", "", "x.cram", "",
                        "genome", "female", "",
                    )
                )  # fmt: skip
        bed = (f"{contig}\t{start}\t{end}\n" for contig, start, end in whole(genome))
        site.territory.write_text("".join(bed))
        write_rows(folder / "1.tsv", SequencingItem, rows)
        write_outcomes(
            folder / "align.tsv", [done("p", "genomics", row.sample) for row in rows]
        )
        return site

    def _link(self, token: str, reads: Path) -> None:
        """Reads under a sample's token, as alignment leaves them."""
        crams = self.folder / "cram"
        crams.mkdir(exist_ok=True)
        named = ["samtools", "reheader", "-P", "-c", f"sed 's/SM:[^\t]*/SM:{token}/'"]
        with (crams / f"{token}.cram").open("wb") as stream:
            subprocess.run([*named, str(reads)], check=True, stdout=stream)
        subprocess.run(["samtools", "index", str(crams / f"{token}.cram")], check=True)

    @property
    def territory(self) -> Path:
        """The whole reference as BED."""
        return self.folder / "territory.bed"

    @property
    def second(self) -> str:
        """The second caller, as the rule has it."""
        text = (CHECKOUT / "workflow/rules/somatic.smk").read_text()
        found = re.search(r"--second '(.*?)' 2>", text, re.DOTALL)
        assert found is not None
        files = SimpleNamespace(
            crams=self.folder / "cram", reference=self.folder / "reference.fa"
        )
        return found[1].format(input=files)

    def batch(self, out: Path, after: Iterable[Path] = ()) -> steps.PairedBatch:
        """The pair as a batch; panels are off."""
        settings = Somatic(panel_of_normals="off", identity="off")
        return steps.PairedBatch(
            self.folder / "1.tsv", self.folder / "align.tsv", self.reference, out, settings,
            Tumour(), self.folder, tuple(after),
        )  # fmt: skip

    def called(self, shares: int | None) -> dict[str, bytes]:
        """Files of both sightings, evidence and calls by name; None: in one job."""
        out = self.folder / f"run{shares or 0}"
        crams = self.folder / "cram"

        def cut(share: tuple[int, int] | None) -> Iterable[Territory]:
            return normals.read_cells(self.territory, self.reference, share)

        if shares is None:
            batch = self.batch(out / "sighted")
            normals.sight_alleles(batch, crams, cut(None))
            evidence = self.batch(out / "evidence")
            outcomes = steps.gather_evidence(evidence, crams, cut(None), self.second)
        else:
            folders = [out / str(number) for number in range(1, shares + 1)]
            for number, folder in enumerate(folders, start=1):
                share = cut((number, shares))
                normals.sight_alleles(self.batch(folder / "sighted"), crams, share)
                batch = self.batch(folder / "evidence")
                told = steps.gather_share(batch, crams, share, self.second)
                write_outcomes(folder / "gather.tsv", told)
            normals.join_sighted(self.batch(out / "sighted"), [f / "sighted" for f in folders])
            gathered = self.batch(out / "evidence", [f / "gather.tsv" for f in folders])
            outcomes = steps.join_evidence(gathered, [f / "evidence" for f in folders])
        write_outcomes(out / "gather.tsv", outcomes)
        calls = self.batch(out / "calls", [out / "gather.tsv"])
        pack = 'cat > "$OUT.vcf"'
        steps.call_variants(calls, out / "evidence", Path(), out / "sighted", pack)
        made = [
            path for name in ("sighted", "evidence", "calls") for path in (out / name).iterdir()
        ]
        return {path.name: path.read_bytes() for path in (*made, out / "gather.tsv")}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each window is a cell."""
    monkeypatch.setattr(cells, "BASES", 1)


@pytest.mark.usefixtures("small")
def test_a_made_pair_in_shares(made_pair: MadePair, tmp_path: Path) -> None:
    """Three cells: some shares of five hold nothing."""
    site = Site.of(tmp_path, made_pair.genome, made_pair.tumour, made_pair.normal)
    one = site.called(None)
    assert sum(line[0] != "#" for line in one["tum.vcf"].decode().splitlines()) >= 12
    assert b"EVID=A,B;CLASS=high" in one["tum.vcf"]
    for shares in (2, 5):
        assert site.called(shares) == one


@pytest.mark.usefixtures("small")
def test_a_refusal_is_the_same_in_shares(made_pair: MadePair, tmp_path: Path) -> None:
    site = Site.of(tmp_path, made_pair.genome, made_pair.tumour, made_pair.tumour)
    one = site.called(None)
    assert b"SAME_READS" in one["gather.tsv"]
    assert not any(name.startswith("tum.") for name in one)
    assert site.called(2) == one


_OF_SOMATIC = """
def pinned_of(wildcards):
    return "work/intake/files"

def panel_of(wildcards):
    return "work/somatic/panel.vcf.gz"

"""
"""What common.smk has for these rules beside the rest."""


def test_rules_of_shares_make_what_the_next_steps_read(tmp_path: Path) -> None:
    """Planned, not run: three shares are gathered and joined, or all is one job."""
    from test_pipelines import SNAKEFILE, snakemake, with_tools

    rules = [CHECKOUT / f"workflow/rules/{room}.smk" for room in ("genomics", "somatic")]
    text = SNAKEFILE.format(rules=str(rules[0])) + _OF_SOMATIC + f"include: {str(rules[1])!r}\n"
    (tmp_path / "Snakefile").write_text(text)
    (tmp_path / "work/intake/genomics").mkdir(parents=True)
    for name in ("genomics/1.tsv", "protocol.json", "site.json"):
        (tmp_path / "work/intake" / name).touch()
    planned = {}
    for shares in (1, 3):
        told = snakemake(
            tmp_path, with_tools(tmp_path), 1, "work/somatic/1/call.tsv", "--dry-run",
            "--config", "pieces=80", f"shares={shares}",
        )  # fmt: skip
        planned[shares] = Counter(re.findall(r"^rule (\w+):", told, re.MULTILINE))
    assert planned[1]["somatic_gather_evidence"] == planned[1]["somatic_sight_alleles"] == 1
    assert planned[3]["somatic_gather_share"] == planned[3]["somatic_sight_share"] == 3
    assert planned[3]["somatic_join_evidence"] == planned[3]["somatic_join_sighted"] == 1
    assert not {"somatic_gather_evidence", "somatic_sight_alleles"} & planned[3].keys()
    assert not [name for name in planned[1] if "join" in name or "share" in name]


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "somatic_spike").is_dir(), reason="EQUISITE_DATA is not set")
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("alone", "numbers"), [(False, (2, 5)), (True, (3,))])
def test_a_public_pair_in_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool, numbers: tuple[int, ...]
) -> None:
    """150 kb as five cells or more, in several numbers of shares."""
    folder = DATA / "somatic_spike"
    genome = {name: bases.decode() for name, bases in read_fasta(folder / "reference.fa")}
    monkeypatch.setenv("REF_PATH", f"{tmp_path / 'cache'}/%s")
    normal = None if alone else folder / "normal.cram"
    site = Site.of(tmp_path, genome, folder / "tumour.cram", normal)
    assert len(normals.read_cells(site.territory, site.reference, None)) >= 5
    one = site.called(None)
    records = [line for line in one["tum.vcf"].decode().splitlines() if line[0] != "#"]
    assert len(records) > 300
    for shares in numbers:
        assert site.called(shares) == one


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "somatic_spike").is_dir(), reason="EQUISITE_DATA is not set")
def test_tokens_decide_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every site has other ones, and freebayes goes by the order of its samples' names."""
    folder = DATA / "somatic_spike"
    genome = {name: bases.decode() for name, bases in read_fasta(folder / "reference.fa")}
    reads = folder / "tumour.cram", folder / "normal.cram"
    called = []
    for tokens in (("aa", "zz"), ("zz", "aa")):
        monkeypatch.setenv("REF_PATH", f"{tmp_path / tokens[0] / 'cache'}/%s")
        files = Site.of(tmp_path / tokens[0], genome, *reads, tokens).called(None)
        called.append(files[f"{tokens[0]}.counted.tsv"])
    assert called[0] == called[1]
