"""Planted names are found however they are wrapped; ordinary bundles have no hit."""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.bundle import format as form
from equisite.bundle.scan import PATTERNS, count_identifiers, count_patterns, free_text, layers

DATE = "2024-01-31"
NAME = "Patient-0815"

WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda b: b,
    "gzip": lambda b: b"xx" + gzip.compress(b) + b"yy",
    "zlib": lambda b: b"q" + zlib.compress(b),
    "base64": base64.b64encode,
    "base64 inside a word": lambda b: b"A" + base64.b64encode(b),
    "base64 for addresses": base64.urlsafe_b64encode,
    "hex": lambda b: b.hex().encode(),
    "hex in capitals": lambda b: b.hex().upper().encode(),
    "percent": lambda b: b"".join(b"%%%02x" % c for c in b),
    "UTF-16": lambda b: b.decode().encode("utf-16-le"),
    "UTF-16 the other way": lambda b: b.decode().encode("utf-16-be"),
    "base64 of gzip": lambda b: base64.b64encode(gzip.compress(b)),
    "gzip of UTF-16": lambda b: gzip.compress(b.decode().encode("utf-16-le")),
    "gzip of gzip of base64": lambda b: gzip.compress(gzip.compress(base64.b64encode(b))),
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_an_identifier_is_found(wrap: str):
    content = b"cohort\tcount\t" + WRAPS[wrap](b"see " + NAME.encode() + b" again") + b"\n"
    assert count_identifiers(content, {NAME, "Nobody-4711"}) == 1


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_canary_is_found(wrap: str):
    content = b"\t" + WRAPS[wrap](b"x EQCANARY-0123456789ABCDEF y")
    assert "canary" in count_patterns(content, allowed_date=DATE)


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{7,30}", fullmatch=True),
    st.sampled_from(sorted(WRAPS)),
)
def test_any_long_identifier_is_found_in_any_wrap(name: str, wrap: str):
    assert (
        count_identifiers(b"a " + WRAPS[wrap](b"=" + name.encode() + b"=") + b" b", {name}) == 1
    )


def test_many_identifiers_of_one_length_take_the_other_way():
    names = {f"Patient-{i:04d}" for i in range(3000)}
    assert count_identifiers(b"zz" + NAME.encode() + b"zz", names) == 1
    assert count_identifiers(b"nothing of the kind", names) == 0


@pytest.mark.parametrize(
    "text",
    [b"P02-N", b"without-P02-N", b"x.p02-n_y", b"freeze_P02-N", b"P02-N-and-P03-N", b"_P02-N."],
)
def test_a_short_identifier_with_a_mark_is_found_within_a_longer_word(text: bytes):
    assert count_identifiers(text, {"P02-N"}) == 1


def test_a_short_identifier_is_not_found_across_other_letters():
    assert count_identifiers(b"XP02-N P02-NX P02-M-N P02 N", {"P02-N"}) == 0


def test_short_identifiers_are_whole_words():
    assert count_identifiers(b"a A12B c", {"a12b"}) == 1
    assert count_identifiers(b"a xA12By c", {"a12b"}) == 0
    assert count_identifiers(b"reads of A12B.fastq.gz", {"A12B"}) == 1
    assert count_identifiers(b"abc", {"abc"}) == 0


PLANTED = {
    "uid": b"1.2.840.113619.2.55.3.604688",
    "date": b"20240130",
    "date_day_first": b"30.01.2024",
    "email": b"a.b@hospital.example",
    "ip": b"10.1.2.3",
    "path": b"/mnt/data/reads",
    "rsid": b"rs429358",
    "hgvs": b"c.5266dup",
    "position": b"chr17:43057062",
    "ramq": b"TREM12345678",
    "ohip": b"1234567890AB",
    "nhs": b"9434765919",
    "nir": b"255081416802538",
    "kvnr": b"A123456780",
    "cip": b"ABCD1234567890",
    "canary": b"EQCANARY-0123456789ABCDEF",
}


@pytest.mark.parametrize("kind", sorted(PATTERNS))
def test_each_pattern_has_a_plant(kind: str):
    assert kind in count_patterns(b"note\t" + PLANTED[kind] + b"\tok\n", allowed_date=DATE)


@pytest.mark.parametrize(
    "text",
    [b"2024-01-31", b"9434765918", b"255081416802539", b"1.2.3", b"300.1.2.3", b"genomics/snp"],
)
def test_what_only_looks_alike_is_no_hit(text: bytes):
    assert count_patterns(b"note\t" + text + b"\tok\n", allowed_date=DATE) == {}


def test_digests_and_numbers_are_exempt_by_position_only():
    digest = b"9434765919" + b"ab" * 27
    line = b"genomics/calls\tdigest\t" + digest + b"\n"
    table = {form.CONFORMANCE: b"item\tmeasure\tvalue\n" + line}
    assert digest not in free_text(table)[form.CONFORMANCE]
    moved = {form.CONFORMANCE: b"item\tmeasure\tvalue\n" + digest + b"\tdigest\tx\n"}
    assert digest in free_text(moved)[form.CONFORMANCE]
    cells = {form.CELLS: b"table\tkey\tmeasure\tvalue\tstatus\nt\tk\tcount\t9434765919\tok\n"}
    assert b"9434765919" not in free_text(cells)[form.CELLS]
    odd = {form.CELLS: b"table\tkey\tmeasure\tvalue\tstatus\nt\tk\tcount\t09434765919\tok\n"}
    assert b"09434765919" in free_text(odd)[form.CELLS]


def test_alleles_are_exempt_in_the_keys_of_their_own_table_only():
    known = {"t": {"chr17:7674220:C:T"}}
    key = b"analysis_set=genomics|variant=chr17:7674220:C:T"

    def told(table: bytes, own: bytes) -> bytes:
        row = table + b"\t" + own + b"\tac\t20\tok\n"
        head = b"table\tkey\tmeasure\tvalue\tstatus\n"
        return free_text({form.CELLS: head + row}, known)[form.CELLS]

    assert b"chr17" not in told(b"t", key)
    assert b"chr17" in told(b"u", key)
    assert b"chr17" in told(b"t", key.replace(b"C:T", b"C:A"))
    assert b"chr17" in told(b"t", key + b"|side=low")


def test_a_head_that_is_no_json_stays_whole():
    assert free_text({form.ABOUT: b"not json " + NAME.encode()})[form.ABOUT].endswith(b"0815")


def test_layers_end():
    bomb = gzip.compress(b"a" * 10)
    for _ in range(6):
        bomb = gzip.compress(bomb)
    assert len(list(layers(bomb))) < 40
