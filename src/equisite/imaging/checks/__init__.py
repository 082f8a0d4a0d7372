"""Exact tests of a series, one module per kind of fault."""
