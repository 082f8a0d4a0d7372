import json
from pathlib import Path

import pytest
from made_reads import fastq, protocol, random_reads

from equisite.cli.main import main
from equisite.core.outcomes import read_outcomes
from equisite.core.tables import write_rows
from equisite.genomics.reference import prepare_models
from equisite.intake.index import SequencingItem

SEQUENCE = "GATTACAGATTACAGATTACAGATTACA"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Two patients; the second's files are out of step."""
    rows = []
    for number, start in ((1, 0), (2, 1)):
        paths = []
        for mate in (1, 2):
            path = tmp_path / f"{number}_{mate}.fastq"
            path.write_bytes(fastq(random_reads(6, number, mate)[start if mate == 2 else 0 :]))
            paths.append(str(path))
        rows.append(
            SequencingItem(
                f"patient{number}", f"sample{number}", f"tok{number}", 1, "normal", "", "",
                *paths, "", "", "genome", "female", "",
            )
        )  # fmt: skip
    write_rows(tmp_path / "1.tsv", SequencingItem, rows)
    return tmp_path / "1.tsv"


def each(index: Path, pipeline: str, *options: str) -> int:
    out, outcomes = index.parent / "out", index.parent / "outcomes.tsv"
    words = ["genomics", "each", "--index", str(index), "--out", str(out)]
    return main([*words, "--outcomes", str(outcomes), *options, pipeline])


def test_reads_go_to_standard_output(
    index: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["genomics", "stream-reads", "--index", str(index), "--item", "tok1"]) == 0
    assert capfdbinary.readouterr().out.startswith(b"@r1 RG:Z:tok1.1\n")


