"""Every way to change a bundle is refused with its code."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from made_cohort import columns, protocol, write_site

from equisite.bundle import archive, describe
from equisite.bundle import format as form
from equisite.bundle.codec import read_files
from equisite.bundle.verify import verify
from equisite.core.canonical import canonical_json
from equisite.protocol.models import Protocol
from equisite.release.prepare import prepare

DATE = "2024-01-31"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = write_site(tmp_path_factory.mktemp("site"), columns(160), protocol())
    return prepare(folder, "0" * 64).content


@pytest.fixture(scope="module")
def made() -> Protocol:
    return protocol()


def codes(content: bytes, made: Protocol) -> list[str]:
    verdict = verify(content, made)
    assert (verdict.bundle is None) == bool(verdict.findings)
    return [finding.code for finding in verdict.findings]


def resealed(files: Files) -> bytes:
    """The files with description and manifest that fit: only the content is wrong."""
    about = json.loads(files[form.ABOUT])
    tables = {path: files[path] for path in describe.COLUMNS}
    files = {
        **files,
        form.DATAPACKAGE: describe.datapackage(about["site"], about["release_no"], tables),
    }
    files[form.MANIFEST] = describe.manifest(files)
    return archive.pack(files, DATE)


def test_the_untouched_bundle_is_trusted(content: bytes, made: Protocol):
    assert codes(content, made) == []
    assert resealed(read_files(content)) == content


# -- the archive ---------------------------------------------------------------------------


def packed(files: Files, change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    """The archive as another tool would write it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(files[name]), 0o644, 1706659200
            if change:
                change(info)
            tar.addfile(info, io.BytesIO(files[name]))
    return out.getvalue()


def linked(content: bytes) -> bytes:
    files = read_files(content)

    def change(info: tarfile.TarInfo) -> None:
        if info.name == form.QUALITY:
            info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0

    return packed(files, change)


def renamed(content: bytes, name: str) -> bytes:
    files = read_files(content)
    files[name] = files.pop(form.QUALITY)
    return archive.pack(files, DATE)


def owned(content: bytes) -> bytes:
    def change(info: tarfile.TarInfo) -> None:
        info.uname = "doctor"

    return packed(read_files(content), change)


ARCHIVES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda c: b"",
    "no archive": lambda c: b"PK\x03\x04" + c,
    "cut": lambda c: c[:-1024],
    "cut inside a member": lambda c: c[:3000],
    "bytes behind": lambda c: c + b"\0" * 512,
    "hidden behind a member": lambda c: c[: 512 + 2000 // 1] + b"x" + c[512 + 2000 + 1 :],
    "extra file": lambda c: archive.pack({**read_files(c), "notes.txt": b"hello"}, DATE),
    "unsigned statement": lambda c: archive.pack(
        {**read_files(c), "statement.json": b"{}"}, DATE
    ),
    "missing file": lambda c: archive.pack(
        {n: b for n, b in read_files(c).items() if n != form.QUALITY}, DATE
    ),
    "path outside": lambda c: renamed(c, "../quality.tsv"),
    "absolute path": lambda c: renamed(c, "/quality.tsv"),
    "link": linked,
    "owner": owned,
    "other time": lambda c: archive.pack(read_files(c), "2024-02-01"),
    "compressed": lambda c: __import__("gzip").compress(c, mtime=0),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_in_another_form_is_refused(kind: str, content: bytes, made: Protocol):
    changed = ARCHIVES[kind](content)
    assert changed != content
    found = codes(changed, made)
    assert found in (["V_NAME"], ["V_MANIFEST"])
    assert found == ["V_NAME"] or kind == "hidden behind a member"


def test_a_size_below_zero_does_not_hang(content: bytes, made: Protocol):
    changed = bytearray(content)
    changed[124:135] = b"-0000000001"
    assert codes(bytes(changed), made) == ["V_NAME"]


@pytest.mark.parametrize("path", sorted(set(form.FILES) - {form.MANIFEST}))
def test_a_changed_byte_of_any_file_is_seen(path: str, content: bytes, made: Protocol):
    files = read_files(content)
    changed = bytearray(files[path])
    changed[len(changed) // 2] ^= 1
    found = codes(archive.pack({**files, path: bytes(changed)}, DATE), made)
    assert found in (["V_MANIFEST"], ["V_NAME"])
    assert found == ["V_MANIFEST"] or path == form.ABOUT


# -- the head ------------------------------------------------------------------------------


def with_about(content: bytes, **changes: object) -> bytes:
    files = read_files(content)
    about = {**json.loads(files[form.ABOUT]), **changes}
    return resealed({**files, form.ABOUT: canonical_json(about)})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"protocol_sha256": "1" * 64}, "V_PROTOCOL"),
        ({"codebook_sha256": "1" * 64}, "V_CODEBOOK"),
        ({"constants_sha256": "1" * 64}, "V_CODEBOOK"),
        ({"ruleset_sha256": "1" * 64}, "V_RULESET"),
        ({"data": "public"}, "V_RULESET"),
        ({"k": 5}, "V_RULESET"),
        ({"k": "10"}, "V_RULESET"),
        ({"stamp": "please pool me"}, "V_SCHEMA"),
        ({"note": "free text"}, "V_SCHEMA"),
        ({"schema": "equisite-bundle-v2"}, "V_SCHEMA"),
        ({"site": "two words"}, "V_SCHEMA"),
        ({"tools": {"numpy": "made by Dr. N. N."}}, "V_SCHEMA"),
        ({"facts": {"records_counted_twice": "no"}}, "V_SCHEMA"),
        ({"release_no": 0}, "V_SCHEMA"),
    ],
)
def test_another_head_is_refused(
    changes: dict[str, object], code: str, content: bytes, made: Protocol
):
    assert codes(with_about(content, **changes), made) == [code]


