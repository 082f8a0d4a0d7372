"""The lead's run through Snakemake, as people start it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
CHECKOUT = Path(__file__).parents[2]
SNAKEFILE = CHECKOUT / "workflow" / "compare.smk"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """`equisite` and Snakemake of this interpreter, without the locked image."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "equisite"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m equisite.cli "$@"\n')
    command.chmod(0o755)
    beside = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{folder}:{beside}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT / "src"),
        "EQUISITE_UNLOCKED": "1",
        "EQUISITE_HOME": str(tmp_path / "no-software"),
    }


def run(
    command: list[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    if shutil.which("snakemake", path=environment["PATH"]) is None:
        pytest.skip("no Snakemake in this environment")
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_one_command_gives_the_report_and_a_second_does_nothing(
    consortium, environment: dict[str, str]
) -> None:
    lead, _ = consortium()
    (lead / "inbox" / "rubbish.bundle").write_bytes(b"not a bundle")
    (lead / "inbox" / "gone.bundle").symlink_to("/nowhere")
    (lead / "inbox" / "south.bundle.zip").write_bytes(b"PK")
    (lead / "inbox" / ".gitkeep").touch()
    done = run(["equisite", "compare", "--cores", "1"], environment, lead)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "INBOX_NOT_READ: 2 name(s)" in done.stdout
    assert "were not read: gone.bundle, south.bundle.zip." in done.stdout
    assert f"--snakefile {SNAKEFILE} --directory {lead}" in done.stdout
    assert "Look at Clinic West first" in done.stdout
    assert "V_NAME" in done.stdout
    assert str(lead / "report" / "report.html") in done.stdout
    before = {p: p.stat().st_mtime_ns for p in (lead / "report").iterdir()}
    again = run(["equisite", "compare", "--cores", "1"], environment, lead)
    assert again.returncode == 0
    assert {p: p.stat().st_mtime_ns for p in (lead / "report").iterdir()} == before


def test_refusing_everything_ends_with_code_four(
    consortium, environment: dict[str, str]
) -> None:
    lead, _ = consortium(plans=())
    (lead / "inbox" / "rubbish.bundle").write_bytes(b"not a bundle")
    done = run(["equisite", "compare", "--cores", "1"], environment, lead)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "NOTHING_ADMITTED" in done.stderr
    assert (lead / "report" / "admitted.tsv").is_file()
    assert not (lead / "report" / "report.html").exists()


def test_a_mistake_of_the_lead_ends_with_code_two(
    consortium, environment: dict[str, str]
) -> None:
    lead, _ = consortium()
    (lead / "compare.yaml").write_text("protocol: protocol.yaml\nkeyrin: keyring.yaml\n")
    done = run(["equisite", "compare"], environment, lead)
    assert done.returncode == 2
    assert "KEY_UNKNOWN" in done.stderr and "Traceback" not in done.stderr
    plain = run(
        ["snakemake", "--snakefile", str(SNAKEFILE), "--directory", str(lead), "--cores", "1"],
        environment,
        lead,
    )
    assert plain.returncode == 2
    assert "KEY_UNKNOWN" in plain.stderr and "Traceback" not in plain.stderr


def test_the_rules_are_clean(consortium, environment: dict[str, str]) -> None:
    lead, _ = consortium()
    done = run(
        ["snakemake", "--lint", "--snakefile", str(SNAKEFILE), "--directory", str(lead)],
        environment,
        lead,
    )
    assert done.returncode == 0, done.stdout + done.stderr
