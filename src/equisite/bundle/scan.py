"""The last look at all bytes: nothing that names a person, a file, a day or a place.

Bytes are searched as they are and after every usual way to wrap them (gzip, zlib, UTF-16,
percent signs, hexadecimal, base64), three layers deep. Three searches run:
identifiers of the site as whole words and, when long enough, inside words; patterns of
identifiers of any site; canaries that tests plant.

What is exempt is exempt by position, never by looks: `free_text` blanks the digests and
numbers of a bundle where its schema puts them, provided that they have their exact form.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import zlib
from collections.abc import Callable, Collection, Container, Iterator, Mapping

from equisite.bundle import format as form

DEPTH = 3
WORD_LETTERS = 4
INSIDE_LETTERS = 8
"""An identifier of this length is also looked for inside longer words."""
WRAPPED_LETTERS = 6
"""Shorter ones are not looked for in decoded base64 and hexadecimal: what is no wrapping
decodes to noise, in which four letters meet by chance."""

_WORDS = re.compile(rb"[A-Za-z0-9._-]{4,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){4,}")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_LARGEST_MEMBER = 16 * 1024 * 1024

_YEAR = rb"(?:19|20)[0-9]{2}"
_DATE = (
    rb"(?<![0-9])" + _YEAR + rb"([-/.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?![0-9])"
)
_DATE_DAY_FIRST = (
    rb"(?<![0-9])(?:0?[1-9]|[12][0-9]|3[01])([-/.])(?:0?[1-9]|1[0-2])\1" + _YEAR + rb"(?![0-9])"
)
_COMPRESSED = ((b"\x1f\x8b\x08", 31), (b"\x78\x01", 15), (b"\x78\x9c", 15), (b"\x78\xda", 15))


def _nhs(digits: bytes) -> bool:
    weighted = sum((10 - i) * int(chr(d)) for i, d in enumerate(digits[:9]))
    check = 11 - weighted % 11
    return (0 if check == 11 else check) == int(chr(digits[9]))


def _nir(digits: bytes) -> bool:
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _always(_: bytes) -> bool:
    return True


_Test = Callable[[bytes], bool]
PATTERNS: dict[str, tuple[re.Pattern[bytes], _Test]] = {
    "uid": (
        re.compile(rb"(?<![0-9.])[0-2](?:\.(?:0|[1-9][0-9]*)){5,}(?![0-9.])"),
        lambda text: len(text) <= 64,
    ),
    "date": (re.compile(_DATE), _always),
    "date_day_first": (re.compile(_DATE_DAY_FIRST), _always),
    "email": (re.compile(rb"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+"), _always),
    "ip": (
        re.compile(rb"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])"),
        lambda text: all(int(part) < 256 for part in text.split(b".")),
    ),
    "path": (
        re.compile(rb"(?<![A-Za-z0-9._~%/-])/[A-Za-z0-9._-]+/|[A-Za-z]:\\|\\\\[A-Za-z0-9]"),
        _always,
    ),
    "rsid": (re.compile(rb"(?<![A-Za-z0-9])rs[0-9]{3,}(?![A-Za-z0-9])"), _always),
    "hgvs": (
        re.compile(rb"(?<![A-Za-z0-9])[cgnmp]\.[(*]?-?(?:[0-9]+|[A-Z][a-z]{2}[0-9])"),
        _always,
    ),
    "position": (
        re.compile(rb"(?<![A-Za-z0-9])(?:chr)?(?:[0-9]{1,2}|X|Y|MT?):[0-9]{3,}"),
        _always,
    ),
    "ramq": (re.compile(rb"(?<![A-Za-z0-9])[A-Z]{4}[0-9]{8}(?![A-Za-z0-9])"), _always),
    "ohip": (re.compile(rb"(?<![A-Za-z0-9])[0-9]{10}[A-Z]{2}(?![A-Za-z0-9])"), _always),
    "nhs": (re.compile(rb"(?<![A-Za-z0-9.+-])[0-9]{10}(?![A-Za-z0-9.])"), _nhs),
    "nir": (re.compile(rb"(?<![A-Za-z0-9.+-])[12][0-9]{14}(?![A-Za-z0-9.])"), _nir),
    "kvnr": (re.compile(rb"(?<![A-Za-z0-9])[A-Z][0-9]{9}(?![A-Za-z0-9])"), _always),
    "cip": (re.compile(rb"(?<![A-Za-z0-9])[A-Z]{4}[0-9]{10}(?![A-Za-z0-9])"), _always),
    "canary": (re.compile(rb"EQCANARY-[0-9A-F]{16}"), _always),
}
"""Patterns of identifiers: kind, expression and a test of its check digits."""


def layers(content: bytes, depth: int = DEPTH) -> Iterator[tuple[bytes, bool]]:
    """The bytes and all that they wrap; the flag says: decoded from base64 or hexadecimal."""
    waiting: list[tuple[bytes, bool, int]] = [(content, False, depth)]
    seen: set[bytes] = set()
    while waiting:
        text, noisy, left = waiting.pop()
        if text in seen or not text:
            continue
        seen.add(text)
        yield text, noisy
        if left == 0:
            continue
        waiting += [(inner, noisy, left - 1) for inner in _plain_wraps(text)]
        waiting += [(inner, True, left - 1) for inner in _noisy_wraps(text)]


def _plain_wraps(text: bytes) -> Iterator[bytes]:
    """UTF-16, percent signs, gzip and zlib members anywhere in the text."""
    if b"\0" in text:
        yield text.replace(b"\0", b"")
    if _PERCENT.search(text):
        yield _PERCENT.sub(lambda match: binascii.unhexlify(match.group(1)), text)
    for magic, window in _COMPRESSED:
        place = text.find(magic)
        while place >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(window).decompress(text[place:], _LARGEST_MEMBER)
            place = text.find(magic, place + 1)


def _noisy_wraps(text: bytes) -> Iterator[bytes]:
    """Runs of hexadecimal and base64 letters, decoded at each possible beginning."""
    runs = [m.group() for m in _HEX.finditer(text)]
    if runs:
        yield b"\n".join(binascii.unhexlify(run) for run in runs)
    decoded = []
    for match in _BASE64.finditer(text):
        run = match.group().translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            piece = run[start:]
            piece = piece[: len(piece) // 4 * 4 + (len(piece) % 4 if len(piece) % 4 > 1 else 0)]
            if len(piece) >= 8:
                decoded.append(base64.b64decode(piece + b"=" * (-len(piece) % 4)))
    if decoded:
        yield b"\n".join(decoded)


def count_patterns(content: bytes, *, allowed_date: str) -> dict[str, int]:
    """Hits of each pattern in all layers of the bytes; kinds without a hit are left out.

    allowed_date: the freeze date in ISO form, the only day that may be named.
    """
    date = allowed_date.encode()
    hits: dict[str, int] = {}
    for text, noisy in layers(content):
        for kind, (pattern, test) in PATTERNS.items():
            if noisy and kind not in ("uid", "canary", "email"):
                continue
            for match in pattern.finditer(text):
                if match.group() != date and test(match.group()):
                    hits[kind] = hits.get(kind, 0) + 1
    return hits


def count_identifiers(content: bytes, identifiers: Collection[str]) -> int:
    """How many of these identifiers occur in any layer of the bytes.

    As whole words from four letters on; from eight letters on also inside words. Upper
    and lower case count as equal.
    """
    names = {i.encode().lower() for i in identifiers if len(i) >= WORD_LETTERS}
    by_length: dict[int, set[bytes]] = {}
    for name in names:
        if len(name) >= INSIDE_LETTERS:
            by_length.setdefault(len(name), set()).add(name)
    found: set[bytes] = set()
    for layer, noisy in layers(content):
        text = layer.lower()
        least = WRAPPED_LETTERS if noisy else WORD_LETTERS
        found |= {word for word in words_of(text) if len(word) >= least} & names
        for length, group in by_length.items():
            if len(group) <= 64:
                found |= {name for name in group if name in text}
            else:
                found |= group.intersection(
                    text[i : i + length] for i in range(len(text) - length + 1)
                )
    return len(found)


def words_of(text: bytes) -> set[bytes]:
    """Words of a text as identifiers are looked for: whole, and between their marks."""
    return {part for word in _WORDS.findall(text) for part in _parts(word)}


def _parts(word: bytes) -> set[bytes]:
    """A word, what stands between its marks, and short runs of that with the marks inside.

    A dot may end a sentence or a stem, and `P02-N` stands in `without-P02-N`. Longer runs
    are found inside words anyway (`count_identifiers`).
    """
    ends = [*(i for i, c in enumerate(word) if chr(c) in "._-"), len(word)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    found = {word, word.strip(b"._-")}
    for number, start in enumerate(starts):
        found.add(word[start : ends[number]])
        for end in ends[number + 1 :]:
            if end - start >= INSIDE_LETTERS:
                break
            found.add(word[start:end])
    return found


def free_text(
    files: Mapping[str, bytes], alleles: Mapping[str, Container[str]] | None = None
) -> dict[str, bytes]:
    """Files of a bundle without what is exempt by position.

    alleles: by table, the alleles that its keys may name (`outputs.alleles_of`).

    Blanked are: numbers of the value columns in canonical form, alleles in the keys of
    their own table, digests of the manifest, of `about.json`, of the conformance table and
    of the description, and versions of tools. What does not have its exact form stays and
    is searched.
    """
    found = {
        path: _BLANK[path](content) if path in _BLANK else content
        for path, content in files.items()
    }
    if alleles and form.CELLS in found:
        found[form.CELLS] = _blank_columns(
            found[form.CELLS], lambda cells: _blank_allele(cells, alleles)
        )
    return found


def _blank_columns(content: bytes, blank: Callable[[list[str]], list[str]]) -> bytes:
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    lines[1:] = ["\t".join(blank(line.split("\t"))) for line in lines[1:]]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _blank_allele(cells: list[str], alleles: Mapping[str, Container[str]]) -> list[str]:
    group, mark, name = cells[1].rpartition("|variant=") if len(cells) == 5 else ("", "", "")
    known = mark and name in alleles.get(cells[0], ())
    return [cells[0], group, *cells[2:]] if known else cells


def _blank_cells(cells: list[str]) -> list[str]:
    known = len(cells) == 5 and cells[2] in form.CELL_MEASURES
    if known and form.is_canonical(cells[2], cells[3]):
        return [*cells[:3], "", cells[4]]
    return cells


def _blank_tables(cells: list[str]) -> list[str]:
    return [c if i < 6 or not form.INTEGER.fullmatch(c) else "" for i, c in enumerate(cells)]


def _blank_conformance(cells: list[str]) -> list[str]:
    if len(cells) != 3 or cells[1] not in form.CONFORMANCE_MEASURES:
        return cells
    digest = cells[1] == "digest" and form.DIGEST.fullmatch(cells[2])
    known = digest or form.is_canonical(cells[1], cells[2])
    return [*cells[:2], ""] if known else cells


def _blank_manifest(cells: list[str]) -> list[str]:
    if len(cells) == 3 and form.INTEGER.fullmatch(cells[1]) and form.DIGEST.fullmatch(cells[2]):
        return [cells[0], "", ""]
    return cells


_HASHES = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}|sha256:[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{64,600}={0,2}")
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}([+.-]?[a-z]{1,8}[0-9.]{0,8}){0,3}")
_HASH_FIELDS = {
    "protocol_sha256", "codebook_sha256", "constants_sha256", "ruleset_sha256",
    "image_digest", "hash", "approval_sha256",
}  # fmt: skip


def _blank_json(content: bytes) -> bytes:
    try:
        read = json.loads(content)
    except ValueError:
        return content

    def walk(value: object, field: str, group: str) -> object:
        if isinstance(value, dict):
            return {k: walk(v, k, field) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, field, group) for v in value]
        if isinstance(value, int) and field == "bytes":
            return 0
        if isinstance(value, str):
            hashed = field in _HASH_FIELDS or group == "code"
            if hashed and _HASHES.fullmatch(value):
                return ""
            if field == "signature" and _SIGNATURE.fullmatch(value):
                return ""
            if group == "tools" and _VERSION.fullmatch(value):
                return ""
        return value

    return json.dumps(walk(read, "", ""), ensure_ascii=False).encode("utf-8", "surrogateescape")


_BLANK: dict[str, Callable[[bytes], bytes]] = {
    form.CELLS: lambda content: _blank_columns(content, _blank_cells),
    form.QUALITY: lambda content: _blank_columns(content, _blank_cells),
    form.TABLES: lambda content: _blank_columns(content, _blank_tables),
    form.CONFORMANCE: lambda content: _blank_columns(content, _blank_conformance),
    form.MANIFEST: lambda content: _blank_columns(content, _blank_manifest),
    form.ABOUT: _blank_json,
    form.DATAPACKAGE: _blank_json,
}
