"""Cells come through exactly; form faults are told with their line."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.intake.sheet_text import read_sheet

COLUMNS = ("patient", "sample", "lane")
cells = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=6
).filter(lambda c: not (len(c) > 1 and c[0] == c[-1] == '"'))
row = st.tuples(*(cells for _ in COLUMNS)).filter(lambda r: any(r) and r != COLUMNS)


def read(content: bytes, required: tuple[str, ...] = ("patient",)):  # type: ignore[no-untyped-def]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.tsv"
        path.write_bytes(content)
        return read_sheet(path, "sheet.tsv", required, COLUMNS)


@given(
    rows=st.lists(row, max_size=5), end=st.sampled_from(["\n", "\r\n", "\r"]), bom=st.booleans()
)
def test_cells_come_through_whatever_line_end_and_mark(
    rows: list[tuple[str, ...]], end: str, bom: bool
) -> None:
    text = end.join("\t".join(r) for r in [COLUMNS, *rows]) + end
    sheet, findings = read(text.encode("utf-8-sig" if bom else "utf-8"))
    assert findings == []
    assert [tuple(line.cells.get(c, "") for c in COLUMNS) for line in sheet.lines] == rows
    assert [line.number for line in sheet.lines] == list(range(2, len(rows) + 2))


@given(st.binary(max_size=80))
def test_any_bytes_give_a_sheet_or_findings(content: bytes) -> None:
    sheet, findings = read(b"patient\tsample\n" + content)
    assert sheet is not None or findings
    for finding in findings:
        assert finding.where.startswith("sheet.tsv")
        assert finding.render()


@pytest.mark.parametrize("cell", ["001", "NA", "None", "nan", "1e5", "TRUE", "-"])
def test_text_stays_text(cell: str) -> None:
    sheet, _ = read(f"patient\n{cell}\n".encode())
    assert sheet.lines[0].cells == {"patient": cell}


def test_rows_without_cells_are_no_rows() -> None:
    sheet, findings = read(b"patient\tsample\nA\tb\n\t\n   \n\nB\tc\n")
    assert findings == []
    assert [(line.number, line.cells["patient"]) for line in sheet.lines] == [
        (2, "A"),
        (6, "B"),
    ]


def test_faults_of_several_rows_come_together() -> None:
    sheet, findings = read(
        b'patient\tsample\nA\n B\tb\n"C"\tc\nD\td\x02\npatient\tsample\nE\te\n'
    )
    assert [(f.code, f.where) for f in findings] == [
        ("ROW_RAGGED", "sheet.tsv line 2"),
        ("CELL_SPACES", "sheet.tsv line 3, column patient"),
        ("CELL_QUOTED", "sheet.tsv line 4, column patient"),
        ("CELL_CONTROL", "sheet.tsv line 5, column sample"),
        ("HEADER_REPEATED", "sheet.tsv line 6"),
    ]
    assert [(line.cells, set(line.told)) for line in sheet.lines] == [
        ({"patient": "A"}, {"patient"}),  # of a row that is too short the patient is sure
        ({"patient": "B", "sample": "b"}, {"patient"}),
        ({"patient": "C", "sample": "c"}, {"patient"}),
        ({"patient": "D", "sample": "d"}, {"sample"}),
        ({"patient": "E", "sample": "e"}, set()),
    ]
    assert [line.whole for line in sheet.lines] == [False, True, True, True, True]
    assert sheet.mentioned == {"A"}


def test_tabs_too_many_at_the_end_move_no_cell() -> None:
    sheet, findings = read(b"patient\tsample\nA\ta\t\t\nB\tb\tx\n")
    assert [f.code for f in findings] == ["ROW_RAGGED", "ROW_RAGGED"]
    assert [(line.cells, line.whole) for line in sheet.lines] == [
        ({"patient": "A", "sample": "a"}, True),
        ({"patient": "B"}, False),
    ]


@pytest.mark.parametrize("sign", ["\xa0", "\u200b", "\ufeff", "\u2009", "\x00\x01"[1:]])
def test_signs_that_are_not_seen_are_named(sign: str) -> None:
    sheet, findings = read(f"patient\tsample\nA{sign}1\tb\n".encode())
    assert [f.code for f in findings] == ["CELL_CONTROL"]
    assert (
        f"U+{ord(sign):04X}" in findings[0].sentence and "character 2" in findings[0].sentence
    )
    assert sheet.lines[0].cells["patient"] == "A1"
    _, outside = read(f"patient\nA1{sign}\n".encode())
    assert len(outside) == 1


def test_text_of_two_bytes_a_letter_is_no_sheet_even_without_its_mark() -> None:
    sheet, findings = read("patient\tsample\nA\ta\n".encode("utf-16-le"))
    assert sheet is None
    assert [f.code for f in findings] == ["SHEET_NOT_UTF8"]


def test_a_misspelt_column_is_not_missing_too() -> None:
    _, findings = read(b"pateint\tlane\n", required=("patient", "sample"))
    assert [(f.code, f.numbers["column"]) for f in findings] == [
        ("COLUMN_UNKNOWN", "pateint"),
        ("COLUMN_MISSING", "sample"),
    ]


def test_a_misspelt_column_is_read_as_the_one_it_is_like() -> None:
    sheet, findings = read(b'"Patient"\tsampel\tflowcell\nA\ta\tx\n')
    assert [f.numbers["guess"] for f in findings] == [
        " Did you mean patient?",
        " Did you mean sample?",
        "",
    ]
    assert sheet.lines[0].cells == {"patient": "A", "sample": "a"}
    assert not sheet.certain  # flowcell may be the lane


def test_a_unit_in_brackets_and_an_id_behind_the_name_mean_the_column() -> None:
    _, findings = read(b"Patient ID\tLane (number)\n", required=("patient", "lane"))
    assert [f.numbers["guess"] for f in findings] == [
        " Did you mean patient?",
        " Did you mean lane?",
    ]
