"""Manta: breakends in pairs, one event each; counts of pairs (PR) and split reads (SR)."""

from __future__ import annotations

import re

from equisite.genomics.adapters.breakpoints import Breakend, Junction, ordered
from equisite.genomics.adapters.delly import slack
from equisite.genomics.adapters.lines import Header, Line, integers, number
from equisite.genomics.adapters.records import UNKNOWN, Counts, Roles

NAME = "Manta"
_MATE = re.compile(r"^(?P<before>[A-Za-z.]*)(?P<bracket>[\[\]])(?P<place>.+):(?P<at>\d+)[\[\]]")
_SIDES = {"DEL": ("3", "5"), "DUP": ("5", "3"), "INS": ("3", "5")}


def recognises(header: Header) -> bool:
    """Manta's candidates and its somatic and tumour-only files name the same program."""
    return header.value("source").startswith("GenerateSVCandidates")


def read_junction(line: Line, roles: Roles) -> Junction | None:
    """The event of a line; of a pair of breakends each record gives the same event."""
    info = line.info
    kind = info.get("SVTYPE", "")
    width = slack(info.get("CIPOS", ""))
    if kind == "BND":
        ends = breakends(line, width)
        if ends is None:
            return None
    elif kind in _SIDES and info.get("END", "").isdigit():
        one, other = _SIDES[kind]
        ends = (
            Breakend(line.contig, line.position, one, width),
            Breakend(line.contig, int(info["END"]) - 1, other, slack(info.get("CIEND", ""))),
        )
    else:
        return None
    return Junction(
        *ordered(*ends),
        _counts(line, roles.tumour),
        _counts(line, roles.normal),
        "IMPRECISE" not in info,
        line.filters,
        line.passed,
        number(info.get("SOMATICSCORE", "")),
        NAME,
        kind == "INS",
    )


def breakends(line: Line, width: int) -> tuple[Breakend, Breakend] | None:
    """The two ends of a breakend record (VCF 4.2, section 5.4); None for single breakends.

    Bases before the bracket: what lies before the position is kept. `[`: the other piece
    extends to the right of its position.
    """
    found = _MATE.match(line.alts[0])
    if found is None:
        return None
    own = "3" if found["before"] else "5"
    mate = "5" if found["bracket"] == "[" else "3"
    return (
        Breakend(line.contig, line.position, own, width),
        Breakend(found["place"], int(found["at"]) - 1, mate, width),
    )


def _counts(line: Line, column: int | None) -> Counts:
    """Spanning pairs and split reads together, reference and alternative."""
    fields = line.fields(column)
    pairs = [integers(fields[key]) for key in ("PR", "SR") if key in fields]
    known = [(one[0], one[1]) for one in pairs if len(one) == 2]
    if not known:
        return UNKNOWN
    return Counts(sum(ref or 0 for ref, _ in known), sum(alt or 0 for _, alt in known))
