"""The rule of the constants, and that the committed table is what the entries say."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from equisite.codebook.book import codebook, constant, load_from, resources_folder
from equisite.codebook.model import Mode
from equisite.protocol.radiomics import FILTERED_CLASSES
from equisite.radiomics.columns import of_classes

SCRIPT = Path(__file__).parents[2] / "scripts/make_constants.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_constants", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the codebook that may be written."""
    shutil.copytree(resources_folder() / "codebook", tmp_path / "codebook")
    monkeypatch.setenv("EQUISITE_RESOURCES", str(tmp_path))
    return tmp_path / "codebook"


def test_the_committed_table_is_up_to_date(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["--check"]) == 0, "run scripts/make_constants.py --registered"
    assert "up to date" in capsys.readouterr().out


def test_every_number_of_the_codebook_has_its_constants() -> None:
    modalities = sorted(
        json.loads((resources_folder() / "codebook/constants.source.json").read_text())[
            "regions"
        ]
    )
    assert modalities == ["CT", "MR", "PT"]
    for entry in codebook().variables:
        if not entry.is_numeric or "moment" not in entry.forms:
            continue
        names = [entry.id]
        if entry.instances == "modality_roi":
            names = [f"{m.lower()}__gtv__{entry.id}" for m in modalities]
        for name in names:
            constant(name)


def test_every_feature_of_a_response_has_its_constants() -> None:
    of_mode: dict[Mode, set[str]] = {"ibsi": {"smooth", "detail", "magnitude"}}
    of_mode["pyradiomics"] = {"smooth", "detail"}
    for mode, kinds in of_mode.items():
        responses = {(m, kind): kind for m in ("ct", "mr", "pt") for kind in kinds}
        book = replace(codebook(), responses=responses)
        ids = [v.id for v in book.features(mode)]
        filtered = of_classes(ids, mode, FILTERED_CLASSES[mode])
        assert len(filtered) > 90
        for modality, kind in responses:
            for feature in filtered:
                book.constant(f"{modality}__gtv__{kind}__{feature}")


def test_a_changed_entry_makes_the_table_stale_until_it_is_renewed(
    script: ModuleType, folder: Path
) -> None:
    entries = (folder / "clinical.yaml").read_text()
    (folder / "clinical.yaml").write_text(entries.replace("centre: 60", "centre: 61"))
    assert script.main(["--check"]) == 1
    assert script.main(["--registered"]) == 0
    assert script.main(["--check"]) == 0
    renewed = load_from(folder)
    assert renewed.constant("age").centre == 61
    name = "mr__gtv__glcm_contrast"
    assert renewed.constant(name) == codebook().constant(name)


def test_a_renewed_table_has_the_same_bytes(script: ModuleType, folder: Path) -> None:
    before = (folder / "constants.tsv").read_bytes()
    script.main(["--registered"])
    assert (folder / "constants.tsv").read_bytes() == before


def test_faulty_entries_are_told(script: ModuleType, folder: Path) -> None:
    from equisite.core.errors import ConfigError

    codebook.cache_clear()
    (folder / "clinical.yaml").write_text("- id: X\n")
    with pytest.raises(ConfigError, match="CODEBOOK_FAULT"):
        script.main(["--check"])
    codebook.cache_clear()


def test_limits_stand_about_the_median(script: ModuleType) -> None:
    values = np.random.default_rng(0).normal(50, 2, 2001)
    made = script.limits("x", values, "identity", None)
    assert made.centre == pytest.approx(50, abs=0.2)
    assert made.clip_high - made.centre == pytest.approx(16, rel=0.05)
    assert made.centre - made.edge_low == pytest.approx(8, rel=0.05)
    assert len(made.edges(20)) == 21


def test_one_odd_patient_does_not_make_the_clips_narrow(script: ModuleType) -> None:
    values = np.array([40.0, 41, 39, 40, 42, 38, 40, -60])
    _, low, high = script.limits("x", values, "identity", None).clipped(values)
    assert (low, high) == (0, 0)


def test_what_cannot_be_negative_is_not_binned_below_zero(script: ModuleType) -> None:
    made = script.limits("x", np.array([1.0, 2, 3, 4, 5]), "identity", 0.0)
    assert made.clip_low == made.edge_low == 0


def test_equal_values_have_no_limits(script: ModuleType) -> None:
    assert script.limits("x", np.full(5, 3.0), "identity", None) is None


@pytest.mark.parametrize(("high", "wide"), [(3.9, False), (4.1, True)])
def test_wide_is_four_times(script: ModuleType, high: float, wide: bool) -> None:
    assert script.is_wide(np.array([1.0] * 5 + [high] * 5)) is wide


def test_shape_is_pooled_and_a_transform_is_one_for_all_modalities(script: ModuleType) -> None:
    rng = np.random.default_rng(1)
    features = {
        m: {v.id: rng.lognormal(k, 1.5, 30) for v in codebook().variables}
        for k, m in enumerate(("CT", "MR", "PT"))
    }
    made = {c.column: c for c in script.measured(codebook(), features)}
    volumes = [made[f"{m}__gtv__shape_mesh_volume"] for m in ("ct", "mr", "pt")]
    assert len({(c.centre, c.clip_low, c.transform) for c in volumes}) == 1
    assert volumes[0].transform == "log10"
    contrast = [made[f"{m}__gtv__glcm_contrast"] for m in ("ct", "mr", "pt")]
    assert len({c.centre for c in contrast}) == 3
    # A mean intensity may be negative by nature, so it is never logarithmic.
    assert made["mr__gtv__firstorder_mean"].transform == "identity"


def test_wide_magnitudes_of_both_signs_are_put_on_a_scale_with_a_sign(
    script: ModuleType,
) -> None:
    rng = np.random.default_rng(2)
    assert not script.has_wide_magnitude(rng.laplace(0, 3, 4000))
    sizes = 10 ** rng.uniform(-1, 3, 4000) * rng.choice([-1.0, 1.0], 4000)
    assert script.has_wide_magnitude(sizes)
    entries = ("ibsi_stat_mean", "ibsi_stat_var", "ibsi_cm_contrast_3d_comb")
    found = {
        kind: {
            m: {e: sizes if e == "ibsi_stat_mean" else np.abs(sizes) * n for e in entries}
            for n, m in enumerate(("CT", "MR"), start=1)
        }
        for kind in ("detail", "magnitude")
    }
    found["magnitude"] = {
        m: {e: np.abs(values) for e, values in of.items()}
        for m, of in found["magnitude"].items()
    }
    made = {c.column: c for c in script.measured_responses(codebook(), found)}
    mean = made["ct__*__detail__ibsi_stat_mean"]
    assert mean.transform == "asinh"
    assert mean.offset == float(f"{np.percentile(np.abs(sizes), 25):.0e}")
    assert abs(mean.centre) < 0.2
    assert mean.clipped(sizes)[1:] == (0, 0)
    assert made["ct__*__magnitude__ibsi_stat_mean"].transform == "log10"
    variances = [made[f"{m}__*__detail__ibsi_stat_var"] for m in ("ct", "mr")]
    assert variances[1].centre - variances[0].centre == pytest.approx(np.log10(2), abs=0.01)
    assert "*__*__detail__ibsi_cm_contrast_3d_comb" in made
    assert "ct__*__detail__ibsi_cm_contrast_3d_comb" not in made
