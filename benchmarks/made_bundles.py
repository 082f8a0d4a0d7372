"""Made consortia: patients' values drawn from a seed, aggregated into bundles as a site would.

Used by benchmarks and by the tests of the lead's side. The values themselves stay at hand,
so that what is pooled from bundles can be compared with the same analysis of all rows.
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from equisite.bundle import format as form
from equisite.bundle.about import About
from equisite.bundle.codec import Bundle, encode, file_name
from equisite.bundle.format import CellRow, ConformanceRow, TableRow, value_text
from equisite.bundle.keys import make_key
from equisite.bundle.outputs import codes_of, columns_of, data_class, sets_of
from equisite.bundle.ruleset import rules_of
from equisite.codebook.book import DOMAINS, Codebook, load_from, resources_folder
from equisite.codebook.channels import CODES
from equisite.codebook.constants import COLUMNS, Constant
from equisite.core.tables import write_table
from equisite.protocol.load import protocol_sha256
from equisite.protocol.models import Protocol
from equisite.stats.icc import mean_squares

Reals = NDArray[np.float64]
GENES = ("BRCA1", "BRCA2", "TP53", "PALB2")
CONSEQUENCES = ("truncating", "missense")
SEXES = ("female", "male")
BANDS = ("40-49", "50-59", "60-69", "70-79")
CLIPPED = 0.05
FREEZE = {"id": "f1", "date": "2026-01-31"}


def made_resources(folder: Path, regions: tuple[str, ...] = ("gtv",)) -> Path:
    """A resources folder with the shipped codebook, and constants for MR of these regions."""
    shipped = resources_folder()
    shutil.copytree(shipped / "rulesets", folder / "rulesets", dirs_exist_ok=True)
    target = folder / "codebook"
    target.mkdir(parents=True, exist_ok=True)
    for name in (*(f"{d}.yaml" for d in DOMAINS), "version.txt"):
        if (shipped / "codebook" / name).is_file():
            shutil.copy(shipped / "codebook" / name, target / name)
    book = load_from(target)
    rows: list[dict[str, object]] = []
    for variable in book.variables:
        if not variable.is_numeric or "moment" not in variable.forms:
            continue
        names = (
            [f"mr__{region}__{variable.id}" for region in regions]
            if variable.instances == "modality_roi"
            else [variable.id]
        )
        rows += [_constant_row(name, variable.dimension) for name in names]
    write_table(target / "constants.tsv", COLUMNS, rows)
    return folder


def _constant_row(name: str, dimension: str) -> dict[str, object]:
    logs = dimension in ("1", "2", "3")
    centre = {"1": 1.5, "2": 3.0, "3": 4.5}.get(dimension, 50.0)
    width = 4.0 if logs else 80.0
    return {
        "column": name,
        "transform": "log10" if logs else "identity",
        "offset": 0.0,
        "clip_low": centre - width,
        "clip_high": centre + width,
        "centre": centre,
        "edge_low": centre - width / 2,
        "edge_high": centre + width / 2,
    }


def protocol_content(
    book: Codebook, *, features: str | tuple[str, ...] = "mr__gtv__core", rich: bool = True
) -> dict[str, Any]:
    """A protocol for open data; `rich` adds counts, carriers, histograms and co-moments."""
    tables: list[dict[str, Any]] = [
        {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
        {"id": "mr_core", "kind": "moment", "features": features},
    ]
    if rich:
        tables += [
            {"id": "clinical_base", "kind": "count", "keys": ["sex", "age_band"]},
            {
                "id": "germline_carriers",
                "kind": "carriers",
                "genes": "panel",
                "consequence": list(CONSEQUENCES),
            },
            {"id": "mr_core_hist", "kind": "hist", "features": features},
            {
                "id": "mr_core_by_age",
                "kind": "comoment",
                "features": features,
                "covariates": ["age", "sex_female"],
            },
            {
                "id": "quality",
                "kind": "quality",
                "variables": ["mr__gtv__roi_components"],
                "analysis_set": "imaging",
            },
        ]
    return {
        "protocol": {
            "id": "trial",
            "version": "1.0.0",
            "title": "Radiogenomics of soft-tissue sarcoma",
            "contact": "lead@example.org",
            "licence": "CC-BY-4.0",
            "data": "public",
        },
        "reference": {
            "assembly": "toy",
            "contigs": [{"name": "chr1", "length": 1000, "md5": "0" * 32}],
        },
        "genomics": {
            "panel": list(GENES),
            "gene_models": {"file": "genes.gff3", "sha256": "0" * 64},
        },
        "imaging": {"roi": [{"name": "gtv", "patterns": ["gtv"]}]},
        "radiomics": {"modalities": {"MR": {"bin_count": 32}}},
        "cohort": {"minimum_n": 2},
        "tables": tables,
        "disclosure": {"ruleset": "public-data-v1"},
        "conformance": {"pack_sha256": "0" * 64},
        "codebook": {"version": book.version, "constants_sha256": book.constants_sha256},
    }


@dataclass(frozen=True)
class Patients:
    """Values of one site. features: (patient, column), transformed scale, not clipped."""

    sex: list[str]
    age: Reals
    features: Reals
    quality: Reals
    carriers: NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """How one site is made. shift, scale: of features whose family is named, in SD.

    spectrum: substitutions by channel, where the protocol asks for them.
    """

    site: str
    patients: int
    shift: dict[str, float] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    conformance: str = "a" * 64
    difference: float = 0.0
    release_no: int = 1
    carriers: float = 0.3
    counted_twice: bool = False
    log10_per_length: float = 0.0
    spectrum: tuple[int, ...] = ()


def draw(plan: Plan, book: Codebook, columns: tuple[str, ...], seed: int) -> Patients:
    """Patients of a site: correlated features around the centre, SD a tenth of the clips."""
    rng = np.random.default_rng([seed, *plan.site.encode()])
    n, f = plan.patients, len(columns)
    common = rng.normal(0.0, 1.0, (n, 1))
    z = 0.5 * common + np.sqrt(0.75) * rng.normal(0.0, 1.0, (n, f))
    z = z + rng.normal(0.0, 0.08, (1, f))
    values = np.empty((n, f))
    for c, name in enumerate(columns):
        constant, variable = book.constant(name), book.variable(name)
        sd = (constant.clip_high - constant.clip_low) / 20
        scaled = z[:, c] * plan.scale.get(variable.family, 1.0)
        values[:, c] = constant.centre + sd * (scaled + plan.shift.get(variable.family, 0.0))
        if variable.dimension in ("1", "2", "3"):
            power = plan.log10_per_length * int(variable.dimension)
            logs = constant.transform == "log10"
            values[:, c] = values[:, c] + power if logs else values[:, c] * 10.0**power
    return Patients(
        [SEXES[i] for i in rng.integers(0, 2, n)],
        rng.integers(40, 80, n).astype(np.float64),
        values,
        rng.integers(1, 4, (n, 1)).astype(np.float64),
        rng.random((n, len(GENES) * len(CONSEQUENCES))) < plan.carriers,
    )


def clipped(values: Reals, book: Codebook, columns: tuple[str, ...]) -> Reals:
    """Values of (patient, column) within the registered limits."""
    limits = [book.constant(c) for c in columns]
    return np.clip(values, [c.clip_low for c in limits], [c.clip_high for c in limits])


def bundle_of(plan: Plan, patients: Patients, protocol: Protocol, book: Codebook) -> Bundle:
    """The bundle that a site with these patients would release under `public-data-v1`."""
    rules = rules_of(protocol)
    cells: list[CellRow] = []
    quality: list[CellRow] = []
    tables = []
    for table in protocol.tables:
        rows = (
            list(_spectrum_cells(table, plan))
            if table.kind == "spectrum"
            else list(_table_cells(table, patients, book, protocol))
        )
        (quality if table.kind == "quality" else cells).extend(rows)
        own_set = sets_of(table, protocol)[0]
        tables.append(
            TableRow(
                table.id,
                table.kind,
                data_class(table, book),
                own_set,
                "released",
                "",
                len(rows),
                len(rows),
            )
        )
    about = About.model_validate(
        {
            "site": plan.site,
            "release_no": plan.release_no,
            "freeze": FREEZE,
            "protocol_sha256": protocol_sha256(protocol),
            "codebook_sha256": book.sha256,
            "constants_sha256": book.constants_sha256,
            "ruleset_sha256": rules.sha256,
            "data": protocol.protocol.data,
            "stamp": form.STAMPS[protocol.protocol.data],
            "k": rules.k,
            "image_digest": "b" * 64,
            "tools": {"samtools": "1.16.1", "bcftools": "1.16"},
            "code": {"genomics": "c" * 16},
            "facts": {"records_counted_twice": plan.counted_twice},
        }
    )
    conformance = [
        ConformanceRow("genomics_calls", "digest", plan.conformance),
        ConformanceRow("genomics_calls", "recall", value_text("recall", 1.0)),
        ConformanceRow("radiomics_phantom", "digest", plan.conformance),
        ConformanceRow(
            "radiomics_phantom", "max_difference", value_text("max_difference", plan.difference)
        ),
    ]
    return Bundle(about, tuple(tables), tuple(cells), tuple(quality), tuple(conformance))


def _cell(table: str, names: dict[str, object], measure: str, value: float) -> CellRow:
    return CellRow(table, str(make_key(names)), measure, value_text(measure, value), "ok")


def _spectrum_cells(table: Any, plan: Plan) -> Any:
    names: dict[str, object] = {"analysis_set": table.analysis_set, "feature": table.spectrum}
    yield _cell(table.id, names, "n", plan.patients)
    for code, value in zip(CODES, plan.spectrum, strict=True):
        yield _cell(table.id, {**names, "channel": code}, "sum", value)


def _table_cells(table: Any, patients: Patients, book: Codebook, protocol: Protocol) -> Any:
    n = patients.age.size
    base: dict[str, object] = {"analysis_set": table.analysis_set}
    if table.kind == "count" and "analysis_set" in table.keys:
        for name in protocol.cohort.analysis_sets:
            yield _cell(table.id, {"analysis_set": name}, "count", n)
    elif table.kind == "count":
        yield from _count_cells(table, patients, book)
    elif table.kind == "carriers":
        pairs = list(itertools.product(GENES, table.consequence))
        for gene in GENES:
            yield _cell(table.id, {**base, "gene": gene}, "n", n)
        for c, (gene, consequence) in enumerate(pairs):
            names = {**base, "gene": gene, "consequence": consequence}
            yield _cell(table.id, names, "count", int(patients.carriers[:, c].sum()))
    elif table.kind == "hist":
        yield from _hist_cells(table, patients, book, base)
    elif table.kind == "comoment":
        yield from _comoment_cells(table, patients, book, base)
    elif table.kind == "repeatability":
        yield from _repeated_cells(table, patients, book, protocol)
    else:
        columns = columns_of(table, book)
        values = patients.quality if table.kind == "quality" else patients.features
        inside = clipped(values, book, columns)
        for c, name in enumerate(columns):
            constant = book.constant(name)
            names = {**base, "feature": name}
            mean = float(inside[:, c].mean())
            low = int((values[:, c] < constant.clip_low).sum())
            high = int((values[:, c] > constant.clip_high).sum())
            if low + high > CLIPPED * n:
                yield from _withheld(table.id, names, "low" if low >= high else "high")
                continue
            yield _cell(table.id, names, "n", n)
            yield _cell(table.id, names, "mean_off", mean - constant.centre)
            yield _cell(table.id, names, "m2", float(((inside[:, c] - mean) ** 2).sum()))
            yield _cell(table.id, {**names, "side": "low"}, "clipped", low)
            yield _cell(table.id, {**names, "side": "high"}, "clipped", high)


def _repeated_cells(table: Any, patients: Patients, book: Codebook, protocol: Protocol) -> Any:
    """Copies of the first feature move as far as patients differ, those of others little."""
    chain = protocol.radiomics.robustness
    columns = columns_of(table, book)
    inside = clipped(patients.features, book, columns)
    random = np.random.default_rng(0)
    for c, name in enumerate(columns):
        spread = float(inside[:, c].std()) * (1.0 if c == 0 else 0.1)
        shape = (inside.shape[0], chain.number_of_copies if chain else 2)
        copies = inside[:, c : c + 1] + spread * random.standard_normal(shape)
        squares = mean_squares(copies)
        names: dict[str, object] = {"analysis_set": table.analysis_set, "feature": name}
        yield _cell(table.id, names, "n", inside.shape[0])
        yield _cell(table.id, names, "msb", squares.between)
        yield _cell(table.id, names, "msw", squares.within)


def _withheld(table: str, names: dict[str, object], side: str) -> Any:
    for measure in ("n", "mean_off", "m2"):
        yield CellRow(table, str(make_key(names)), measure, "", "clipped")
    for own in ("low", "high"):
        status = "clipped" if own == side else "suppressed"
        yield CellRow(table, str(make_key({**names, "side": own})), "clipped", "", status)


def _bands(patients: Patients) -> list[str]:
    return [BANDS[int(age) // 10 - 4] for age in patients.age]


def _count_cells(table: Any, patients: Patients, book: Codebook) -> Any:
    values = {"sex": patients.sex, "age_band": _bands(patients)}
    names = list(table.keys)
    for size in range(len(names) + 1):
        for chosen in itertools.combinations(names, size):
            lists = [codes_of(book.variable(name)) for name in chosen]
            for codes in itertools.product(*lists):
                hit = [
                    all(values[m][i] == code for m, code in zip(chosen, codes, strict=True))
                    for i in range(len(patients.sex))
                ]
                key = {
                    "analysis_set": table.analysis_set,
                    **dict(zip(chosen, codes, strict=True)),
                }
                yield _cell(table.id, key, "count", sum(hit))


def _untransformed(constant: Constant, values: Reals) -> Reals:
    return 10.0**values - constant.offset if constant.transform == "log10" else values


def _hist_cells(table: Any, patients: Patients, book: Codebook, base: dict[str, object]) -> Any:
    level = 10 if patients.age.size < 80 else 20
    for c, name in enumerate(columns_of(table, book)):
        constant = book.constant(name)
        counts = constant.bin_counts(_untransformed(constant, patients.features[:, c]), level)
        for place, count in enumerate(counts.tolist()):
            names = {**base, "feature": name, "level": level, "bin": place}
            yield _cell(table.id, names, "bin", count)


def covariates_of(patients: Patients, book: Codebook) -> tuple[Reals, Reals]:
    """Age and sex as the co-moment table has them, and their centres."""
    matrix = np.column_stack([patients.age, [s == "female" for s in patients.sex]])
    return matrix.astype(np.float64), np.array([book.constant("age").centre, 0.0])


def _comoment_cells(
    table: Any, patients: Patients, book: Codebook, base: dict[str, object]
) -> Any:
    x, centre = covariates_of(patients, book)
    columns = columns_of(table, book)
    y = clipped(patients.features, book, columns)
    dx, dy = x - x.mean(axis=0), y - y.mean(axis=0)
    own = {**base, "pattern": 1}
    yield _cell(table.id, own, "n", x.shape[0])
    names = table.covariates
    for i, a in enumerate(names):
        offset = float(x[:, i].mean() - centre[i])
        yield _cell(table.id, {**own, "covariates": a}, "mean_off", offset)
        for j in range(i, len(names)):
            pair = {**own, "covariates": f"{a},{names[j]}"}
            yield _cell(table.id, pair, "sxx", float((dx[:, i] * dx[:, j]).sum()))
    for c, name in enumerate(columns):
        feature = {**own, "feature": name}
        offset = float(y[:, c].mean()) - book.constant(name).centre
        yield _cell(table.id, feature, "mean_off", offset)
        yield _cell(table.id, feature, "m2", float((dy[:, c] ** 2).sum()))
        for i, a in enumerate(names):
            cell = {**feature, "covariates": a}
            yield _cell(table.id, cell, "sxy", float((dx[:, i] * dy[:, c]).sum()))


def write_lead(folder: Path, content: dict[str, Any], titles: dict[str, str]) -> Protocol:
    """Write compare.yaml, protocol.yaml and keyring.yaml; returns the protocol."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inbox").mkdir(exist_ok=True)
    files = {
        "compare.yaml": {"protocol": "protocol.yaml", "keyring": "keyring.yaml"},
        "protocol.yaml": content,
        "keyring.yaml": {
            "protocol": content["protocol"]["id"],
            "sites": [{"id": i, "title": t} for i, t in titles.items()],
        },
    }
    for name, value in files.items():
        (folder / name).write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return Protocol.model_validate(content)


def put_bundle(folder: Path, bundle: Bundle) -> Path:
    """Write a bundle into the lead's inbox under its usual name."""
    path = folder / "inbox" / file_name(bundle.about.site, bundle.about.release_no)
    path.write_bytes(encode(bundle))
    return path
