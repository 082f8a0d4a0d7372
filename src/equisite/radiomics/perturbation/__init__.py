"""Slightly different copies of a case, to see which features stand it.

Source: Zwanenburg et al., Sci Rep 9:614 (2019).
"""
