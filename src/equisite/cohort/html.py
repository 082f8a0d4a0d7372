"""Local pages: one file each, no script, no network, under a strict content policy."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from equisite.core.markup import told_in_html

STYLE = Path(__file__).parent / "templates" / "page.css"


@cache
def page_style() -> tuple[str, str]:
    """The style sheet of all local pages and the policy that allows it and nothing else.

    Pictures may come from beside the page; there is no script at all.
    """
    style = STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )
    return style, policy


def render(template: Path, **content: object) -> str:
    """Fill one template; every value is escaped, and `told` marks code in a sentence."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["told"] = lambda text: markupsafe.Markup(told_in_html(text))  # noqa: S704
    style, policy = page_style()
    # Our own style sheet is no value: its digest in the policy is that of these bytes.
    return environment.get_template(template.name).render(
        style=markupsafe.Markup(style),  # noqa: S704 - a file of this package
        policy=markupsafe.Markup(policy),  # noqa: S704 - made above
        **content,
    )
