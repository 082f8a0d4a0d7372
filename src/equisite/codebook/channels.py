"""The 96 channels of single-base substitutions: their names, and their columns.

A channel is a substitution on the strand of its pyrimidine, with the base before and after:
`A[C>T]G` as COSMIC writes it, `ACG_T` where brackets may not stand. Source: Alexandrov et
al., Nature 500:415 (2013).
"""

from __future__ import annotations

BASES = "ACGT"
SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
CHANNELS = tuple(
    f"{before}[{substitution}]{after}"
    for substitution in SUBSTITUTIONS
    for before in BASES
    for after in BASES
)
"""The 96 channels, in the order of COSMIC's tables."""


def channel_code(channel: str) -> str:
    """Name of a channel in columns and keys.

    >>> channel_code("A[C>T]G")
    'ACG_T'
    """
    return f"{channel[0]}{channel[2]}{channel[6]}_{channel[4]}"


CODES = tuple(channel_code(channel) for channel in CHANNELS)
LABELS = dict(zip(CODES, CHANNELS, strict=True))
"""Channels by their code, in order."""


def channel_columns(spectrum: str) -> tuple[str, ...]:
    """Columns of a spectrum's counts, in the order of the channels.

    spectrum: id of its variable.
    """
    return tuple(f"{spectrum}__{code}" for code in CODES)
