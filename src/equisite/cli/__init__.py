"""The equisite command; thin."""
