"""Makes `dicom_making` and the browser of the benchmarks importable; finds public data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def shared_imaging() -> Path:
    """Folder of the shared imaging data; tests that need it carry the mark `data`."""
    root = os.environ.get("EQUISITE_DATA")
    if not root:
        pytest.skip("EQUISITE_DATA is not set")
    return Path(root) / "imaging"


@pytest.fixture(scope="session")
def unpacked(shared_imaging: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small public series, and three sarcoma patients, unpacked."""
    target = tmp_path_factory.mktemp("public")
    command = [sys.executable, str(shared_imaging / "unpack.py"), str(target)]
    patients = [f"sts_dicom/{name}" for name in ("STS_004", "STS_008", "STS_032")]
    for part in ("vendors", "suv", "odd_files", "seg", *patients):
        subprocess.run([*command, part], check=True, capture_output=True)
    return target
