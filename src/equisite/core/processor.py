"""The oldest processor that the locked software runs on: level x86-64-v2."""

from __future__ import annotations

from pathlib import Path

from equisite.core.errors import ConfigError

# Flags of /proc/cpuinfo that level x86-64-v2 adds to level 1 (x86-64 psABI, section 3.1.1).
LEVEL_2 = ("cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3")


def missing_flags(cpuinfo: str) -> list[str]:
    """Flags of level x86-64-v2 that some processor of a /proc/cpuinfo text lacks."""
    rows = [
        set(line.split(":", 1)[1].split())
        for line in cpuinfo.splitlines()
        if line.startswith("flags")
    ]
    return [flag for flag in LEVEL_2 if not rows or any(flag not in row for row in rows)]


def check(cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Raise ConfigError PROCESSOR_TOO_OLD when a processor is below x86-64-v2.

    Without this check such a machine dies later with an illegal instruction.
    """
    absent = missing_flags(cpuinfo.read_text(encoding="utf-8"))
    if absent:
        raise ConfigError("PROCESSOR_TOO_OLD", flags=", ".join(absent))
