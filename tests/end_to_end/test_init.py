"""A site from its folders: written, filled where it says so, run; the same bundle."""

import shutil

import pytest
from nano_sites import Site

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def written(nano, start, tmp_path_factory):
    """Folder and output of `equisite init` on the raw data of the nano site."""
    home = tmp_path_factory.mktemp("from folders")
    raw = home / "raw"
    shutil.copytree(nano.folder / "data", raw)
    site = home / "site"
    words = ["--from-fastq", str(raw), "--from-dicom", str(raw)]
    protocol = str(nano.folder.parent / "protocol" / "protocol.yaml")
    words += ["--protocol", protocol, "--kind", "normal", "--assay", "genome"]
    done = start("equisite", "init", str(site), *words, folder=home)
    return Site(site, done.stdout)


def test_what_was_found_and_what_is_to_be_filled_is_told(written):
    told = written.output
    assert "6 patients" in told
    assert "6 samples, 7 lanes or files" in told
    assert "6 series, 6 files of regions, 6 rows of both" in told
    assert "config.yaml: site, freeze.date, reference.fasta" in told
    assert "patients.tsv, column age: 6 cell(s)" in told
    assert "reader" not in told and "Left out" not in told


def test_it_is_never_written_over(written, start):
    before = (written.folder / "config.yaml").read_bytes()
    words = ["init", str(written.folder), "--from-fastq", str(written.folder.parent / "raw")]
    told = start("equisite", *words, folder=written.folder.parent, code=2).stdout
    assert "FOLDER_IN_USE" in told
    assert (written.folder / "config.yaml").read_bytes() == before


def test_open_cells_are_refused_by_name_and_the_filled_site_gives_the_same_bundle(
    written, nano, start
):
    site = written.folder
    told = start("equisite", "check", "--directory", str(site), folder=site, code=2).stdout
    assert "CELL_NOT_KNOWN patients.tsv line 2, column age" in told
    assert "KEY_NOT_KNOWN config.yaml line 1, key site" in told
    known = {row["patient"]: row for row in nano.table("patients.tsv")}
    lines = (site / "patients.tsv").read_text().splitlines()
    filled = [lines[0]]
    for line in lines[1:]:
        patient, sex, _, _, status = line.split("\t")
        row = known[patient]
        assert sex == row["sex"]
        filled.append("\t".join((patient, sex, row["age"], row["diagnosis"], status)))
    (site / "patients.tsv").write_text("\n".join(filled) + "\n")
    config = site / "config.yaml"
    text = config.read_text()
    for key, value in (
        ("site", "nano"),
        ("  date", "2024-01-31"),
        ("  fasta", str(site.parent / "raw" / "reference" / "reference.fa")),
    ):
        assert f"{key}: ???" in text
        text = text.replace(f"{key}: ???", f"{key}: {value}")
    config.write_text(text)
    start("equisite", "run", "--cores", "2", "--directory", str(site), folder=site.parent)
    assert Site(site).bundle == nano.bundle
