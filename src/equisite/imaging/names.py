"""Local names of regions to canonical ones, by the protocol's patterns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from equisite.core.errors import InputError
from equisite.protocol.imaging import RoiRule


def normalised(name: str) -> str:
    """A name as patterns see it: NFKC, trimmed, runs of blank, `_` and `-` as one `_`.

    >>> normalised("  GTV - Mass 1 ")
    'GTV_Mass_1'
    """
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFKC", name).strip())


def repaired(name: str) -> str:
    """A name whose UTF-8 was read as Latin-1, because the file does not declare it.

    >>> repaired("Tumor gro\u00c3\u009f"), repaired("Tumor gro\u00df")
    ('Tumor gro\xdf', 'Tumor gro\xdf')
    """
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name


def matching(names: Sequence[str], patterns: Sequence[str]) -> list[int]:
    """Indices of the names that the first successful pattern matches in full.

    Raises InputError ROI_PATTERN when a pattern is no regular expression.
    """
    seen = [normalised(n) for n in names]
    for pattern in patterns:
        try:
            expression = re.compile(pattern, re.IGNORECASE)
        except re.error as problem:
            raise InputError("ROI_PATTERN", pattern=pattern, problem=str(problem)) from problem
        found = [i for i, name in enumerate(seen) if expression.fullmatch(name)]
        if found:
            return found
    return []


def rules_of(roi: str, roi_label: str, rules: Sequence[RoiRule]) -> list[RoiRule]:
    """The regions that a row of the sheet asks for.

    roi: canonical name, or empty for every region of the protocol. roi_label: local name
    or pattern that stands in for the protocol's patterns; it needs one region.
    Raises InputError ROI_UNNAMED when the label could be several regions or the name is
    not the protocol's.
    """
    asked = [rule for rule in rules if roi in ("", rule.name)]
    if not asked or (roi_label and len(asked) > 1):
        raise InputError(
            "ROI_UNNAMED", value=roi or roi_label, names=", ".join(r.name for r in rules)
        )
    if not roi_label:
        return asked
    patterns = [re.escape(normalised(roi_label))]
    try:
        re.compile(roi_label)
        patterns.append(roi_label)
    except re.error:
        pass  # a name with brackets, meant literally
    return [asked[0].model_copy(update={"patterns": tuple(patterns)})]
