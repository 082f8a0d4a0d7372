"""A site whose protocol asks for a filter, perturbed copies and mean squares; its lead."""

import math
import sys
from pathlib import Path

import pydicom
import pytest
import yaml
from nano_sites import Site

from equisite.bundle.codec import read_bundle
from equisite.bundle.keys import parse_key
from equisite.protocol.load import load_protocol
from equisite.protocol.responses import book_of

sys.path.insert(0, str(Path(__file__).parents[1] / "imaging"))

from dicom_making import make_series, make_structures, save, square

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

PATIENTS = 11
FILTERED = [
    "mr__gtv__log2__ibsi_stat_mean",
    "mr__gtv__log2__ibsi_stat_var",
    "mr__gtv__log2__ibsi_cm_contrast_3d_comb",
]
COPIES = 3


@pytest.fixture(scope="module")
def site(nano, start, tmp_path_factory):
    """The site after its run: patients with one region of another size each."""
    folder = tmp_path_factory.mktemp("perturbed")
    source = nano.folder.parent / "protocol"
    for name in ("genes.gff3", "territory.bed", "keyring.yaml"):
        (folder / name).write_bytes((source / name).read_bytes())
    content = yaml.safe_load((source / "protocol.yaml").read_text())
    content["radiomics"] |= {
        "robustness": {"copies": COPIES, "contour": False},
        "modalities": {
            "MR": {
                "bin_count": 32,
                "spacing_mm": [1.0, 1.0, 0],
                "filters": [{"kind": "log", "name": "log2", "sigma_mm": 2, "dimensions": 2}],
            }
        },
    }
    content["tables"] = [
        {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
        {"id": "mr_core", "kind": "moment", "features": "mr__gtv__core"},
        {"id": "mr_repeated", "kind": "repeatability", "features": "mr__gtv__core"},
        {"id": "mr_detail", "kind": "moment", "features": FILTERED},
        {"id": "mr_detail_bins", "kind": "hist", "features": FILTERED},
    ]
    (folder / "protocol.yaml").write_text(yaml.safe_dump(content))
    rows = ["patient\tseries\tmodality\tmask\troi\troi_label\treader"]
    (folder / "masks").mkdir()
    for number in range(1, PATIENTS + 1):
        series = make_series(12, 24, 24, modality="MR", uid=number, seed=number)
        for one in series:
            one.RescaleSlope, one.RescaleIntercept = 1, 0
        save(series, folder / f"images/{number}")
        edge = 11.7 + number / 2
        drawn = {"GTV_1": [square(k, 4.2, edge) for k in range(2, 9)]}
        pydicom.dcmwrite(folder / f"masks/{number}.dcm", make_structures(series, drawn))
        rows.append(f"P{number}\timages/{number}\tMR\tmasks/{number}.dcm\tgtv\t\t")
    (folder / "imaging.tsv").write_text("\n".join(rows) + "\n")
    people = "".join(f"P{n}\tfemale\t50\tC49.9\n" for n in range(1, PATIENTS + 1))
    (folder / "patients.tsv").write_text(f"patient\tsex\tage\tdiagnosis\n{people}")
    config = {
        "site": "nano",
        "protocol": "protocol.yaml",
        "sheets": {"patients": "patients.tsv", "imaging": "imaging.tsv"},
        "freeze": {"id": "f1", "date": "2024-01-31"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return Site(folder, start("equisite", "run", "--cores", "2", folder=folder).stdout)


def test_features_of_the_filter_are_in_the_cohort(site):
    rows = site.table("private/cohort.tsv")
    assert len(rows) == PATIENTS
    means = [float(row["mr__gtv__log2__ibsi_stat_mean"]) for row in rows]
    assert len(set(means)) == PATIENTS


def test_every_feature_is_judged(site):
    copies = site.table("private/perturbed.tsv")
    assert len(copies) == PATIENTS * COPIES
    judged = {row["column"]: row for row in site.table("private/robustness.tsv")}
    volume = judged["mr__gtv__ibsi_morph_volume"]
    assert (volume["cases"], volume["copies"]) == (str(PATIENTS), str(COPIES))
    lower, icc, upper = (float(volume[name]) for name in ("lower", "icc", "upper"))
    assert 0.5 < lower < icc < upper < 1
    assert volume["verdict"] == ("robust" if lower >= 0.75 else "below")
    assert "mr__gtv__log2__ibsi_stat_mean" in judged
    assert {row["verdict"] for row in judged.values()} <= {"robust", "below", "constant"}


def test_mean_squares_leave_with_the_moments(site):
    bundle = read_bundle(site.bundle)
    tables = {row.table: row for row in bundle.tables}
    assert tables["mr_repeated"].status == "released"
    measures = {cell.measure for cell in bundle.cells if cell.table == "mr_repeated"}
    assert measures == {"n", "msb", "msw"}
    review = (site.folder / "private/review/review.html").read_text()
    assert "Within copies" in review


def test_moments_and_bins_of_the_response_leave(site):
    bundle = read_bundle(site.bundle)
    tables = {row.table: row for row in bundle.tables}
    assert (tables["mr_detail"].status, tables["mr_detail_bins"].status) == ("released",) * 2
    rows = site.table("private/cohort.tsv")
    book = book_of(load_protocol(site.folder / "protocol.yaml").radiomics)
    cells = {
        (parse_key(c.key).get("feature"), c.measure): c
        for c in bundle.cells
        if c.table == "mr_detail" and c.measure != "clipped"
    }
    for column in FILTERED:
        constant = book.constant(column)
        assert (constant.transform == "asinh") == column.endswith("stat_mean")
        values = [float(row[column]) for row in rows]
        scale, low, high = constant.clipped(values)
        assert (low, high) == (0, 0)
        mean = math.fsum(scale) / PATIENTS - constant.centre
        assert cells[column, "n"].number == PATIENTS
        assert cells[column, "mean_off"].number == pytest.approx(mean, rel=2e-6, abs=1e-9)
        bins = [
            c.number
            for c in bundle.cells
            if c.table == "mr_detail_bins" and parse_key(c.key).get("feature") == column
        ]
        assert sum(bins) == PATIENTS


def test_the_lead_pools_the_features_of_the_response(site, start, tmp_path):
    lead = tmp_path / "lead"
    (lead / "inbox").mkdir(parents=True)
    for name in ("protocol.yaml", "keyring.yaml", "genes.gff3", "territory.bed"):
        (lead / name).write_bytes((site.folder / name).read_bytes())
    (lead / "compare.yaml").write_text(
        "protocol: protocol.yaml\nkeyring: keyring.yaml\ninbox: inbox\n"
    )
    (lead / "inbox" / "nano-r0001.bundle").write_bytes(site.bundle)
    start("equisite", "compare", "--directory", ".", folder=lead)
    pooled = (lead / "report" / "pooled.tsv").read_text()
    assert all(column in pooled for column in FILTERED)
    page = (lead / "report" / "report.html").read_text()
    assert "MR GTV, log2" in page
