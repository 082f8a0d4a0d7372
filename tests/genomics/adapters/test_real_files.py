"""Files that the callers themselves wrote: read, counted, scored (public data)."""

from __future__ import annotations

import gzip
import json
import os
import runpy
import sys
from collections import Counter
from pathlib import Path

import pytest

from equisite.genomics.adapters.callers import adapter_of, read_calls
from equisite.genomics.adapters.lines import read_vcf
from equisite.genomics.adapters.records import CallerRecord
from equisite.genomics.adapters.structural import read_junctions
from equisite.variants.fasta import read_fasta

pytestmark = pytest.mark.data
ROOT = Path(os.environ.get("EQUISITE_DATA", "/nowhere")) / "genomics"
if not ROOT.is_dir():
    pytest.skip("EQUISITE_DATA names no data folder", allow_module_level=True)
PAIR = ROOT / "callers_somaticseq"
DIALECTS = ROOT / "callers_dialects"
BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

PAGE = {
    "Mutect2": (0.972, 0.970),
    "Strelka2": (0.979, 0.990),
    "MuSE": (0.972, None),
    "VarDict": (0.952, 0.971),
    "SomaticSniper": (0.973, None),
    "LoFreq": (0.957, None),
    "Scalpel": (None, 0.980),
}
"""F1 of SNVs and of indels, measured by another program on the same files."""


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    return {n: s.decode() for n, s in read_fasta(PAIR / "reference.fa")}


def test_every_caller_scores_as_measured_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(sys, "argv", ["caller_adapters.py", str(PAIR)])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(str(BENCHMARKS / "caller_adapters.py"), run_name="__main__")
    assert done.value.code == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    rows = {row["caller"]: (row["snv_f1"], row["indel_f1"]) for row in told["callers"]}
    assert set(rows) == set(PAGE)
    for caller, figures in PAGE.items():
        for got, expected in zip(rows[caller], figures, strict=True):
            assert (got is None) == (expected is None), caller
            assert got is None or got == pytest.approx(expected, abs=0.001), caller
    for row, expected in zip(
        told["consensus"], [(0.947, 0.971), (0.986, 0.990), (0.972, 0.980)], strict=True
    ):
        assert (row["snv_f1"], row["indel_f1"]) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("path", sorted(PAIR.glob("paired_*")), ids=lambda p: p.stem)
def test_swapped_columns_and_compression_change_nothing(
    path: Path, reference: dict[str, str], tmp_path: Path
) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    swapped = []
    for line in lines:
        fields = line.split("\t")
        if not line.startswith("##") and len(fields) == 11:
            fields[9:] = fields[:8:-1]
        swapped.append("\t".join(fields))
    other = tmp_path / "x.vcf.gz"
    other.write_bytes(gzip.compress(("\n".join(swapped) + "\n").encode()))
    found = list(read_calls(path, reference))
    assert found
    assert list(read_calls(other, reference)) == found


def first(path: Path, reference: dict[str, str]) -> CallerRecord:
    return next(r for r in read_calls(path, reference) if r.passed or not r.filters)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("paired_MuTect2", (0, 44, 28, 1)),
        ("paired_Strelka.snv", (0, 44, 29, 1)),
        ("paired_MuSE", (0, 44, 29, 1)),
        ("paired_VarDict", (0, 44, 29, 0)),
        ("paired_SomaticSniper", (0, 44, 29, 1)),
        ("paired_LoFreq.snv", (0, 44, None, None)),
        ("paired_Scalpel", (33, 32, 13, 0)),
        ("tumour_only_MuTect2", (0, 44, None, None)),
        ("tumour_only_Strelka", (0, 43, None, None)),
        ("tumour_only_VarDict", (0, 44, None, None)),
    ],
)
def test_counts_of_the_first_call(
    name: str, expected: tuple[int | None, ...], reference: dict[str, str]
) -> None:
    record = first(PAIR / f"{name}.vcf", reference)
    counts = (record.ref_tumour, record.alt_tumour, record.ref_normal, record.alt_normal)
    assert counts == expected


def test_germline_mode_given_as_tumour_only_is_labelled(reference: dict[str, str]) -> None:
    records = list(read_calls(PAIR / "tumour_only_Strelka.vcf", reference))
    assert {r.origin for r in records} == {"germline"}


@pytest.mark.parametrize(
    ("name", "caller"),
    [
        ("strelka2_somatic.snvs", "Strelka2"),
        ("strelka2_somatic.indels", "Strelka2"),
        ("strelka2_germline_multisample", "Strelka2 germline"),
        ("gatk_haplotypecaller", "HaplotypeCaller"),
        ("bcbio_tumour_only", "VarDict"),
        ("deepvariant", "DeepVariant"),
        ("deepvariant.g", "DeepVariant"),
    ],
)
def test_dialects_are_recognised(name: str, caller: str) -> None:
    header, lines = read_vcf(DIALECTS / f"{name}.vcf")
    assert adapter_of(header).name == caller
    assert sum(1 for _ in lines) > 10 or name.endswith("indels")


def test_refcall_is_no_call() -> None:
    _, lines = read_vcf(DIALECTS / "deepvariant.vcf")
    assert Counter(line.filters for line in lines)["RefCall",] == 4


def test_manta_pairs_are_three_events() -> None:
    events = list(read_junctions(DIALECTS / "manta_somaticSV.vcf", ["8", "11"], "HCC1954"))
    assert [event.kind for event in events] == ["BND", "BND", "INV"]
    assert all(event.normal.alt == 0 for event in events)


@pytest.mark.parametrize(("name", "events"), [("delly_1.1.6", 1), ("delly_0.6.1_del", 10)])
def test_delly_of_two_layouts(name: str, events: int) -> None:
    found = list(read_junctions(DIALECTS / f"{name}.vcf", ["chr16", "chr18"]))
    assert len(found) == events
    assert {event.kind for event in found} == {"DEL"}
