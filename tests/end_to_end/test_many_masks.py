"""One site with every kind of mask, several regions, readers and series of a patient."""

import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import yaml
from nano_sites import Site

sys.path.insert(0, str(Path(__file__).parents[1] / "imaging"))

from dicom_making import (
    make_segmentation,
    make_series,
    make_structures,
    save,
    square,
)
from test_nrrd import nrrd

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SHAPE = (12, 24, 24)
VOXEL_MM3 = 0.7 * 0.8 * 2.5
DRAWN = range(2, 9)
COLUMNS = ("patient", "series", "modality", "mask", "roi", "roi_label", "reader")


def box(low: int, high: int) -> np.ndarray:
    """A mask (slice, row, column) of the same size in rows and columns."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[DRAWN.start : DRAWN.stop, low : high + 1, low : high + 1] = 1
    return mask


def rings(low: int, high: int) -> list:
    """Contours whose inside is `box(low, high)`."""
    return [square(k, low - 0.8, high + 0.7) for k in DRAWN]


def put_series(folder: Path, uid: int) -> list:
    series = make_series(*SHAPE, modality="MR", uid=uid, seed=uid)
    for one in series:
        one.RescaleSlope, one.RescaleIntercept = 1, 0
    save(series, folder, prefix=f"s{uid}-")
    return series


def put_masks(site: Path) -> list[tuple[str, ...]]:
    """Images and masks below the site; returns the rows of the imaging sheet."""
    images, masks = site / "images", site / "masks"
    masks.mkdir()
    one = put_series(images / "one", 11)
    for reader, drawn in (
        ("r1", {"GTV": rings(5, 14), "Edema": rings(16, 20)}),
        ("r2", {"gtv": rings(6, 13)}),
        ("r3", {"GTV_1": rings(5, 13)}),
    ):
        pydicom.dcmwrite(masks / f"{reader}.dcm", make_structures(one, drawn))
    rows = [("P1", "images/one", "MR", f"masks/{r}.dcm", "", "", r) for r in ("r1", "r2", "r3")]
    first = put_series(images / "mixed", 12)
    second = put_series(images / "mixed", 13)
    pydicom.dcmwrite(masks / "two.dcm", make_segmentation(first, {"gtv": box(4, 9)}))
    (masks / "two.nrrd").write_bytes(nrrd(box(4, 13)))
    rows += [
        ("P2", first[0].SeriesInstanceUID, "MR", "masks/two.dcm", "gtv", "", ""),
        ("P2", second[0].SeriesInstanceUID, "MR", "masks/two.nrrd", "gtv", "", ""),
    ]
    put_series(images / "three", 14)
    labels = box(4, 13) + 2 * box(16, 20)
    ras = np.diag([-0.7, -0.8, 2.5, 1.0])
    ras[:3, 3] = (10.0, -20.0, 30.0)
    nibabel.save(nibabel.Nifti1Image(labels.T, ras), masks / "three.nii.gz")
    rows += [
        ("P3", "images/three", "MR", "masks/three.nii.gz", "gtv", "1", ""),
        ("P3", "images/three", "MR", "masks/three.nii.gz", "edema", "2", ""),
    ]
    return rows


def write_protocol(folder: Path, nano: Path, several: str) -> None:
    """The nano protocol with two regions, a majority of readers and a rule for series."""
    source = nano.parent / "protocol"
    for name in ("genes.gff3", "territory.bed", "keyring.yaml"):
        (folder / name).write_bytes((source / name).read_bytes())
    content = yaml.safe_load((source / "protocol.yaml").read_text())
    content["imaging"] |= {
        "roi": [
            {"name": "gtv", "patterns": ["gtv.*"]},
            {"name": "edema", "patterns": ["edema"]},
        ],
        "consensus": "majority",
    }
    content["cohort"]["several_series"] = several
    content["tables"] = [{"id": "cohort", "kind": "count", "keys": ["analysis_set"]}]
    (folder / "protocol.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def site(nano, start, tmp_path_factory):
    """The site after a run with `several_series: first`."""
    folder = tmp_path_factory.mktemp("many masks")
    write_protocol(folder, nano.folder, "first")
    rows = put_masks(folder)
    (folder / "imaging.tsv").write_text(
        "\n".join("\t".join(r) for r in [COLUMNS, *rows]) + "\n"
    )
    people = "".join(f"P{n}\tfemale\t50\tC49.9\n" for n in (1, 2, 3))
    (folder / "patients.tsv").write_text(f"patient\tsex\tage\tdiagnosis\n{people}")
    config = {
        "site": "nano",
        "protocol": "protocol.yaml",
        "sheets": {"patients": "patients.tsv", "imaging": "imaging.tsv"},
        "freeze": {"id": "f1", "date": "2024-01-31"},
        "roots": {"images": "images/mixed"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return Site(folder, start("equisite", "run", "--cores", "2", folder=folder).stdout)


def volumes(site: Site) -> dict[str, tuple[float, ...]]:
    """Volumes of gtv and edema in voxels, by patient; NaN where there is none."""
    names = [f"mr__{roi}__ibsi_morph_vol_approx" for roi in ("gtv", "edema")]
    return {
        row["patient"]: tuple(float(row[n] or "nan") / VOXEL_MM3 for n in names)
        for row in site.table("private/cohort.tsv")
    }


def size(low: int, high: int) -> int:
    return int(box(low, high).sum())


def test_every_kind_of_mask_gives_its_region(site):
    found = volumes(site)
    # Of three readers the majority: r3 lies between the others.
    assert found["P1"] == pytest.approx((size(5, 13), size(16, 20)))
    assert found["P3"] == pytest.approx((size(4, 13), size(16, 20)))
    assert found["P2"][0] in (pytest.approx(size(4, 9)), pytest.approx(size(4, 13)))
    assert np.isnan(found["P2"][1])


def test_status_names_what_was_not_used_and_refuses_nobody(site):
    rows = {row["patient"]: row for row in site.table("private/status.tsv")}
    assert {r["imaging"] for r in rows.values()} <= {"done", "flagged"}
    assert {r["set_imaging"] for r in rows.values()} == {"1"}
    page = (site.folder / "private" / "status.html").read_text()
    assert "further series" in page
    agreement = [
        (row["reader"], row["other_reader"])
        for path in (site.folder / "work" / "imaging").glob("*/agreement.tsv")
        for row in Site(path.parent).table("agreement.tsv")
    ]
    assert sorted(agreement) == [("r1", "r2"), ("r1", "r3"), ("r2", "r3")]


def test_the_mean_of_series_by_protocol(site, nano, start):
    write_protocol(site.folder, nano.folder, "mean")
    start("equisite", "run", "--cores", "2", folder=site.folder)
    found = volumes(site)
    assert found["P2"][0] == pytest.approx((size(4, 9) + size(4, 13)) / 2)
    assert found["P1"] == pytest.approx((size(5, 13), size(16, 20)))
