"""One typed row per patient: clinical, genomic and imaging variables, and the analysis sets."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equisite.cohort.sources import Rows, Sources
from equisite.core.tables import format_cell

SETS = ("all", "genomics", "imaging", "both")
SET_COLUMNS = tuple(f"set_{name}" for name in SETS)

_Region = tuple[str, str]


@dataclass(frozen=True)
class Joined:
    """The cohort's table. unused: by patient, series or readers that the rule left out."""

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    unused: Mapping[str, Sequence[str]]


def join(sources: Sources, several: str) -> Joined:
    """Join the rows of all rooms by patient, sorted by the bytes of the id.

    several: the protocol's rule for several series or readers of one region: `first`
    takes the first reader and series by name, `mean` averages what is not missing.

    A region that radiomics refused gives no value, whatever stands in its row.

    Analysis sets: `genomics` and `imaging` hold patients with at least one value of that
    kind, `both` those in both. `all` holds whoever is in one of them, and patients for
    whom no data was given at all; who lost all data that was given leaves the cohort.
    """
    variants = {row["patient"]: row for row in sources.variants}
    imaging, unused, columns = _wide(sources, several)
    rows = []
    for clinical in sorted(sources.clinical, key=lambda row: row["patient"].encode()):
        patient = clinical["patient"]
        genomic = variants.get(patient, {})
        pictured = imaging.get(patient, {})
        in_genomics = any(genomic.get(c) for c in sources.variant_columns)
        in_imaging = any(pictured.values())
        given = any(patient in sources.expected[room] for room in ("genomics", "imaging"))
        flags = {
            "all": in_genomics or in_imaging or not given,
            "genomics": in_genomics,
            "imaging": in_imaging,
            "both": in_genomics and in_imaging,
        }
        rows.append(
            {
                "patient": patient,
                **{f"set_{name}": "1" if flags[name] else "0" for name in SETS},
                **{c: clinical[c] for c in sources.clinical_columns},
                **{c: genomic.get(c, "") for c in sources.variant_columns},
                **{c: pictured.get(c, "") for c in columns},
            }
        )
    names = (
        "patient",
        *SET_COLUMNS,
        *sources.clinical_columns,
        *sources.variant_columns,
        *columns,
    )
    return Joined(names, tuple(rows), unused)


def _wide(
    sources: Sources, several: str
) -> tuple[dict[str, dict[str, str]], dict[str, list[str]], list[str]]:
    """Features of each patient under `<modality>__<roi>__<feature>`."""
    features = sources.feature_columns
    grouped: dict[tuple[str, _Region], Rows] = defaultdict(list)
    for row in sources.regions:
        grouped[row["patient"], (row["modality"].lower(), row["roi"])].append(row)
    kinds = sorted({region for _, region in grouped})
    columns = ["__".join((*region, feature)) for region in kinds for feature in features]
    values: dict[str, dict[str, str]] = defaultdict(dict)
    unused: dict[str, list[str]] = defaultdict(list)
    for (patient, region), unsorted in sorted(grouped.items()):
        rows = sorted(unsorted, key=lambda r: _place(r, sources))
        # What is defined of a refused region stays in its own table.
        accepted = (r for r in rows if r["roi_status"] == "ok")
        usable = [r for r in accepted if any(r[f] for f in features)]
        used = usable if several == "mean" else usable[:1]
        for feature in features:
            values[patient]["__".join((*region, feature))] = _one_value(
                [r[feature] for r in used if r[feature]]
            )
        left = [r for r in rows if not any(r is u for u in used)]
        unused[patient] += [
            " ".join((*region, f"reader {r['reader']}" if r["reader"] else "further series"))
            for r in left
        ]
    return values, dict(unused), columns


def in_order(sources: Sources) -> Rows:
    """All regions, those first that `first` takes first."""
    return sorted(sources.regions, key=lambda row: _place(row, sources))


def _place(row: Mapping[str, str], sources: Sources) -> tuple[str, ...]:
    """Reader, and what the sheet calls a series: the same whatever the site's key."""
    return (row["reader"], *sources.named.get(row["token"], (row["token"],)))


def _one_value(texts: Sequence[str]) -> str:
    if len(texts) < 2:
        return texts[0] if texts else ""
    return format_cell(math.fsum(float(text) for text in texts) / len(texts))
