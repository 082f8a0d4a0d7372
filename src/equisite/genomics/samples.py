"""Samples of a batch: the lanes of the index, grouped, with what stands for them in files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from equisite.core.each import Item
from equisite.core.outcomes import REFUSED, Outcome, read_outcomes
from equisite.core.tables import read_rows
from equisite.intake.index import SequencingItem

ROOM = "genomics"


@dataclass(frozen=True)
class Sample:
    """All lanes of one sample; lanes in sheet order, paired ones before single-end ones.

    bwa cuts its stream into batches after an even number of reads: paired lanes first, no
    pair is ever cut in two. evidence: other callers' VCFs beside a tumour's reads.
    """

    token: str
    patient: str
    name: str
    kind: str
    lanes: tuple[SequencingItem, ...]
    evidence: tuple[SequencingItem, ...] = ()

    @property
    def sex(self) -> str:
        """The patient's declared sex."""
        return self.lanes[0].sex

    @property
    def given(self) -> str:
        """`fastq`, `reads` (BAM or CRAM) or `calls` (VCF)."""
        first = self.lanes[0]
        return "calls" if first.calls else "reads" if first.reads else "fastq"

    @property
    def read_groups(self) -> str:
        r"""`@RG` lines for `bwa mem -H`, tabs and line ends written as `\t` and `\n`.

        Names are tokens and numbers: they stand in every log and in the CRAM.
        """
        libraries = sorted({lane.library for lane in self.lanes})
        return "\\n".join(
            f"@RG\\tID:{read_group(lane)}\\tSM:{lane.token}"
            f"\\tLB:{libraries.index(lane.library) + 1}\\tPL:ILLUMINA"
            for lane in self.lanes
        )


def read_group(lane: SequencingItem) -> str:
    """Name of a lane's read group."""
    return f"{lane.token}.{lane.lane_number}"


def read_samples(index: Path) -> list[Sample]:
    """Samples of one batch, sorted by token."""
    rows = sorted(
        read_rows(index, SequencingItem),
        key=lambda r: (r.token, not (r.fastq_2 or r.reads), r.lane_number),
    )
    samples = []
    for token in sorted({row.token for row in rows}):
        lanes = tuple(row for row in rows if row.token == token)
        read = tuple(lane for lane in lanes if not lane.calls)
        evidence = tuple(lane for lane in lanes if lane.calls) if read else ()
        first = (read or lanes)[0]
        samples.append(
            Sample(token, first.patient, first.sample, first.kind, read or lanes, evidence)
        )
    return samples


def items_of(samples: Iterable[Sample]) -> list[Item]:
    """What `run_each` needs: the token, and what the pipelines ask of a sample.

    READ_GROUPS: for bwa. GIVEN: kind of file. INTERLEAVED: option for pairs, for fastp.
    """
    return [
        Item(
            s.token,
            s.patient,
            s.name,
            {
                "READ_GROUPS": s.read_groups,
                "GIVEN": s.given,
                "INTERLEAVED": "--interleaved_in" if s.lanes[0].fastq_2 else "",
            },
        )
        for s in samples
    ]


def not_refused(samples: Iterable[Sample], outcomes: Iterable[Path]) -> list[Sample]:
    """Samples that no earlier step has refused."""
    lost = {(o.patient, o.item) for o in read_outcomes(outcomes) if o.outcome == REFUSED}
    return [s for s in samples if (s.patient, s.name) not in lost]


def germline_samples(samples: Iterable[Sample]) -> tuple[list[Sample], list[Outcome]]:
    """The one sample per patient in which germline variants are counted.

    That is the first normal sample by name. Returns also what is to be said of the others:
    a second normal, a tumour beside its normal, and a patient without any normal.
    """
    from equisite.core.errors import Finding
    from equisite.core.outcomes import judged

    chosen: dict[str, Sample] = {}
    ordered = sorted(samples, key=lambda s: (s.patient, s.kind != "normal", s.name))
    remarks: list[Outcome] = []
    for sample in ordered:
        if sample.kind == "normal" and sample.patient not in chosen:
            chosen[sample.patient] = sample
            continue
        if sample.kind == "normal":
            code = "SECOND_NORMAL"
        elif sample.patient in chosen:
            code = "TUMOUR_NOT_COUNTED"
        else:
            code = "NO_NORMAL"
        remarks.append(judged(sample.patient, ROOM, sample.name, Finding(code)))
    return sorted(chosen.values(), key=lambda s: s.token), remarks
