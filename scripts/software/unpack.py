"""Debian packages into a tree, by an `ar` reader and `tarfile`; no root, no scripts run."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .console import Stop
from .home import SOURCE_DATE_EPOCH
from .parallel import on_all_cores

MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
DROPPED = (
    "usr/share/man/",
    "usr/share/info/",
    "usr/share/locale/",
    "usr/share/lintian/",
    "usr/share/bug/",
    "usr/share/doc-base/",
)


def ar_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the members of a Unix archive (a .deb is one)."""
    with path.open("rb") as source:
        if source.read(8) != b"!<arch>\n":
            raise Stop(f"{path.name}: not a Debian package (no ar magic)")
        while header := source.read(60):
            if len(header) < 60 or header[58:60] != b"`\n":
                raise Stop(f"{path.name}: damaged ar header")
            size = int(header[48:58])
            body = source.read(size)
            if len(body) != size:
                raise Stop(f"{path.name}: truncated")
            if size % 2:
                source.read(1)
            yield header[:16].decode("ascii").strip().rstrip("/"), body


def data_archive(path: Path) -> tarfile.TarFile:
    """The archive of files in a .deb (xz, gz, bz2, none; zst with the program `zstd`)."""
    for name, body in ar_members(path):
        if not name.startswith("data.tar"):
            continue
        if name.endswith(".zst"):
            program = shutil.which("zstd")
            if program is None:
                raise Stop(f"{path.name}: compressed with zstd. Mend: install the program zstd")
            plain = subprocess.run(
                [program, "-dc"], input=body, capture_output=True, check=True
            )
            return tarfile.open(fileobj=io.BytesIO(plain.stdout), mode="r:*")
        return tarfile.open(fileobj=io.BytesIO(body), mode="r:*")
    raise Stop(f"{path.name}: holds no data.tar")


def merged_name(name: str) -> str:
    """A member's place in a tree whose /bin, /sbin and /lib* are links into /usr.

    Raises Stop for a name that leaves the tree.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise Stop(f"refused: the package names a path outside its tree: {name}")
    if parts and parts[0] in MERGED:
        parts.insert(0, "usr")
    return "/".join(parts)


def is_dropped(name: str) -> bool:
    """Manuals, translations and documents except licences stay out of the image."""
    if name.startswith("usr/share/doc/"):
        return not name.endswith("/copyright")
    return name.startswith(DROPPED)


def mode_of(mode: int) -> int:
    """0755 for what can be started, 0644 for the rest: no setuid, no group rights."""
    return 0o755 if mode & 0o111 else 0o644


def parent_inside(root: Path, target: Path, checked: set[Path]) -> None:
    """Make the parent folder; refuse one that a link has led out of the tree."""
    parent = target.parent
    if parent in checked:
        return
    parent.mkdir(parents=True, exist_ok=True)
    real = parent.resolve()
    if real != root and root not in real.parents:
        raise Stop(f"refused: {target} lies behind a link out of the tree")
    checked.add(parent)


def place_link(link: str, target: Path) -> None:
    """Make a symbolic link, in place of whatever file stood there."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    target.symlink_to(link)
    os.utime(target, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH), follow_symlinks=False)


def unpack_deb(path: Path, root: Path) -> None:
    """Unpack one package into a tree made by `begin_tree`.

    Raises Stop for devices and for any name or link that leaves the tree.
    """
    root = root.resolve()
    checked: set[Path] = set()
    with data_archive(path) as archive:
        for member in archive:
            name = merged_name(member.name)
            if not name or is_dropped(name):
                continue
            target = root / name
            if member.isdir():
                if not target.is_dir():
                    parent_inside(root, target, checked)
                    target.mkdir(exist_ok=True)
                continue
            parent_inside(root, target, checked)
            if member.issym():
                place_link(member.linkname, target)
                continue
            if target.is_symlink() or target.exists():
                target.unlink()
            if member.islnk():
                source = root / merged_name(member.linkname)
                parent_inside(root, source, checked)
                os.link(source, target, follow_symlinks=False)
            elif member.isreg():
                body = archive.extractfile(member)
                with target.open("wb") as sink:
                    if body is not None:
                        shutil.copyfileobj(body, sink, 1 << 20)
                target.chmod(mode_of(member.mode))
                os.utime(target, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH))
            else:
                raise Stop(f"refused: {path.name} holds a device or pipe: {member.name}")


def begin_tree(root: Path) -> None:
    """An empty tree with merged /usr."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")


def unpack_debs(paths: Sequence[Path], root: Path) -> None:
    """Unpack packages into a tree, on all cores; no two of a lock hold the same file."""
    begin_tree(root)
    on_all_cores(lambda path: unpack_deb(path, root), paths)


def clamp_times(root: Path) -> None:
    """Set the one time on every file, link and folder of a tree, and plain modes on folders."""
    stamp = (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH)
    for place, names, files in os.walk(root, topdown=False):
        folder = Path(place)
        links = [name for name in names if (folder / name).is_symlink()]
        for name in files + links:
            os.utime(folder / name, stamp, follow_symlinks=False)
        folder.chmod(0o755)
        os.utime(folder, stamp)
