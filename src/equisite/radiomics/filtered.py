"""Features of the response to a filter, as a case within the case."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from equisite.codebook.model import Mode
from equisite.core.errors import InputError
from equisite.protocol.filters import Filter
from equisite.radiomics.case import Case
from equisite.radiomics.columns import filtered_column, of_classes


def keep_response(
    case: Case,
    mode: Mode,
    setting: Filter,
    changed: dict[str, Any],
    fill_in: Callable[[Case], None],
) -> None:
    """Let `fill_in` compute the features of a response, and take them over.

    changed: settings that are other than the image's. What is missing is told as one
    finding of the filter; the case itself stays.
    """
    classes = case.settings.filtered_classes(mode)
    settings = case.settings.model_copy(update={"filters": (), **changed})
    features = of_classes(case.values, mode, classes)
    inner = Case(settings, classes, dict.fromkeys(features, math.nan))
    try:
        fill_in(inner)
    except InputError as error:
        case.findings += [f for f in error.findings if f.severity == "info"]
    lost = sum(math.isnan(value) for value in inner.values.values())
    case.keep({filtered_column(setting.name, n): v for n, v in inner.values.items()})
    if lost:
        case.tell("FILTER_UNDEFINED", filter=setting.name, features=lost)
