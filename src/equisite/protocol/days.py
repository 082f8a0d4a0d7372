"""Days as people write them into configuration: `2026-01-31`, and in the calendar."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

FIRST, LAST = 1970, 2199
"""Years that the times of a bundle's files can hold (ustar counts seconds since 1970)."""


def _in_the_calendar(text: str) -> str:
    try:
        year = datetime.date.fromisoformat(text).year
    except ValueError:
        year = 0
    if not FIRST <= year <= LAST:
        raise PydanticCustomError(
            "calendar",
            "must be a day of the calendar, of the years {first} to {last}",
            {"first": FIRST, "last": LAST},
        )
    return text


Day = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_in_the_calendar)
]
