"""A site's clinical table turned into codebook variables."""
