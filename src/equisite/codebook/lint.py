"""Faults of the codebook that the type of a single key cannot show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product

from equisite.codebook.model import Variable
from equisite.core.errors import Finding

CORE_LIMIT = 15
"""Features per modality that fit the disclosure budget at n = 60 (mean and M2: 30 numbers)."""

_FORMS = {
    "code": {"count"},
    "flag": {"count", "carriers", "comoment", "positions"},
    "number": {"moment", "hist", "comoment"},
    "count": {"moment", "hist", "comoment", "carriers", "variants", "spectrum"},
}


def faults(entries: Sequence[tuple[str, Variable]], version: str) -> list[Finding]:
    """Everything wrong with the entries together, in their order.

    entries: (domain of the file, entry). version: that of the codebook.
    """
    found = []
    times = Counter(v.id for _, v in entries)
    for domain, v in entries:
        problems = list(_problems(v, domain, version))
        if times[v.id] > 1:
            problems.append("the id is used by more than one entry")
        where = f"{domain}.yaml ({v.id})"
        found += [Finding("CODEBOOK_FAULT", where, {"problem": p}) for p in problems]
    for domain, modality in product(("imaging", "ibsi"), ("CT", "MR", "PT")):
        number = sum(modality in v.core for d, v in entries if d == domain)
        if number > CORE_LIMIT:
            problem = (
                f"{number} core features for {modality}, at most {CORE_LIMIT} fit the budget"
            )
            found.append(Finding("CODEBOOK_FAULT", f"{domain}.yaml", {"problem": problem}))
    return found


def _problems(v: Variable, domain: str, version: str) -> list[str]:
    """What is wrong with one entry."""
    problems = []
    if domain in ("clinical", "imaging") and v.class_ != domain:
        problems.append(f"class {v.class_} does not belong into {domain}.yaml")
    odd = sorted(set(v.forms) - _FORMS[v.type])
    if odd:
        problems.append(f"a {v.type} cannot be released as {', '.join(odd)}")
    if (v.type == "code") != bool(v.codes):
        problems.append("codes are for type code, and needed there")
    repeated = [label for label, n in Counter(v.codes.values()).items() if n > 1]
    if repeated:
        problems.append(f"two codes have the label {repeated[0]}")
    if len({c.casefold() for c in v.codes}) < len(v.codes):
        problems.append("two codes differ only by case")
    for name, table in (("bands", v.bands), ("ranges", v.ranges)):
        if table and list(table) != [c for c in v.codes if c != v.absent_code]:
            problems.append(f"{name} do not name all codes in their order")
        if table and not v.absent_code:
            problems.append(f"{name} need a code for what falls into none")
    bounds = list(v.bands.values())
    if any(low >= high for low, high in pairwise(bounds)):
        problems.append("bands do not rise")
    problems += [
        f"range {r} is not LOW-HIGH"
        for texts in v.ranges.values()
        for r in texts
        if r.count("-") != 1 or not r.partition("-")[0] <= r.partition("-")[2]
    ]
    if "carriers" in v.forms and v.instances != "panel":
        problems.append("carriers stand per gene: instances must be panel")
    if {"variants", "positions"} & set(v.forms) and v.instances != "allele":
        problems.append("alleles are counted one by one: instances must be allele")
    if "spectrum" in v.forms and (v.instances != "channel" or v.constant is None):
        problems.append("a spectrum stands per channel, with a constant: most of one patient")
    if v.constant is not None and not v.is_numeric:
        problems.append("only a number or count has a constant")
    if v.core and v.instances != "modality_roi":
        problems.append("a core list holds features per modality and region only")
    problems += [
        f"structural zero {key} is not name=value pairs joined by |"
        for key in v.structural_zeros
        if not all(pair.count("=") == 1 and all(pair.split("=")) for pair in key.split("|"))
    ]
    if len(set(v.source)) < len(v.source):
        problems.append("a source stands twice")
    if _release(v.since) > _release(version):
        problems.append(f"since {v.since} is later than the codebook's version {version}")
    return problems


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()
