"""Nothing that raw data or sheets say of a person stands in what leaves, or in logs."""

import shutil

import pytest
from depths import hits
from nano_sites import Site
from planted import Planted

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def planted(tmp_path_factory, start):
    """A site full of tokens, with a failing patient of each kind, run and approved."""
    from synthetic.nano import write_nano
    from synthetic.patients import FAULTS

    folder = write_nano(tmp_path_factory.mktemp("planted"), 9, tuple(FAULTS))
    made = Planted(folder)
    printed = start("equisite", "run", "--cores", "2", folder=folder).stdout
    printed += start("equisite", "status", folder=folder).stdout
    printed += start("equisite", "prepare", folder=folder).stdout
    printed += start("equisite", "approve", folder=folder).stdout
    return made, printed


def test_the_tokens_reached_the_private_tables(planted):
    made, _ = planted
    private = {text for _, text in hits([made.folder / "private"], made.texts)}
    assert any(text.startswith("SMPtoken") for text in private)
    index = {text for _, text in hits([made.folder / "work" / "intake"], made.texts)}
    for kind in (
        "LIBtoken",
        "LANtoken",
        "STEMtoken",
        "FOLtoken",
        "MSKtoken",
        "ROItoken",
        "RDRtoken",
    ):
        assert any(text.startswith(kind) for text in index), kind
    status = Site(made.folder).table("private/status.tsv")
    assert len(status) == len(made.patients)
    assert sum("refused" in row.values() for row in status) >= 6
    assert sum("refused" not in row.values() for row in status) >= 2


def test_no_token_is_in_what_leaves_or_is_logged(planted):
    made, printed = planted
    assert len(made.texts) > 250
    folder = made.folder
    places = [folder / name for name in ("outbox", "logs", ".snakemake", "private/review")]
    assert len(list((folder / "outbox").glob("*.bundle"))) == 1
    assert len(list((folder / ".snakemake" / "metadata").iterdir())) > 20
    assert hits(places, made.texts) == []
    assert not [text for text in made.texts if text.lower() in printed.lower()]


def test_no_name_of_a_made_file_has_a_token(planted):
    made, _ = planted
    names = "\n".join(
        str(path.relative_to(made.folder))
        for top in ("work", "private", "logs", "outbox", ".snakemake")
        for path in (made.folder / top).rglob("*")
    ).lower()
    assert not [text for text in made.texts if text.lower() in names]


def test_the_lead_reads_no_token_either(planted, start, tmp_path):
    made, _ = planted
    lead = made.folder.parent / "lead"
    shutil.copytree(lead, tmp_path / "lead")
    (tmp_path / "lead" / "inbox").mkdir(exist_ok=True)
    shutil.copytree(made.folder.parent / "protocol", tmp_path / "protocol")
    for bundle in (made.folder / "outbox").glob("*.bundle"):
        shutil.copy(bundle, tmp_path / "lead" / "inbox")
    start("equisite", "compare", "--directory", ".", folder=tmp_path / "lead")
    assert (tmp_path / "lead" / "report" / "report.html").is_file()
    assert hits([tmp_path / "lead"], made.texts) == []
