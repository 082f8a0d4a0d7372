"""Delly: ends and orientation in INFO, counts of pairs and of reads through the junction.

The genotype is never used: with few reads it says 0/0 of events that the counts show.
"""

from __future__ import annotations

from equisite.genomics.adapters.breakpoints import Breakend, Junction, ordered
from equisite.genomics.adapters.lines import Header, Line, integers
from equisite.genomics.adapters.records import UNKNOWN, Counts, Roles

NAME = "Delly"
_ORIENTATION = {"DEL": "3to5", "DUP": "5to3", "INS": "NtoN"}


def recognises(header: Header) -> bool:
    """Delly names itself in the records only: these fields stand together in its files."""
    return header.defines("INFO", "CT", "SVMETHOD", "CHR2") and header.defines(
        "FORMAT", "DR", "DV", "RR", "RV"
    )


def read_junction(line: Line, roles: Roles) -> Junction | None:
    """The event of a line; None for what has no orientation.

    `BND` names the other end by CHR2 and POS2; files of before 0.8 by CHR2 and END.
    """
    info = line.info
    kind = info.get("SVTYPE", "")
    before, _, after = info.get("CT", _ORIENTATION.get(kind, "")).partition("to")
    place = info.get("POS2") or info.get("END", "")
    inserted = kind == "INS"
    if not place.isdigit() or (not inserted and not {before, after} <= {"3", "5"}):
        return None
    contig = info.get("CHR2") or line.contig
    if inserted:
        before, after, contig = "3", "5", line.contig
    one = Breakend(line.contig, line.position, before, slack(info.get("CIPOS", "")))
    other = Breakend(contig, int(place) - 1, after, slack(info.get("CIEND", "")))
    precise = "PRECISE" in info
    tumour = line.fields(roles.tumour)
    passed = line.passed and tumour.get("FT", "PASS") == "PASS"
    return Junction(
        *ordered(one, other),
        _counts(line, roles.tumour, precise=precise),
        _counts(line, roles.normal, precise=precise),
        precise,
        line.filters,
        passed,
        line.quality,
        NAME,
        inserted,
    )


def slack(text: str) -> int:
    """Half width of a confidence interval `-a,b`; 0 where there is none."""
    parts = [part.lstrip("-") for part in text.split(",")]
    return max((int(part) for part in parts if part.isdigit()), default=0)


def _counts(line: Line, column: int | None, *, precise: bool) -> Counts:
    """Reads through the junction where it is precise, spanning pairs where it is not."""
    fields = line.fields(column)
    ref, alt = ("RR", "RV") if precise else ("DR", "DV")
    if ref not in fields or alt not in fields:
        return UNKNOWN
    return Counts(integers(fields[ref])[0], integers(fields[alt])[0])
