"""Parsers that are not ours: what they raise on a broken file, told from a broken machine."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from equisite.core.errors import EquisiteError


@contextmanager
def foreign_parser(fault: Callable[[str], Exception]) -> Iterator[None]:
    """Raise `fault(reason)` for whatever a parser raises on a broken file.

    The reason quotes nothing of the file. Lack of memory, an error with a number of the
    operating system, and our own errors pass through. The parser's warnings and log lines
    are silenced: their texts quote values of the header.
    """
    loggers = [logging.getLogger(name) for name in ("pydicom", "nibabel.global")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MemoryError, EquisiteError):
        raise
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise fault("it ends early") from problem
    except Exception as problem:
        raise fault(f"it cannot be parsed ({type(problem).__name__})") from problem
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
