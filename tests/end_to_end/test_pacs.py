"""From a real archive to the bundle: the same series and masks, as files and from Orthanc."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
import yaml
from nano_sites import Site

from equisite.bundle.codec import read_bundle
from equisite.intake.pacs import COPIES

sys.path.insert(0, str(Path(__file__).parents[1] / "imaging"))

from dicom_making import (
    ROOT,
    make_segmentation,
    make_series,
    make_structures,
    save,
    square,
)
from orthanc import TOKEN, running

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.orthanc]

PATIENTS = 8
HEADER = "patient\tseries\tmodality\tmask\troi\troi_label\treader"
TABLES = [
    {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
    {"id": "mr_core", "kind": "moment", "features": "mr__gtv__core"},
]


def made_patient(number):
    """Images and mask of a patient: a structure set, or a segmentation for each second."""
    series = make_series(10, 24, 24, modality="MR", uid=number, seed=number)
    edge = 11.7 + number / 2
    if number % 2:
        drawn = {"GTV_1": [square(k, 4.2, edge) for k in range(2, 9)]}
        mask = make_structures(series, drawn)
    else:
        inside = np.zeros((10, 24, 24), np.uint8)
        inside[2:9, 5 : int(edge), 5 : int(edge)] = 1
        mask = make_segmentation(series, {"GTV_1": inside})
    for one in (*series, mask):
        one.PatientID, one.StudyInstanceUID = f"P{number}", f"{ROOT}.100.{number}"
    for one in series:
        one.RescaleSlope, one.RescaleIntercept = 1, 0
    mask.SeriesInstanceUID = f"{ROOT}.700.{number}"
    mask.SOPInstanceUID = f"{ROOT}.701.{number}"
    mask.file_meta.MediaStorageSOPInstanceUID = mask.SOPInstanceUID
    return series, mask


def write_site(folder, source, rows, **further):
    """A site folder with the nano protocol's genome and these rows of the imaging sheet."""
    for name in ("genes.gff3", "territory.bed", "keyring.yaml"):
        shutil.copy(source / name, folder / name)
    content = yaml.safe_load((source / "protocol.yaml").read_text())
    content["radiomics"] |= {"modalities": {"MR": {"bin_count": 32}}}
    content["tables"] = TABLES
    (folder / "protocol.yaml").write_text(yaml.safe_dump(content))
    people = "".join(f"P{n}\tfemale\t50\tC49.9\n" for n in range(1, PATIENTS + 1))
    (folder / "patients.tsv").write_text(f"patient\tsex\tage\tdiagnosis\n{people}")
    (folder / "imaging.tsv").write_text("\n".join([HEADER, *rows]) + "\n")
    config = {
        "site": "nano",
        "protocol": "protocol.yaml",
        "sheets": {"patients": "patients.tsv", "imaging": "imaging.tsv"},
        "freeze": {"id": "f1", "date": "2024-01-31"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config | further))


@pytest.fixture(scope="module")
def pacs(tmp_path_factory):
    if "EQUISITE_ORTHANC" not in os.environ:
        pytest.skip("EQUISITE_ORTHANC is not set: `run.py test` installs a server")
    with running(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture(scope="module")
def from_files(nano, start, tmp_path_factory):
    """The site that has its series and masks as files."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "masks").mkdir()
    rows = []
    for number in range(1, PATIENTS + 1):
        series, mask = made_patient(number)
        save(series, folder / f"images/{number}")
        pydicom.dcmwrite(folder / f"masks/{number}.dcm", mask, enforce_file_format=True)
        rows.append(f"P{number}\timages/{number}\tMR\tmasks/{number}.dcm\tgtv\t\t")
    write_site(folder, nano.folder.parent / "protocol", rows)
    return Site(folder, start("equisite", "run", "--cores", "2", folder=folder).stdout)


@pytest.fixture(scope="module")
def from_pacs(nano, start, environment, pacs, tmp_path_factory):
    """The site whose sheet has nothing but UIDs."""
    folder = tmp_path_factory.mktemp("archive")
    rows = []
    for number in range(1, PATIENTS + 1):
        series, mask = made_patient(number)
        pacs.store([*series, mask])
        uid = series[0].SeriesInstanceUID
        rows.append(f"P{number}\t{uid}\tMR\t{mask.SeriesInstanceUID}\tgtv\t\t")
    archive = {"url": pacs.url, "token_env": "TOKEN_OF_THE_PACS"}
    write_site(folder, nano.folder.parent / "protocol", rows, pacs=archive)
    environment["TOKEN_OF_THE_PACS"] = TOKEN
    try:
        done = start("equisite", "run", "--cores", "2", folder=folder)
    finally:
        del environment["TOKEN_OF_THE_PACS"]
    return Site(folder, done.stdout)


def test_the_archive_gives_the_same_bundle_as_the_files(from_files, from_pacs):
    assert f"PACS: {2 * PATIENTS} series asked for, {2 * PATIENTS} copied" in from_pacs.output
    assert len(from_pacs.table("private/cohort.tsv")) == PATIENTS
    bundle = read_bundle(from_pacs.bundle)
    released = {row.table: row.status for row in bundle.tables}
    assert released["mr_core"] == "released"
    assert from_pacs.bundle == from_files.bundle


def test_no_uid_of_the_archive_is_left_in_a_path_or_a_log(from_pacs):
    """Copies and logs are named by digests and tokens; the server's data lie elsewhere."""
    folder = from_pacs.folder
    assert len(list((folder / COPIES).iterdir())) == 2 * PATIENTS
    assert not [path for path in folder.rglob("*") if ROOT in path.name]
    assert ROOT not in from_pacs.output
    for path in (folder / "logs").rglob("*"):
        assert not path.is_file() or ROOT.encode() not in path.read_bytes()


def test_a_mask_that_the_archive_does_not_have_costs_its_patient_only(
    from_pacs, start, environment, pacs
):
    sheet = from_pacs.folder / "imaging.tsv"
    before = sheet.read_text()
    sheet.write_text(before.replace(f"{ROOT}.700.3", f"{ROOT}.700.99"))
    environment["TOKEN_OF_THE_PACS"] = TOKEN
    try:
        start("equisite", "run", "--cores", "2", folder=from_pacs.folder)
    finally:
        del environment["TOKEN_OF_THE_PACS"]
        sheet.write_text(before)
    status = {row["patient"]: row for row in from_pacs.table("private/status.tsv")}
    assert "MASK_NOT_COPIED" in "\t".join(status["P3"].values())
    assert "MASK_NOT_COPIED" not in "\t".join(status["P4"].values())
