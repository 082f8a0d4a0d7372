"""VCFs of other callers, each read where that caller puts things, as one kind of record."""
