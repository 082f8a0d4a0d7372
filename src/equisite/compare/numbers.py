"""Numbers as people read them; a number that is not there is a dash."""

from __future__ import annotations

import math

DASH = "–"
MINUS = "−"
MOST_PLACES = 6


def real(value: float, digits: int = 4) -> str:
    """A real with some significant digits.

    >>> real(0.123456), real(-1234.56), real(float("nan")), real(1.5e-7)
    ('0.1235', '−1235', '–', '1.5e−07')
    """
    if not math.isfinite(value):
        return DASH
    return f"{value + 0.0:.{digits}g}".replace("-", MINUS) if value else "0"


def places_of(spread: float) -> int | None:
    """Decimals that give a spread two significant digits; None where none can be told.

    >>> places_of(0.197), places_of(52.94), places_of(0.0), places_of(2.3e-9)
    (2, 0, None, None)
    """
    if not math.isfinite(spread) or spread <= 0:
        return None
    places = max(0, 1 - math.floor(math.log10(spread)))
    return places if places <= MOST_PLACES else None


def mean_and_sd(mean: float, sd: float) -> str:
    """A mean with as many decimals as its standard deviation deserves.

    >>> mean_and_sd(0.81146, 0.19712), mean_and_sd(455.12, 52.94), mean_and_sd(2.0, 0.0)
    ('0.81 ±\xa00.20', '455 ±\xa053', '2 ±\xa00')
    """
    places = places_of(sd)
    texts = (
        (real(mean), real(sd, 2))
        if places is None
        else (fixed(mean, places), fixed(sd, places))
    )
    return " ±\xa0".join(texts)


def mean_and_interval(mean: float, low: float, high: float) -> str:
    """A mean and its interval, with two digits of half the interval's width.

    >>> mean_and_interval(0.7678, 0.6896, 0.8459), mean_and_interval(415.9, 331.8, 500.0)
    ('0.768 (0.690 to 0.846)', '416 (332 to 500)')
    """
    middle, ends = apart(mean, low, high)
    return f"{middle} ({ends})" if ends else middle


def apart(value: float, low: float, high: float) -> tuple[str, str]:
    """A value and its interval as two texts; the second is empty without an interval."""
    if not math.isfinite(low) or not math.isfinite(high):
        return real(value), ""
    places = places_of((high - low) / 2)
    if places is None:
        return real(value), f"{real(low)} to {real(high)}"
    return fixed(value, places), f"{fixed(low, places)} to {fixed(high, places)}"


def fixed(value: float, places: int = 2) -> str:
    """A real with fixed decimals.

    >>> fixed(-1.236), fixed(-0.001), fixed(float("nan"))
    ('−1.24', '0.00', '–')
    """
    if not math.isfinite(value):
        return DASH
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", MINUS)


def counted(count: int, noun: str) -> str:
    """A count with its noun in singular or plural.

    >>> counted(1, "site"), counted(3, "site")
    ('1 site', '3 sites')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def whole(value: float) -> str:
    """A count."""
    return f"{value:.0f}" if math.isfinite(value) else DASH


def percent(value: float, places: int = 1) -> str:
    """A share as per cent, with a narrow blank before the sign."""
    return f"{100 * value:.{places}f}\u202f%" if math.isfinite(value) else DASH


def percent_interval(low: float, high: float) -> str:
    """An interval of shares in per cent.

    >>> percent_interval(0.2571, 0.4049)
    '25.7 to 40.5\u202f%'
    """
    return f"{fixed(100 * low, 1)} to {percent(high)}"


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
    >>> bounds(0.0, float("nan"))
    'not known'
    """
    if not math.isfinite(low):
        return DASH
    if low == high:
        return whole(low)
    if math.isfinite(high):
        return f"{whole(low)} to {whole(high)}"
    return f"at least {whole(low)}" if low else "not known"
