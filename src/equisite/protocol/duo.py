"""Data use codes (GA4GH DUO): whether the terms of a data set allow an analysis.

A permission says what research is allowed; modifiers bind whoever uses the data. Names and
hierarchy are those of the ontology (https://obofoundry.org/ontology/duo).
"""

from __future__ import annotations

from collections.abc import Collection

PERMISSIONS: dict[str, tuple[str, str]] = {
    "DUO:0000004": ("", "no restriction"),
    "DUO:0000042": ("DUO:0000004", "general research use"),
    "DUO:0000006": ("DUO:0000042", "health, medical and biomedical research"),
    "DUO:0000007": ("DUO:0000006", "research on one disease"),
    "DUO:0000011": ("DUO:0000042", "research on origins and ancestry only"),
}
"""Permission: the wider one that it lies in, and its name."""
MODIFIERS: dict[str, str] = {
    "DUO:0000012": "research specific restrictions",
    "DUO:0000015": "no general methods research",
    "DUO:0000016": "genetic studies only",
    "DUO:0000018": "not for profit, non commercial use only",
    "DUO:0000019": "publication required",
    "DUO:0000020": "collaboration required",
    "DUO:0000021": "ethics approval required",
    "DUO:0000022": "geographical restriction",
    "DUO:0000024": "publication moratorium",
    "DUO:0000025": "time limit on use",
    "DUO:0000026": "user specific restriction",
    "DUO:0000027": "project specific restriction",
    "DUO:0000028": "institution specific restriction",
    "DUO:0000029": "return to database or resource",
    "DUO:0000044": "no research on origins or ancestry",
    "DUO:0000045": "not for profit organisation use only",
    "DUO:0000046": "non-commercial use only",
}
CLINICAL_CARE = "DUO:0000043"
"""Allows care beside research: it binds nobody."""


def refused_by_duo(data: Collection[str], use: Collection[str]) -> str:
    """Why the codes of a data set do not allow an analysis; empty when they do.

    data: codes of the data set. use: codes of the protocol: what the analysis is for, and
    which modifiers it keeps. Each permission of the use must lie in one of the data; each
    modifier of the data must stand in the use, that is, be promised by it.

    >>> refused_by_duo(["DUO:0000042", "DUO:0000021"], ["DUO:0000006", "DUO:0000021"])
    ''
    >>> refused_by_duo(["DUO:0000007"], ["DUO:0000042"])
    'they do not allow DUO:0000042 (general research use)'
    """
    unknown = sorted({*data, *use} - {*PERMISSIONS, *MODIFIERS, CLINICAL_CARE})
    if unknown:
        return f"{unknown[0]} is no permission and no modifier of DUO"
    wanted = [code for code in use if code in PERMISSIONS]
    if not wanted:
        return "the protocol names no permission that it needs"
    for code in wanted:
        if not _around(code) & set(data):
            return f"they do not allow {code} ({PERMISSIONS[code][1]})"
    for code in sorted(set(data) & set(MODIFIERS)):
        if code not in use:
            return f"the protocol does not promise {code} ({MODIFIERS[code]})"
    return ""


def _around(code: str) -> set[str]:
    """A permission and the wider ones in which it lies."""
    found = set()
    while code:
        found.add(code)
        code = PERMISSIONS[code][0]
    return found
