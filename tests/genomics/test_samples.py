from pathlib import Path

from equisite.core.errors import Finding
from equisite.core.outcomes import done, judged, write_outcomes
from equisite.core.tables import write_rows
from equisite.genomics.samples import germline_samples, items_of, not_refused, read_samples
from equisite.intake.index import SequencingItem


def row(
    patient: str, sample: str, token: str, lane: int = 1, kind: str = "normal", two: str = "b"
) -> SequencingItem:
    return SequencingItem(
        patient, sample, token, lane, kind, f"lib{lane % 2}", "", "a", two, "", "", "genome",
        "female", "",
    )  # fmt: skip


def index(path: Path, *rows: SequencingItem) -> Path:
    write_rows(path / "1.tsv", SequencingItem, rows)
    return path / "1.tsv"


def test_lanes_are_grouped_paired_ones_first(tmp_path: Path) -> None:
    path = index(
        tmp_path,
        row("p2", "s2", "t2"),
        row("p1", "s1", "t1", 2),
        row("p1", "s1", "t1", 3, two=""),
        row("p1", "s1", "t1", 1),
    )
    samples = read_samples(path)
    assert [s.token for s in samples] == ["t1", "t2"]
    assert [lane.lane_number for lane in samples[0].lanes] == [1, 2, 3]


def test_read_groups_name_tokens_and_numbers_only(tmp_path: Path) -> None:
    path = index(tmp_path, row("anna", "blood", "t1", 1), row("anna", "blood", "t1", 2))
    (item,) = items_of(read_samples(path))
    groups = item.environment["READ_GROUPS"]
    assert groups == (
        r"@RG\tID:t1.1\tSM:t1\tLB:2\tPL:ILLUMINA\n@RG\tID:t1.2\tSM:t1\tLB:1\tPL:ILLUMINA"
    )


def test_one_normal_per_patient_is_counted_and_the_others_are_told(tmp_path: Path) -> None:
    path = index(
        tmp_path,
        row("p1", "b-normal", "t1"),
        row("p1", "a-normal", "t2"),
        row("p1", "tumour", "t3", kind="tumour"),
        row("p2", "tumour", "t4", kind="tumour"),
    )
    chosen, remarks = germline_samples(read_samples(path))
    assert [s.name for s in chosen] == ["a-normal"]
    assert {(o.patient, o.item, o.outcome, o.code) for o in remarks} == {
        ("p1", "b-normal", "flagged", "SECOND_NORMAL"),
        ("p1", "tumour", "flagged", "TUMOUR_NOT_COUNTED"),
        ("p2", "tumour", "refused", "NO_NORMAL"),
    }


def test_refused_samples_do_not_go_on(tmp_path: Path) -> None:
    path = index(tmp_path, row("p1", "s1", "t1"), row("p2", "s2", "t2"))
    refused = judged("p1", "genomics", "s1", Finding("NO_READS", "", {"lane": 1, "file": 1}))
    write_outcomes(tmp_path / "o.tsv", [refused, done("p2", "genomics", "s2")])
    assert [s.token for s in not_refused(read_samples(path), [tmp_path / "o.tsv"])] == ["t2"]
