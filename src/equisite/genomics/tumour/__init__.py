"""What is counted of a tumour: burden, spectrum, signatures, repeats, copies, junctions."""