def test_json_in_another_order_is_refused(content: bytes, made: Protocol):
    files = read_files(content)
    spaced = json.dumps(json.loads(files[form.ABOUT])).encode()
    assert codes(resealed({**files, form.ABOUT: spaced}), made) == ["V_SCHEMA"]


# -- the tables ----------------------------------------------------------------------------


def edited(content: bytes, path: str, edit: Callable[[list[str]], list[str]]) -> bytes:
    files = read_files(content)
    lines = files[path].decode().split("\n")
    body = sorted(edit(lines[1:-1]), key=str.encode)
    return resealed({**files, path: "\n".join([lines[0], *body, ""]).encode()})


def replaced(old: str, new: str) -> Callable[[list[str]], list[str]]:
    def edit(lines: list[str]) -> list[str]:
        hits = [i for i, line in enumerate(lines) if old in line]
        assert hits, old
        lines[hits[0]] = lines[hits[0]].replace(old, new)
        return lines

    return edit


def cell_value(table: str, measure: str, value: str) -> Callable[[list[str]], list[str]]:
    def edit(lines: list[str]) -> list[str]:
        for i, line in enumerate(lines):
            cells = line.split("\t")
            if cells[0] == table and cells[2] == measure and cells[3]:
                lines[i] = "\t".join([*cells[:3], value, cells[4]])
                return lines
        raise AssertionError(table)

    return edit


def dropped(start: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line for line in lines if not line.startswith(start)]


