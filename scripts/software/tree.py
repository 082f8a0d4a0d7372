"""What maintainer scripts would have done to the unpacked tree, written out."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .console import run
from .unpack import place_link
from .wheels import SITE

LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
MOUNT_POINTS = (
    "proc", "sys", "dev", "tmp", "run", "work", "data", "home", "mnt", "media", "opt", "srv",
    "root", "var/tmp", "scratch", "project", "gpfs", "lustre", "nfs",
)  # fmt: skip
LINKS = {
    "usr/bin/sh": "bash",
    "usr/bin/python": "python3",
    "usr/bin/awk": "gawk",
    "usr/bin/which": "which.debianutils",
}
FILES = {
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/resolv.conf": "",
    "etc/localtime": "",
}
# `enter` comes just before a command: it puts compiled kernels where numba may write.
PROGRAMS = {
    "usr/bin/equisite": '#!/bin/bash\nexec python3 -m equisite.cli "$@"\n',
    "usr/lib/equisite/enter": (
        "#!/bin/bash\n"
        'mkdir -p "$HOME" "$NUMBA_CACHE_DIR"\n'
        "if [[ -d $EQUISITE_HOME/numba ]]; then\n"
        '  cp -rs "$EQUISITE_HOME/numba/." "$NUMBA_CACHE_DIR/" 2>/dev/null || true\n'
        "fi\n"
        'exec "$@"\n'
    ),
}
COMPILERS = 4  # fixed: the share of files per process decides bits of the .pyc files

# Run by the image's own Python, outside of any container. Hash-based and never checked, so
# that the bytes depend on the sources alone; names inside are those of the image.
COMPILE = """
import os, py_compile, sys
root, share, shares = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
found = []
for top in ("usr/lib/python3.11", "usr/lib/python3/dist-packages", "usr/local/lib/python3.11"):
    for folder, names, files in os.walk(os.path.join(root, top)):
        names.sort()
        found += [os.path.join(folder, name) for name in files if name.endswith(".py")]
found.sort()
for path in found[share::shares]:
    try:
        py_compile.compile(path, dfile=path[len(root):], doraise=True, quiet=2,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except py_compile.PyCompileError:
        pass  # templates and test data that are no Python 3.11
"""


def by_loader(root: Path, program: str) -> list[str]:
    """Words that start a program of a tree from outside, with the tree's own libraries."""
    return [str(root / LOADER), "--library-path", str(root / LIBRARIES), str(root / program)]


def finish_tree(root: Path) -> None:
    """Links, accounts, mount points and launchers of an unpacked tree."""
    for place, link in LINKS.items():
        place_link(link, root / place)
    for name in ("passwd", "group"):
        master = root / "usr/share/base-passwd" / f"{name}.master"
        (root / "etc" / name).write_bytes(master.read_bytes())
    for place, text in FILES.items():
        target = root / place
        target.unlink(missing_ok=True)
        target.write_text(text, "utf-8")
    for place in MOUNT_POINTS:
        (root / place).mkdir(parents=True, exist_ok=True)
    for place, text in PROGRAMS.items():
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        target.chmod(0o755)


def compile_share(root: Path, share: int) -> None:
    """Compile one share of the tree's Python files."""
    env = {
        "PYTHONHOME": str(root / "usr"),
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C",
        "PATH": "/usr/bin:/bin",
    }
    python = by_loader(root, "usr/bin/python3.11")
    words = [*python, "-I", "-S", "-c", COMPILE, str(root), str(share), str(COMPILERS)]
    run(words, env=env, what="compile Python files")


def compile_python(root: Path) -> None:
    """Compile the tree's Python files with its own Python: a read-only image starts fast."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for done in [pool.submit(compile_share, root, share) for share in range(COMPILERS)]:
            done.result()


def packages_folder(root: Path) -> Path:
    """The tree's folder of Python packages."""
    return root / SITE
