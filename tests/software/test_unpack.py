"""The unpacker: archives of Debian, merged /usr, links; and what it refuses."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from software.console import Stop
from software.home import SOURCE_DATE_EPOCH
from software.unpack import (
    begin_tree,
    clamp_times,
    data_archive,
    merged_name,
    unpack_deb,
    unpack_debs,
)
from software.wheels import SITE, place_of, unpack_wheel, wheel_from


def member(
    name: str,
    body: bytes = b"",
    kind: bytes = tarfile.REGTYPE,
    link: str = "",
    mode: int = 0o644,
) -> tuple[tarfile.TarInfo, bytes]:
    """One member of a made archive."""
    info = tarfile.TarInfo(name)
    info.size = len(body)
    info.type = kind
    info.linkname = link
    info.mode = mode
    return info, body


def ar_entry(name: str, body: bytes) -> bytes:
    """One entry of a Unix archive."""
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode()
    return head + body + (b"\n" if len(body) % 2 else b"")


def deb(
    path: Path, members: list[tuple[tarfile.TarInfo, bytes]], compression: str = "xz"
) -> Path:
    """Write a package with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for info, body in members:
            archive.addfile(info, io.BytesIO(body))
    suffix = f".{compression}" if compression else ""
    text = ar_entry("debian-binary", b"2.0\n") + ar_entry("control.tar", b"odd")
    path.write_bytes(b"!<arch>\n" + text + ar_entry(f"data.tar{suffix}", buffer.getvalue()))
    return path


@pytest.fixture()
def tree(tmp_path: Path) -> Path:
    """An empty tree with merged /usr."""
    begin_tree(tmp_path / "root")
    return tmp_path / "root"


@pytest.mark.parametrize("compression", ["xz", "gz", "bz2", ""])
def test_compressions(tmp_path: Path, tree: Path, compression: str) -> None:
    unpack_deb(deb(tmp_path / "a.deb", [member("./usr/bin/x", b"hi")], compression), tree)
    assert (tree / "usr/bin/x").read_bytes() == b"hi"


def test_zstd_asks_for_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.deb"
    path.write_bytes(b"!<arch>\n" + ar_entry("data.tar.zst", b"odd"))
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(Stop, match="zstd"):
        data_archive(path)


def test_top_folders_go_below_usr(tmp_path: Path, tree: Path) -> None:
    made = [
        member("./lib/x86_64-linux-gnu/libx.so.1", b"elf"),
        member("./lib/x86_64-linux-gnu/libx.so", kind=tarfile.SYMTYPE, link="libx.so.1"),
        member("./bin", kind=tarfile.DIRTYPE),
        member("./bin/gunzip", b"script", mode=0o755),
        member("./bin/uncompress", kind=tarfile.LNKTYPE, link="./bin/gunzip"),
    ]
    unpack_deb(deb(tmp_path / "a.deb", made), tree)
    assert (tree / "lib").is_symlink()
    assert (tree / "bin").is_symlink()
    assert (tree / "usr/lib/x86_64-linux-gnu/libx.so").read_bytes() == b"elf"
    assert (tree / "usr/bin/uncompress").samefile(tree / "usr/bin/gunzip")


def test_modes_and_times_are_plain(tmp_path: Path, tree: Path) -> None:
    made = [member("./usr/bin/su", b"x", mode=0o4755), member("./etc/secret", b"x", mode=0o600)]
    unpack_deb(deb(tmp_path / "a.deb", made), tree)
    clamp_times(tree)
    assert (tree / "usr/bin/su").stat().st_mode & 0o7777 == 0o755
    assert (tree / "etc/secret").stat().st_mode & 0o7777 == 0o644
    assert {x.lstat().st_mtime for x in tree.rglob("*")} == {SOURCE_DATE_EPOCH}


