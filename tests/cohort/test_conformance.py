"""The pack must be scored whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from equisite.cli.main import main
from equisite.cohort.conformance import BatchZero, score_pack
from equisite.core.errors import ConfigError
from equisite.protocol.load import protocol_json
from equisite.protocol.models import Protocol

EXAMPLE = Path(__file__).parents[2] / "config" / "protocol.yaml"


def test_a_pack_without_calls_is_an_error(tmp_path: Path):
    protocol = Protocol.model_validate(yaml.safe_load(EXAMPLE.read_text()))
    (tmp_path / "calls").mkdir()
    with pytest.raises(ConfigError, match="SCORES_INCOMPLETE"):
        score_pack(BatchZero(tmp_path, tmp_path, None), protocol, tmp_path)
    out = tmp_path / "scores.tsv"
    (tmp_path / "pack.json").write_bytes(protocol_json(protocol))
    command = ["conformance", "score"]
    for option in ("genomics", "radiomics", "tumours", "pack"):
        command += [f"--{option}", str(tmp_path)]
    command += ["--protocol", str(tmp_path / "pack.json"), "--out", str(out)]
    assert main(command) == 2
    assert not out.exists()
