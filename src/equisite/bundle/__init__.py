"""The bundle's format: writing, reading and verifying typed tables."""
