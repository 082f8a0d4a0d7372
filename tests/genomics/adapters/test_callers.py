"""Each caller's file: recognised, counts where that caller puts them, roles by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from equisite.core.errors import InputError
from equisite.genomics.adapters.callers import ADAPTERS, changed, read_calls
from equisite.genomics.adapters.records import CallerRecord
from equisite.variants.alleles import Edit

REFERENCE = {"chr1": "AAACCCGTTTTTTGCATGCA"}

HEADERS = {
    "Mutect2": ["##source=Mutect2", "##tumor_sample=T9", "##normal_sample=N9"],
    "Strelka2": ["##source=strelka", "##content=strelka somatic snv calls"],
    "Strelka2 germline": ["##source=strelka", "##content=strelka germline small-variant calls"],
    "MuSE": ['##MuSE_version="v1.0rc"', '##TUMOR="Sample=T9,File=x"'],
    "VarDict": [
        *(f"##INFO=<ID={k},Number=1>" for k in ("SHIFT3", "MSILEN", "LSEQ", "RSEQ")),
        *(f"##FORMAT=<ID={k},Number=1>" for k in ("VD", "ALD", "RD")),
    ],
    "SomaticSniper": [
        f"##FORMAT=<ID={k},Number=1>" for k in ("IGT", "BCOUNT", "JGQ", "VAQ", "SSC")
    ],
    "LoFreq": ["##source=lofreq call -f x"],
    "Scalpel": ["##source=scalpel0.5.4 (beta)"],
    "SAGE": ["##sageVersion=3.3"],
    "HaplotypeCaller": ["##source=HaplotypeCaller"],
    "DeepVariant": ["##DeepVariant_version=1.5.0"],
    "DeepSomatic": [
        "##DeepVariant_version=1.10.0",
        *(f'##FILTER=<ID={k},Description="x">' for k in ("RefCall", "NoCall", "GERMLINE")),
        *(f"##FORMAT=<ID={k},Number=1>" for k in ("GT", "GQ", "AD", "NDP", "NAD", "NAF")),
    ],
}


def write(path: Path, caller: str, samples: tuple[str, ...], *records: str) -> Path:
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    if samples:
        columns += ["FORMAT", *samples]
    lines = ["##fileformat=VCFv4.2", *HEADERS[caller], "\t".join(columns)]
    lines += [record.replace(" ", "\t") for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def only(path: Path, tumour: str = "", normal: str = "") -> CallerRecord:
    (record,) = read_calls(path, REFERENCE, tumour, normal)
    return record


def counts(record: CallerRecord) -> tuple[int | None, ...]:
    return record.ref_tumour, record.alt_tumour, record.ref_normal, record.alt_normal


PAIRS = {
    "Mutect2": ("T9", "N9", "1 4 . C T . PASS TLOD=12.5", "AD", "10,7", "20,1"),
    "Strelka2": (
        "TUMOR", "NORMAL", "1 4 . C T . PASS SomaticEVS=9.5", "AU:CU:GU:TU",
        "0,0:10,11:0,0:7,8", "0,0:20,20:0,0:1,2",
    ),
    "MuSE": ("T9", "NORMAL", "1 4 . C T . PASS SOMATIC", "AD:SS", "10,7:2", "20,1:."),
    "VarDict": (
        "TUMOR", "NORMAL", "1 4 . C T . PASS STATUS=LikelySomatic", "AD", "10,7", "20,1",
    ),
    "SomaticSniper": (
        "TUMOR", "NORMAL", "1 4 . C T . . .", "DP4:SS:SSC", "4,6,3,4:2:40", "9,11,1,0:0:.",
    ),
    "Scalpel": ("TUMOR", "NORMAL", "1 6 . C CA . PASS SOMATIC", "AD", "10,7", "20,1"),
    "SAGE": ("tum", "NORMAL", "1 4 . C T 90 PASS TIER=PANEL;LPS=7", "AD", "10,7", "20,1"),
}  # fmt: skip


@pytest.mark.parametrize("caller", sorted(PAIRS))
@pytest.mark.parametrize("tumour_first", [True, False])
def test_roles_do_not_hang_on_the_order_of_columns(
    tmp_path: Path, caller: str, tumour_first: bool
) -> None:
    tumour, normal, head, keys, ours, theirs = PAIRS[caller]
    samples, values = (tumour, normal), (ours, theirs)
    if not tumour_first:
        samples, values = samples[::-1], values[::-1]
    path = write(tmp_path / "x.vcf", caller, samples, " ".join((head, keys, *values)))
    record = only(path)
    assert record.caller == caller
    assert counts(record) == (10, 7, 20, 1)
    assert record.passed
    assert record.edit.contig == "chr1"


def test_names_of_the_sheet_come_first(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf", "SAGE", ("a", "b"), "1 4 . C T 9 PASS TIER=PANEL AD 20,1 10,7"
    )
    assert counts(only(path, tumour="b")) == (10, 7, 20, 1)
    assert counts(only(path, normal="a")) == (10, 7, 20, 1)
    assert counts(only(path, tumour="a", normal="b")) == (20, 1, 10, 7)


def test_unnamed_columns_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", "SAGE", ("a", "b"), "1 4 . C T 9 PASS X AD 20,1 10,7")
    with pytest.raises(InputError, match="CALLER_ROLES"):
        list(read_calls(path, REFERENCE))


def test_a_tumour_alone_is_the_only_column(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", "VarDict", ("me",), "1 4 . C T 9 PASS TYPE=SNV AD 3,4")
    assert counts(only(path)) == (3, 4, None, None)


def test_unknown_source_names_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf"
    path.write_text(
        "##source=freeBayes v1.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", "utf-8"
    )
    with pytest.raises(InputError, match=r"Mutect2, Strelka2.*DeepVariant") as caught:
        list(read_calls(path, REFERENCE))
    assert caught.value.code == "CALLER_UNKNOWN"
    assert all(adapter.name in str(caught.value) for adapter in ADAPTERS)


def test_deepsomatic_passes_somatic_alleles_of_its_one_column(tmp_path: Path) -> None:
    keys = "GT:GQ:DP:AD:VAF:NDP:NAD:NAF:PL"
    path = write(
        tmp_path / "x.vcf",
        "DeepSomatic",
        ("me",),
        f"1 4 . C T 43.8 PASS . {keys} 1/1:43:17:10,7:0.41:21:20,1:0.05:43,52,0",
        f"1 5 . C T 3.7 GERMLINE . {keys} 0/0:4:8:4,4:0.5:9:4,5:0.55:1,0,34",
        f"1 6 . C T 0 RefCall . {keys} 0/0:51:60:57,2:0.03:9:9,0:0:0,51,58",
        f"1 6 . C T 2.8 NoCall . {keys} ./.:3:60:50,9:0.15:9:9,0:0:0,3,3",
    )
    first, *others = read_calls(path, REFERENCE)
    assert (first.caller, first.origin, first.passed, first.score) == (
        "DeepSomatic", "somatic", True, 43,
    )  # fmt: skip
    assert counts(first) == (10, 7, 20, 1)
    assert [r.passed for r in others] == [False] * 3


def test_deepsomatic_before_its_counts_of_the_normal(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf"
    path.write_text(
        "##DeepVariant_version=1.6.1\n##FILTER=<ID=GERMLINE,Description=x>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tme\n"
        "1\t4\t.\tC\tT,G\t43.8\tPASS\t.\tGT:GQ:AD:VAF\t2/2:43:10,1,7:0.05,0.4\n",
        "utf-8",
    )
    first, second = read_calls(path, REFERENCE)
    assert (first.passed, second.passed) == (False, True)
    assert counts(second) == (10, 7, None, None)


def test_lofreq_says_nothing_of_the_normal(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", "LoFreq", (), "1 4 . C T 55 PASS DP4=4,6,3,4;AF=0.4")
    record = only(path)
    assert counts(record) == (10, 7, None, None)
    assert record.score == 55


def test_mutect2_passes_alternative_by_alternative(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "Mutect2",
        ("N9", "T9"),
        "1 4 . C T,G . PASS AS_FilterStatus=SITE|weak_evidence,base_qual;TLOD=9,2"
        " AD 20,0,1 10,7,2",
    )
    first, second = read_calls(path, REFERENCE)
    assert (first.edit.alt, first.passed, first.score) == ("T", True, 9.0)
    assert (second.edit.alt, second.passed, second.score) == ("G", False, 2.0)
    assert counts(second) == (10, 2, 20, 1)


def test_strelka_indel_counts_are_not_swapped(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "Strelka2",
        ("NORMAL", "TUMOR"),
        "1 6 . C CA . PASS QSI_NT=44 TAR:TIR 20,21:0,0 0,0:9,10",
    )
    record = only(path)
    assert counts(record) == (0, 9, 20, 0)
    assert record.score == 44


def test_germline_mode_of_strelka_is_labelled_germline(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "Strelka2 germline",
        ("TUMOR",),
        "1 4 . C T,G 9 PASS MQ=60 GT:AD:FT 0/1:5,6,0:PASS",
        "1 5 . C T 9 PASS MQ=60 GT:AD:FT 0/1:5,6:LowGQX",
    )
    first, second = read_calls(path, REFERENCE)
    assert (first.origin, first.passed, first.edit.alt) == ("germline", True, "T")
    assert not second.passed


def test_vardict_germline_and_loh_do_not_pass(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "VarDict",
        ("TUMOR", "NORMAL"),
        "1 4 . C T 9 PASS STATUS=StrongLOH AD 3,4 5,5",
        "1 5 . C T 9 PASS STATUS=Germline AD 3,4 5,5",
        "1 6 . C T 9 PASS STATUS=StrongSomatic AD 3,4 5,0",
    )
    assert [r.passed for r in read_calls(path, REFERENCE)] == [False, False, True]


def test_sniper_passes_somatic_only_and_filters_nothing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "SomaticSniper",
        ("NORMAL", "TUMOR"),
        "1 4 . C T . . . DP4:SS 9,9,0,0:0 4,6,3,4:3",
        "1 5 . C A,T . . . DP4:BCOUNT:SS 9,9,0,0:0,18,0,0:0 1,1,5,5:4,2,0,6:2",
    )
    lost, first, second = read_calls(path, REFERENCE)
    assert (lost.passed, lost.filters) == (False, ())
    assert (counts(first), counts(second)) == ((2, 4, 18, 0), (2, 6, 18, 0))


def test_blocks_and_symbols_of_germline_callers_are_no_calls(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "HaplotypeCaller",
        ("me",),
        "1 1 . A <NON_REF> . . END=3 GT:DP 0/0:9",
        "1 4 . C T,<NON_REF> 9 . DP=9 GT:AD 0/1:5,6,0",
    )
    record = only(path)
    assert (record.passed, record.origin, counts(record)[:2]) == (False, "germline", (5, 6))
    path = write(
        tmp_path / "y.vcf",
        "DeepVariant",
        ("me",),
        "1 4 . C T 9 RefCall . GT:AD 0/0:5,6",
        "1 5 . C <*> 0 . END=9 GT 0/0",
    )
    assert not only(path).passed


SAGE_KEYS = "GT:ABQ:AD:AF:AMQ:DP:RC_CNT:RC_IPC:RC_JIT:RC_QUAL:SB"


def sage(ad: str) -> str:
    """A column as SAGE writes it: no genotype, read-context counts of seven kinds."""
    ref, alt = ad.split(",")
    total = int(ref) + int(alt)
    rest = f"{total}:{alt},0,0,0,0,{ref},{total}:0:0,0,0:90,0,0,0,0,99,189:0.5"
    return f"./.:36:{ad}:{int(alt) / total:.3f}:60,60:{rest}"


def test_sage_mnv_and_its_snvs_are_one_event(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        "SAGE",
        ("TUMOR",),
        f"1 4 . CC TT 9 PASS LPS=7,12;LPS_RC=9,1;TIER=PANEL {SAGE_KEYS} {sage('5,6')}",
        f"1 4 . C T 9 dedupMnv LPS=7;TIER=PANEL {SAGE_KEYS} {sage('5,6')}",
    )
    records = list(read_calls(path, REFERENCE))
    assert {r.event for r in records} == {"7"}
    assert [r.edit.start for r in records if r.passed] == [3, 4]
    assert len({r.edit for r in records}) == 2


def test_sage_mnv_with_an_inherited_base_gives_its_somatic_base_only(tmp_path: Path) -> None:
    lines = [
        ("CC TT 200 PASS", "LPS=3;MSG=1", "1200,0", "900,31"),
        ("C T 200 maxGermlineVAF", "LPS=3;MSG=1", "600,600", "450,460"),
    ]
    path = write(
        tmp_path / "x.vcf",
        "SAGE",
        ("ref1", "tum1"),
        *(
            f"1 4 . {head} {info};TIER=PANEL {SAGE_KEYS} {sage(normal)} {sage(tumour)}"
            for head, info, normal, tumour in lines
        ),
        f"1 5 . C T 200 dedupMixedGermlineSomatic LPS=3;TIER=PANEL {SAGE_KEYS} "
        f"{sage('1200,0')} {sage('900,31')}",
    )
    records = list(read_calls(path, REFERENCE, "tum1", "ref1"))
    assert [(r.edit.start, r.passed) for r in records] == [
        (3, False), (4, False), (3, False), (4, True),
    ]  # fmt: skip
    assert counts(records[-1]) == (900, 31, 1200, 0)


def test_bgzip_gzip_and_plain_read_alike(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", "LoFreq", (), "1 4 . C T 55 PASS DP4=4,6,3,4")
    body = path.read_bytes()
    (tmp_path / "x.vcf.gz").write_bytes(gzip.compress(body[:40]) + gzip.compress(body[40:]))
    assert only(tmp_path / "x.vcf.gz") == only(path)


def test_bytes_that_are_no_text_of_ours_change_nothing(tmp_path: Path) -> None:
    """A byte-order mark, line ends of DOS, a micro sign in Latin-1, an empty last line."""
    path = write(tmp_path / "x.vcf", "LoFreq", (), "1 4 . C T 55 PASS DP4=4,6,3,4")
    expected = only(path)
    body = path.read_bytes().replace(b"\n##source", b"\n##unit=\xb5g\n##source")
    odd = b"\xef\xbb\xbf" + body.replace(b"\n", b"\r\n") + b"\r\n"
    (tmp_path / "y.vcf").write_bytes(odd)
    (tmp_path / "y.vcf.gz").write_bytes(gzip.compress(odd))
    assert only(tmp_path / "y.vcf") == only(tmp_path / "y.vcf.gz") == expected


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.vcf").write_bytes(b"BCF\2\2" + bytes(range(256)))
    with pytest.raises(InputError, match="CALLS_UNREADABLE"):
        list(read_calls(tmp_path / "x.vcf", REFERENCE))


@pytest.mark.parametrize(
    ("tool", "caller"), [("MuTect2", "Mutect2"), ("HaplotypeCaller", "HaplotypeCaller")]
)
def test_gatk_3_names_its_tools_in_a_key(tmp_path: Path, tool: str, caller: str) -> None:
    command = f'##GATKCommandLine.{tool}=<ID={tool},Version=3.8-1,CommandLine="x">'
    path = write(tmp_path / "x.vcf", "LoFreq", ("NORMAL", "TUMOR"), ROW_OF_GATK_3)
    path.write_text(path.read_text().replace(HEADERS["LoFreq"][0], command))
    record = only(path)
    assert (record.caller, record.passed) == (caller, True)
    assert counts(record) == (10, 7, 20, 1)


ROW_OF_GATK_3 = "1 4 . C T . PASS TLOD=12.5;NLOD=5 GT:AD 0/0:20,1 0/1:10,7"


MISSING = {
    "Mutect2": ("TLOD=9", "GT", "0/1", "0/0"),
    "Strelka2": ("SOMATIC", "DP:CU", "20:10,11", "20:20,20"),
    "MuSE": ("SOMATIC", "SS", "2", "0"),
    "VarDict": ("STATUS=StrongSomatic", "GT:AD", "0/1:.", "0/0:."),
    "SomaticSniper": (".", "SS", "2", "0"),
    "SAGE": ("TIER=PANEL", "GT:AF", "./.:0.3", "./.:0"),
}


@pytest.mark.parametrize("caller", sorted(MISSING))
def test_counts_that_are_not_written_are_missing_and_not_zero(
    tmp_path: Path, caller: str
) -> None:
    info, keys, ours, theirs = MISSING[caller]
    passed = "." if caller == "SomaticSniper" else "PASS"
    row = f"1 4 . C T . {passed} {info} {keys} {theirs} {ours}"
    record = only(write(tmp_path / "x.vcf", caller, ("NORMAL", "TUMOR"), row), "TUMOR")
    assert record.passed
    assert counts(record) == (None, None, None, None)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", "LoFreq", (), "1 4 . C T 55 PASS DP4=4,6,3,4")
    (tmp_path / "x.vcf.gz").write_bytes(gzip.compress(path.read_bytes())[:-12])
    with pytest.raises(InputError, match="CALLS_UNREADABLE"):
        list(read_calls(tmp_path / "x.vcf.gz", REFERENCE))


@pytest.mark.parametrize("record", ["1 x . C T 9 PASS X", "1 4 . C T", "1 4 . C T 9q PASS X"])
def test_broken_records_are_refused(tmp_path: Path, record: str) -> None:
    with pytest.raises(InputError, match="CALLS_UNREADABLE"):
        list(read_calls(write(tmp_path / "x.vcf", "LoFreq", (), record), REFERENCE))


def test_other_reference_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", "LoFreq", (), "1 4 . G T 55 PASS DP4=4,6,3,4")
    with pytest.raises(InputError, match="CALLS_OTHER_REFERENCE"):
        list(read_calls(path, REFERENCE))


def test_alleles_are_left_shifted_and_split() -> None:
    assert changed("chr1", 11, "TT", "T", REFERENCE) == [Edit("chr1", 7, 8, "")]
    assert changed("chr1", 3, "CCC", "TCA", REFERENCE) == [
        Edit("chr1", 3, 4, "T"),
        Edit("chr1", 5, 6, "A"),
    ]
    assert changed("chr1", 3, "C", "<DEL>", REFERENCE) == []
    assert changed("chr1", 3, "C", "*", REFERENCE) == []
