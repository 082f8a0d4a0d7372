"""A real DICOM server of our own: Orthanc with DICOMweb on a free port of the loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite

TOKEN = "a-token-of-the-test"  # noqa: S105 - it opens our own server only
FILTER = """
function IncomingHttpRequestFilter(method, uri, ip, username, httpHeaders)
  return httpHeaders['authorization'] == 'Bearer {token}'
end
"""
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Orthanc:
    """A running server. It answers only who shows the token."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dicom-web"

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        assert response.status == 200, (response.status, content[:300])
        return content

    def store(self, datasets: Iterable[Dataset]) -> None:
        for ds in datasets:
            stream = DicomBytesIO()
            dcmwrite(stream, ds, enforce_file_format=True)
            self.ask("POST", "/instances", stream.getvalue())

    def forget_all(self) -> None:
        for patient in json.loads(self.ask("GET", "/patients")):
            self.ask("DELETE", f"/patients/{patient}")


@contextmanager
def running(folder: Path) -> Iterator[Orthanc]:
    """Start a server that keeps its data in a folder; end it by its process id."""
    launcher = Path(os.environ["EQUISITE_ORTHANC"])
    plugins = launcher.parents[1] / "orthanc/usr/share/orthanc/plugins"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (folder / "store").mkdir()
    (folder / "filter.lua").write_text(FILTER.format(token=TOKEN), encoding="utf-8")
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Locale": "C",
        "LuaScripts": [str(folder / "filter.lua")],
        "Plugins": [str(plugins / "libOrthancDicomWeb.so")],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [launcher, folder / "orthanc.json"], stdout=log, stderr=subprocess.STDOUT
        )
    server = Orthanc(port)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                server.ask("GET", "/system")
                break
            except (OSError, HTTPException):
                told = (folder / "log").read_text("utf-8", "replace")[-2000:]
                assert process.poll() is None, f"Orthanc has ended:\n{told}"
                assert time.monotonic() < deadline, f"Orthanc does not answer:\n{told}"
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)
