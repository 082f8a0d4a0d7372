"""Filters: known answers, symmetries, boundaries, and how far a response reaches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from equisite.core.errors import InputError
from equisite.protocol.filters import Filter, dimensions
from equisite.radiomics.filters.respond import margin_voxels, respond

CUBES = (2.0, 2.0, 2.0)
ADAPTER: TypeAdapter[Any] = TypeAdapter(Filter)


def made(**given: Any) -> Any:
    return ADAPTER.validate_python({"name": "made", **given})


FINITE = [
    made(kind="mean", support=3),
    made(kind="mean", support=5, dimensions=2),
    made(kind="log", sigma_mm=2),
    made(kind="log", sigma_mm=2, dimensions=2),
    made(kind="laws", kernels="E5L5S5", energy_voxels=3),
    made(kind="laws", kernels="L5E5", energy_voxels=None, pooling="none"),
    made(kind="gabor", sigma_mm=1.5, wavelength_mm=4, step_deg=45),
    made(kind="gabor", sigma_mm=1.5, wavelength_mm=4, step_deg=90, planes="orthogonal"),
    made(kind="wavelet", wavelet="db3", band="LHL"),
    made(kind="wavelet", wavelet="haar", band="LH", level=3),
    made(kind="wavelet", wavelet="coif1", band="HHL", level=2, pooling="max"),
    made(kind="pyradiomics_wavelet", band="LHH"),
]
ROTATABLE = [
    made(kind="mean", support=3),
    made(kind="log", sigma_mm=2),
    made(kind="laws", kernels="E5L5S5", energy_voxels=None),
    made(kind="laws", kernels="E3W5R5", pooling="mean"),
    made(kind="gabor", sigma_mm=2, wavelength_mm=4, step_deg=45, planes="orthogonal"),
    made(kind="wavelet", wavelet="db2", band="LHL"),
    made(kind="wavelet", wavelet="haar", band="HHH", level=2, pooling="max"),
    made(kind="simoncelli", level=1),
]


def volume(shape: tuple[int, int, int] = (24, 26, 28), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(40, 100, shape)


def test_a_mean_is_a_mean() -> None:
    image = volume()
    response = respond(image, CUBES, made(kind="mean", support=3))
    assert response[5, 6, 7] == pytest.approx(image[4:7, 5:8, 6:9].mean())
    flat = respond(image, CUBES, made(kind="mean", support=3, dimensions=2))
    assert flat[5, 6, 7] == pytest.approx(image[5, 5:8, 6:9].mean())


@pytest.mark.parametrize(
    ("boundary", "first"),
    [
        ("mirror", (1 + 1 + 2) / 3),
        ("nearest", (1 + 1 + 2) / 3),
        ("periodic", (4 + 1 + 2) / 3),
        ("zero", (0 + 1 + 2) / 3),
    ],
)
def test_boundaries(boundary: str, first: float) -> None:
    image = np.tile(np.array([1.0, 2.0, 3.0, 4.0]), (4, 4, 1))
    setting = made(kind="mean", support=3, dimensions=2, boundary=boundary)
    assert respond(image, CUBES, setting)[2, 2, 0] == pytest.approx(first)


def test_the_mirror_repeats_the_border_voxel() -> None:
    image = np.tile(np.array([1.0, 2.0, 4.0, 8.0]), (5, 5, 1))
    setting = made(kind="mean", support=5, dimensions=2)
    # 2 1 | 1 2 4
    assert respond(image, CUBES, setting)[2, 2, 0] == pytest.approx((2 + 1 + 1 + 2 + 4) / 5)


def test_log_of_an_impulse_is_its_kernel() -> None:
    image = np.zeros((25, 25, 25))
    image[12, 12, 12] = 1
    response = respond(image, CUBES, made(kind="log", sigma_mm=4))
    height = (2 * math.pi * 4) ** -1.5
    assert response[12, 12, 12] == pytest.approx(-3 / 4 * height)
    # |k|^2 = D s^2 = 12 is where it changes sign
    assert response[14, 14, 14] == pytest.approx(0, abs=1e-15)
    # cut off at 4 sigma = 8 voxels
    assert response[12, 12, 20] > 0
    assert response[12, 12, 21] == 0


def test_laws_kernels_are_convolved_in_the_order_x_y_z() -> None:
    image = np.zeros((9, 9, 9))
    image[4, 4, 4] = 1
    setting = made(kind="laws", kernels="E3L3S3", pooling="none", energy_voxels=None)
    response = respond(image, CUBES, setting)
    scale = math.sqrt(2 * 6 * 6)
    assert response[4, 4, 3] * scale == pytest.approx(-1 * 2 * 2)
    assert response[4, 4, 5] * scale == pytest.approx(1 * 2 * 2)
    assert response[3, 4, 5] * scale == pytest.approx(1 * 2 * -1)


def test_energy_is_the_mean_absolute_response() -> None:
    image = volume()
    plain = made(kind="laws", kernels="E5S5", pooling="max", energy_voxels=None)
    energy = made(kind="laws", kernels="E5S5", pooling="max", energy_voxels=2)
    response = respond(image, CUBES, plain)
    expected = np.abs(response[10, 8:13, 9:14]).mean()
    assert respond(image, CUBES, energy)[10, 10, 11] == pytest.approx(expected)


def test_gabor_finds_the_wave_it_is_made_for() -> None:
    y, x = np.mgrid[:40, :40]
    angle = math.radians(30)
    wave = np.cos(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / 5)
    image = np.tile(wave, (3, 1, 1))

    def at(degrees: float) -> float:
        setting = made(
            kind="gabor", sigma_mm=4, wavelength_mm=5, orientation_deg=degrees, planes="axial"
        )
        return float(respond(image, (1.0, 1.0, 1.0), setting)[1, 20, 20])

    # half the integral of the envelope: the wave is two exponentials, one fits
    assert at(30) == pytest.approx(math.pi * 16, rel=1e-3)
    assert at(30) > 20 * at(120)
    assert at(210) == pytest.approx(at(30))


def test_haar_at_level_two_adds_over_four_voxels() -> None:
    image = volume()
    setting = made(kind="wavelet", wavelet="haar", band="LLL", level=2, pooling="none")
    response = respond(image, CUBES, setting)
    block = image[8:12, 9:13, 10:14]
    assert np.isclose(response, block.sum() / 2**3, rtol=1e-12).any()


def test_simoncelli_keeps_one_octave() -> None:
    x = np.arange(65)
    # frequencies run from -1 to 1 over 65 voxels: cycle k lies at k / 32
    for cycles, level in ((16, 1), (8, 2), (4, 3)):
        wave = np.tile(np.cos(2 * np.pi * cycles * x / 65), (1, 65, 1))
        same = made(kind="simoncelli", level=level, dimensions=2)
        assert np.allclose(respond(wave, CUBES, same), wave)
        far = made(kind="simoncelli", level=level + 2, dimensions=2)
        assert np.allclose(respond(wave, CUBES, far), 0, atol=1e-12)


def test_a_constant_has_no_response() -> None:
    image = np.full((20, 20, 20), 37.0)
    for setting in (
        made(kind="laws", kernels="E5L5S5"),
        made(kind="wavelet", wavelet="db3", band="LLH"),
        made(kind="simoncelli", level=2),
        made(kind="pyradiomics_wavelet", band="HLL"),
    ):
        assert np.abs(respond(image, CUBES, setting)).max() < 1e-9


@pytest.mark.parametrize("setting", ROTATABLE, ids=lambda s: f"{s.kind}")
def test_pooled_filters_turn_with_the_image(setting: Any) -> None:
    # An odd number of voxels: a quarter turn keeps the centre of the spectrum's grid.
    image = volume((21, 21, 21))
    turned = np.rot90(image, 1, (0, 2))
    response = np.rot90(respond(image, CUBES, setting), 1, (0, 2))
    assert np.allclose(respond(np.ascontiguousarray(turned), CUBES, setting), response)


@pytest.mark.parametrize("setting", FINITE, ids=lambda s: f"{s.kind}-{dimensions(s)}d")
def test_a_crop_with_its_margin_gives_the_same_response(setting: Any) -> None:
    image = volume((48, 50, 52))
    whole = respond(image, CUBES, setting)
    margin = margin_voxels(CUBES, setting)
    assert margin is not None
    low = (22, 23, 24)
    crop = tuple(slice(a - m, a + 4 + m) for a, m in zip(low, margin, strict=True))
    inner = tuple(slice(m, m + 4) for m in margin)
    expected = whole[tuple(slice(a, a + 4) for a in low)]
    found = respond(np.ascontiguousarray(image[crop]), CUBES, setting)[inner]
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_crop_of_the_recursive_log_is_near() -> None:
    image = volume((60, 60, 60))
    setting = made(kind="pyradiomics_log", sigma_mm=2)
    assert margin_voxels((2.0, 1.0, 1.0), setting) == (10, 20, 20)
    whole = respond(image, (1.0, 1.0, 1.0), setting)
    crop = respond(np.ascontiguousarray(image[8:52, 8:52, 8:52]), (1.0, 1.0, 1.0), setting)
    difference = np.abs(crop[20:24, 20:24, 20:24] - whole[28:32, 28:32, 28:32]).max()
    assert difference < 1e-5 * np.abs(whole).max()


def test_simoncelli_needs_the_whole_image() -> None:
    assert margin_voxels(CUBES, made(kind="simoncelli", level=1)) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(FINITE))
def test_linear_filters_are_linear_and_modulus_scales(seed: int, setting: Any) -> None:
    image = volume((16, 15, 14), seed)
    assert np.allclose(
        respond(3 * image, CUBES, setting), 3 * respond(image, CUBES, setting), atol=1e-7
    )


def test_unequal_edges_are_refused() -> None:
    image = volume((8, 8, 8))
    with pytest.raises(InputError, match="FILTER_SPACING"):
        respond(image, (3.0, 1.0, 1.0), made(kind="log", sigma_mm=2))
    with pytest.raises(InputError, match="FILTER_SPACING"):
        respond(image, (1.0, 1.0, 1.1), made(kind="log", sigma_mm=2, dimensions=2))
    assert np.isfinite(
        respond(image, (3.0, 1.0, 1.0), made(kind="log", sigma_mm=2, dimensions=2))
    ).all()


def test_the_recursive_log_needs_some_image() -> None:
    setting = made(kind="pyradiomics_log", sigma_mm=5)
    with pytest.raises(InputError, match="FILTER_TOO_SMALL"):
        respond(volume((5, 20, 20)), (1.0, 1.0, 1.0), setting)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "mean", "support": 4},
        {"kind": "log", "sigma_mm": 0},
        {"kind": "laws", "kernels": "L5"},
        {"kind": "laws", "kernels": "L5X5"},
        {"kind": "laws", "kernels": "W3L5"},
        {"kind": "gabor", "sigma_mm": 2, "wavelength_mm": 4, "step_deg": 50},
        {"kind": "wavelet", "wavelet": "db3", "band": "LLHH"},
        {"kind": "wavelet", "wavelet": "bior1.3", "band": "LLH"},
        {"kind": "simoncelli", "level": 1, "boundary": "zero"},
        {"kind": "sobel"},
        {"kind": "log", "sigma_mm": 2, "name": "Log_2"},
    ],
)
def test_senseless_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**given)
