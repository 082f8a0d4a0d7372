"""A site whose protocol asks for a filter, perturbed copies and their mean squares."""

import sys
from pathlib import Path

import pydicom
import pytest
import yaml
from nano_sites import Site

from equisite.bundle.codec import read_bundle

sys.path.insert(0, str(Path(__file__).parents[1] / "imaging"))

from dicom_making import make_series, make_structures, save, square

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

PATIENTS = 11
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
