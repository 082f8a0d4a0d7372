"""Image and mask to feature values; knows no DICOM and no patient."""
