"""Changes at one place: which reads are whose, and which of them keeps its class."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_evidence import PAIRED, but
from made_pairs import Planted, fragments, gather_whole, random_genome, whole, write_bam
from made_pairs import write_reference as write_made_reference

from equisite.core.tables import read_rows
from equisite.genomics.cells import cells_of
from equisite.genomics.somatic import gather as gathering
from equisite.genomics.somatic import windows
from equisite.genomics.somatic.calls import Call, Found, call_tumour
from equisite.genomics.somatic.candidates import LONGEST
from equisite.genomics.somatic.evidence import Evidence, Window
from equisite.genomics.somatic.freebayes import Counted
from equisite.genomics.somatic.gather import Inputs
from equisite.genomics.somatic.rivals import BESIDE, one_place, undisputed, weight
from equisite.genomics.somatic.whole_reads import Laid
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, left_shifted, trim

TRUE = Edit("one", 9_999, 9_999, "GATTACAGGCATTC")
LOOKS_ALIKE = Edit("one", 9_999, 9_999, "GATTACAGGCATTA")
DELETION = Edit("one", 10_003, 10_007, "")


def laid(votes: list[int], gains: list[float]) -> Laid:
    return Laid(np.array(votes, np.int32), np.array(gains))


def test_a_vote_goes_to_the_change_that_explains_the_read_best() -> None:
    strong = laid([1, 1, 0, -1], [30.0, 28.0, 1.0, -20.0])
    weak = laid([1, 1, 1, -1], [27.0, 31.0, 9.0, -25.0])
    assert weight(strong) == 59.0
    assert undisputed(weak, [strong]).tolist() == [0, 1, 1, -1]
    assert undisputed(strong, []).tolist() == [1, 1, 0, -1]


def test_a_read_that_shows_a_gap_which_no_haplotype_explains_is_not_disputed() -> None:
    by_its_gap = laid([1, 1], [-np.inf, -np.inf])
    other = laid([0, 1], [-np.inf, 12.0])
    assert undisputed(by_its_gap, [other]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("one", "two", "near"),
    [
        ((100, 100), (110, 112), True),
        ((100, 100), (111, 112), False),
        ((100, 160), (150, 151), True),
        ((100, 400), (100 + BESIDE + 1, 400), False),
    ],
)
def test_one_place_is_what_an_aligner_confuses(
    one: tuple[int, int], two: tuple[int, int], near: bool
) -> None:
    assert one_place(one, two) == one_place(two, one) == near


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """An insertion at the border of windows, its look-alike, and a deletion behind the border.

    Each is carried by fragments of its own, the look-alike by few.
    """
    if shutil.which("samtools") is None:
        pytest.skip("samtools is not on the PATH")
    folder = tmp_path_factory.mktemp("rivals")
    genome = {"one": random_genome(16_000, 7)}
    tumour = [
        *fragments(genome, [Planted(TRUE, 0.5)], 60, 31),
        *fragments(genome, [Planted(LOOKS_ALIKE, 0.5)], 8, 32),
        *fragments(genome, [Planted(DELETION, 0.4)], 40, 33),
    ]
    tumour.sort(key=lambda line: int(line.split("\t")[3]))
    bams = [
        write_bam(folder / "tumour.bam", genome, tumour, "tum"),
        write_bam(folder / "normal.bam", genome, fragments(genome, [], 30, 34), "nor"),
    ]
    cells = cells_of(whole(genome), genome)
    return Inputs(*bams, cells, write_made_reference(genome, folder), None)


def test_reads_of_one_insertion_do_not_speak_for_its_look_alike(
    inputs: Inputs, tmp_path: Path
) -> None:
    gather_whole(inputs, Somatic(), tmp_path / "a")
    bases = inputs.reference.text("one", 0, 16_000)
    rows = {
        left_shifted(edit, {"one": bases}): row.alt_tumour
        for row in read_rows(tmp_path / "a/tok.evidence.tsv", Evidence)
        if (edit := trim(*row.edit)) is not None
    }
    true, alike, deletion = (
        rows[left_shifted(edit, {"one": bases})] for edit in (TRUE, LOOKS_ALIKE, DELETION)
    )
    assert 25 <= true <= 42
    assert alike <= 9  # the fragments that carry it, and none of the other's
    assert 8 <= deletion <= 30


def test_windows_change_no_byte_of_rivals(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather_whole(inputs, Somatic(), tmp_path / "a")
    for size in (1000, 500):
        monkeypatch.setattr(windows, "SIZE", size)
        gather_whole(inputs, Somatic(), tmp_path / str(size))
        rows = [(tmp_path / n / "tok.evidence.tsv").read_bytes() for n in ("a", str(size))]
        assert rows[0] == rows[1]


def insertion(position: int, alt: str, tlod: float, reach: int = 0) -> Evidence:
    return but(position=position, ref="A", alt=f"A{alt}", tlod=tlod, reach=reach)


def called(*evidence: Evidence) -> list[Call]:
    counted = [Counted(*e.edit, 8, 32, 0, 25, 60.0) for e in evidence]
    return list(call_tumour(Found(evidence, counted, ("c",)), PAIRED, None, None))


def test_of_one_place_only_the_clearest_change_keeps_its_class() -> None:
    calls = called(
        insertion(10, "TTT", 30.0, reach=6),
        insertion(20, "GG", 50.0),
        insertion(90, "CC", 12.0),
        but(position=91),
    )
    assert [(c.allele[1], c.grade, "SECOND" in c.flags) for c in calls] == [
        (10, "low", True), (20, "high", False), (90, "high", False), (91, "high", False),
    ]  # fmt: skip


def test_places_are_those_of_one_sequence() -> None:
    one, two = insertion(10, "TT", 30.0), but(contig="d", position=10, ref="A", alt="AG")
    counted = [Counted(*e.edit, 8, 32, 0, 25, 60.0) for e in (one, two)]
    found = Found([one, two], counted, ("c", "d"))
    assert [c.grade for c in call_tumour(found, PAIRED, None, None)] == ["high", "high"]


def test_a_window_holds_the_reads_of_rivals_beside_it(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a rival would rank by those of its reads that reach into the window."""
    import pysam

    seen: list[Window] = []
    monkeypatch.setattr(windows, "SIZE", 1000)
    monkeypatch.setattr(gathering, "indels", lambda window, *_: seen.append(window) or [])
    gather_whole(inputs, Somatic(), tmp_path)
    around = BESIDE + LONGEST
    with pysam.AlignmentFile(str(inputs.tumour)) as file:
        for window in (w for w in seen if 1000 <= w.start <= 14_000):
            near = file.fetch(window.contig, window.start - around, window.end + around)
            assert len(window.tumour.reads) >= sum(1 for _ in near) > 0
