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
    assert [line.cells["patient"] for line in sheet.lines] == ["E"]
    assert {"A", "B", "C", "D"} <= sheet.mentioned


def test_a_misspelt_column_is_not_missing_too() -> None:
    _, findings = read(b"pateint\tlane\n", required=("patient", "sample"))
    assert [(f.code, f.numbers["column"]) for f in findings] == [
        ("COLUMN_UNKNOWN", "pateint"),
        ("COLUMN_MISSING", "sample"),
    ]
