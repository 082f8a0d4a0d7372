"""The same genomic and imaging features at every hospital; only aggregates leave."""

__version__ = "0.1.0"
