"""A local page of all images: contact sheet, what was refused with reason and mend, readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from equisite.core.atomic import write_bytes
from equisite.core.markup import told_in_html
from equisite.core.outcomes import FLAGGED, REFUSED, Outcome, read_outcomes
from equisite.core.tables import read_rows
from equisite.imaging.rows import ReaderPair, RegionPair, SeriesRow

STYLE = """
:root { --text: #1d1d1f; --page: #fff; --line: #e5e5ea; --quiet: #6e6e73; --bad: #b00020;
  --warn: #8a5a00; --tile: #fdf2f3; --link: #0057b8 }
@media screen and (prefers-color-scheme: dark) { :root { --text: #f2f2f7; --page: #1c1c1e;
  --line: #3a3a3c; --quiet: #aeaeb2; --bad: #ff6961; --warn: #ffd60a; --tile: #3a2224;
  --link: #6cb4ff } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1500px;
  padding: 0 1rem; color: var(--text); background: var(--page) }
h1, h2 { font-weight: 600 } h2 { margin-top: 2.2rem } a { color: var(--link) }
nav a { margin-right: 1.2rem } .wide { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top } .n { text-align: right; font-variant-numeric: tabular-nums }
.refused { color: var(--bad) } .warn { color: var(--warn) } .quiet { color: var(--quiet) }
code { font-size: .9em }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
.sheet { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 1rem }
figure { margin: 0; overflow-wrap: anywhere; break-inside: avoid }
figure img, .tile { width: 100%; box-sizing: border-box; border: 1px solid var(--line);
  aspect-ratio: 1100 / 850 } .tile { display: flex; flex-direction: column; padding: .5rem;
  align-items: center; justify-content: center; text-align: center; font-weight: 600;
  background: var(--tile); border-color: var(--bad); color: var(--bad) }
figcaption { font-size: 13px; margin-top: .3rem }
@media (max-width: 900px) { .sheet { grid-template-columns: repeat(2, minmax(0, 1fr)) } }
@media print { body { margin: 0; font-size: 10pt } nav { display: none }
  tr { break-inside: avoid } .sheet { grid-template-columns: repeat(3, minmax(0, 1fr)) } }
"""


@dataclass(frozen=True)
class _Tables:
    """Rows of all batches; regions with the number of their batch."""

    series: list[SeriesRow]
    regions: list[tuple[int, RegionPair]]
    readers: list[ReaderPair]
    outcomes: list[Outcome]


def write_page(work: Path, pictures: str, batches: Sequence[int], target: Path) -> int:
    """Write the page of these batches; the number of refused series.

    work: folder of the batches' tables. pictures: folder of the batches' pictures, relative
    to the page. The page names patients and stays at the site; it runs nothing and asks for
    nothing but the pictures beside it.
    """
    folders = [work / str(b) for b in batches]
    found = _Tables(
        [r for f in folders for r in read_rows(f / "series.tsv", SeriesRow)],
        [
            (b, r)
            for b, f in zip(batches, folders, strict=True)
            for r in read_rows(f / "regions.tsv", RegionPair)
        ],
        [r for f in folders for r in read_rows(f / "agreement.tsv", ReaderPair)],
        read_outcomes(f / "outcomes.tsv" for f in folders),
    )
    refused = len({r.token for r in found.series if r.verdict == "refused" and not r.part})
    judged = len({r.token for r in found.series})
    lost = len({_place(o) for o in found.outcomes if o.outcome == REFUSED}) - refused
    sections = [
        ("refused", "Refused", _refused(found.outcomes)),
        ("sheet", "Contact sheet", _sheet(found, pictures)),
        ("warnings", "Warnings", _warned(found.outcomes)),
        ("parts", "Series in parts", _parts(found.series)),
        ("readers", "Readers, least agreement first", _readers(found.readers)),
    ]
    shown = [section for section in sections if section[2]]
    links = "".join(f"<a href='#{name}'>{title}</a>" for name, title, _ in shown)
    body = "".join(f"<h2 id={name}>{title}</h2>\n{content}" for name, title, content in shown)
    text = (
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        "<meta name=viewport content='width=device-width'>\n<title>Images</title>\n"
        f"<style>{STYLE}</style>\n<main>\n<h1>Images of this site</h1>\n"
        f"<p>{judged} rows of the sheet judged: {refused} refused as series, {lost} further "
        f"refusals of masks or regions; {len(found.regions)} regions drawn. "
        "This page names patients: it stays at the site. What became of every patient: "
        "<a href=status.html>status</a>. The files of a row: <code>grep</code> its name in "
        "<code>work/intake/imaging/</code>.</p>\n"
        f"<nav>{links}</nav>\n{body}</main>\n</html>\n"
    )
    write_bytes(target, text.encode())
    return refused


def _table(
    name: str, head: Sequence[str], rows: Iterable[str], numbers: Sequence[str] = ()
) -> str:
    cells = "".join(
        f"<th scope=col{' class=n' if h in numbers else ''}>{escape(h)}" for h in head
    )
    frame = f"<div class=wide role=region tabindex=0 aria-label='{name}'>"
    return f"{frame}<table>\n<tr>{cells}\n{''.join(rows)}</table></div>\n"


def _place(outcome: Outcome) -> tuple[str, str, str]:
    """Modality, token and region of an outcome's item; the region may be empty."""
    modality, token, region = (*outcome.item.split("/", 2), "", "")[:3]
    return modality, token, region


def _refused(outcomes: Sequence[Outcome]) -> str:
    """Every series, mask and region that was refused, with the reason and its mend."""
    rows = []
    for o in outcomes:
        if o.outcome == REFUSED:
            modality, token, region = map(escape, _place(o))
            rows.append(
                f"<tr><td>{escape(o.patient)}<td>{modality}<td>{token}<td>{region}"
                f"<td class=refused>{escape(o.code)}<td>{told_in_html(o.sentence)}"
                f"<td>{told_in_html(o.mend)}\n"
            )
    if not rows:
        return "<p>None.</p>\n"
    head = ("Patient", "Modality", "Row", "Region", "Code", "What is wrong", "What to do")
    return _table("Refused", head, rows)


def _warned(outcomes: Sequence[Outcome]) -> str:
    """Warnings by code: how many rows of the sheet each concerns, and one of its sentences."""
    told: dict[str, list[Outcome]] = {}
    for o in outcomes:
        if o.outcome == FLAGGED:
            told.setdefault(o.code, []).append(o)
    rows = []
    for code, found in sorted(told.items()):
        number = len({_place(o)[1] for o in found})
        rows.append(
            f"<tr><td class=warn>{escape(code)}<td class=n>{number}"
            f"<td>{told_in_html(found[0].sentence)}<td>{told_in_html(found[0].mend)}\n"
        )
    head = ("Code", "Rows", "What was found (the first of them)", "What to do")
    return _table("Warnings", head, rows, ("Rows",)) if rows else ""


def _sheet(found: _Tables, pictures: str) -> str:
    """A tile per region and per refused row, by patient."""
    tiles: list[tuple[tuple[str, ...], str]] = []
    for batch, r in found.regions:
        picture = escape(f"{pictures}/{batch}/{r.token}.{r.roi}.png", quote=True)
        flags = f"<br><span class=warn>{escape(r.flags.replace(',', ', '))}</span>"
        reader = f", {escape(r.reader)}" if r.reader else ""
        text = f"{escape(r.patient)}, {escape(r.modality)}, {escape(r.roi)}{reader}"
        tiles.append(
            (
                (r.patient, r.modality, r.token, r.roi),
                f"<figure><a href='{picture}'><img loading=lazy src='{picture}' alt='{text}'>"
                f"</a><figcaption>{text}<br><span class=quiet>{r.voxels} voxels, "
                f"{escape(r.token)}</span>{flags if r.flags else ''}</figcaption></figure>\n",
            )
        )
    codes: dict[tuple[str, ...], Counter[str]] = {}
    for o in found.outcomes:
        if o.outcome == REFUSED:
            codes.setdefault((o.patient, *_place(o)), Counter())[o.code] += 1
    for (patient, modality, token, region), why in codes.items():
        lines = "".join(f"<span>{escape(code)}</span>" for code in sorted(why))
        parts = [escape(p) for p in (patient, modality, region) if p]
        tiles.append(
            (
                (patient, modality, token, region),
                f"<figure><div class=tile>{lines}</div><figcaption>{', '.join(parts)}<br>"
                f"<span class=quiet>refused, {escape(token)}</span></figcaption></figure>\n",
            )
        )
    if not tiles:
        return ""
    return f"<div class=sheet>\n{''.join(tile for _, tile in sorted(tiles))}</div>\n"


def _parts(series: Sequence[SeriesRow]) -> str:
    """Parts of split series, each with its verdict and what refused it."""
    parts: dict[tuple[str, str, str, str], list[SeriesRow]] = {}
    for r in sorted(series):
        if r.part:
            parts.setdefault((r.patient, r.modality, r.token, r.part), []).append(r)
    rows = []
    for (patient, modality, token, part), found in parts.items():
        why = [r for r in found if r.severity == "refuse"]
        cells = "".join(f"<td>{escape(c)}" for c in (patient, modality, token, part))
        told = "<br>".join(
            f"<span class=refused>{escape(r.code)}</span> {told_in_html(r.sentence)}"
            for r in why
        )
        rows.append(f"<tr>{cells}<td class=n>{found[0].images}<td>{told or 'sound'}\n")
    head = ("Patient", "Modality", "Row", "Part", "Images", "Verdict")
    return _table("Series in parts", head, rows, ("Images",)) if rows else ""


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
    measures = ("Dice", "Volume ratio", "Mean distance, mm", "95 % distance, mm")
    head = ("Patient", "Modality", "Region", "Reader", "and", *measures)
    return _table("Readers", head, rows, measures)
