"""Moments, pooling and meta-analysis as pure functions on arrays."""
