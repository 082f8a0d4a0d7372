"""The local page shows every region and every refused series, and runs nothing."""

from __future__ import annotations

from pathlib import Path

from imaging_cases import outcome_row, series_row

from equisite.cli.main import main
from equisite.core.outcomes import write_outcomes
from equisite.core.tables import write_rows
from equisite.imaging.rows import ReaderPair, RegionPair, SeriesRow


def test_page(tmp_path: Path) -> None:
    work = tmp_path / "work"
    for batch in (1, 2):
        (work / str(batch)).mkdir(parents=True)
    rows = [
        series_row("a1", "refused", "MISSING_SLICE", "refuse", "gap <b>5</b> mm"),
        series_row("a1", "refused", "LOSSY", "refuse", "loss"),
        series_row("a2", "ok", "END_GAP", "warn", "end"),
    ]
    write_rows(work / "1/series.tsv", SeriesRow, rows)
    split = [
        SeriesRow("P2", "b1", "MR", part, word, 9, code, "refuse" if code else "",
                  "", "", "", "few slices", "")
        for part, word, code in (("", "ok", ""), ("echo 1", "ok", ""),
                                 ("echo 2", "refused", "TOO_FEW_SLICES"))
    ]  # fmt: skip
    write_rows(work / "2/series.tsv", SeriesRow, split)
    outcomes = [
        outcome_row("CT/a1", "refused", "MISSING_SLICE", "gap <b>5</b> mm"),
        outcome_row("CT/a1", "refused", "LOSSY", "loss"),
        outcome_row("CT/a2/edema", "refused", "ROI_OUTSIDE", "outside"),
        outcome_row("CT/a2", "flagged", "END_GAP", "end"),
        outcome_row("CT/a2/gtv", "flagged", "ROI_TINY", "tiny"),
    ]
    write_outcomes(work / "1/outcomes.tsv", outcomes)
    write_outcomes(work / "2/outcomes.tsv", [])
    pair = RegionPair("P&1", "a2", "CT", "gtv", "R1", "volumes/i", "volumes/m", 77, "ROI_TINY")
    write_rows(work / "1/regions.tsv", RegionPair, [pair])
    write_rows(work / "2/regions.tsv", RegionPair, [])
    readers = ReaderPair("P&1", "a2", "a3", "CT", "gtv", "R1", "R2", 7, 8, 0.81, 0.9, 1.5, 3.25)
    write_rows(work / "1/agreement.tsv", ReaderPair, [readers])
    write_rows(work / "2/agreement.tsv", ReaderPair, [])
    out = tmp_path / "private" / "imaging.html"
    out.parent.mkdir()
    command = ["imaging", "page", "--work", str(work), "--batches", "2", "1", "--out", str(out)]
    assert main(command) == 0
    text = out.read_text("utf-8")
    assert "3 rows of the sheet judged: 1 refused as series, 1 further refusals" in text
    assert "1 regions drawn" in text and "href=status.html" in text
    assert text.count("<div class=wide role=region tabindex=0 aria-label=") == text.count(
        "<table>"
    )
    assert text.count("<td class=refused>") == 3
    assert "<td>a2<td>edema<td class=refused>ROI_OUTSIDE" in text
    assert "<div class=tile><span>LOSSY</span><span>MISSING_SLICE</span></div>" in text
    assert text.count("<figure>") == 3
    assert "<td class=warn>END_GAP<td class=n>1" in text and ">ROI_TINY<td class=n>1" in text
    assert "<td>echo 1<td class=n>9<td>sound" in text
    assert "<span class=refused>TOO_FEW_SLICES</span> few slices" in text
    assert "gap &lt;b&gt;5&lt;/b&gt; mm" in text and "<b>5" not in text
    assert "src='pictures/1/a2.gtv.png'" in text
    assert "P&amp;1, CT, gtv, R1" in text
    assert "0.810" in text and "3.25" in text
    assert "<script" not in text and "http" not in text
    first = out.read_bytes()
    assert main(command) == 0
    assert out.read_bytes() == first


def test_a_site_without_images_has_a_page(tmp_path: Path) -> None:
    out = tmp_path / "imaging.html"
    assert (
        main(["imaging", "page", "--work", str(tmp_path), "--batches", "--out", str(out)]) == 0
    )
    assert "0 rows of the sheet judged" in out.read_text("utf-8")
