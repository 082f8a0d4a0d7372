"""A made site folder, as a run leaves it, for tests of bundle and release."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equisite.codebook.book import codebook
from equisite.codebook.channels import CODES, channel_columns
from equisite.codebook.derive import band_code
from equisite.core.canonical import canonical_json
from equisite.core.tables import format_cell, write_table
from equisite.protocol.load import protocol_json
from equisite.protocol.models import Protocol
from equisite.release.patients import Patients

CANARY = "EQCANARY-0123456789ABCDEF"
SUBSTITUTIONS = 1.5
"""Mean number per patient and channel."""
GENES = ("AAA1", "BBB2", "CCC3")
TABLES: list[dict[str, Any]] = [
    {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
    {"id": "clinical_base", "kind": "count", "keys": ["sex", "age_band"]},
    {"id": "diagnosis", "kind": "count", "keys": ["diagnosis_chapter"]},
    {
        "id": "carriers",
        "kind": "carriers",
        "genes": "panel",
        "consequence": ["truncating", "missense"],
    },
    {"id": "spectrum", "kind": "spectrum"},
    {"id": "mr_core", "kind": "moment", "features": "mr__gtv__core"},
    {
        "id": "mr_covariates",
        "kind": "comoment",
        "features": "mr__gtv__core",
        "covariates": ["age", "sex_female"],
    },
    {"id": "mr_hist", "kind": "hist", "features": "mr__gtv__core"},
    {"id": "quality", "kind": "quality", "variables": ["mean_depth"]},
]


def protocol(
    *,
    public: bool = False,
    tables: Sequence[Mapping[str, Any]] = TABLES,
    k: int | None = None,
    duo: Sequence[str] = (),
) -> Protocol:
    """A protocol with all kinds of tables that need no approval."""
    book = codebook()
    return Protocol.model_validate(
        {
            "protocol": {
                "id": "test-protocol",
                "version": "1.0.0",
                "title": "Test",
                "contact": "nobody",
                "licence": "CC0-1.0",
                "duo": list(duo),
                "data": "public" if public else "patients",
            },
            "reference": {
                "assembly": "made",
                "contigs": [{"name": "c1", "length": 10, "md5": "0" * 32}],
            },
            "genomics": {"panel": list(GENES), "somatic": {}},
            "imaging": {"roi": [{"name": "gtv", "patterns": ["gtv"]}]},
            "radiomics": {"modalities": {"MR": {"bin_count": 32}}},
            "cohort": {"minimum_n": 1 if public else 30},
            "tables": list(tables),
            "disclosure": {"ruleset": "public-data-v1" if public else "default-v1", "k": k},
            "conformance": {"pack_sha256": "0" * 64},
            "codebook": {"version": book.version, "constants_sha256": book.constants_sha256},
        }
    )


def columns(
    n: int,
    *,
    seed: int = 0,
    genomics: np.ndarray | None = None,
    imaging: np.ndarray | None = None,
) -> dict[str, list[str]]:
    """Columns of a made cohort; every second patient is female, carriers are one in four."""
    rng = np.random.default_rng(seed)
    book = codebook()
    has_genomics = np.ones(n, dtype=bool) if genomics is None else genomics
    has_imaging = np.ones(n, dtype=bool) if imaging is None else imaging
    sex = ["female" if i % 2 else "male" for i in range(n)]
    age = rng.integers(30, 85, n).tolist()
    found: dict[str, list[str]] = {
        "sex": sex,
        "sex_female": ["1" if s == "female" else "0" for s in sex],
        "age": [str(a) for a in age],
        "age_band": [band_code(book.variable("age_band"), float(a)) for a in age],
        "diagnosis_chapter": ["II" if i % 3 else "IX" for i in range(n)],
        "mean_depth": [
            format_cell(float(v)) if g else ""
            for v, g in zip(rng.normal(30, 3, n), has_genomics, strict=True)
        ],
    }
    for gene in GENES:
        for consequence in ("truncating", "missense"):
            found[f"carriers__{gene}__{consequence}"] = [
                str(int(rng.random() < 0.25)) if g else "" for g in has_genomics
            ]
    spectra = np.random.default_rng(seed + 1).poisson(SUBSTITUTIONS, (n, len(CODES)))
    for place, column in enumerate(channel_columns("sbs96")):
        found[column] = [
            str(v) if g else ""
            for v, g in zip(spectra[:, place].tolist(), has_genomics, strict=True)
        ]
    for column in book.columns_of("mr__gtv__core"):
        constant = book.constant(column)
        spread = (constant.clip_high - constant.clip_low) / 16
        values = rng.normal(constant.centre, spread, n)
        if constant.transform == "log10":
            values = 10**values - constant.offset
        found[column] = [
            format_cell(float(v)) if i else "" for v, i in zip(values, has_imaging, strict=True)
        ]
    return found


def patients_of(found: Mapping[str, Sequence[str]]) -> Patients:
    """The cohort as release reads it."""
    count = len(next(iter(found.values())))
    texts = {name: tuple(cells) for name, cells in found.items()}
    genomics = _any(found, [c for c in found if c.startswith("carriers__")], count)
    imaging = _any(found, [c for c in found if c.startswith("mr__")], count)
    sets = {
        "all": genomics | imaging,
        "genomics": genomics,
        "imaging": imaging,
        "both": genomics & imaging,
    }
    return Patients(count, sets, texts)


def _any(found: Mapping[str, Sequence[str]], names: Sequence[str], count: int) -> np.ndarray:
    return np.array([any(found[c][i] for c in names) for i in range(count)], dtype=bool)


def write_site(
    folder: Path,
    found: Mapping[str, Sequence[str]],
    made: Protocol,
    *,
    order: Sequence[int] | None = None,
    site: str = "north",
) -> Path:
    """Write what `prepare` needs into an empty folder; patients have marked names."""
    people = patients_of(found)
    rows = []
    for i in order if order is not None else range(people.count):
        flags = {f"set_{name}": "1" if mask[i] else "0" for name, mask in people.sets.items()}
        rows.append(
            {
                "patient": patient(i),
                **flags,
                **{name: cells[i] for name, cells in found.items()},
            }
        )
    names = ["patient", "set_all", "set_genomics", "set_imaging", "set_both", *found]
    write_table(folder / "private/cohort.tsv", names, rows)
    intake = folder / "work/intake"
    write_table(intake / "clinical.tsv", ["patient"], rows)
    (intake / "protocol.json").write_bytes(protocol_json(made))
    settings = {
        "site": site,
        "freeze": {"id": "freeze-1", "date": "2024-01-31"},
        "tighten": {"k": None, "minimum_n": None},
        "sheets": {"patients": "patients.tsv", "sequencing": None, "imaging": None},
    }
    (intake / "site.json").write_bytes(canonical_json(settings))
    write_table(
        folder / "work/conformance/scores.tsv",
        ["item", "measure", "value"],
        [
            {"item": "genomics/calls", "measure": "digest", "value": "ab" * 32},
            {"item": "genomics/snp", "measure": "recall", "value": "1"},
        ],
    )
    return folder


def patient(number: int) -> str:
    """A patient's name that a test can search for."""
    return f"PAT{number:04d}-{CANARY[-8:]}"


def summary(folder: Path) -> dict[str, Any]:
    """The summary that `prepare` wrote."""
    content: dict[str, Any] = json.loads((folder / "private/review/summary.json").read_bytes())
    return content
