"""Entries that stand for one variable per aggregation of directions and slices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AGGREGATIONS = {
    "2d_avg": ("2D, averaged", "BTW3"),
    "2d_comb": ("2D, merged by slice", "SUJT"),
    "2_5d_avg": ("2.5D, merged by direction", "JJUI"),
    "2_5d_comb": ("2.5D, merged", "ZW7Z"),
    "3d_avg": ("3D, averaged", "ITBB"),
    "3d_comb": ("3D, merged", "IAZD"),
    "2d": ("2D", "8QNN"),
    "2_5d": ("2.5D", "62GR"),
    "3d": ("3D", "KOBO"),
}
"""Words of the label and IBSI code by end of the id."""

ENDS = {
    "2D_avg": ("2d_avg", "2d"),
    "2D_smrg": ("2d_comb", "2d"),
    "2.5D_dmrg": ("2_5d_avg", "2_5d"),
    "2.5D_vmrg": ("2_5d_comb", "2_5d"),
    "3D_avg": ("3d_avg", "3d"),
    "3D_mrg": ("3d_comb", "3d"),
}
"""Ends of ids by aggregation of the protocol: with and without directions."""

CORE = ("3d", "3d_comb")
"""Aggregations for which `core` of an entry holds."""


def variables_of(entry: Any) -> list[Any]:
    """The entry itself, or one entry for each of its `aggregations`.

    What is not a mapping or names an unknown aggregation is returned as it is: the model of
    a variable says what is wrong with it.
    """
    if not isinstance(entry, Mapping) or "aggregations" not in entry:
        return [entry]
    names = entry["aggregations"]
    if not isinstance(names, list) or not set(names) <= set(AGGREGATIONS):
        return [entry]
    common = {key: value for key, value in entry.items() if key != "aggregations"}
    made = []
    for name in names:
        words, code = AGGREGATIONS[name]
        made.append(
            common
            | {
                "id": f"{common.get('id', '')}_{name}",
                "label": f"{common.get('label', '')}, {words}",
                "aggregation": name,
                "core": common.get("core", []) if name in CORE else [],
                "source": [*common.get("source", []), f"IBSIaggregation:{code}"],
            }
        )
    return made
