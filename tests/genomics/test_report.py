"""MultiQC's page: from the files of the steps, under tokens, and without the network."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_count_batch import FLAGSTAT, STATS
from test_one_reading import big, count

from browser import browser, executable
from equisite.core.layers import REPORT_QC, Layer, find_layer
from equisite.core.tables import read_table, write_rows, write_table
from equisite.genomics.features import QUALITY_COLUMNS
from equisite.genomics.one_reading import read_once
from equisite.genomics.report import BatchReports, write_report
from equisite.intake.index import SequencingItem

PATIENT = "secret-patient"


@pytest.fixture
def batch(tmp_path: Path) -> BatchReports:
    """Files of two samples as the steps leave them."""
    measured, annotated = tmp_path / "measured", tmp_path / "annotated"
    measured.mkdir()
    annotated.mkdir()
    head = "# This file was produced by samtools stats (1.16.1+htslib-1.16)\n"
    stats = "".join(f"SN\t{name}:\t{value}\n" for name, value in STATS.items())
    rows, items = [], []
    for number in (2, 1):
        token = f"aaa{number}"
        (measured / f"{token}.stats").write_text(head + stats)
        (measured / f"{token}.flagstat").write_text(FLAGSTAT)
        (measured / f"{token}.idxstats").write_text("chr1\t1000\t50\t0\n*\t0\t0\t3\n")
        (measured / f"{token}.depth.json").write_text("{}")
        rows.append({"token": token, "verdict": "THIN_DEPTH", "mean_depth": 9.5})
        items.append(
            SequencingItem(
                f"{PATIENT}{number}", f"s{number}", token, 1, "normal", "", "", "1", "2", "",
                "", "genome", "female", "",
            )
        )  # fmt: skip
    write_table(tmp_path / "quality.tsv", QUALITY_COLUMNS, rows)
    write_rows(tmp_path / "1.tsv", SequencingItem, sorted(items))
    return BatchReports(tmp_path / "1.tsv", measured, annotated, tmp_path / "quality.tsv")


def stand_in(folder: Path, program: str) -> Layer:
    """A layer whose MultiQC is a few lines."""
    packages = folder / "packages"
    packages.mkdir()
    (packages / "multiqc.py").write_text(program)
    return Layer(REPORT_QC, "d", packages, {})


LISTS = """import os, sys
place = sys.argv[sys.argv.index("--outdir") + 1]
files = sys.argv[-1]
with open(place + "/multiqc.html", "w") as page:
    page.write(" ".join(sorted(os.listdir(files))) + "\\n")
    page.write(open(files + "/quality_mqc.tsv").read())
assert "--no-ai" in sys.argv and "--no-version-check" in sys.argv
"""


def test_the_page_sees_tokens_and_no_patient(batch: BatchReports, tmp_path: Path) -> None:
    write_report(stand_in(tmp_path, LISTS), [batch], tmp_path / "private")
    names, *table = (tmp_path / "private/multiqc.html").read_text().splitlines()
    assert names.split() == [
        *(f"aaa{n}.{kind}" for n in (1, 2) for kind in ("flagstat", "idxstats", "stats")),
        "quality_mqc.tsv",
    ]
    rows = [line.split("\t") for line in table if not line.startswith("#")]
    assert rows == [
        ["Sample", "Verdict", "Mean depth"],
        ["aaa1", "THIN_DEPTH", "9.5"],
        ["aaa2", "THIN_DEPTH", "9.5"],
    ]
    assert PATIENT not in "".join([names, *table])
    _, whose = read_table(tmp_path / "private/samples.tsv")
    assert whose[0] == {"token": "aaa1", "patient": f"{PATIENT}1", "sample": "s1"}


def test_a_failing_multiqc_leaves_nothing(batch: BatchReports, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="non-zero exit status 9"):
        write_report(stand_in(tmp_path, "raise SystemExit(9)"), [batch], tmp_path / "private")
    assert not (tmp_path / "private").exists()


@pytest.mark.skipif(
    find_layer(REPORT_QC) is None or shutil.which("samtools") is None,
    reason="the layer report-qc or samtools is not installed; `run.py test` has both",
)
def test_multiqc_reads_all_files_and_asks_nobody(batch: BatchReports, tmp_path: Path) -> None:
    layer = find_layer(REPORT_QC)
    assert layer is not None
    for name in ("aaa1", "aaa2"):
        read_once(big(tmp_path), batch.measured / name, count)
    write_report(layer, [batch], tmp_path / "private")
    page = tmp_path / "private/multiqc.html"
    text = page.read_text(encoding="utf-8")
    assert "aaa1" in text and "THIN_DEPTH" in text
    assert PATIENT not in text and str(tmp_path) not in text
    assert "Sequencing quality of this site" in text and "samples.tsv beside this page" in text
    assert "based on data in" not in text, "the scratch folder tells a reader nothing"
    if executable() is None:
        pytest.skip("no Chromium on this machine; the page was written and read")
    with browser() as tab:
        tab.look()
        tab.open(page)
        tab.wait_for("document.querySelectorAll('table tbody tr').length > 1")
        tab.wait_for("document.querySelector('.main-svg')")
        sections = tab.evaluate("[...document.querySelectorAll('h2')].map(h => h.innerText)")
        assert {"Judged by the protocol", "Samtools"} <= {s.strip() for s in sections}
        assert tab.errors() == []
        assert tab.requests() == []
