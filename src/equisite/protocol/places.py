"""Names of places in the genome, as protocols and keys of bundles write them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

ALLELE = r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}:[1-9][0-9]{0,9}:[ACGT]{1,60}:[ACGT]{1,60}$"
"""Form of an allele's name: contig:position:ref:alt."""
AlleleName = Annotated[str, Field(pattern=ALLELE)]
Region = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}:[1-9][0-9]{0,9}-[1-9][0-9]{0,9}$"),
]


def region_of(region: str) -> tuple[str, int, int]:
    """Contig, first and last base of a region, both from 1.

    >>> region_of("chr17:100-200")
    ('chr17', 100, 200)
    """
    contig, _, bases = region.rpartition(":")
    first, _, last = bases.partition("-")
    return contig, int(first), int(last)
