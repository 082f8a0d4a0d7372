"""Kernels are compiled at the install and found compiled by every command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from equisite.radiomics import warm
from equisite.radiomics.kernels.compiled import REGISTERED

KERNELS = Path(warm.__file__).parent / "kernels"


def test_every_kernel_is_compiled_by_the_install() -> None:
    modules = {p.stem for p in KERNELS.glob("*.py")} - {"__init__", "compiled"}
    named = {kernel.py_func.__module__.rpartition(".")[2] for kernel in REGISTERED}
    assert modules == named
    for kernel in REGISTERED:
        assert len(kernel.signatures) == 1, kernel.py_func.__name__
        assert not kernel.targetoptions.get("fastmath")
        assert not kernel.targetoptions.get("parallel")


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "equisite.radiomics.warm"]
    told = [
        subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert told[0] == f"kernel cache: 0 hits, {len(REGISTERED)} misses\n"
    assert told[1] == f"kernel cache: {len(REGISTERED)} hits, 0 misses\n"


@pytest.mark.skipif(
    "EQUISITE_HOME" not in os.environ or "NUMBA_CACHE_DIR" not in os.environ,
    reason="not inside the front",
)
def test_a_command_of_the_product_finds_all_kernels_compiled() -> None:
    """As users start it: what the install compiled is linked into the command's cache."""
    home = Path(os.environ["EQUISITE_HOME"]) / "numba"
    baked = {p.name for p in home.rglob("*.nbc")}
    assert any("neighbour_pass" in name for name in baked)
    hits, misses = warm.cache_use()
    if Path(os.environ["NUMBA_CACHE_DIR"]) == Path("/run/equisite/numba"):
        assert (hits, misses) == (len(REGISTERED), 0)
