"""Functions that numba compiles: the same bytes at every site, compiled once at install."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile on first call and keep the code on disk.

    No fast arithmetic and no threads: sums are made in the order in which they are written.
    """
    return cast("Function", njit(cache=True)(function))
