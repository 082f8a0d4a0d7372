"""`equisite clinical`: the clinical table of the site, as codebook variables."""

from __future__ import annotations

import argparse
from pathlib import Path


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    derive = verbs.add_parser("derive", help="patients sheet to codebook variables")
    derive.add_argument("--patients", type=Path, required=True, help="checked patients sheet")
    derive.add_argument("--site", type=Path, required=True, help="frozen site configuration")
    derive.add_argument("--out", type=Path, required=True)
    derive.add_argument("--outcomes", type=Path, required=True)
    derive.set_defaults(call=derive_variables)


def derive_variables(args: argparse.Namespace) -> int:
    """Write one row of clinical variables per patient, and the outcomes."""
    import json

    from equisite.clinical.variables import clinical_variables, derive
    from equisite.codebook.book import codebook
    from equisite.core.outcomes import write_outcomes
    from equisite.core.tables import read_table, write_table

    site = json.loads(args.site.read_bytes())
    year = int(site["freeze"]["date"][:4])
    columns, rows = read_table(args.patients)
    variables = clinical_variables(codebook(), columns)
    derived, outcomes = [], []
    for row in sorted(rows, key=lambda r: r["patient"].encode()):
        values, judged = derive(row, variables, year)
        derived.append({"patient": values.patient, **values.values})
        outcomes += judged
    write_table(args.out, ["patient", *(v.id for v in variables)], derived)
    write_outcomes(args.outcomes, outcomes)
    return 0
