"""`equisite radiomics`: features of the regions that imaging has made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    verb = verbs.add_parser("extract", help="features of all regions of a batch")
    verb.add_argument("--regions", type=Path, required=True, help="table of image and mask")
    verb.add_argument("--protocol", type=Path, required=True, help="protocol as JSON")
    verb.add_argument("--out", type=Path, required=True, help="features table to write")
    verb.add_argument("--outcomes", type=Path, required=True, help="outcomes to write")
    verb.set_defaults(call=extract)
    verb = verbs.add_parser("perturb", help="features of perturbed copies of a batch's regions")
    verb.add_argument("--regions", type=Path, required=True, help="table of image and mask")
    verb.add_argument("--protocol", type=Path, required=True, help="protocol as JSON")
    verb.add_argument("--out", type=Path, required=True, help="table to write")
    verb.set_defaults(call=perturb)


def extract(args: argparse.Namespace) -> int:
    """Write one row per patient, modality, region and reader, and what happened to each."""
    from equisite.core.outcomes import write_outcomes
    from equisite.core.tables import write_table
    from equisite.protocol.models import Protocol
    from equisite.radiomics.batch import extract_batch, table_columns

    protocol = Protocol.model_validate_json(args.protocol.read_bytes())
    rows, outcomes = extract_batch(
        args.regions,
        protocol.radiomics,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    write_outcomes(args.outcomes, outcomes)
    write_table(args.out, table_columns(protocol.radiomics), (row.cells() for row in rows))
    refused = sum(row.roi_status != "ok" for row in rows)
    print(f"{len(rows)} regions, {refused} refused", file=sys.stderr)
    return 0


def perturb(args: argparse.Namespace) -> int:
    """Write one row per case and copy; without `radiomics.robustness` only the header."""
    from equisite.core.tables import write_table
    from equisite.protocol.models import Protocol
    from equisite.radiomics.perturbation.batch import perturb_batch, perturbed_columns

    radiomics = Protocol.model_validate_json(args.protocol.read_bytes()).radiomics
    rows = (
        perturb_batch(
            args.regions,
            radiomics,
            radiomics.robustness,
            lambda line: print(line, file=sys.stderr, flush=True),
        )
        if radiomics.robustness
        else ()
    )
    write_table(args.out, perturbed_columns(radiomics), rows)
    return 0
