"""The oldest processor, and the pins as a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from equisite.core import fingerprint, processor
from equisite.core.errors import ConfigError

GOOD = "flags : cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 avx\n"


def test_level_2_passes(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(GOOD * 2, encoding="utf-8")
    processor.check(tmp_path / "cpuinfo")


def test_one_old_processor_is_named_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(GOOD + GOOD.replace("sse4_2", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"PROCESSOR_TOO_OLD.*sse4_2.*\n.*x86-64-v2"):
        processor.check(tmp_path / "cpuinfo")


def test_no_flags_are_no_level() -> None:
    assert processor.missing_flags("model name: odd\n") == list(processor.LEVEL_2)


def test_missing_and_other_pins_are_named() -> None:
    pins = {"A": "1", "B": "", "C": "x"}
    assert fingerprint.missing_pins({"A": "1", "B": "", "C": "x"}, pins) == []
    assert fingerprint.missing_pins({"A": "2", "B": ""}, pins) == ["A", "C"]


def test_check_gives_the_locked_digests() -> None:
    assert fingerprint.check() == fingerprint.read_truth()


def test_check_names_a_pin_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    with pytest.raises(ConfigError, match=r"PINS_MISSING.*OPENBLAS_CORETYPE"):
        fingerprint.check()


def test_other_bytes_name_the_pin_that_rules_them(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = fingerprint.read_truth()
    monkeypatch.setattr(fingerprint, "read_truth", lambda: {**truth, "libm": "00000000"})
    with pytest.raises(ConfigError, match=r"PINS_WITHOUT_EFFECT.*libm \(GLIBC_TUNABLES\)"):
        fingerprint.check()
