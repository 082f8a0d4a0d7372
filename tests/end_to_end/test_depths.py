"""The search that the privacy test stands on finds a text wherever it hides."""

import base64
import gzip
import io
import tarfile
import zipfile
import zlib

import pytest
from depths import hits

HIDDEN = "PATIENT-0815"


def in_zip(data):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", data)
    return sink.getvalue()


def in_tar(data):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        about = tarfile.TarInfo("member")
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))
    return sink.getvalue()


HIDING = {
    "plain": lambda d: d,
    "gzip": gzip.compress,
    "two gzip members": lambda d: gzip.compress(b"first") + gzip.compress(d),
    "zlib": zlib.compress,
    "zip": in_zip,
    "tar": in_tar,
    "base64": lambda d: b"data:;base64," + base64.b64encode(d),
    "url base64": lambda d: base64.urlsafe_b64encode(d).rstrip(b"="),
    "tar of gzip of base64": lambda d: in_tar(gzip.compress(base64.b64encode(d))),
}


@pytest.mark.parametrize("way", sorted(HIDING))
def test_found_in_bytes(way, tmp_path):
    text = b"some words before " + HIDDEN.lower().encode() + b" and some words after it"
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "file").write_bytes(HIDING[way](text))
    (tmp_path / "logs" / "other").write_bytes(HIDING[way](b"nothing that matters here at all"))
    assert hits([tmp_path / "logs"], [HIDDEN, "absent"]) == [("logs/file", HIDDEN)]


def test_found_in_names(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / f"{HIDDEN}.log").touch()
    encoded = base64.b64encode(f"work/{HIDDEN}/align.tsv".encode()).decode().replace("/", "-")
    (tmp_path / "x" / encoded).touch()
    assert len(hits([tmp_path / "x"], [HIDDEN])) == 2
