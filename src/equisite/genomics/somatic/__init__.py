"""Somatic variants of a tumour, with or without its normal: evidence, checks, consensus."""
