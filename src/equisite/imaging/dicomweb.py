"""Series fetched from a site's own archive (PACS) by DICOMweb.

The only module of the package that opens connections: to the server that the site's
configuration names, and to no other (redirects are not followed, proxies not asked).
Standard library only, since it runs before the locked image, which has no network.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from equisite.core.errors import ConfigError
from equisite.imaging.header import WHOLE, read_header
from equisite.intake.pacs import copy_of

STUDY, SOP_INSTANCE, INSTANCES = "0020000D", "00080018", "00201209"
"""Tags in DICOM's JSON model (PS3.18 F)."""
PAGE = 500
TIMEOUT_S = 120.0
PIECE = 1 << 18
BUSY = frozenset({429, 502, 503, 504})
WAITS_S = (1.0, 4.0)
"""Pauses before a request is tried again, of a server that is busy or hung up."""
DICOM = 'multipart/related; type="application/dicom"'


@dataclass(frozen=True)
class Fetched:
    """What became of the series that were asked for. images: that were copied now."""

    copied: int = 0
    kept: int = 0
    absent: int = 0
    images: int = 0


def fetch_series(
    url: str, token: str, wanted: Iterable[str], target: Path, say: Callable[[str], None]
) -> Fetched:
    """Copy series (SeriesInstanceUIDs) from a DICOMweb server, one folder each.

    A folder that holds just the instances that the server lists is kept, another one is
    replaced when all of its instances have come: never is half a series there. Folders of
    series that nobody wants any more are removed; one that the server has no more stays.
    token: for `Authorization: Bearer`, or empty. say: takes lines that name no series.
    Raises ConfigError PACS_URL, PACS_UNREACHABLE, PACS_REFUSED, PACS_ANSWER or
    PACS_INCOMPLETE; OSError when the machine cannot write.
    """
    server = Server(url, token)
    ordered = sorted(set(wanted))
    beside = target.with_name(f".{target.name}.part")
    target.mkdir(parents=True, exist_ok=True)
    for old in set(target.iterdir()) - {target / copy_of(series) for series in ordered}:
        shutil.rmtree(old)
    copied = kept = absent = images = 0
    try:
        for number, series in enumerate(ordered, start=1):
            place = target / copy_of(series)
            studies = server.studies(series)
            expected = {copy_of(i) for s in studies for i in server.instances(s, series)}
            if not expected and not place.is_dir():
                absent += 1
                say(f"series {number} of {len(ordered)}: not in the archive")
            elif not expected or (place.is_dir() and _names(place) == expected):
                kept += 1
            else:
                shutil.rmtree(beside, ignore_errors=True)
                beside.mkdir()
                for study in studies:
                    server.copy(study, series, beside)
                if _names(beside) != expected:
                    raise ConfigError(
                        "PACS_INCOMPLETE", expected=len(expected), count=len(_names(beside))
                    )
                shutil.rmtree(place, ignore_errors=True)
                beside.rename(place)
                copied += 1
                images += len(expected)
                say(f"series {number} of {len(ordered)}: {len(expected)} images copied")
    finally:
        server.close()
        shutil.rmtree(beside, ignore_errors=True)
    return Fetched(copied, kept, absent, images)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Server:
    """One DICOMweb server: queries by QIDO-RS (PS3.18 10.6), copies by WADO-RS (10.4)."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ConfigError("PACS_URL")
        self._parts = parts
        self._path = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token.strip()}"} if token else {}
        self._connection: HTTPConnection | None = None

    def studies(self, series: str) -> list[str]:
        """StudyInstanceUIDs under which a series is known; usually one."""
        query = {"SeriesInstanceUID": series, "includefield": INSTANCES}
        return sorted(set(self._all("/series", query, STUDY)))

    def instances(self, study: str, series: str) -> set[str]:
        """SOPInstanceUIDs of a series."""
        path = f"/studies/{quote(study)}/series/{quote(series)}/instances"
        return set(self._all(path, {"includefield": SOP_INSTANCE}, SOP_INSTANCE))

    def _all(self, path: str, query: dict[str, str], tag: str) -> Iterator[str]:
        """Values of a tag on all pages; servers may cap a page, or ignore its number."""
        seen: set[str] = set()
        while True:
            page = urlencode(query | {"limit": str(PAGE), "offset": str(len(seen))})
            rows = self._json(f"{path}?{page}")
            values = {value for row in rows if (value := _value(row, tag))}
            if not values - seen:
                return
            yield from sorted(values - seen)
            seen |= values

    def copy(self, study: str, series: str, folder: Path) -> None:
        """Write every instance of a series, named by a digest of its SOPInstanceUID.

        As it is stored, where the server can do so; its own choice of syntax otherwise.
        """
        path = f"/studies/{quote(study)}/series/{quote(series)}"
        response = self._get(path, f"{DICOM}; transfer-syntax=*", {400, 406, 415})
        if response is None:
            response = self._get(path, DICOM)
        if response is None:
            raise ConfigError("PACS_ANSWER", problem="it has no such series any more")
        kind = Message()
        kind["Content-Type"] = response.getheader("Content-Type", "")
        boundary = str(kind.get_param("boundary", ""))
        if not kind.get_content_type().startswith("multipart/") or not boundary:
            raise ConfigError("PACS_ANSWER", problem=f"it sent {kind.get_content_type()}")
        beside = folder / "part"
        try:
            for part in Parts(response, boundary.encode("latin-1")):
                with beside.open("wb") as stream:
                    for piece in part:
                        stream.write(piece)
                state = read_header(beside)
                if state.state != WHOLE or state.header is None:
                    raise ConfigError("PACS_ANSWER", problem="it sent a part that is no DICOM")
                beside.rename(folder / copy_of(state.header.sop_instance))
            response.read()  # what follows the last part; the connection is free again
        except (HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as problem:
            raise _unreachable(problem) from problem
        finally:
            beside.unlink(missing_ok=True)

    def _json(self, path: str) -> list[dict[str, Any]]:
        response = self._get(path, "application/dicom+json", {404})
        if response is None or response.status == 204:
            return []
        try:
            content = json.loads(response.read() or b"[]")
        except (ValueError, HTTPException) as problem:
            raise ConfigError("PACS_ANSWER", problem="it is no JSON") from problem
        if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
            raise ConfigError("PACS_ANSWER", problem="it is no list of data sets")
        return content

    def _get(self, path: str, accept: str, none: Iterable[int] = ()) -> HTTPResponse | None:
        """A response with status 200 or 204; None for a status of `none`."""
        for wait in (*WAITS_S, None):
            response = self._try(path, accept, last=wait is None)
            if response is not None and response.status in (200, 204):
                return response
            if response is not None and response.status in none:
                response.read()
                return None
            if response is not None and (response.status not in BUSY or wait is None):
                raise ConfigError(
                    "PACS_REFUSED", status=response.status, reason=response.reason
                )
            self.close()
            time.sleep(wait or 0.0)
        raise AssertionError("the last attempt raises")

    def _try(self, path: str, accept: str, *, last: bool) -> HTTPResponse | None:
        """One request; None when the connection failed and may be tried again."""
        try:
            if self._connection is None:
                self._connection = self._open()
            self._connection.request(
                "GET", self._path + path, headers={"Accept": accept, **self._headers}
            )
            return self._connection.getresponse()
        except (OSError, HTTPException) as problem:
            refused = isinstance(
                problem, ConnectionRefusedError | ssl.SSLError | socket.gaierror
            )
            if last or refused:
                raise _unreachable(problem) from problem
            return None

    def _open(self) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(
                host, port, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        return HTTPConnection(host, port, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Hang up; the next request opens a connection again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _unreachable(problem: Exception) -> ConfigError:
    """The text of the system, never that of the library, which may quote an address."""
    text = problem.strerror if isinstance(problem, OSError) else None
    return ConfigError("PACS_UNREACHABLE", problem=(text or type(problem).__name__).lower())


def _value(row: dict[str, Any], tag: str) -> str:
    """The first value of a tag in DICOM's JSON model, as text; empty when absent."""
    element = row.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


class Parts:
    """Bodies of the parts of a multipart message, piece by piece; RFC 2046 5.1.1.

    Each part must be used up before the next one is asked for.
    Raises HTTPException when the message ends early.
    """

    def __init__(self, stream: BufferedIOBase, boundary: bytes) -> None:
        self._stream = stream
        self._mark = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")

    def __iter__(self) -> Iterator[Iterator[bytes]]:
        self._skip(self._mark)
        while True:
            while len(self._buffer) < 2:
                self._more()
            if self._buffer[:2] == b"--":
                return
            self._skip(b"\r\n\r\n")
            yield self._until(self._mark)

    def _skip(self, mark: bytes) -> None:
        for _ in self._until(mark):
            pass

    def _until(self, mark: bytes) -> Iterator[bytes]:
        """Bytes before a mark; the mark is taken off."""
        while (at := self._buffer.find(mark)) < 0:
            free = len(self._buffer) - len(mark) + 1
            if free > 0:
                yield bytes(self._buffer[:free])
                del self._buffer[:free]
            self._more()
        yield bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]

    def _more(self) -> None:
        piece = self._stream.read(PIECE)
        if not piece:
            raise HTTPException("the message ends early")
        self._buffer += piece
