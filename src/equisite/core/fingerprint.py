"""Proof that the pins of `envs/pins.env` are at work: digests of small computations.

Every processor of level x86-64-v2 or above gives these digests when the pins are set, and most
give others when one is left out; so a job that would compute other bytes than the next
hospital stops before it starts. `python -m equisite.core.fingerprint` says so on its exit code.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equisite.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHECKOUT = Path(__file__).resolve().parents[3]
# The part that changes when a pin is left out, where one part tells it alone.
PIN_OF_PART = {
    "libm": "GLIBC_TUNABLES",
    "np64": "NPY_ENABLE_CPU_FEATURES",
    "sort": "NPY_ENABLE_CPU_FEATURES",
    "blas": "OPENBLAS_CORETYPE",
    "lapack": "OPENBLAS_CORETYPE",
}


def read_pins(path: Path | None = None) -> dict[str, str]:
    """Names and values of the pins, from `envs/pins.env` of the checkout."""
    text = (path or CHECKOUT / "envs" / "pins.env").read_text(encoding="utf-8")
    rows = [line.split("=", 1) for line in text.splitlines() if line and line[0] != "#"]
    return {row[0]: row[1] for row in rows}


def read_truth(path: Path | None = None) -> dict[str, str]:
    """Digest of each part as it is locked in `envs/fingerprint.json`."""
    source = path or CHECKOUT / "envs" / "fingerprint.json"
    parts: dict[str, str] = json.loads(source.read_text(encoding="utf-8"))["parts"]
    return parts


def first_digits(*columns: Any) -> str:
    """First 8 hexadecimal digits of the sha256 over columns of float64 (or int64) bytes."""
    import numpy as np

    state = hashlib.sha256()
    for column in columns:
        state.update(np.ascontiguousarray(column).tobytes())
    return state.hexdigest()[:8]


def measure() -> dict[str, str]:
    """Digest of each part in this process.

    Inputs: k = 1..4096, x = k / 512, s a fixed scramble of k in [-0.5, 0.5), A = s as 64 x 64.
    """
    import numpy as np

    k = np.arange(1, 4097)
    x = k / 512.0
    s = ((k * 2654435761) % 2**32) / 2**32 - 0.5
    a = s.reshape(64, 64)
    numbers = x.tolist()
    symmetric = a @ a.T
    return {
        "libm": first_digits(
            [math.exp(t) for t in numbers],
            [math.sin(t * 9) for t in numbers],
            [math.log(t) for t in numbers],
            [math.pow(t, 1.7) for t in numbers],
        ),
        "np64": first_digits(np.log(x), np.exp(x), np.power(x, 1.7), np.tanh(s), np.cbrt(x)),
        "sort": first_digits(np.argsort(k % 7)),
        "blas": first_digits((a @ a).ravel(), a[0] @ a, np.array([s @ x])),
        "lapack": first_digits(
            np.linalg.eigvalsh(symmetric), np.linalg.svd(a, compute_uv=False)
        ),
    }


def missing_pins(environment: Mapping[str, str], pins: Mapping[str, str]) -> list[str]:
    """Pins that are absent from an environment or carry another value."""
    return sorted(name for name, value in pins.items() if environment.get(name) != value)


def check() -> dict[str, str]:
    """Return the digests of this process when they are the locked ones.

    Raises ConfigError PINS_MISSING (a variable is absent or other) or PINS_WITHOUT_EFFECT
    (all are set and still the bytes differ).
    """
    absent = missing_pins(os.environ, read_pins())
    if absent:
        raise ConfigError("PINS_MISSING", names=", ".join(absent))
    seen = measure()
    truth = read_truth()
    wrong = sorted(part for part in truth if seen.get(part) != truth[part])
    if wrong:
        named = ", ".join(f"{part} ({PIN_OF_PART[part]})" for part in wrong)
        raise ConfigError("PINS_WITHOUT_EFFECT", parts=named)
    return seen


def probe_kernel() -> tuple[int, int]:
    """Run one tiny cached kernel; return how often its compiled code was found and was not."""
    from numba import njit

    def summed(limit: int) -> int:
        total = 0
        for number in range(limit):
            total += number
        return total

    kernel: Any = njit(cache=True)(summed)
    kernel(10)
    return sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, measure or warm; exit code 2 names what is missing."""
    parser = argparse.ArgumentParser(description="Proof that the pins of the processor work.")
    parser.add_argument("--json", action="store_true", help="print the digests as JSON")
    parser.add_argument("--measure", action="store_true", help="digests without a check")
    parser.add_argument("--warm", action="store_true", help="run the cached probe kernel")
    options = parser.parse_args(arguments)
    if options.warm:
        hits, misses = probe_kernel()
        sys.stdout.write(f"kernel cache: {hits} hits, {misses} misses\n")
        return 0
    if options.measure:
        sys.stdout.write(json.dumps(measure()) + "\n")
        return 0
    try:
        seen = check()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.json:
        sys.stdout.write(json.dumps(seen) + "\n")
    else:
        sys.stdout.write("fingerprint: " + " ".join(f"{k}={v}" for k, v in seen.items()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
