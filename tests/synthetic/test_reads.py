import numpy as np
import pytest

from synthetic.genome import COMPLEMENT, Layout, make_genome
from synthetic.reads import Library, fastq, lanes, sequence
from synthetic.streams import stream

LIBRARY = Library(depth=20.0)


@pytest.fixture(scope="module")
def genome():
    return make_genome(Layout("t", {"one": ("GA",)}, spacer=1300, edge=900), stream("g"))


@pytest.fixture(scope="module")
def pairs(genome):
    return sequence((genome.contigs, genome.contigs), LIBRARY, stream("r"))


def test_every_base_is_seen_evenly_on_each_haplotype(genome):
    """One haplotype only: its depth never falls below a third of its share inside."""
    bases = genome.contigs["one"]
    # Positions as a sequence of their own: 3 bytes of place in each base's stead.
    depth = np.zeros(bases.size, dtype=int)
    text = bases.tobytes()
    found = sequence((genome.contigs, {}), LIBRARY, stream("one"))
    for read in np.concatenate([found.bases_1, found.bases_2]):
        for candidate in (read, COMPLEMENT[read[::-1]]):
            # Words without a sequencing error place most reads.
            at = text.find(candidate[:60].tobytes())
            if at < 0:
                at = text.find(candidate[90:].tobytes()) - 90
            if at >= 0:
                depth[at : at + read.size] += 1
                break
    inner = depth[500:-500]
    assert inner.min() >= 4
    assert 8.0 < inner.mean() < 12.0


def test_errors_occur_as_often_as_the_qualities_say(genome):
    flat = {"one": np.full(20_000, ord("A"), dtype=np.uint8)}
    found = sequence((flat, flat), Library(depth=40.0), stream("flat"))
    for quality in (11, 25, 37):
        bases = np.concatenate([found.bases_1, found.bases_2])
        here = np.concatenate([found.qualities_1, found.qualities_2]) == quality
        # A on one strand is T on the other.
        wrong = ~np.isin(bases[here], [ord("A"), ord("T")])
        expected = 10 ** (-quality / 10) * 2 / 3
        assert wrong.mean() == pytest.approx(expected, rel=0.25)


def test_fastq_is_well_formed_and_mates_share_names(pairs):
    first, second = fastq(pairs, "RUN", stream("n"), lane=2)
    one, two = first.decode().splitlines(), second.decode().splitlines()
    assert len(one) == len(two) == 4 * len(pairs)
    assert [n.split(" ")[0] for n in one[::4]] == [n.split(" ")[0] for n in two[::4]]
    assert len(set(one[::4])) == len(pairs)
    assert all(n.startswith("@SYN:RUN:2:") and n.endswith(" 1:N:0:ACGT") for n in one[::4])
    assert set(one[2::4]) == {"+"}
    assert {len(b) for b in one[1::4]} == {len(q) for q in one[3::4]} == {150}
    assert set("".join(one[1::4])) <= set("ACGT")
    assert set("".join(one[3::4])) <= {chr(33 + q) for q in (11, 25, 37)}


def test_lanes_share_out_the_pairs(pairs):
    parts = lanes(pairs, 3)
    assert sum(len(p) for p in parts) == len(pairs)
    assert (parts[1].bases_2 == pairs.bases_2[1::3]).all()


def test_some_pairs_are_seen_twice(genome):
    none = sequence((genome.contigs, {}), Library(duplicates=0.0), stream("d"))
    many = sequence((genome.contigs, {}), Library(duplicates=0.5), stream("d"))
    assert 1.3 * len(none) < len(many) < 1.7 * len(none)
