"""How kernels are compiled: fixed signatures, cached code, IEEE arithmetic, one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

REGISTERED: list[Any] = []
"""Every kernel of the room, in the order of import."""


def compiled(signature: str) -> Callable[[Kernel], Kernel]:
    """Compile a function for one signature, from the cache if it is there.

    No `fastmath` and no `parallel`: a sum must have the same bits on every processor.
    A division by zero gives inf or NaN, as in numpy.
    """

    def decorate(function: Kernel) -> Kernel:
        kernel = njit(signature, cache=True, error_model="numpy")(function)
        REGISTERED.append(kernel)
        made: Kernel = kernel
        return made

    return decorate
