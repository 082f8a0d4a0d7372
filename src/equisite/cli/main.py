"""Entry point: finds the module of the noun that was asked and calls its verb."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

import equisite
from equisite.core.errors import EquisiteError
from equisite.core.machine import machine_error

TOP = {
    "init": "site",
    "check": "site",
    "fetch": "fetch",
    "run": "site",
    "status": "cohort",
    "prepare": "release",
    "approve": "release",
    "verify": "bundle",
    "inspect": "bundle",
}
"""Commands of people, and the module that offers each."""

PEOPLE = ("compare", "protocol", "papers")
"""Nouns that people call; what the others say goes into logs."""

NOUNS = {
    "approval": "draft and sign what lets an opt-in table leave",
    "compare": "the lead's run: admit, pool, report",
    "protocol": "check and hash a protocol, list positions for it",
    "papers": "write or check the generated documents",
    "genomics": "align, call, annotate, count and compare variants",
    "somatic": "pair tumour and normal, gather evidence and call somatic variants",
    "tumour": "count what a tumour has: genes, burden, signatures, repeats, copies",
    "imaging": "check series, convert them and draw pictures",
    "radiomics": "extract features from image and mask",
    "clinical": "read the clinical table",
    "cohort": "join rows and write the status page",
    "conformance": "score the public pack",
    "release": "aggregate, disclose and write the bundle",
}
"""Groups of verbs: first those of people, then those that the rules call."""

EPILOG = """\
a site:    equisite init | check | fetch | run | status | prepare | approve
the lead:  equisite verify | inspect | compare
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 2 the user can mend it, 3 release refused, 4 bundle not trusted, 70 a full disk, or
    a fault of the program (only then a traceback is shown).
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="equisite",
        description=equisite.__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"equisite {equisite.__version__}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((w for w in words if not w.startswith("-")), "")
    if asked and asked not in TOP and asked not in NOUNS:
        print(_unknown(asked), file=sys.stderr)
        return 2
    _offer(commands, asked)
    args = parser.parse_args(words)
    try:
        return int(args.call(args))
    except EquisiteError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 141
    except OSError as error:
        told = machine_error(error, named=asked in (*TOP, *PEOPLE), words=words)
        if told is None:
            traceback.print_exc()
            return 70
        print(told.render(), file=sys.stderr)
        return told.exit_code
    except Exception:  # noqa: BLE001 - the last border: our own fault is shown whole
        traceback.print_exc()
        return 70


def _unknown(asked: str) -> str:
    """What to say about a command that there is not."""
    from equisite.protocol.explain import did_you_mean

    guess = did_you_mean(asked, (*TOP, *NOUNS))
    return f"equisite: there is no command {asked}.{guess}\n{EPILOG}".rstrip()


def _offer(commands: argparse._SubParsersAction[argparse.ArgumentParser], asked: str) -> None:
    """Add the parser of the asked command; the others only by name, so that start is quick."""
    if asked in TOP:
        module = importlib.import_module(f"equisite.cli.{TOP[asked]}")
        module.register_top(commands)
        return
    if asked not in NOUNS:  # people's commands come first in the help
        for module_name in dict.fromkeys(TOP.values()):
            importlib.import_module(f"equisite.cli.{module_name}").register_top(commands)
    for noun, purpose in NOUNS.items():
        parser = commands.add_parser(noun, help=purpose)
        if noun == asked:
            module = importlib.import_module(f"equisite.cli.{noun}")
            verbs = parser.add_subparsers(
                dest="verb", required=noun != "compare", metavar="VERB"
            )
            module.register(verbs)
            if hasattr(module, "register_noun"):
                module.register_noun(parser)


if __name__ == "__main__":
    sys.exit(main())
