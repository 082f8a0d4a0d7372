"""Which normal belongs to which tumour, and what becomes of a tumour that has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from equisite.core.each import Item
from equisite.core.errors import Finding
from equisite.core.outcomes import REFUSED, Outcome, judged
from equisite.genomics.samples import ROOM, Sample
from equisite.protocol.somatic import Somatic
from equisite.protocol.tumour import Tumour

OF_BOTH = frozenset({"SAME_READS", "WRONG_NORMAL", "SWAPPED_PAIR"})
"""Codes that say that two samples do not fit: nobody knows which of them is wrong."""


@dataclass(frozen=True)
class Pair:
    """A tumour with reads, and its patient's normal with reads or None. told: why None.

    Of a tumour of calls only (`given_tumours`) the normal may have calls only, too.
    """

    tumour: Sample
    normal: Sample | None
    told: Finding | None = None

    @property
    def item(self) -> Item:
        """What `run_each` needs; NORMAL is empty where there is none."""
        environment = {"NORMAL": self.normal.token if self.normal else ""}
        return Item(self.tumour.token, self.tumour.patient, self.tumour.name, environment)


def pair_samples(
    samples: Sequence[Sample], usable: Sequence[Sample], settings: Somatic
) -> tuple[list[Pair], list[Outcome]]:
    """Pairs of a batch, sorted by token, and outcomes of tumours that are not called.

    samples: all of the batch. usable: those that no step refused. A patient's normal is the
    first by name that has reads, as for germline variants.
    """
    normals: dict[str, Sample] = {}
    for sample in sorted(usable, key=lambda s: (s.patient, s.name)):
        if sample.kind == "normal" and sample.given != "calls":
            normals.setdefault(sample.patient, sample)
    named = {s.patient for s in samples if s.kind == "normal"}
    pairs, outcomes = [], []
    for tumour in sorted(usable, key=lambda s: s.token):
        if tumour.kind != "tumour" or tumour.given == "calls":
            continue
        normal = normals.get(tumour.patient)
        if normal is not None:
            pairs.append(Pair(tumour, normal))
            continue
        unusable = tumour.patient in named
        if settings.mode == "paired":
            finding = Finding("TUMOUR_WITHOUT_NORMAL")
            outcomes.append(judged(tumour.patient, ROOM, tumour.name, finding))
            continue
        finding = Finding("NORMAL_UNUSABLE" if unusable else "CALLED_ALONE")
        pairs.append(Pair(tumour, None, finding))
    return pairs, outcomes


def given_tumours(
    samples: Sequence[Sample], settings: Tumour
) -> tuple[list[Pair], list[Outcome]]:
    """Tumours of which there are calls and no reads, sorted by token; outcomes of the others.

    Their normal is the patient's first by name, with reads or not: only its name is used,
    and what is known of its alleles. Given calls are of medium confidence: where the
    protocol counts high confidence only, they would look like a tumour without mutations.
    """
    normals: dict[str, Sample] = {}
    for sample in sorted(samples, key=lambda s: (s.patient, s.name)):
        if sample.kind == "normal":
            normals.setdefault(sample.patient, sample)
    tumours = sorted(
        (s for s in samples if s.kind == "tumour" and s.given == "calls"),
        key=lambda s: s.token,
    )
    if settings.other_callers != "counted":
        told = Finding("GIVEN_CALLS_OFF")
    elif "medium" not in settings.confidence:
        told = Finding("GIVEN_CALLS_NOT_SURE")
    else:
        return [Pair(tumour, normals.get(tumour.patient)) for tumour in tumours], []
    return [], [judged(t.patient, ROOM, t.name, told) for t in tumours]


def outcomes_of_normals(pairs: Iterable[Pair], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """What a refused pair means for its normal: where they do not fit, it is refused too."""
    normals = {(p.tumour.patient, p.tumour.name): p.normal for p in pairs}
    found = []
    for outcome in outcomes:
        normal = normals.get((outcome.patient, outcome.item))
        if normal is not None and outcome.outcome == REFUSED and outcome.code in OF_BOTH:
            found.append(replace(outcome, item=normal.name))
    return found
