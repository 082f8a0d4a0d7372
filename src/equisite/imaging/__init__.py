"""DICOM to checked series to image and mask on one grid."""
