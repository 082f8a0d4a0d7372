"""Rows of all rooms joined; status of every patient."""
