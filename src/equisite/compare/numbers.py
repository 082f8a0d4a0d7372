"""Numbers as people read them; a number that is not there is a dash."""

from __future__ import annotations

import math

DASH = "–"
MINUS = "−"


def real(value: float, digits: int = 4) -> str:
    """A real with some significant digits.

    >>> real(0.123456), real(-1234.56), real(float("nan")), real(1.5e-7)
    ('0.1235', '−1235', '–', '1.5e−07')
    """
    if not math.isfinite(value):
        return DASH
    return f"{value + 0.0:.{digits}g}".replace("-", MINUS) if value else "0"


def fixed(value: float, places: int = 2) -> str:
    """A real with fixed decimals."""
    return f"{value:.{places}f}".replace("-", MINUS) if math.isfinite(value) else DASH


def whole(value: float) -> str:
    """A count."""
    return f"{value:.0f}" if math.isfinite(value) else DASH


def percent(value: float, places: int = 1) -> str:
    """A share as per cent, with a narrow blank before the sign."""
    return f"{100 * value:.{places}f}\u202f%" if math.isfinite(value) else DASH


def p_value(value: float) -> str:
    """A P-value, small ones as a bound.

    >>> p_value(0.0004), p_value(0.034)
    ('< 0.001', '0.034')
    """
    if not math.isfinite(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def bounds(low: float, high: float) -> str:
    """A count, or the interval of a withheld one.

    >>> bounds(12.0, 12.0), bounds(0.0, 9.0), bounds(3.0, float("nan"))
    ('12', '0 to 9', 'at least 3')
    """
    if not math.isfinite(low):
        return DASH
    if low == high:
        return whole(low)
    return f"{whole(low)} to {whole(high)}" if math.isfinite(high) else f"at least {whole(low)}"
