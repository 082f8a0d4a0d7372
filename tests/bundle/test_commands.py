"""`equisite inspect` and `equisite verify`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from made_cohort import TABLES, columns, write_site
from made_cohort import protocol as made_protocol

from equisite.cli.main import main
from equisite.protocol.models import Protocol
from equisite.release.prepare import prepare


def protocol() -> Protocol:
    """Without carriers, which need gene models beside the file."""
    return made_protocol(tables=[t for t in TABLES if t["kind"] != "carriers"])


@pytest.fixture
def bundles(tmp_path: Path) -> list[Path]:
    paths = []
    for name, count in (("a", 60), ("b", 25)):
        site = write_site(tmp_path / name, columns(count), protocol(), site=f"site-{name}")
        path = tmp_path / f"{name}.bundle"
        path.write_bytes(prepare(site, "0" * 64).content)
        paths.append(path)
    return paths


def test_inspect_tells_head_and_tables(bundles: list[Path], capsys: pytest.CaptureFixture[str]):
    assert main(["inspect", str(bundles[0])]) == 0
    printed = capsys.readouterr().out
    assert "site-a, release 0001" in printed
    assert "cohort (count, all): released, 4 of 4 cells shown" in printed


def test_two_bundles_differ_in_structure_only(
    bundles: list[Path], capsys: pytest.CaptureFixture[str]
):
    assert main(["inspect", str(bundles[0]), str(bundles[1])]) == 0
    printed = capsys.readouterr().out
    assert "about.site: site-a | site-b" in printed
    assert "table cohort: released | too few patients" in printed
    assert "60" not in printed


def test_verify_says_trusted_or_why_not(
    bundles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(protocol().model_dump(mode="json")))
    assert main(["verify", str(bundles[0]), "--protocol", str(path)]) == 0
    assert "not approved" in capsys.readouterr().out
    bundles[0].write_bytes(bundles[0].read_bytes()[:-512])
    assert main(["verify", str(bundles[0]), "--protocol", str(path)]) == 4
    assert "V_NAME" in capsys.readouterr().out