def test_manuals_stay_out_and_licences_come(tmp_path: Path, tree: Path) -> None:
    made = [
        member("./usr/share/man/man1/x.1", b"x"),
        member("./usr/share/doc/x/README", b"x"),
        member("./usr/share/doc/x/copyright", b"x"),
    ]
    unpack_deb(deb(tmp_path / "a.deb", made), tree)
    assert not (tree / "usr/share/man").exists()
    assert [p.name for p in (tree / "usr/share/doc/x").iterdir()] == ["copyright"]


@pytest.mark.parametrize(
    "made",
    [
        [member("../../outside", b"x")],
        [member("./usr/../../outside", b"x")],
        [member("./usr/hard", kind=tarfile.LNKTYPE, link="../../etc/passwd")],
        [member("./out", kind=tarfile.SYMTYPE, link="/tmp"), member("./out/x", b"x")],
        [member("./dev/sda", kind=tarfile.BLKTYPE)],
    ],
    ids=["dots", "inner-dots", "hard-link", "behind-link", "device"],
)
def test_what_leaves_the_tree_is_refused(
    tmp_path: Path, tree: Path, made: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    with pytest.raises(Stop, match="refused"):
        unpack_deb(deb(tmp_path / "a.deb", made), tree)
    assert not (tmp_path / "outside").exists()


def test_an_absolute_name_stays_inside() -> None:
    assert merged_name("/bin/sh") == "usr/bin/sh"


def test_damage_is_named(tmp_path: Path, tree: Path) -> None:
    whole = deb(tmp_path / "a.deb", [member("./usr/bin/x", b"hi")]).read_bytes()
    (tmp_path / "short.deb").write_bytes(whole[:-40])
    with pytest.raises(Stop, match="truncated"):
        unpack_deb(tmp_path / "short.deb", tree)
    (tmp_path / "odd.deb").write_bytes(b"PK" + whole)
    with pytest.raises(Stop, match="no ar magic"):
        unpack_deb(tmp_path / "odd.deb", tree)


def test_a_failing_child_fails_all(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    good = deb(tmp_path / "a.deb", [member("./usr/bin/x", b"hi")])
    (tmp_path / "odd.deb").write_bytes(b"odd")
    with pytest.raises(Stop):
        unpack_debs([good, tmp_path / "odd.deb"], tmp_path / "root")
    assert "odd.deb" in capfd.readouterr().err


def wheel(path: Path, files: dict[str, bytes]) -> Path:
    """Write a wheel with these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


def test_wheel_places(tmp_path: Path) -> None:
    files = {
        "a/__init__.py": b"",
        "numpy/tests/test_x.py": b"",
        "a-1.data/purelib/b.py": b"b",
        "a-1.data/scripts/tool": b"s",
        "a-1.data/data/share/x": b"d",
    }
    unpack_wheel(wheel(tmp_path / "a.whl", files), tmp_path / "root")
    found = {
        str(p.relative_to(tmp_path / "root")) for p in tmp_path.glob("root/**/*") if p.is_file()
    }
    assert found == {f"{SITE}/a/__init__.py", f"{SITE}/b.py", "usr/local/share/x"}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_wheel_that_leaves_is_refused(name: str) -> None:
    with pytest.raises(Stop, match="refused"):
        place_of(name)


def test_wheel_from_sources_repeats(tmp_path: Path) -> None:
    archive = tmp_path / "docopt-0.6.2.tar.gz"
    with tarfile.open(archive, "w:gz") as sink:
        for name, body in (
            ("docopt.py", b"x = 1\n"),
            ("PKG-INFO", b"Name: docopt\n"),
            ("t.py", b""),
        ):
            info = tarfile.TarInfo(f"docopt-0.6.2/{name}")
            info.size = len(body)
            sink.addfile(info, io.BytesIO(body))
    wheel_from(archive, "docopt", "0.6.2", tmp_path / "one.whl", {})
    wheel_from(archive, "docopt", "0.6.2", tmp_path / "two.whl", {})
    assert (tmp_path / "one.whl").read_bytes() == (tmp_path / "two.whl").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.whl") as made:
        assert "docopt.py" in made.namelist()
        assert "t.py" not in made.namelist()
