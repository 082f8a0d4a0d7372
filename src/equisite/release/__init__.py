"""Aggregate, disclose, audit, write the bundle: the one door."""
