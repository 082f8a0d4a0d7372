"""Sheets from what was found: whose it is, what it was drawn on, what a person must fill."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from equisite.intake.found import FoundMask, FoundSeries, Inventory, inventory_of, safe_ids
from equisite.intake.found_images import imaging_rows, names_by_uid
from equisite.intake.found_reads import FoundLane, FoundReads
from equisite.intake.from_folders import draft
from equisite.protocol.models import IDENTIFIER
from equisite.protocol.site import NOT_KNOWN

MR = FoundSeries("P1", "F", "MR", "1.2.3.4", "/d/p1/mr", True, 20, "9.1")
CT = FoundSeries("P1", "F", "CT", "1.2.3.5", "/d/p1/mixed", False, 40, "9.2")
PT = FoundSeries("P1", "F", "PT", "1.2.3.6", "/d/p1/mixed", False, 40, "9.2")
OTHER = FoundSeries("P2", "M", "MR", "1.2.3.7", "/d/p2/mr", True, 20, "9.3")
RS = FoundMask("/d/p1/rs.dcm", "RTSTRUCT", "P1", ("GTV",), 0, ("1.2.3.4",), ("9.1",), None)
LABEL = FoundMask("/d/p2/mask.nii", "NIfTI", "", (), 1, (), (), None)
IDS = {"P1": "P1", "P2": "P2"}


def rows(*masks: FoundMask, regions: list[str] | None = None) -> list[tuple[str, ...]]:
    made, _ = imaging_rows(Inventory((MR, CT, PT, OTHER), masks), IDS, regions)
    return [tuple(row.values()) for row in made]


def test_a_structure_set_belongs_to_the_series_it_names() -> None:
    assert rows(RS) == [("P1", "/d/p1/mr", "MR", RS.path, "", "", "")]


def test_a_series_that_shares_its_folder_is_named_by_uid() -> None:
    made, left_out = imaging_rows(
        Inventory((MR, CT, PT), (replace(RS, series=("1.2.3.5",)),)), IDS, None
    )
    assert [row["series"] for row in made] == ["1.2.3.5"]
    assert names_by_uid(made)
    assert [one.what for one in left_out] == [
        "MR series 1.2.3.4 in /d/p1/mr",
        "PT series 1.2.3.6 in /d/p1/mixed",
    ]


def test_without_the_named_series_the_frame_of_reference_decides() -> None:
    lost = replace(RS, series=("7.7.7.7",))
    assert [row[1] for row in rows(lost)] == ["/d/p1/mr"]
    both = replace(RS, series=("7.7.7.7",), frames=("9.2",))
    assert [row[:3] for row in rows(both)] == [("P1", NOT_KNOWN, NOT_KNOWN)]
    none = replace(RS, series=("7.7.7.7",), frames=("8.8",))
    made, left_out = imaging_rows(Inventory((MR,), (none,)), IDS, None)
    assert made == [] and "does not lie here" in left_out[0].why


def test_a_mask_of_another_patient_is_left_out() -> None:
    made, left_out = imaging_rows(
        Inventory((OTHER,), (replace(RS, series=("1.2.3.7",)),)), IDS, None
    )
    assert made == []
    assert [one.why for one in left_out] == [
        "it names a series of another patient",
        "no file of regions belongs to it",
    ]


def test_a_label_image_belongs_to_the_series_near_it() -> None:
    assert rows(LABEL, regions=["gtv"]) == [("P2", "/d/p2/mr", "MR", LABEL.path, "gtv", "", "")]
    assert rows(LABEL, regions=["gtv", "edema"])[0][4:] == (NOT_KNOWN, "", "")
    assert rows(replace(LABEL, labels=3), regions=["gtv"])[0][4:] == ("gtv", NOT_KNOWN, "")
    between = replace(LABEL, path="/d/masks.nii")
    assert rows(between)[0][:3] == (NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)
    named = replace(LABEL, path="/d/masks/P2.seg.nii")
    assert rows(named)[0][:2] == ("P2", "/d/p2/mr")


def test_names_that_no_cell_can_hold_are_told() -> None:
    """Of a mask, of its region; a series is then named by its UID."""
    odd = replace(RS, path="/d/p1/r\udcfc.dcm")
    named = replace(RS, path="/d/p1/r.dcm", names=("GTV\n1",), rois=())
    series = replace(MR, folder="/d/p\udcfc/mr")
    made, gone = imaging_rows(Inventory((series,), (odd, RS, named)), IDS, ["gtv"])
    assert [row["series"] for row in made] == ["1.2.3.4"]
    assert sorted((one.what, one.why) for one in gone) == [
        ("/d/p1/r.dcm", "its name cannot stand in a sheet"),
        ("/d/p1/r<U+DCFC>.dcm", "its name cannot stand in a sheet"),
    ]


def test_names_that_the_protocol_does_not_know_are_asked() -> None:
    unknown = replace(RS, rois=())
    assert rows(unknown, regions=["gtv", "edema"])[0][4:] == (NOT_KNOWN, "GTV", "")
    two = replace(unknown, names=("a", "b"))
    assert rows(two, regions=["gtv"])[0][4:] == ("gtv", NOT_KNOWN, "")


def test_two_masks_of_one_region_ask_for_readers() -> None:
    second = replace(RS, path="/d/p1/rs2.dcm", names=("gtv ",))
    assert [row[-1] for row in rows(RS, second)] == [NOT_KNOWN, NOT_KNOWN]
    other = replace(RS, path="/d/p1/rs2.dcm", names=("Edema",))
    assert [row[-1] for row in rows(RS, other)] == ["", ""]


def test_samples_find_their_patients_and_kinds() -> None:
    reads = FoundReads(
        [
            FoundLane("P1_T", "L1", "/r/a_1", "/r/a_2"),
            FoundLane("p1-N", "L1", "/r/b_1", "/r/b_2"),
            FoundLane("P12", "L1", "/r/c_1"),
            FoundLane("X 7", "", reads="/r/d.bam"),
        ]
    )
    made = draft(reads, Inventory((MR,), (RS,)), ["gtv"])
    about = [(r["patient"], r["sample"], r["kind"], r["assay"]) for r in made.sequencing]
    assert about == [
        ("P1", "P1_T", "tumour", NOT_KNOWN),
        ("P1", "p1-N", "normal", NOT_KNOWN),
        ("P12", "P12", NOT_KNOWN, NOT_KNOWN),
        ("X-7", "X-7", NOT_KNOWN, NOT_KNOWN),
    ]
    assert [(p["patient"], p["sex"]) for p in made.patients] == [
        ("P1", "female"),
        ("P12", NOT_KNOWN),
        ("X-7", NOT_KNOWN),
    ]
    assert made.not_known()["patients", "age"] == 3
    assert any("single-end" in remark for remark in made.remarks)
    assert any("`X 7` is written X-7" in remark for remark in made.remarks)


def test_a_sample_whose_signs_the_sequencer_changed_is_of_the_same_patient() -> None:
    found = Inventory(
        tuple(replace(MR, patient=p, uid=f"1.2.{n}") for n, p in enumerate(OWNERS)), ()
    )
    lanes = [FoundLane(name, "L1", f"/r/{name}_1") for name in SAMPLES]
    made = draft(FoundReads(lanes), found, None)
    assert {row["sample"]: row["patient"] for row in made.sequencing} == SAMPLES
    assert any("2 sample(s)" in r and "STS-001-2 to STS_001_2" in r for r in made.remarks)


OWNERS = ("STS_001", "STS_001_2", "A-11", "A_11", "B.7")
SAMPLES = {
    "STS-001-blood": "STS_001",
    "STS-001-2": "STS_001_2",
    "STS-0012": "STS-0012",
    "A.11-T": "A.11",  # A-11 or A_11: nobody can say
    "B.7-N": "B.7",
}


def test_two_sexes_of_one_patient_are_asked() -> None:
    torn = replace(CT, sex="M", uid="1.2.3.9")
    made = draft(FoundReads(), Inventory((MR, torn), (RS,)), None)
    assert made.patients[0]["sex"] == NOT_KNOWN
    assert "more than one PatientSex" in made.remarks[0]


def test_an_inventory_survives_json() -> None:
    found = Inventory((MR, CT), (RS, replace(LABEL, rois=("gtv",))))
    assert inventory_of(json.loads(json.dumps(found.plain()))) == found


@given(st.sets(st.text(max_size=70), max_size=12))
def test_ids_have_our_form_and_fall_never_together(names: set[str]) -> None:
    ids = safe_ids(names)
    assert ids.keys() == names
    assert all(re.match(IDENTIFIER, one) for one in ids.values())
    assert len({one.casefold() for one in ids.values()}) == len(names)
    assert ids == safe_ids(sorted(names, reverse=True))
    kept = [name for name in names if re.match(IDENTIFIER, name)]
    if len({name.casefold() for name in kept}) == len(kept):
        assert all(ids[name] == name for name in kept)