def added(line: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [*lines, line]


def all_counted(name: str, lines: int) -> Callable[[list[str]], list[str]]:
    def edit(rows: list[str]) -> list[str]:
        out = []
        for row in rows:
            cells = row.split("\t")
            out.append("\t".join([*cells[:7], str(lines)]) if cells[0] == name else row)
        return out

    return edit


SET = "analysis_set=imaging"
VOLUME = "mr__gtv__shape_mesh_volume"
CANARY = "EQCANARY-0123456789ABCDEF"

CELLS: list[tuple[str, str, Callable[[list[str]], list[str]], str]] = [
    ("a status of its own", form.CELLS, replaced("\tok", "\tfine"), "V_SCHEMA"),
    ("a measure of its own", form.CELLS, replaced("\tmean_off\t", "\tmedian\t"), "V_SCHEMA"),
    ("a value with other digits", form.CELLS, cell_value("mr_core", "m2", "1.5"), "V_SCHEMA"),
    ("not a number", form.CELLS, cell_value("mr_core", "m2", "nan"), "V_SCHEMA"),
    ("a value of a withheld cell", form.CELLS, replaced("\tok", "\tsuppressed"), "V_SCHEMA"),
    ("a line with a sixth cell", form.CELLS, replaced("\tok", "\tok\tnote"), "V_SCHEMA"),
    (
        "a key in another order",
        form.CELLS,
        added("cohort\tsex=male|analysis_set=all\tcount\t40\tok"),
        "V_SCHEMA",
    ),
    ("a line twice", form.CELLS, added("cohort\tanalysis_set=all\tcount\t160\tok"), "V_SCHEMA"),
    (
        "a reason of its own",
        form.TABLES,
        replaced("\treleased\t\t", "\treleased\twhy\t"),
        "V_SCHEMA",
    ),
    ("a digest that is none", form.CONFORMANCE, replaced("ab" * 32, "ab" * 31), "V_SCHEMA"),
    (
        "a table of its own",
        form.CELLS,
        added("top_genes\tanalysis_set=all\tcount\t40\tok"),
        "V_R1",
    ),
    (
        "a category of its own",
        form.CELLS,
        added("cohort\tanalysis_set=rich\tcount\t40\tok"),
        "V_R1",
    ),
    (
        "a variable of its own",
        form.CELLS,
        added("cohort\tanalysis_set=all|sex=male\tcount\t40\tok"),
        "V_R1",
    ),
    (
        "a gene of its own",
        form.CELLS,
        added("carriers\tanalysis_set=genomics|gene=ZZZ\tn\t80\tok"),
        "V_R1",
    ),
    (
        "a level of its own",
        form.CELLS,
        added(f"mr_hist\t{SET}|feature={VOLUME}|level=7|bin=1\tbin\t40\tok"),
        "V_R1",
    ),
    (
        "quality among the cells",
        form.CELLS,
        added("quality\tanalysis_set=all|feature=mean_depth\tn\t80\tok"),
        "V_R1",
    ),
    ("a table left out", form.TABLES, dropped("cohort\t"), "V_R1"),
    ("a small count", form.CELLS, cell_value("carriers", "count", "3"), "V_R4"),
    ("a small remainder", form.CELLS, cell_value("carriers", "count", "155"), "V_R4"),
    ("a zero of carriers", form.CELLS, cell_value("carriers", "count", "0"), "V_R4"),
    ("a sum of few", form.CELLS, cell_value("spectrum", "sum", "9"), "V_R4"),
    ("a channel of none", form.CELLS, cell_value("spectrum", "sum", "0"), "V_R4"),
    ("a spectrum of nineteen", form.CELLS, cell_value("spectrum", "n", "19"), "V_R4"),
    ("more than patients add", form.CELLS, cell_value("spectrum", "sum", "80000"), "V_PLAUS"),
    (
        "a channel of its own",
        form.CELLS,
        added("spectrum\tanalysis_set=genomics|feature=sbs96|channel=AAA_C\tsum\t80\tok"),
        "V_R1",
    ),
    ("a mean of nineteen", form.CELLS, cell_value("mr_core", "n", "19"), "V_R4"),
    ("a count of lines", form.TABLES, all_counted("cohort", 5), "V_ADD"),
    ("M2 below zero", form.CELLS, cell_value("mr_core", "m2", "-1.000000e+00"), "V_PLAUS"),
    (
        "M2 beyond the limits",
        form.CELLS,
        cell_value("mr_core", "m2", "1.000000e+99"),
        "V_PLAUS",
    ),
    (
        "a mean beyond the limits",
        form.CELLS,
        cell_value("mr_core", "mean_off", "1.000000e+99"),
        "V_PLAUS",
    ),
    (
        "products that cannot be",
        form.CELLS,
        cell_value("mr_covariates", "sxy", "1.000000e+30"),
        "V_PLAUS",
    ),
    (
        "covariates that cannot be",
        form.CELLS,
        cell_value("mr_covariates", "sxx", "-1.000000e+00"),
        "V_PLAUS",
    ),
]


@pytest.mark.parametrize(("kind", "path", "edit", "code"), CELLS, ids=[c[0] for c in CELLS])
def test_changed_cells_are_refused(
    kind: str,
    path: str,
    edit: Callable[[list[str]], list[str]],
    code: str,
    content: bytes,
    made: Protocol,
):
    assert codes(edited(content, path, edit), made) == [code], kind


def test_lines_out_of_order_are_refused(content: bytes, made: Protocol):
    files = read_files(content)
    lines = files[form.CELLS].split(b"\n")
    lines[1], lines[2] = lines[2], lines[1]
    changed = resealed({**files, form.CELLS: b"\n".join(lines)})
    assert codes(changed, made) == ["V_SCHEMA"]


def test_a_margin_that_is_no_sum_is_refused(tmp_path: Path):
    tables = [
        {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
        {"id": "sex", "kind": "count", "keys": ["sex"]},
    ]
    made = protocol(tables=tables)
    content = prepare(write_site(tmp_path, columns(80), made), "0" * 64).content
    wrong = edited(
        content, form.CELLS, replaced("sex=female\tcount\t40", "sex=female\tcount\t60")
    )
    assert codes(wrong, made) == ["V_ADD"]


def test_bins_that_do_not_sum_to_n_are_refused(tmp_path: Path):
    made = protocol(public=True)
    content = prepare(write_site(tmp_path, columns(80), made), "0" * 64).content
    wrong = edited(content, form.CELLS, cell_value("mr_hist", "bin", "79"))
    assert codes(wrong, made) == ["V_ADD"]


def test_a_name_of_a_person_in_an_item_is_seen(content: bytes, made: Protocol):
    wrong = edited(content, form.CONFORMANCE, added("TREM12345678\trecall\t1.000000e+00"))
    assert codes(wrong, made) == ["V_SCAN"]
    wrong = edited(content, form.CONFORMANCE, added(f"{CANARY}\trecall\t1.000000e+00"))
    assert codes(wrong, made) == ["V_SCAN"]
