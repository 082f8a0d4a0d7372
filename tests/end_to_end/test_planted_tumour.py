"""Three sites with the public pack; the caller of one is spoiled, and the report says so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from nano_sites import CHECKOUT, Site, snakemake

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not on the PATH"),
]
NAMES = {"north": "Hospital North", "south": "Hospital South", "west": "Clinic West"}
BUNDLE = "private/review/prepared.bundle"


def spoil(site: Path) -> int:
    """The site's caller finds no indels; returns how many it had found."""
    folder = site / "work/tumour/0/annotated"
    (calls,) = folder.glob("*.vcf")
    lines = calls.read_text().splitlines(keepends=True)
    fields = [line.split("\t") for line in lines]
    kept = [
        line
        for line, cells in zip(lines, fields, strict=True)
        if line[0] == "#" or len(cells[3]) == len(cells[4])
    ]
    calls.write_text("".join(kept))
    (folder / ".snakemake_timestamp").touch()
    return len(lines) - len(kept)


def renamed(content: bytes, site: str) -> bytes:
    """The bundle of another site that has the same data and the same installation."""
    from equisite.bundle.codec import encode, read_bundle

    bundle = read_bundle(content)
    return encode(replace(bundle, about=bundle.about.model_copy(update={"site": site})))


@pytest.fixture(scope="module")
def consortium(tmp_path_factory: pytest.TempPathFactory, start) -> Path:  # type: ignore[no-untyped-def]
    """A folder with the scores of a site, `good.tsv`, and with the lead's after its comparison.

    One folder is the site `north`, and `west` after its caller was spoiled.
    """
    from equisite.cli.example import write_example

    folder = tmp_path_factory.mktemp("consortium")
    site, lead = folder / "site", folder / "lead"
    write_example(site)
    config = yaml.safe_load((site / "config.yaml").read_text())
    protocol = yaml.safe_load((site / "protocol.yaml").read_text())
    protocol["genomics"]["somatic"] = {}
    keyring = {
        "protocol": protocol["protocol"]["id"],
        "sites": [{"id": name, "title": title} for name, title in NAMES.items()],
    }
    (site / "protocol.yaml").write_text(yaml.safe_dump(protocol, sort_keys=False))
    (site / "keyring.yaml").write_text(yaml.safe_dump(keyring, sort_keys=False))

    def bundle_of(name: str) -> bytes:
        text = yaml.safe_dump({**config, "site": name}, sort_keys=False)
        (site / "config.yaml").write_text(text)
        start(*snakemake(site, CHECKOUT, "--cores", "2", BUNDLE), folder=site)
        return (site / BUNDLE).read_bytes()

    bundles = {"north": bundle_of("north")}
    bundles["south"] = renamed(bundles["north"], "south")
    shutil.copy(site / "work/conformance/scores.tsv", folder / "good.tsv")
    assert spoil(site) > 10
    bundles["west"] = bundle_of("west")
    (lead / "inbox").mkdir(parents=True)
    for name in ("protocol.yaml", "keyring.yaml", "genes.gff3", "territory.bed"):
        shutil.copy(site / name, lead / name)
    settings = {"protocol": "protocol.yaml", "keyring": "keyring.yaml", "inbox": "inbox"}
    (lead / "compare.yaml").write_text(yaml.safe_dump(settings))
    for name, content in bundles.items():
        (lead / "inbox" / f"{name}-r0001.bundle").write_bytes(content)
    start("equisite", "compare", "--cores", "1", folder=lead)
    return folder


def scores(folder: Path) -> dict[tuple[str, str], str]:
    rows = Site(folder).table("good.tsv")
    return {(row["item"], row["measure"]): row["value"] for row in rows}


def test_planted_counts_are_exact(consortium: Path) -> None:
    found = scores(consortium)
    assert found["somatic/spectrum", "max_difference"] == "0"
    assert found["somatic/burden", "max_difference"] == "0"
    assert found["somatic/snp", "recall"] == found["somatic/snp", "precision"] == "1"
    assert found["somatic/indel", "precision"] == "1"
    assert float(found["somatic/indel", "recall"]) > 0.9
    assert float(found["somatic/high", "precision"]) == 1.0
    assert int(found["somatic/medium", "n"]) > 0, "the class has its expected precision, too"
    genes = {item: value for (item, measure), value in found.items() if measure == "hit"}
    assert set(genes.values()) == {"1"} and len(genes) == 6


def test_the_report_shows_whose_caller_is_spoiled(consortium: Path) -> None:
    lead = Site(consortium / "lead")
    admitted = {row["site"]: row for row in lead.table("report/admitted.tsv")}
    pooled = {site: row["pooled"] for site, row in admitted.items()}
    assert pooled == {"north": "1", "south": "1", "west": "0"}
    assert admitted["west"]["code"] == "CONFORMANCE_DIFFERS"
    unlike = {
        (row["key"], row["measure"]): float(row["value"])
        for row in lead.table("report/pooled.tsv")
        if row["kind"] == "score" and row["value"]
    }
    # Two sites at (r, 1), one at (0, 0): r is what the shipped caller finds of the indels.
    recall = float(scores(consortium)["somatic/indel", "recall"])
    apart = (recall**2 + 1) ** 0.5
    assert unlike["somatic/indel", "h_score"] == pytest.approx(apart / 3, rel=1e-6)
    phs = apart * (4 / 9) * 2**0.5
    assert unlike["somatic/indel", "phs"] == pytest.approx(phs, rel=1e-6)
    assert unlike["somatic/snp", "phs"] == unlike["genomics/indel", "phs"] == 0.0
    # One of three genes is hit by an indel alone.
    assert unlike["somatic/genes", "gdr"] == pytest.approx(1 / 3)
    assert unlike["genomics/genes", "gdr"] == 0.0
    page = (consortium / "lead/report/report.html").read_text()
    row = page.partition("Somatic indels</th>")[2].partition("</tr>")[0]
    assert row.count("0.0\u202f% / 0.0\u202f%, 0.000") == 1
    assert "PACKA, PACKC" in page
