"""Stored values of one frame: read directly where they lie plain, else by a guarded decoder."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.fields import ImageHeader
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.syntaxes import DECODERS, LOSSY_DECODERS, NATIVE_LITTLE

FRAME_SECONDS = 120.0
"""A frame that takes longer is corrupt; a whole one takes milliseconds."""


class DecodeError(Exception):
    """The stream of one frame cannot be decoded; the text names the cause, no file."""


def stored_type(header: ImageHeader) -> np.dtype[Any]:
    """Little-endian integer type of the stored values."""
    sign = "i" if header.pixel_representation == 1 else "u"
    return np.dtype(f"<{sign}{header.bits_allocated // 8}")


def native_frame(header: ImageHeader) -> NDArray[np.integer[Any]]:
    """Stored values (row, column) of one frame of a little-endian uncompressed file.

    The caller has checked that the bytes are there. Bits above BitsStored are not part of
    the value (PS3.5 8.1.1). Raises OSError when the machine cannot read.
    """
    kind = stored_type(header)
    shape = (header.rows or 0, header.columns or 0)
    start = (header.frame or 0) * shape[0] * shape[1] * kind.itemsize
    with Path(header.path).open("rb", buffering=0) as stream:
        stream.seek((header.pixel_offset or 0) + start)
        values = np.fromfile(stream, dtype=kind, count=shape[0] * shape[1])
    values = values.reshape(shape)
    unused = header.bits_allocated - header.bits_stored
    if unused:
        high = 1 << (header.bits_stored - 1 if kind.kind == "i" else header.bits_stored)
        low = -high if kind.kind == "i" else 0
        if int(values.max()) >= high or int(values.min()) < low:
            values = (values << unused) >> unused
    return values


class FrameReader:
    """Reads frames of a series; compressed ones in a child process that may die.

    Use as a context manager: the child lives as long as it.
    """

    def __init__(self, seconds: float = FRAME_SECONDS) -> None:
        self._seconds = seconds
        self._child: BaseProcess | None = None
        self._line: Connection | None = None

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def read(self, header: ImageHeader) -> NDArray[np.integer[Any]]:
        """Stored values (row, column) of one frame.

        Raises DecodeError when the stream is wrong; MemoryError and OSError when the
        machine is.
        """
        if header.syntax in NATIVE_LITTLE:
            return native_frame(header)
        values = self._ask(header)
        if values.shape != (header.rows, header.columns) or values.dtype.kind not in "iu":
            raise DecodeError("another shape or type than the header says")
        return values

    def _ask(self, header: ImageHeader) -> NDArray[np.integer[Any]]:
        line = self._line or self._start()
        plugin = DECODERS.get(header.syntax) or LOSSY_DECODERS.get(header.syntax, "")
        try:
            line.send((header.path, plugin, header.frame))
            if not line.poll(self._seconds):
                self._stop()
                raise DecodeError("the decoder did not end")
            answer = line.recv()
        except (EOFError, ConnectionError) as problem:
            code = self._stop()
            if code == -signal.SIGKILL:
                raise MemoryError("the decoder process was killed") from problem
            raise DecodeError("the decoder crashed") from problem
        if isinstance(answer, MemoryError | OSError):
            raise answer
        if isinstance(answer, str):
            raise DecodeError(answer)
        return np.asarray(answer)

    def _start(self) -> Connection:
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        child = context.Process(target=_serve, args=(there, here), daemon=True)
        child.start()
        there.close()
        self._child, self._line = child, here
        return here

    def _stop(self) -> int | None:
        """End the child; its exit code if it had ended by itself."""
        if self._line is not None:
            self._line.close()
        code = None
        if self._child is not None:
            self._child.join(0.5)
            code = self._child.exitcode
            if code is None:
                self._child.terminate()
                self._child.join()
            self._child.close()
        self._child, self._line = None, None
        return code


def _serve(line: Connection, other_end: Connection) -> None:
    """Decode what is asked for until the line closes; runs in the child."""
    other_end.close()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    last: tuple[str, Any] = ("", None)
    while True:
        try:
            path, plugin, frame = line.recv()
        except EOFError:
            return
        answer: object
        try:
            if last[0] != path:  # frames of one file follow each other
                last = (path, _open(path))
            answer = _decode(last[1], plugin, frame)
        except DecodeError as problem:
            answer = str(problem)
        except MemoryError:
            answer = MemoryError("not enough memory to decode a frame")
        except OSError as problem:
            # Without a number it is the decoder's complaint, not the machine's.
            number = problem.errno
            answer = OSError(number, os.strerror(number)) if number else "OSError"
        except Exception as problem:  # noqa: BLE001 - whatever a decoder raises, the frame is bad
            answer = type(problem).__name__
        line.send(answer)


def _open(path: str) -> Any:
    import pydicom

    with foreign_parser(DecodeError):
        return pydicom.dcmread(path, force=True)


def _decode(dataset: Any, plugin: str, frame: int | None) -> NDArray[np.integer[Any]]:
    from pydicom.pixels import pixel_array

    with foreign_parser(DecodeError):
        return np.asarray(pixel_array(dataset, raw=True, index=frame, decoding_plugin=plugin))
