"""`equisite conformance`: the public pack, scored at this site."""

from __future__ import annotations

import argparse
from pathlib import Path


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    score = verbs.add_parser("score", help="digests and scores of the conformance pack")
    score.add_argument("--genomics", type=Path, required=True, help="folder of batch 0")
    score.add_argument("--radiomics", type=Path, required=True, help="folder of batch 0")
    score.add_argument(
        "--tumours", type=Path, help="folder of batch 0, where the protocol calls mutations"
    )
    score.add_argument("--protocol", type=Path, required=True, help="that of the pack")
    score.add_argument("--pack", type=Path, required=True, help="the shipped pack")
    score.add_argument("--out", type=Path, required=True)
    score.set_defaults(call=score_pack)


def score_pack(args: argparse.Namespace) -> int:
    """Write the scores of batch 0."""
    from equisite.cohort.conformance import BatchZero, ScoreRow
    from equisite.cohort.conformance import score_pack as score
    from equisite.core.tables import write_rows
    from equisite.protocol.load import read_frozen_protocol

    batch = BatchZero(args.genomics, args.radiomics, args.tumours)
    write_rows(args.out, ScoreRow, score(batch, read_frozen_protocol(args.protocol), args.pack))
    return 0