def test_wrong_reads_are_written_down_for_the_runner(
    index: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    words = ["genomics", "stream-reads", "--index", str(index), "--item", "tok2"]
    assert main(words) == 2  # a person sees the finding
    monkeypatch.setenv("REFUSAL", str(index.parent / "refusal.json"))
    assert main(words) == 3
    (entry,) = json.loads((index.parent / "refusal.json").read_bytes())
    assert entry == {"code": "MATES_OUT_OF_STEP", "numbers": {"lane": 1, "record": 1}}
    assert b"patient" not in capfdbinary.readouterr().err


def test_a_batch_goes_on_without_the_refused(index: Path) -> None:
    refuse = '[{"code":"MATES_OUT_OF_STEP","numbers":{"lane":1,"record":1}}]'
    pipeline = f"""
        if [ "$ITEM" = tok2 ]; then echo '{refuse}' > "$REFUSAL"; exit 3; fi
        echo "$READ_GROUPS" > "$OUT.txt"
    """
    assert each(index, pipeline) == 0
    outcomes = read_outcomes([index.parent / "outcomes.tsv"])
    assert [(o.patient, o.item, o.outcome, o.code) for o in outcomes] == [
        ("patient1", "sample1", "done", ""),
        ("patient2", "sample2", "refused", "MATES_OUT_OF_STEP"),
    ]
    assert "SM:tok1" in (index.parent / "out/tok1.txt").read_text()
    later = index.parent / "later"
    words = ["genomics", "each", "--index", str(index), "--germline", "--out", str(later)]
    words += ["--outcomes", str(later / "o.tsv"), "--after", str(index.parent / "outcomes.tsv")]
    assert main([*words, "--", 'touch "$OUT.x"']) == 0
    assert [p.name for p in later.glob("*.x")] == ["tok1.x"]


def test_a_machine_fault_fails_the_batch(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert each(index, 'echo half > "$OUT.txt"; exit 9') == 1
    assert not (index.parent / "outcomes.tsv").exists()
    assert "tok1: a step ended with code 9" in capsys.readouterr().err


def test_a_wrong_reference_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.fa").write_text(">a\nACGT\n")
    (tmp_path / "p.json").write_text(protocol({"a": "ACGA"}).model_dump_json())
    (tmp_path / "site.json").write_text(
        json.dumps({"reference": {"fasta": str(tmp_path / "r.fa")}})
    )
    words = ["genomics", "prepare-reference", "--out", str(tmp_path / "out")]
    words += ["--protocol", str(tmp_path / "p.json"), "--site", str(tmp_path / "site.json")]
    assert main(words) == 2
    message = capsys.readouterr().err
    assert message.startswith("CONTIG_MD5")
    assert str(tmp_path) not in message


def test_models_are_written(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(protocol({"a": "ACGA"}).model_dump_json())
    words = ["genomics", "prepare-models", "--out", str(tmp_path / "out")]
    words += ["--protocol", str(tmp_path / "p.json"), "--pinned", str(tmp_path)]
    assert main(words) == 0
    prepare_models(protocol({"a": "ACGA"}), tmp_path, tmp_path / "same")
    for name in ("territory.bed", "genes.gff3"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "same" / name).read_bytes()


def test_the_comparator_prints_a_table_and_one_line_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.fa").write_text(f">a\n{SEQUENCE}\n")
    (tmp_path / "t.bed").write_text("a\t0\t28\n")
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    row = "a\t5\t.\tACAG\tGCAT\t.\t.\t.\tGT\t0/1\n"
    split = row.replace("ACAG\tGCAT", "A\tG") + row.replace("5\t.\tACAG\tGCAT", "8\t.\tG\tT")
    (tmp_path / "truth.vcf").write_text(head + "x\ty\n" + row.replace("\n", "\t0/0\n"))
    (tmp_path / "calls.vcf").write_text(head + "s\n" + split)
    words = [
        "genomics",
        "compare-calls",
        str(tmp_path / "truth.vcf"),
        str(tmp_path / "calls.vcf"),
    ]
    words += ["--reference", str(tmp_path / "r.fa"), "--bed", str(tmp_path / "t.bed")]
    words += ["--region", f"first={tmp_path / 't.bed'}"]
    assert main([*words, "--truth-sample", "x", "--bootstrap", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    report = json.loads(lines[-1])
    labels = {"snp", "indel", "type=mnp", "type=snp", "size=1", "size=2-5", "region=first"}
    assert report["genotype"].keys() == labels
    assert len(lines) == 2 + len(report["genotype"]) + len(report["allele"])
    assert report["genotype"]["region=first"]["truth_found"] == 1
    assert main([*words, "--region", "first"]) == 2
    assert "NAME=BED" in capsys.readouterr().err
    assert report["genotype"]["snp"]["f1"] == 1.0
    assert report["genotype"]["snp"]["calls_right"] == 2
    assert main(words) == 2  # two samples, none named
    assert "2 samples" in capsys.readouterr().err
    (tmp_path / "r.fa").write_text(">b\nACGT\n")
    assert main([*words, "--truth-sample", "x"]) == 2
    assert "no sequence a" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("truth.vcf", "", "truth.vcf: the file has no header line"),
        ("calls.vcf", "##fileformat=VCFv4.2\n", "calls.vcf: the file has no header line"),
        ("calls.vcf", "ROW a 5 G A", "calls.vcf: REF at a:5 is not what the reference has"),
        ("calls.vcf", "ROW a 28 AG A", "calls.vcf: REF at a:28 is not"),
        ("truth.vcf", "ROW a 900 A C", "truth.vcf: REF at a:900 is not"),
        ("calls.vcf", "ROW a 0 A C", "calls.vcf: REF at a:0 is not"),
        (
            "calls.vcf",
            "ROW chra 5 A C",
            "calls.vcf: the reference has no sequence chra; it has",
        ),
        ("t.bed", "chra\t0\t28\n", "t.bed: the reference has no sequence chra"),
        ("t.bed", "a\t28\t0\n", "t.bed: line 1"),
        ("r.fa", "ACGT\n", "r.fa: it does not begin with a header line"),
    ],
)
def test_the_comparator_refuses_files_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, told: str
) -> None:
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\t"
    head += "FORMAT\ts\n"
    row = head + "{}\t{}\t.\t{}\t{}\t.\t.\t.\tGT\t0/1\n"
    files = {
        "r.fa": f">a\n{SEQUENCE}\n",
        "t.bed": "a\t0\t28\n",
        "truth.vcf": row.format("a", 5, "A", "R"),
        "calls.vcf": row.format("a", 5, "N", "G"),
    }
    words = ["genomics", "compare-calls"]
    words += [str(tmp_path / name) for name in ("truth.vcf", "calls.vcf")]
    words += ["--reference", str(tmp_path / "r.fa"), "--bed", str(tmp_path / "t.bed")]
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert main(words) == 0  # letters for several bases are let be
    given = row.format(*text.split()[1:]) if text.startswith("ROW") else text
    (tmp_path / file).write_text(given)
    assert main(words) == 2
    assert told in capsys.readouterr().err
