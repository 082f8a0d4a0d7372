import csv
import dataclasses
from collections import Counter

import pytest

from equisite.core.codes import lookup
from equisite.protocol.load import load_keyring, load_lead, load_protocol, load_site_config
from synthetic.carriers import genotypes
from synthetic.hospitals import DEMO, cohort
from synthetic.nano import nano_plan, write_nano
from synthetic.patients import FAULTS
from synthetic.streams import stream
from synthetic.variants import catalogue


def rows(path):
    with path.open() as stream_:
        return list(csv.DictReader(stream_, delimiter="\t"))


def test_sizes_of_the_demo():
    for site in DEMO.sites:
        people = cohort(site, DEMO.identifier)
        included = [p for p in people if p.status == "included"]
        assert len(included) == 60
        assert len({p.name for p in people}) == len(people)
        genomics = sum(p.usable("genomics") for p in included)
        imaging = sum(p.usable("imaging") for p in included)
        both = sum(p.usable("imaging") and p.usable("genomics") for p in included)
        # The same at each site, so that no size tells who has the failing patients.
        assert (genomics, imaging, both) == (50, 50, 40)
    assert sum(len(s.faults) for s in DEMO.sites) == len(FAULTS)
    shifted = [s.name for s in DEMO.sites if s.scanner.gain != 1.0]
    assert shifted == ["east"]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_has_a_registered_code_that_refuses(fault):
    _, code = FAULTS[fault]
    assert lookup(code).severity == "refuse"


def test_carriers_are_enough_and_their_class_cannot_change():
    from synthetic.genome import make_genome

    genome = make_genome(DEMO.layout, stream(DEMO.identifier, "genome"))
    variants = catalogue(genome, stream(DEMO.identifier, "catalogue"))
    assert len(genome.genes) == 8
    for site in DEMO.sites:
        people = cohort(site, DEMO.identifier)
        carried = genotypes(people, variants, DEMO.carriers, f"{DEMO.identifier}/{site.name}")
        usable = {p.name for p in people if p.usable("genomics")}
        counts: Counter[tuple[str, str]] = Counter()
        for name, list_ in carried.items():
            coding = Counter(
                c.variant.gene
                for c in list_
                if c.variant.consequence in ("truncating", "missense")
            )
            assert not coding or max(coding.values()) == 1
            if name in usable:
                counts.update(
                    (c.variant.gene, c.variant.consequence)
                    for c in list_
                    if c.variant.consequence in ("truncating", "missense")
                )
        assert len(counts) == 16
        assert min(counts.values()) >= 12


def test_a_nano_site_is_valid_and_made_twice_alike(tmp_path):
    first, second = (write_nano(tmp_path / n) for n in ("a", "b"))
    load_protocol(first.parent / "protocol" / "protocol.yaml")
    load_keyring(first.parent / "protocol" / "keyring.yaml")
    load_lead(first.parent / "lead" / "compare.yaml")
    load_site_config(first / "config.yaml")
    files = [p.relative_to(first.parent) for p in first.parent.rglob("*") if p.is_file()]
    assert len(files) > 6 * 14
    for name in files:
        assert (first.parent / name).read_bytes() == (second.parent / name).read_bytes()


def test_one_patient_more_changes_no_other_patients_files(tmp_path):
    six, seven = write_nano(tmp_path / "6"), write_nano(tmp_path / "7", patients=7)
    before = {p.relative_to(six): p.read_bytes() for p in (six / "data").rglob("*.dcm")}
    assert before
    for name, content in before.items():
        assert (seven / name).read_bytes() == content
    assert len(rows(seven / "patients.tsv")) == 7


def test_a_faulty_patient_is_in_the_truth_and_not_in_the_counts(tmp_path):
    site = write_nano(tmp_path, faults=("truncated_fastq", "missing_slice"))
    truth = tmp_path / "truth"
    failing = rows(truth / "failing.tsv")
    assert [r["code"] for r in failing] == ["TRUNCATED_FASTQ", "MISSING_SLICE"]
    assert {r["patients"] for r in rows(truth / "carriers.tsv")} == {"5"}
    assert len(rows(truth / "phantoms.tsv")) == 5
    slices = Counter(p.parent.name for p in (site / "data" / "images").rglob("*.dcm"))
    assert sorted(slices.values()) == [13, 14, 14, 14, 14, 14]


def test_every_fault_is_made_whatever_the_patients_mask(tmp_path):
    """Six faults on a nano site: each patient's files differ from those without faults."""
    clean = write_nano(tmp_path / "clean", patients=9)
    spoilt = write_nano(tmp_path / "spoilt", patients=9, faults=tuple(FAULTS))
    for row in rows(tmp_path / "spoilt" / "truth" / "failing.tsv"):
        names = {
            p.relative_to(site)
            for site in (clean, spoilt)
            for p in (site / "data").rglob(f"{row['patient']}*")
            if p.is_file()
        }
        changed = [
            n
            for n in names
            if not (clean / n).is_file()
            or not (spoilt / n).is_file()
            or (clean / n).read_bytes() != (spoilt / n).read_bytes()
        ]
        assert changed, row


def test_plans_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        nano_plan().minimum_n = 1
