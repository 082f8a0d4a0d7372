"""Strelka2: somatic SNVs, somatic indels, and its germline mode, told apart by the header.

The germline mode is no somatic caller, whatever sample it was given: its records say so.
"""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, integers, number
from equisite.genomics.adapters.records import (
    UNKNOWN,
    Adapter,
    Counts,
    Reading,
    Roles,
    unnamed,
)


def _content(word: str) -> bool:
    return word in ("strelka somatic snv calls", "strelka somatic indel calls")


def _somatic(header: Header) -> bool:
    return header.value("source") == "strelka" and _content(header.value("content"))


def _germline(header: Header) -> bool:
    content = header.value("content")
    return (
        header.value("source") == "strelka"
        and content == "strelka germline small-variant calls"
    )


def _named(header: Header) -> tuple[str, str]:
    # Strelka2 itself always writes these two names.
    del header
    return "TUMOR", "NORMAL"


def _tier1(text: str) -> int | None:
    """First of `tier1,tier2`: the reads that count."""
    return integers(text)[0]


def _counts(line: Line, column: int | None, allele: int) -> Counts:
    """`AU CU GU TU` of the bases for SNVs; TIR of the indel and TAR of all else for indels.

    The header calls TAR the "alternate" allele; it counts reads of any other allele than
    the indel, which is the reference unless a second indel stands there.
    """
    fields = line.fields(column)
    if "TIR" in fields:
        return Counts(_tier1(fields.get("TAR", "")), _tier1(fields["TIR"]))
    alt = line.alts[allele - 1]
    if f"{alt}U" not in fields or f"{line.ref}U" not in fields:
        return UNKNOWN
    return Counts(_tier1(fields[f"{line.ref}U"]), _tier1(fields[f"{alt}U"]))


def _read_somatic(line: Line, roles: Roles, allele: int) -> Reading | None:
    score = number(line.info.get("SomaticEVS", ""))
    if score is None:
        score = number(line.info.get("QSS_NT", line.info.get("QSI_NT", "")))
    tumour, normal = (_counts(line, column, allele) for column in roles)
    return Reading(tumour, normal, line.passed, score)


def _read_germline(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    column = roles.normal if roles.tumour is None else roles.tumour
    fields = line.fields(column)
    passed = line.passed and fields.get("FT", "PASS") == "PASS"
    if str(allele) not in fields.get("GT", "").replace("|", "/").split("/"):
        return None
    return Reading(tumour, normal, passed, number(fields.get("GQX", "")))


STRELKA2 = Adapter("Strelka2", "somatic", _somatic, _named, _read_somatic)
STRELKA2_GERMLINE = Adapter("Strelka2 germline", "germline", _germline, unnamed, _read_germline)
