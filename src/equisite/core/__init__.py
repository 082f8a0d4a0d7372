"""Errors with a mend, atomic writes, typed tables, provenance, outcomes and their codes."""
