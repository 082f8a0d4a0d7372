"""Work on many files by forked children, without semaphores: /dev/shm may be missing."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from .console import Stop


def shares(paths: Sequence[Path], number: int) -> list[list[Path]]:
    """Divide files into shares of about equal bytes, the same for the same files."""
    order = sorted(paths, key=lambda path: (-path.stat().st_size, path.name))
    divided: list[list[Path]] = [[] for _ in range(number)]
    loads = [0] * number
    for path in order:
        lightest = loads.index(min(loads))
        divided[lightest].append(path)
        loads[lightest] += path.stat().st_size
    return divided


def on_all_cores(work: Callable[[Path], None], paths: Sequence[Path]) -> None:
    """Call `work` with each file, in one child per core.

    Raises Stop when a child fails; what went wrong stands on the error stream.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    children = []
    for share in shares(paths, os.cpu_count() or 1):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for path in share:
                    work(path)
                code = 0
            except Stop as stop:
                sys.stderr.write(f"equisite: {stop}\n")
            except Exception:  # noqa: BLE001 - a child must end here, whatever happened
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.append(child)
    failed = [child for child in children if os.waitpid(child, 0)[1] != 0]
    if failed:
        raise Stop("unpacking failed; the reason stands above")
