from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from dicom_making import make_series, make_structures, save, square

from equisite.cli.main import main
from equisite.core.outcomes import read_outcomes
from equisite.core.tables import read_rows, write_rows
from equisite.imaging.rows import RegionPair, SeriesRow
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule
from equisite.protocol.models import (
    CodebookPin,
    Cohort,
    Conformance,
    Contig,
    CountTable,
    Disclosure,
    Genomics,
    Head,
    Protocol,
    Reference,
)
from equisite.protocol.radiomics import Radiomics, RadiomicSettings

PROTOCOL = Protocol(
    protocol=Head(
        id="p", version="1.0.0", title="t", contact="c", licence="CC0-1.0", data="public"
    ),
    reference=Reference(assembly="a", contigs=(Contig(name="1", length=1, md5="0" * 32),)),
    genomics=Genomics(),
    imaging=Imaging(roi=(RoiRule(name="gtv", patterns=("gtv",)),)),
    radiomics=Radiomics(modalities={"CT": RadiomicSettings()}),
    cohort=Cohort(),
    tables=(CountTable(id="cohort", kind="count", keys=("sex",)),),
    disclosure=Disclosure(ruleset="public-data-v1"),
    conformance=Conformance(pack_sha256="0" * 64),
    codebook=CodebookPin(version="1", constants_sha256="0" * 64),
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Three cases, the second without one slice; names that must not be told."""
    items = []
    for number in range(3):
        folder = tmp_path / f"SECRET-{number}"
        made = make_series(8, uid=number + 1, seed=number)
        save(made[:3] + made[4:] if number == 1 else made, folder / "series")
        structures = make_structures(made, {"GTV": [square(k) for k in range(2, 6)]})
        pydicom.dcmwrite(folder / "rs", structures, enforce_file_format=True)
        items.append(
            ImagingItem(
                f"SECRET-{number}",
                f"token{number}",
                str(folder / "series"),
                "",
                "CT",
                str(folder / "rs"),
                "",
                "",
                "",
                "",
            )
        )
    write_rows(tmp_path / "index.tsv", ImagingItem, items)
    (tmp_path / "protocol.json").write_text(PROTOCOL.model_dump_json(), encoding="utf-8")
    return tmp_path


def convert(site: Path, out: str = "out") -> int:
    return main(
        ["imaging", "convert", "--protocol", str(site / "protocol.json"),
         "--index", str(site / "index.tsv"), "--out", str(site / out)]
    )  # fmt: skip


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_convert_and_draw(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(site) == 0
    pairs = read_rows(site / "out/regions.tsv", RegionPair)
    assert [p.token for p in pairs] == ["token0", "token2"]
    assert all((site / "out" / p.image).is_file() for p in pairs)
    series = read_rows(site / "out/series.tsv", SeriesRow)
    assert [(s.token, s.code) for s in series if s.verdict == "refused"] == [
        ("token1", "MISSING_SLICE")
    ]
    outcomes = read_outcomes([site / "out/outcomes.tsv"])
    assert sorted((o.patient, o.outcome) for o in outcomes) == [
        ("SECRET-0", "done"),
        ("SECRET-1", "refused"),
        ("SECRET-2", "done"),
    ]
    regions = str(site / "out/regions.tsv")
    pictures = site / "pictures" / "1"
    assert main(["imaging", "draw", "--regions", regions, "--pictures", str(pictures)]) == 0
    assert sorted(p.name for p in pictures.iterdir()) == ["token0.gtv.png", "token2.gtv.png"]
    log = capsys.readouterr().err
    assert "3 rows expected, 2 with a sound series, 2 regions drawn" in log
    assert "token1 CT: 7 images, MISSING_SLICE" in log
    assert "SECRET" not in log
    assert not any("SECRET" in name for name in everything(site / "out"))
    assert all(b"SECRET" not in c for n, c in everything(site / "out").items() if ".nii" in n)


def test_again_gives_the_same_bytes_in_any_order_of_rows(site: Path) -> None:
    assert convert(site) == 0
    rows = read_rows(site / "index.tsv", ImagingItem)
    write_rows(site / "index.tsv", ImagingItem, rows[::-1])
    assert convert(site, "again") == 0
    assert everything(site / "out") == everything(site / "again")
    assert convert(site) == 0  # over an older result
    assert everything(site / "out") == everything(site / "again")


def test_check_writes_no_volume(site: Path) -> None:
    command = ["imaging", "check", "--protocol", str(site / "protocol.json")]
    command += ["--index", str(site / "index.tsv"), "--series", str(site / "s.tsv")]
    assert main([*command, "--outcomes", str(site / "o.tsv")]) == 0
    assert convert(site) == 0
    assert (site / "s.tsv").read_bytes() == (site / "out/series.tsv").read_bytes()
    assert [o.code for o in read_outcomes([site / "o.tsv"])] == ["MISSING_SLICE"]
    assert len(list(site.rglob("*.nii"))) == 4


def test_an_empty_batch_is_no_fault(site: Path) -> None:
    write_rows(site / "index.tsv", ImagingItem, [])
    assert convert(site) == 0
    assert read_rows(site / "out/regions.tsv", RegionPair) == []
    pictures = str(site / "pictures")
    assert (
        main(["imaging", "draw", "--regions", str(site / "out/regions.tsv"),
              "--pictures", pictures]) == 0
    )  # fmt: skip
    assert Path(pictures).is_dir()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError(),
                                   RuntimeError("SECRET header")])  # fmt: skip
def test_a_fault_of_the_machine_leaves_nothing_and_tells_no_name(
    site: Path,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from equisite.imaging import batch

    def failing(*given: object) -> None:
        raise error

    monkeypatch.setattr(batch, "write_mask", failing)
    assert convert(site) == 70
    assert everything(site / "out") == {}
    told = capsys.readouterr().err
    assert "SECRET" not in told
    assert told.strip()
