"""Rows of the frozen index: what a batch works on, already checked.

The index is private: it holds identifiers and paths. Everything outside names an item by
its token, a keyed hash, and a batch by its number.
"""

from __future__ import annotations

from dataclasses import dataclass

PACK_BATCH = 0
"""Batch number of the public conformance pack; patients' batches count from 1."""


@dataclass(frozen=True, order=True)
class SequencingItem:
    """One lane or file of one sample; `work/intake/genomics/<batch>.tsv`.

    token: stands for the sample in file names; all lanes of a sample share it.
    Paths are absolute; `stamp` changes when one of the files does (size and time).
    """

    patient: str
    sample: str
    token: str
    lane_number: int
    kind: str
    library: str
    lane: str
    fastq_1: str
    fastq_2: str
    reads: str
    calls: str
    assay: str
    sex: str
    stamp: str


@dataclass(frozen=True, order=True)
class ImagingItem:
    """One series with one mask; `work/intake/imaging/<batch>.tsv`.

    token: stands for the row in file names. series: absolute folder, or a
    SeriesInstanceUID to be found below `root`. roi: canonical name or empty: then every
    region of the protocol is looked for by its patterns. roi_label: local name or number.
    trust_frame: `yes` where the sheet vouches for the mask's frame of reference.
    """

    patient: str
    token: str
    series: str
    root: str
    modality: str
    mask: str
    roi: str
    roi_label: str
    reader: str
    stamp: str
    trust_frame: str = ""
