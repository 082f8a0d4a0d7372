"""Made data with known answers: genomes, reads, phantoms and whole hospitals."""
