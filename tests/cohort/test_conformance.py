"""The pack must be scored whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from equisite.cli.main import main
from equisite.cohort.conformance import score_pack
from equisite.core.errors import ConfigError


def test_a_pack_without_calls_is_an_error(tmp_path: Path):
    (tmp_path / "calls").mkdir()
    with pytest.raises(ConfigError, match="SCORES_INCOMPLETE"):
        score_pack(tmp_path, tmp_path, tmp_path)
    out = tmp_path / "scores.tsv"
    command = [
        "conformance",
        "score",
        "--genomics",
        str(tmp_path),
        "--radiomics",
        str(tmp_path),
    ]
    assert main([*command, "--pack", str(tmp_path), "--out", str(out)]) == 2
    assert not out.exists()
