"""Real people and real tumours at three mock hospitals, in short, and the lead's report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
sys.path.insert(0, str(CHECKOUT / "benchmarks"))

from browser import browser, executable  # noqa: E402 - found by the line above
from report_page import READY, draw_all  # noqa: E402

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.workflow,
    pytest.mark.skipif(
        not os.environ.get("EQUISITE_DATA"),
        reason="EQUISITE_DATA is not set: the real hospitals were NOT run",
    ),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory, environment):
    """What the benchmark told of its short form; the report is kept."""
    place = tmp_path_factory.mktemp("real")
    command = [sys.executable, str(CHECKOUT / "benchmarks/real_sites.py"), "--short"]
    done = subprocess.run(
        [*command, "--directory", str(place)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_real_patients_come_through_to_the_lead(real):
    assert real["sites"] == 3
    assert real["genomes"] == 6
    assert real["series"] >= 6
    assert real["refused"] == []
    assert len(set(real["bundle_sha256"])) == 3


@pytest.mark.browser
@pytest.mark.skipif(executable() is None, reason="no Chromium on this machine")
def test_the_report_of_real_patients_opens_and_says_that_pairs_are_artificial(real):
    with browser() as tab:
        tab.look()
        tab.open(Path(real["report"]))
        draw_all(tab)
        assert tab.evaluate(f"Boolean({READY})")
        assert "images and genomes are of different people" in tab.evaluate(
            "document.body.innerText"
        )
        assert tab.errors() == []
        assert tab.requests() == []
