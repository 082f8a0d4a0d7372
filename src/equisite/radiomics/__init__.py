"""Image and mask to feature values; knows no DICOM and no patient."""

from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics.extraction import Extraction, extract

__all__ = ["Extraction", "RadiomicSettings", "extract"]
