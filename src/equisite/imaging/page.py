"""A local page of all images: contact sheet, refused series with reason and mend, readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from equisite.core.atomic import write_bytes
from equisite.core.tables import read_rows
from equisite.imaging.findings import REFUSE
from equisite.imaging.rows import ReaderPair, RegionPair, SeriesRow

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1500px;
  padding: 0 1rem; color: #1d1d1f; background: #fff }
h1, h2 { font-weight: 600 } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #e5e5ea;
  vertical-align: top } td.n { text-align: right; font-variant-numeric: tabular-nums }
.refused { color: #b00020 } .warn { color: #8a5a00 } .quiet { color: #6e6e73 }
.sheet { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 1rem }
.sheet figure { margin: 0; overflow-wrap: anywhere } .sheet img { width: 100%;
  border: 1px solid #e5e5ea } figcaption { font-size: 13px }
@media (max-width: 900px) { .sheet { grid-template-columns: repeat(2, minmax(0, 1fr)) } }
@media (prefers-color-scheme: dark) { body { background: #1c1c1e; color: #f2f2f7 }
  .refused { color: #ff6961 } .warn { color: #ffd60a } .quiet { color: #aeaeb2 }
  th, td, .sheet img { border-color: #3a3a3c } }
"""


def write_page(work: Path, pictures: str, batches: Sequence[int], target: Path) -> int:
    """Write the page of these batches; the number of refused series.

    work: folder of the batches' tables. pictures: folder of the batches' pictures, relative
    to the page. The page names patients and stays at the site.
    """
    series = [r for b in batches for r in read_rows(work / str(b) / "series.tsv", SeriesRow)]
    regions = [
        (b, r) for b in batches for r in read_rows(work / str(b) / "regions.tsv", RegionPair)
    ]
    readers = [
        r for b in batches for r in read_rows(work / str(b) / "agreement.tsv", ReaderPair)
    ]
    refused = len({r.token for r in series if r.verdict == "refused"})
    judged = len({r.token for r in series})
    parts = [
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        "<meta name=viewport content='width=device-width'>\n<title>Images</title>\n"
        f"<style>{STYLE}</style>\n<h1>Images of this site</h1>\n"
        f"<p>{judged} rows judged, {refused} refused, {len(regions)} regions drawn. "
        "This page names patients: it stays at the site.</p>\n",
        _refused(series),
        _warned(series),
        _sheet(regions, pictures),
        _readers(readers),
        "</html>\n",
    ]
    write_bytes(target, "".join(parts).encode())
    return refused


def _table(head: Sequence[str], rows: Iterable[str]) -> str:
    cells = "".join(f"<th scope=col>{escape(h)}" for h in head)
    return f"<table>\n<tr>{cells}\n{''.join(rows)}</table>\n"


def _refused(series: Sequence[SeriesRow]) -> str:
    rows = [
        f"<tr><td>{escape(r.patient)}<td>{escape(r.modality)}<td>{escape(r.token)}"
        f"<td class=refused>{escape(r.code)}<td>{escape(r.sentence)}<td>{escape(r.mend)}\n"
        for r in sorted(series)
        if r.severity == REFUSE
    ]
    if not rows:
        return "<h2>Refused series</h2>\n<p>None.</p>\n"
    head = ("Patient", "Modality", "Row", "Code", "What is wrong", "What to do")
    return f"<h2>Refused series</h2>\n{_table(head, rows)}"


def _warned(series: Sequence[SeriesRow]) -> str:
    """Warnings by code, with how many rows they concern."""
    found: dict[str, tuple[int, str]] = {}
    for row in sorted(series):
        if row.severity == "warn":
            number, mend = found.get(row.code, (0, row.mend))
            found[row.code] = number + 1, mend
    if not found:
        return ""
    rows = [
        f"<tr><td class=warn>{escape(code)}<td class=n>{number}<td>{escape(mend)}\n"
        for code, (number, mend) in sorted(found.items())
    ]
    return f"<h2>Warnings</h2>\n{_table(('Code', 'Rows', 'What to do'), rows)}"


def _sheet(regions: Sequence[tuple[int, RegionPair]], pictures: str) -> str:
    figures = []
    for batch, r in sorted(regions, key=lambda item: item[1]):
        picture = escape(f"{pictures}/{batch}/{r.token}.{r.roi}.png", quote=True)
        flags = f"<br><span class=warn>{escape(r.flags)}</span>" if r.flags else ""
        reader = f", {escape(r.reader)}" if r.reader else ""
        text = f"{escape(r.patient)}, {escape(r.modality)}, {escape(r.roi)}{reader}"
        figures.append(
            f"<figure><a href='{picture}'><img loading=lazy src='{picture}' alt='{text}'></a>"
            f"<figcaption>{text}<br><span class=quiet>{r.voxels} voxels, "
            f"{escape(r.token)}</span>{flags}</figcaption></figure>\n"
        )
    return f"<h2>Contact sheet</h2>\n<div class=sheet>\n{''.join(figures)}</div>\n"


def _readers(readers: Sequence[ReaderPair]) -> str:
    if not readers:
        return ""
    rows = [
        f"<tr><td>{escape(r.patient)}<td>{escape(r.modality)}<td>{escape(r.roi)}"
        f"<td>{escape(r.reader)}<td>{escape(r.other_reader)}<td class=n>{r.dice:.3f}"
        f"<td class=n>{r.volume_ratio:.3f}<td class=n>{r.assd_mm:.2f}"
        f"<td class=n>{r.hd95_mm:.2f}\n"
        for r in sorted(readers, key=lambda r: (r.dice, r))
    ]
    head = ("Patient", "Modality", "Region", "Reader", "and", "Dice", "Volume ratio",
            "Mean distance, mm", "95 % distance, mm")  # fmt: skip
    return f"<h2>Readers, least agreement first</h2>\n{_table(head, rows)}"
