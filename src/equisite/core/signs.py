"""Texts from outside as they may stand in a message: every sign seen, no word without end."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 200
"""Signs of a word (a path, an id) that a message shows; of longer ones both ends."""
_NOT_SEEN = frozenset(("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"))
_LOOKALIKES = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "ABEKMHOPCTYXIaeopcyxiABEZHIKMNOPTYXo",
)
"""Cyrillic and Greek letters that are drawn as Latin ones."""
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")


def unseen(sign: str) -> bool:
    """Whether a sign is a control, a blank that is no plain blank, or has no width.

    By Unicode category; half a surrogate pair, as names of files in other encodings hold,
    is one too.
    """
    return sign != " " and unicodedata.category(sign) in _NOT_SEEN


def legible(text: str) -> str:
    """The text with its unseen signs written out, and its long words cut in the middle.

    >>> legible("north\xa0 \x1b[2J")
    'north<U+00A0> <U+001B>[2J'
    """
    text = written_out(text)
    return _LONG.sub(_ends, text) if len(text) > LONGEST_WORD else text


def written_out(text: str) -> str:
    """The text with its unseen signs written out, at its whole length."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(sign):04X}>" if unseen(sign) else sign for sign in text)


def looks_like(text: str) -> str:
    """The text in the Latin letters and digits that a reader takes it for, small.

    >>> looks_like("\u0420-01"), looks_like("M\xfcller"), looks_like("\uff3001")
    ('p-01', 'muller', 'p01')
    """
    apart = unicodedata.normalize("NFKD", text).translate(_LOOKALIKES).casefold()
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def named(sign: str) -> str:
    """Number and name of a sign: `U+200B, zero width space`."""
    return f"U+{ord(sign):04X}, {unicodedata.name(sign, 'control character').lower()}"


def _ends(found: re.Match[str]) -> str:
    word, each = found.group(), LONGEST_WORD // 2 - 2
    return f"{word[:each]}...{word[-each:]}"
