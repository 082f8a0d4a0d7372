"""Rows of all rooms joined, nobody lost without a word, and the page that tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_cohort import protocol
from made_rooms import REGIONS, VARIANTS, refused, region, write_rooms

from equisite.cli.main import main
from equisite.cohort.join import Joined, join
from equisite.cohort.sources import Sources, read_sources
from equisite.cohort.status import (
    check_complete,
    commonest_reasons,
    stages,
    status_rows,
    summary_lines,
)
from equisite.core.errors import ConfigError
from equisite.core.outcomes import FLAGGED, REFUSED, Outcome, done, write_outcomes
from equisite.core.tables import columns_of, read_table, write_table
from equisite.intake.index import ImagingItem
from equisite.protocol.load import protocol_json


def joined(folder: Path, several: str = "first") -> tuple[Sources, Joined]:
    sources = read_sources(folder, [1], [1])
    return sources, join(sources, several)


def sets(found: Joined) -> dict[str, str]:
    return {
        row["patient"]: "".join(row[f"set_{s}"] for s in ("all", "genomics", "imaging", "both"))
        for row in found.rows
    }


def test_one_row_per_patient_with_the_columns_of_all_rooms(tmp_path: Path):
    _, found = joined(write_rooms(tmp_path))
    assert found.columns == (
        "patient", "set_all", "set_genomics", "set_imaging", "set_both", "sex", "age",
        "mean_depth", "carriers__AAA1__truncating", "mr__gtv__shape_mesh_volume",
        "mr__gtv__firstorder_mean",
    )  # fmt: skip
    assert sets(found) == {"P1": "1111", "P2": "1111", "P3": "1100", "P4": "1010"}
    assert found.rows[3]["mean_depth"] == ""


def test_order_of_rows_and_batches_does_not_matter(tmp_path: Path):
    one = joined(write_rooms(tmp_path / "one"))[1]
    two = joined(
        write_rooms(
            tmp_path / "two",
            patients=("P4", "P2", "P1", "P3"),
            sequenced=("P3", "P1", "P2"),
            imaged=("P4", "P2", "P1"),
        )
    )[1]
    assert one == two


def test_who_loses_all_data_leaves_and_who_never_had_any_stays(tmp_path: Path):
    folder = write_rooms(
        tmp_path,
        patients=("P1", "P2", "P5"),
        sequenced=("P1", "P2"),
        imaged=(),
        variants=[{"patient": "P1", "mean_depth": "30", "carriers__AAA1__truncating": "0"}],
        outcomes=[
            done("P1", "genomics", "P1-N"),
            refused("P2", "genomics", "P2-N", "LOW_DEPTH"),
        ],
    )
    sources, found = joined(folder)
    assert sets(found) == {"P1": "1100", "P2": "0000", "P5": "1000"}
    row = status_rows(sources, found)[1]
    assert (row.genomics, row.genomics_code, row.imaging) == ("refused", "LOW_DEPTH", "absent")
    assert check_complete(sources, found) == []


def test_the_pack_is_no_patient(tmp_path: Path):
    folder = write_rooms(tmp_path)
    write_table(folder / "work/genomics/0/variants.tsv", VARIANTS, [{"patient": "PACK"}])
    sources = read_sources(folder, [0, 1], [0, 1])
    assert {row["patient"] for row in sources.variants} == {"P1", "P2", "P3"}


# -- several series and readers ------------------------------------------------------------

TWO = [
    region("P1", "12.5", reader="zoe", file="t2"),
    region("P1", "10.5", reader="amy", file="t9"),
    region("P1", "11.5", reader="amy", file="t1"),
    region("P2"),
    region("P4"),
]


def test_first_takes_the_first_reader_and_series_by_name(tmp_path: Path):
    sources, found = joined(write_rooms(tmp_path, regions=TWO))
    assert found.rows[0]["mr__gtv__shape_mesh_volume"] == "11.5"
    assert found.unused["P1"] == ["mr gtv reader amy", "mr gtv reader zoe"]
    assert status_rows(sources, found)[0].unused == "mr gtv reader amy; mr gtv reader zoe"


def test_the_site_key_does_not_choose_the_series(tmp_path: Path):
    found = []
    for tokens in (("0a", "9b"), ("9b", "0a")):
        rows = [region("P1", v, file=t) for v, t in zip(("1.5", "2.5"), tokens, strict=True)]
        folder = write_rooms(tmp_path / tokens[0], imaged=["P1"], regions=rows)
        names = [
            {"patient": "P1", "token": t, "series": f"/in/P1/{place}"}
            for t, place in zip(tokens, ("first", "second"), strict=True)
        ]
        write_table(folder / "work/intake/imaging/1.tsv", columns_of(ImagingItem), names)
        found.append(joined(folder)[1].rows[0]["mr__gtv__shape_mesh_volume"])
    assert found == ["1.5", "1.5"]


def test_mean_averages_what_is_not_missing(tmp_path: Path):
    rows = [*TWO, region("P1", "", reader="bob", file="t5")]
    _, found = joined(write_rooms(tmp_path, regions=rows), "mean")
    assert found.rows[0]["mr__gtv__shape_mesh_volume"] == "11.5"
    assert found.unused["P1"] == ["mr gtv reader bob"]


def test_a_series_without_values_does_not_stand_before_one_with(tmp_path: Path):
    rows = [
        region("P1", "", reader="amy"),
        region("P1", "12.5", reader="zoe"),
        region("P2"),
        region("P4"),
    ]
    _, found = joined(write_rooms(tmp_path, regions=rows))
    assert found.rows[0]["mr__gtv__shape_mesh_volume"] == "12.5"


# -- nobody is lost ------------------------------------------------------------------------


def test_a_patient_without_result_or_reason_is_an_error(tmp_path: Path):
    folder = write_rooms(tmp_path, variants=[], outcomes=[done("P1", "imaging", "x")])
    with pytest.raises(ConfigError, match="STAGE_INCOMPLETE"):
        check_complete(*joined(folder))


def spoilt(code: str = "LOW_DEPTH") -> dict[str, object]:
    people = ("P1", "P2", "P3")
    return {
        "patients": people,
        "sequenced": people,
        "imaged": (),
        "variants": [],
        "outcomes": [refused(p, "genomics", f"{p}-N", code) for p in people],
    }


def test_success_with_nothing_is_impossible(tmp_path: Path):
    folder = write_rooms(tmp_path, **spoilt())
    with pytest.raises(ConfigError, match=r"EMPTY_COHORT.*3 expected.*LOW_DEPTH \(3\)"):
        check_complete(*joined(folder))


def test_a_kind_of_data_of_which_nothing_is_left_is_told(tmp_path: Path):
    folder = write_rooms(
        tmp_path,
        regions=[],
        outcomes=[
            *(done(p, "genomics", f"{p}-N") for p in ("P1", "P2", "P3")),
            *(refused(p, "imaging", "s", "ROI_NOT_FOUND") for p in ("P1", "P2", "P4")),
        ],
    )
    (warning,) = check_complete(*joined(folder))
    assert warning.code == "KIND_EMPTY"
    assert "ROI_NOT_FOUND (3)" in warning.sentence


def test_the_commonest_reasons_come_first():
    outcomes = [
        refused("P1", "imaging", "a", "ROI_NOT_FOUND"),
        refused("P2", "imaging", "a", "ROI_NOT_FOUND"),
        refused("P2", "imaging", "b", "ROI_NOT_FOUND"),
        refused("P3", "genomics", "c", "LOW_DEPTH"),
    ]
    assert commonest_reasons(outcomes) == "ROI_NOT_FOUND (2), LOW_DEPTH (1)"
    assert commonest_reasons([]) == "none was given"


def test_batches_must_fit_together(tmp_path: Path):
    folder = write_rooms(tmp_path)
    write_table(folder / "work/genomics/2/variants.tsv", ["patient", "other"], [])
    write_table(folder / "work/intake/genomics/2.tsv", ["patient"], [])
    with pytest.raises(ConfigError, match="COLUMNS_DIFFER"):
        read_sources(folder, [1, 2], [1])


def test_a_patient_in_two_rows_is_an_error(tmp_path: Path):
    row = {"patient": "P1", "mean_depth": "3", "carriers__AAA1__truncating": ""}
    folder = write_rooms(tmp_path, variants=[row, row])
    with pytest.raises(ConfigError, match="ROW_TWICE"):
        read_sources(folder, [1], [1])


# -- the verdicts --------------------------------------------------------------------------


def test_verdicts_tell_partly_from_refused(tmp_path: Path):
    folder = write_rooms(
        tmp_path,
        regions=[region("P1"), region("P4")],
        outcomes=[
            *(done(p, "genomics", f"{p}-N") for p in ("P1", "P2", "P3")),
            done("P1", "imaging", "MR/gtv"),
            refused("P1", "imaging", "MR/node", "ROI_NOT_FOUND"),
            refused("P2", "imaging", "MR/gtv", "ROI_NOT_FOUND"),
            done("P4", "imaging", "MR/gtv"),
            *(done(p, "radiomics", "MR/gtv") for p in ("P1", "P4")),
        ],
    )
    sources, found = joined(folder)
    verdicts = {
        r.patient: (r.imaging, r.imaging_code, r.radiomics) for r in status_rows(sources, found)
    }
    assert verdicts == {
        "P1": ("partly", "ROI_NOT_FOUND", "done"),
        "P2": ("refused", "ROI_NOT_FOUND", "absent"),
        "P3": ("absent", "", "absent"),
        "P4": ("done", "", "done"),
    }
    counted = {s.room: (s.expected, s.found) for s in stages(sources, found)}
    assert counted["imaging"] == (3, 2)
    assert summary_lines(stages(sources, found), status_rows(sources, found))[-1].startswith(
        "cohort"
    )


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (folder / "work/intake/protocol.json").write_bytes(protocol_json(protocol()))
    write_table(folder / "work/tumour/1/tumours.tsv", ("patient", "som_tmb"), [])
    write_outcomes(folder / "work/tumour/1/outcomes.tsv", [])
    monkeypatch.chdir(folder)
    return main(["cohort", "join", "--genomics-batches", "1", "--imaging-batches", "1"])


def test_the_command_writes_tables_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = write_rooms(
        tmp_path,
        sequenced=("P1", "P2", "P3"),
        variants=[
            {"patient": p, "mean_depth": "30", "carriers__AAA1__truncating": "0"}
            for p in ("P1", "P2")
        ],
        outcomes=[
            *(done(p, "genomics", f"{p}-N") for p in ("P1", "P2")),
            refused("P3", "genomics", "P3-<b>", "LOW_DEPTH"),
            *(
                done(p, room, "MR/gtv")
                for p in ("P1", "P2", "P4")
                for room in ("imaging", "radiomics")
            ),
        ],
    )
    (folder / "private/pictures/1").mkdir(parents=True)
    (folder / "private/pictures/1/tp1.gtv.png").write_bytes(b"png")
    assert run(folder, monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "genomics   2 of 3 patients" in printed
    assert "P3" not in printed
    assert [r["patient"] for r in read_table(folder / "private/cohort.tsv")[1]] == [
        "P1",
        "P2",
        "P3",
        "P4",
    ]
    page = (folder / "private/status.html").read_text()
    for words in (
        "P3",
        "LOW_DEPTH",
        "not in the cohort",
        "P3-&lt;b&gt;",
        'href="pictures/1/tp1.gtv.png"',
        '<a href="#mend">with something to mend</a>',
    ):
        assert words in page
    assert page.count('class="scroll"') == page.count(
        'class="scroll" role="region" tabindex="0"'
    )
    assert page.index("<b>absent</b>: nothing was given") < page.index("<th>Counted in</th>")
    for forbidden in (
        "<script",
        "http://",
        "https://",
        "<b>LOW",
        "P3-<b>",
        'src="/',
        "javascript:",
    ):
        assert forbidden not in page
    assert "default-src 'none'" in page
    assert (folder / "private/status.html").stat().st_mode & 0o077 == 0
    assert main(["status", "--directory", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("clinical   4 of 4 patients")


def test_an_empty_cohort_leaves_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert run(write_rooms(tmp_path, **spoilt()), monkeypatch) == 2
    assert not (tmp_path / "private").exists()


def test_status_before_the_first_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["status", "--directory", str(tmp_path)]) == 2
    assert "equisite run" in capsys.readouterr().out


def test_tables_of_made_rooms_are_those_of_the_rooms():
    from equisite.protocol.radiomics import Radiomics
    from equisite.radiomics.batch import table_columns

    radiomics = Radiomics.model_validate({"modalities": {"MR": {"bin_count": 32}}})
    assert REGIONS[:8] == tuple(table_columns(radiomics)[:8])


def test_who_is_held_for_exchanged_samples_has_no_variants(tmp_path: Path) -> None:
    write_rooms(tmp_path, sequenced=("P1", "P2", "P3"))
    told = [
        Outcome("P1", "genomics", "P1-N", FLAGGED, "CLOSE_RELATIVES", "{}", "x.", "y."),
        Outcome("P2", "genomics", "P2-N", REFUSED, "OWN_SAMPLES_DIFFER", "{}", "x.", "y."),
    ]
    write_outcomes(tmp_path / "work/genomics/people.tsv", told)
    found = read_sources(tmp_path, [1], [1], people=True)
    assert set(told) <= set(found.outcomes["genomics"])
    joined = {row["patient"]: row for row in join(found, "first").rows}
    assert [joined[p]["set_genomics"] for p in ("P1", "P2", "P3")] == ["1", "0", "1"]
    assert joined["P2"]["mean_depth"] == ""
    rows = {row.patient: row for row in status_rows(found, join(found, "first"))}
    assert "OWN_SAMPLES_DIFFER" in str(rows["P2"])


def test_tumours_stand_beside_germline_variants_in_one_row(tmp_path: Path) -> None:
    write_rooms(tmp_path, sequenced=("P1", "P2", "P3"))
    table = ("patient", "som_tmb", "som_mode")
    rows = [{"patient": "P2", "som_tmb": "4.5", "som_mode": "TN"}]
    rows += [{"patient": "P4", "som_tmb": "", "som_mode": "TO"}]
    write_table(tmp_path / "work/tumour/1/tumours.tsv", table, rows)
    flagged = Outcome("P2", "genomics", "P2-T", FLAGGED, "SECOND_TUMOUR", "{}", "x.", "y.")
    write_outcomes(tmp_path / "work/tumour/1/outcomes.tsv", [flagged])
    found = read_sources(tmp_path, [1], [1], tumours=True)
    assert found.variant_columns[-2:] == ("som_tmb", "som_mode")
    joined = {row["patient"]: row for row in join(found, "first").rows}
    assert (joined["P2"]["som_tmb"], joined["P2"]["mean_depth"]) == ("4.5", "30.5")
    assert (joined["P1"]["som_tmb"], joined["P1"]["mean_depth"]) == ("", "30.5")
    assert (joined["P4"]["som_mode"], joined["P4"]["mean_depth"]) == ("TO", "")
    assert flagged in found.outcomes["genomics"]
    assert "som_tmb" not in read_sources(tmp_path, [1], [1]).variant_columns
