"""An alignment is decoded once; every tool that measures it reads that one stream.

Several readings would cost no more CPU (each tool decodes only the fields it needs), but a
genome's CRAM of 15 GB would cross the hospital's storage network four times.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeVar

_PIECE = 1 << 18
Measured = TypeVar("Measured")

TOOLS = {
    "stats": ("samtools", "stats", "-"),
    "flagstat": ("samtools", "flagstat", "-"),
    "idxstats": ("samtools", "idxstats", "-"),
}
"""Suffix of the file that a tool writes, and its command."""


def read_once(
    cram: Path,
    prefix: Path,
    measure: Callable[[IO[bytes]], Measured],
    tools: Mapping[str, tuple[str, ...]] = TOOLS,
) -> Measured:
    """Write `<prefix>.<suffix>` of every tool; returns what `measure` made of the stream.

    Any tool that fails is a fault of the machine: CalledProcessError, with what it said.
    """
    with ExitStack() as stack:
        running: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        for suffix, command in tools.items():
            # idxstats complains of a stream without index although it needs none.
            said = stack.enter_context(TemporaryFile())
            out = stack.enter_context(Path(f"{prefix}.{suffix}").open("wb"))
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=said)
            )
            running.append((process, said))
        ends = os.pipe()
        reading, writing = os.fdopen(ends[0], "rb"), os.fdopen(ends[1], "wb", buffering=0)
        source = stack.enter_context(
            subprocess.Popen(
                ["samtools", "view", "-u", "--no-PG", str(cram)], stdout=subprocess.PIPE
            )
        )
        worker = stack.enter_context(ThreadPoolExecutor(1))
        measured = worker.submit(_closing, reading, measure)
        try:
            _share(source, [p.stdin for p, _ in running if p.stdin], writing)
        finally:
            writing.close()
        for process, told in running:
            if process.wait():
                told.seek(0)
                text = told.read().decode("utf-8", "replace")
                raise subprocess.CalledProcessError(
                    process.returncode, process.args, stderr=text
                )
        if source.wait():
            raise subprocess.CalledProcessError(source.returncode, source.args)
        return measured.result()


def _closing(stream: IO[bytes], measure: Callable[[IO[bytes]], Measured]) -> Measured:
    with stream:
        return measure(stream)


def _share(source: subprocess.Popen[bytes], tools: list[IO[bytes]], writing: IO[bytes]) -> None:
    """Hand every piece to every reader; one that is gone is told by its code, not here."""
    if source.stdout is None:
        raise RuntimeError("samtools view has no output")
    left = [*tools, writing]
    while piece := source.stdout.read(_PIECE):
        for stream in list(left):
            try:
                rest = memoryview(piece)
                while rest:
                    rest = rest[stream.write(rest) :]
            except BrokenPipeError:
                left.remove(stream)
    for stream in tools:
        try:
            stream.close()
        except BrokenPipeError:
            continue
