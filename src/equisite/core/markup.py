"""Sentences of the registry in pages: what stands between backticks is code there, too."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def told_in_html(text: str) -> str:
    """The text escaped, with `...` as code.

    >>> told_in_html("Run `equisite run` & wait")
    'Run <code>equisite run</code> &amp; wait'
    """
    return _CODE.sub(r"<code>\1</code>", escape(text))
