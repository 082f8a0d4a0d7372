"""DICOMweb against a real Orthanc, and against a server that behaves badly."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pydicom
import pytest
from dicom_making import LIMITS, ROOT, make_series, make_structures, save, square
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging_cases import IMAGING, row
from orthanc import TOKEN, Orthanc, running
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import JPEG2000Lossless

from equisite.cli.fetch import prepare
from equisite.cli.main import main
from equisite.core.errors import ConfigError
from equisite.imaging import dicomweb
from equisite.imaging.batch import run_batch
from equisite.imaging.dicomweb import Fetched, Parts, fetch_series
from equisite.imaging.discovery import one_series, scan
from equisite.imaging.nifti import read_volume
from equisite.imaging.series import judge_series
from equisite.intake.pacs import COPIES, copy_of

real = pytest.mark.orthanc


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    if "EQUISITE_ORTHANC" not in os.environ:
        pytest.skip("EQUISITE_ORTHANC is not set: `run.py test` installs a server")
    with running(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def pacs(started: Orthanc) -> Orthanc:
    started.forget_all()
    return started


def fetch(pacs: Orthanc, target: Path, *series: str, token: str = TOKEN) -> Fetched:
    return fetch_series(pacs.url, token, series, target, lambda line: None)


def voxels(folder: Path, target: Path, modality: str = "CT") -> np.ndarray:
    report = judge_series(one_series(scan(folder)), modality, LIMITS, target)
    assert not report.refused
    return np.array(read_volume(target)[1])


@real
def test_copies_are_the_stored_images(pacs: Orthanc, tmp_path: Path) -> None:
    plain = make_series(40)
    packed = make_series(6, rows=64, columns=64, uid=2, seed=2)
    for ds in packed:
        ds.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    save(plain, tmp_path / "1", implicit=True)
    save(packed, tmp_path / "2")
    pacs.store([*plain, *packed, *make_series(4, uid=3)])
    copies = tmp_path / "copies"
    done = fetch(pacs, copies, f"{ROOT}.1", f"{ROOT}.2")
    assert done == Fetched(copied=2, images=46)
    assert sorted(p.name for p in copies.iterdir()) == sorted(
        copy_of(f"{ROOT}.{n}") for n in (1, 2)
    )
    for n in (1, 2):
        mine = voxels(copies / copy_of(f"{ROOT}.{n}"), tmp_path / "a.nii")
        assert np.array_equal(mine, voxels(tmp_path / str(n), tmp_path / "b.nii"))
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@real
def test_all_pages_are_asked_for(
    pacs: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pacs.store(make_series(23, rows=4, columns=4))
    monkeypatch.setattr(dicomweb, "PAGE", 5)
    assert fetch(pacs, tmp_path / "copies", f"{ROOT}.1").images == 23


@real
def test_only_what_has_changed_is_copied_again(pacs: Orthanc, tmp_path: Path) -> None:
    made = make_series(8)
    pacs.store(made[:6])
    copies = tmp_path / "copies"
    fetch(pacs, copies, f"{ROOT}.1")
    before = {p: p.stat().st_mtime_ns for p in copies.rglob("*")}
    assert fetch(pacs, copies, f"{ROOT}.1", f"{ROOT}.9") == Fetched(kept=1, absent=1)
    assert {p: p.stat().st_mtime_ns for p in copies.rglob("*")} == before
    pacs.store(made[6:])
    assert fetch(pacs, copies, f"{ROOT}.1") == Fetched(copied=1, images=8)
    pacs.forget_all()
    assert fetch(pacs, copies, f"{ROOT}.1") == Fetched(kept=1)
    fetch(pacs, copies)
    assert list(copies.iterdir()) == []  # nobody wants it any more


@real
def test_without_the_token_nothing_is_told(pacs: Orthanc, tmp_path: Path) -> None:
    for token in ("", "another"):
        with pytest.raises(ConfigError) as error:
            fetch(pacs, tmp_path / "copies", f"{ROOT}.1", token=token)
        assert error.value.code == "PACS_REFUSED"
        assert "403" in str(error.value) and TOKEN not in str(error.value)


@real
def test_a_row_by_uid_gets_its_region(pacs: Orthanc, tmp_path: Path) -> None:
    made = make_series(8)
    pacs.store([*made, *make_series(8, uid=2)])
    rings = {"GTV": [square(k) for k in range(2, 6)]}
    pydicom.dcmwrite(tmp_path / "rs.dcm", make_structures(made, rings))
    copies = tmp_path / "copies"
    fetch(pacs, copies, f"{ROOT}.1")
    place = {"series": f"{ROOT}.1", "root": str(copies)}
    result = run_batch([row(tmp_path, **place)], IMAGING, tmp_path / "volumes")
    assert [(p.roi, p.voxels, p.flags) for p in result.regions] == [("gtv", 64, "")]
    place["series"] = f"{ROOT}.2"  # it was not copied
    result = run_batch([row(tmp_path, **place)], IMAGING, tmp_path / "volumes")
    assert [o.code for o in result.outcomes] == ["SERIES_NOT_FOUND"]


SITE = """
site: north
protocol: protocol.yaml
sheets: {{patients: patients.tsv, imaging: imaging.tsv}}
freeze: {{id: f1, date: 2026-01-31}}
pacs: {{url: "{url}", token_env: THE_TOKEN}}
"""
PATIENTS = "patient\tsex\tage\tdiagnosis\tstatus\n" + "".join(
    f"P{n}\tmale\t50\tC49.9\t{'withdrawn' if n == 3 else 'included'}\n" for n in (1, 2, 3)
)
SHEET = "patient\tseries\tmodality\tmask\n" + "".join(
    f"P{n}\t{ROOT}.{n}\tCT\tmask.nii\n" for n in (1, 2, 3)
)


@real
def test_the_command_copies_what_the_sheet_names(
    pacs: Orthanc,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for n in (1, 3, 4):
        pacs.store(make_series(5, uid=n))
    (tmp_path / "config.yaml").write_text(SITE.format(url=pacs.url), encoding="utf-8")
    (tmp_path / "patients.tsv").write_text(PATIENTS, encoding="utf-8")
    (tmp_path / "imaging.tsv").write_text(SHEET, encoding="utf-8")
    command = ["fetch", "--directory", str(tmp_path)]
    monkeypatch.delenv("THE_TOKEN", raising=False)
    assert main(command) == 2
    assert "PACS_TOKEN: The environment variable THE_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    assert main(command) == 0
    told = capsys.readouterr().out
    assert told.splitlines() == [
        "series 1 of 2: 5 images copied",
        "series 2 of 2: not in the archive",
        "PACS: 2 series asked for, 1 copied (5 images), 0 were here already, 1 are not in the "
        "archive",
    ]
    assert [p.name for p in (tmp_path / COPIES).iterdir()] == [copy_of(f"{ROOT}.1")]
    config = (tmp_path / "config.yaml").read_text("utf-8").partition("pacs:")[0]
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    assert main(command) == 2
    assert "PACS_NOT_NAMED" in capsys.readouterr().err


def test_mistakes_of_a_site_are_left_to_the_checks_of_the_run(tmp_path: Path) -> None:
    """They tell all mistakes at once; nobody is asked before the site is sound."""
    prepare(tmp_path)  # no config.yaml: nothing to copy
    text = SITE.format(url="http://127.0.0.1:9/w").replace("north", "*")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    prepare(tmp_path)
    text = SITE.format(url="http://127.0.0.1:9/w")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        prepare(tmp_path)
    assert {"PROTOCOL_MISSING", "SHEET_MISSING"} <= {f.code for f in error.value.findings}
    assert not (tmp_path / "work").exists()


def message(datasets: list[Dataset], boundary: str = "b") -> bytes:
    parts = []
    for ds in datasets:
        stream = DicomBytesIO()
        pydicom.dcmwrite(stream, ds, enforce_file_format=True)
        parts.append(b"Content-Type: application/dicom\r\n\r\n" + stream.getvalue())
    mark = f"\r\n--{boundary}".encode()
    return mark + mark.join(b"\r\n" + p for p in parts) + mark + b"--\r\n"


Answer = tuple[int, str, bytes]


class Odd:
    """A server that answers as a test wants. seen: paths with query, and Accept."""

    def __init__(self, datasets: list[Dataset]) -> None:
        self.datasets = datasets
        self.seen: list[tuple[str, str]] = []
        self.body = message(datasets)
        self.kind = 'multipart/related; type="application/dicom"; boundary=b'
        self.page = 1000
        self.ignores_offset = False
        self.answer: Callable[[str, str, int], Answer | None] = lambda path, accept, n: None

    def reply(self, path: str, accept: str) -> Answer:
        self.seen.append((path, accept))
        own = self.answer(path, accept, len(self.seen))
        if own is not None:
            return own
        query = parse_qs(urlsplit(path).query)
        offset = 0 if self.ignores_offset else int(query.get("offset", ["0"])[0])
        found = self.datasets[offset : offset + self.page]
        if path.startswith("/w/series?"):
            rows = [{"0020000D": {"vr": "UI", "Value": [d.StudyInstanceUID]}} for d in found]
        elif "/instances?" in path:
            rows = [{"00080018": {"vr": "UI", "Value": [d.SOPInstanceUID]}} for d in found]
        else:
            return 200, self.kind, self.body
        return (200, "application/dicom+json", json.dumps(rows).encode()) if rows else (
            204, "", b"")  # fmt: skip


@contextmanager
def serving(odd: Odd) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, body = odd.reply(self.path, self.headers.get("Accept", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing is said."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/w/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def copied(odd: Odd, target: Path) -> Fetched:
    with serving(odd) as url:
        return fetch_series(url, "", [f"{ROOT}.1"], target, lambda line: None)


def refused(odd: Odd, target: Path) -> str:
    with pytest.raises(ConfigError) as error:
        copied(odd, target)
    assert ROOT not in str(error.value)
    assert list(target.iterdir()) == []
    return error.value.code


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Odd:
    monkeypatch.setattr(dicomweb, "WAITS_S", (0.0, 0.0))
    return Odd(make_series(7))


def test_pages_that_are_capped_or_repeated(odd: Odd, tmp_path: Path) -> None:
    odd.page = 3
    assert copied(odd, tmp_path / "a") == Fetched(copied=1, images=7)
    odd.page, odd.ignores_offset = 1000, True
    assert copied(odd, tmp_path / "b") == Fetched(copied=1, images=7)


def test_a_busy_server_is_asked_again(odd: Odd, tmp_path: Path) -> None:
    odd.answer = lambda path, accept, n: (503, "", b"") if n in (1, 2, 5) else None
    assert copied(odd, tmp_path / "a").images == 7
    odd.answer = lambda path, accept, n: (503, "", b"")
    assert refused(odd, tmp_path / "b") == "PACS_REFUSED"


def test_a_server_that_cannot_send_as_stored_chooses(odd: Odd, tmp_path: Path) -> None:
    odd.answer = lambda path, accept, n: (406, "", b"no") if "transfer" in accept else None
    assert copied(odd, tmp_path / "a").images == 7


def cut(odd: Odd) -> None:
    odd.body = odd.body[:-3000]


def one_less(odd: Odd) -> None:
    odd.body = message(odd.datasets[1:])


def no_dicom(odd: Odd) -> None:
    odd.body = b"\r\n--b\r\n\r\n" + b"x" * 300 + b"\r\n--b--"


def login_page(odd: Odd) -> None:
    odd.answer = lambda path, accept, n: (200, "text/html", b"<html>")


def html_for_images(odd: Odd) -> None:
    odd.kind, odd.body = "text/html", b"<html>"


def elsewhere(odd: Odd) -> None:
    odd.answer = lambda path, accept, n: (302, "", b"")


def forbidden(odd: Odd) -> None:
    odd.answer = lambda path, accept, n: (401, "", b"")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (cut, "PACS_UNREACHABLE"),
        (one_less, "PACS_INCOMPLETE"),
        (no_dicom, "PACS_ANSWER"),
        (login_page, "PACS_ANSWER"),
        (html_for_images, "PACS_ANSWER"),
        (elsewhere, "PACS_REFUSED"),
        (forbidden, "PACS_REFUSED"),
    ],
)
def test_half_a_series_is_never_there(
    odd: Odd, tmp_path: Path, change: Callable[[Odd], None], code: str
) -> None:
    change(odd)
    assert refused(odd, tmp_path / "copies") == code


def test_nobody_answers(tmp_path: Path) -> None:
    with serving(Odd([])) as url:
        pass
    with pytest.raises(ConfigError) as error:
        fetch_series(url, "", ["1.2.3.4"], tmp_path / "copies", lambda line: None)
    assert error.value.code == "PACS_UNREACHABLE"
    assert "connection refused" in str(error.value)


@pytest.mark.parametrize("url", ["ftp://host/w", "host:8042", "http://user:hidden@host/w"])
def test_addresses(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as error:
        fetch_series(url, "", ["1.2.3.4"], tmp_path / "copies", lambda line: None)
    assert error.value.code == "PACS_URL" and "hidden" not in str(error.value)


BODY = st.text("\r\n-bX", max_size=40).map(str.encode).filter(lambda b: b"\r\n--bX" not in b)


@settings(max_examples=200, deadline=None)
@given(
    bodies=st.lists(BODY.filter(lambda b: not b.startswith(b"--bX")), max_size=4),
    piece=st.integers(1, 60),
    preamble=st.sampled_from([b"", b"a word before\r\n"]),
    headers=st.sampled_from([b"", b"Content-Type: application/dicom\r\n"]),
)
def test_parts_come_back_whatever_the_pieces(
    bodies: list[bytes], piece: int, preamble: bytes, headers: bytes
) -> None:
    content = preamble
    for body in bodies:
        content += b"--bX\r\n" + headers + b"\r\n" + body + b"\r\n"
    content += b"--bX--\r\nafterwards"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dicomweb, "PIECE", piece)
        assert [b"".join(p) for p in Parts(io.BytesIO(content), b"bX")] == bodies
        for end in (len(preamble), len(content) - 16):
            with pytest.raises(HTTPException):
                _ = [b"".join(p) for p in Parts(io.BytesIO(content[:end]), b"bX")]
