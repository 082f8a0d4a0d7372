"""Compiled loops over voxels, matrices and points; arrays in, arrays out."""
