"""Image filters by the definitions of IBSI-2, and PyRadiomics' own two."""
