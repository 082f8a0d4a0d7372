"""Sheets and references checked, all mistakes at once, then frozen."""
