"""Admit bundles, pool them exactly, find the odd site, write the report."""
