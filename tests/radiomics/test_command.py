"""`equisite radiomics extract` as the rule calls it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from equisite.cli import radiomics
from equisite.core.outcomes import read_outcomes
from equisite.core.tables import read_table, write_table

PROTOCOL = {
    "protocol": {
        "id": "p",
        "version": "1.0.0",
        "title": "t",
        "contact": "c",
        "licence": "CC0-1.0",
        "data": "public",
    },
    "reference": {
        "assembly": "a",
        "contigs": [{"name": "c", "length": 1, "md5": "0" * 32}],
    },
    "genomics": {},
    "imaging": {"roi": [{"name": "gtv", "patterns": ["gtv"]}]},
    "radiomics": {"modalities": {"MR": {"bin_count": 32}}},
    "cohort": {},
    "tables": [{"id": "cohort", "kind": "count", "keys": ["analysis_set"]}],
    "disclosure": {"ruleset": "public-data-v1"},
    "conformance": {"pack_sha256": "0" * 64},
    "codebook": {"version": "1.0.0", "constants_sha256": "0" * 64},
}


def test_features_and_outcomes_are_written(
    tmp_path: Path, case: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from equisite.core.canonical import canonical_json

    image, mask = case()
    for name, array in (("i", image), ("m", mask.astype(np.uint8))):
        nibabel.save(
            nibabel.Nifti1Image(array.transpose(2, 1, 0), np.eye(4)), tmp_path / f"{name}.nii"
        )
    row = {
        "patient": "secret",
        "token": "t1",
        "modality": "MR",
        "roi": "gtv",
        "image": "i.nii",
        "mask": "m.nii",
    }
    write_table(tmp_path / "in.tsv", [*row, "reader"], [row])
    (tmp_path / "protocol.json").write_bytes(canonical_json(PROTOCOL))

    parser = argparse.ArgumentParser()
    radiomics.register(parser.add_subparsers())
    words = ["extract"]
    for option, name in (
        ("regions", "in.tsv"),
        ("protocol", "protocol.json"),
        ("out", "out/regions.tsv"),
        ("outcomes", "out/outcomes.tsv"),
    ):
        words += [f"--{option}", str(tmp_path / name)]
    args = parser.parse_args(words)
    assert args.call(args) == 0
    _, rows = read_table(tmp_path / "out/regions.tsv")
    assert [r["roi_status"] for r in rows] == ["ok"]
    assert all(rows[0][name] for name in rows[0] if name not in ("reader",))
    assert [o.outcome for o in read_outcomes([tmp_path / "out/outcomes.tsv"])] == ["done"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "1 regions, 0 refused" in captured.err
    assert "secret" not in captured.err


def test_perturbed_copies_are_written_only_if_the_protocol_asks(
    tmp_path: Path, case: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from equisite.core.canonical import canonical_json

    image, mask = case()
    for name, array in (("i", image), ("m", mask.astype(np.uint8))):
        nibabel.save(
            nibabel.Nifti1Image(array.transpose(2, 1, 0), np.eye(4)), tmp_path / f"{name}.nii"
        )
    names = {"patient": "secret", "token": "t1", "modality": "MR", "roi": "gtv", "reader": ""}
    row = {**names, "image": "i.nii", "mask": "m.nii"}
    write_table(tmp_path / "in.tsv", list(row), [row])
    parser = argparse.ArgumentParser()
    radiomics.register(parser.add_subparsers())
    words = ["perturb", "--regions", str(tmp_path / "in.tsv")]
    words += ["--protocol", str(tmp_path / "p.json"), "--out", str(tmp_path / "out.tsv")]
    args = parser.parse_args(words)
    settings: dict[str, Any] = {"modalities": {"MR": {"bin_count": 32}}}
    for asked, copies in (({}, 0), ({"robustness": {"copies": 2}}, 2)):
        protocol = {**PROTOCOL, "radiomics": settings | asked}
        (tmp_path / "p.json").write_bytes(canonical_json(protocol))
        assert args.call(args) == 0
        assert len(read_table(tmp_path / "out.tsv")[1]) == copies
    assert "secret" not in capsys.readouterr().err
