"""Alleles, normalisation, haplotype replay and VCF reading, all pure."""
