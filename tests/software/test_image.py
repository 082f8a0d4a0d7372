"""The installed image: libraries of every program, import of every wheel, its digest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from software.home import Home
from software.locks import read_wheels, sha256_of
from software.plan import Plan
from software.tree import LIBRARIES
from software.wheels import SITE

# Wheels whose package has another name than the wheel, or none at all.
MODULES = {
    "pillow": "PIL",
    "pylibjpeg-libjpeg": "libjpeg",
    "pylibjpeg-openjpeg": "openjpeg",
    "pylibjpeg-rle": "rle",
    "pyjpegls": "jpeg_ls",
    "pyradiomics": "radiomics",
    "python-dateutil": "dateutil",
    "pywavelets": "pywt",
    "pyyaml": "yaml",
    "ruamel.yaml": "ruamel.yaml",
    "simpleitk": "SimpleITK",
    "fonttools": "fontTools",
}


def programs(root: Path) -> list[Path]:
    """All programs and libraries in ELF below /usr of the image."""
    found = []
    for top in ("usr/bin", "usr/sbin", "usr/lib", "usr/local/lib"):
        for folder, _, names in os.walk(root / top):
            for name in names:
                path = Path(folder) / name
                if path.is_symlink() or not (path.stat().st_mode & 0o111 or ".so" in name):
                    continue
                with path.open("rb") as source:
                    if source.read(4) == b"\x7fELF":
                        found.append(path)
    return found


def unresolved(path: Path) -> list[str]:
    """Libraries that the loader does not find for a program (run inside the image)."""
    done = subprocess.run(
        ["/lib64/ld-linux-x86-64.so.2", "--list", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.split()[0] for line in done.stdout.splitlines() if "not found" in line]


def test_every_program_finds_its_libraries(root: Path) -> None:
    inside = [Path("/") / path.relative_to(root) for path in programs(root)]
    assert len(inside) > 500
    with ThreadPoolExecutor(4) as pool:
        lost = dict(zip(inside, pool.map(unresolved, inside), strict=True))
    # Plug-ins and extension modules are loaded by a program that has brought these already.
    carried = {path.name.split(".so")[0] for path in inside}
    missing = {
        str(path): [name for name in names if name.split(".so")[0] not in carried]
        for path, names in lost.items()
    }
    assert not {path: names for path, names in missing.items() if names}


def test_every_wheel_imports(checkout: Path) -> None:
    names = [
        MODULES.get(item.name.lower(), item.name.replace("-", "_").lower())
        for item in read_wheels(checkout / "envs" / "image.wheels.lock")
    ]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *names], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pyradiomics_is_compiled() -> None:
    code = "from radiomics import cMatrices, cShape, getFeatureClasses as f; print(len(f()))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "8\n"), done.stderr


def test_python_files_are_compiled_without_times(root: Path) -> None:
    caches = list((root / SITE / "pandas").glob("__pycache__/*.pyc"))
    assert caches
    for path in caches:
        assert path.read_bytes()[4:8] == b"\1\0\0\0", path.name


def test_image_has_the_locked_digest(home: Path, checkout: Path) -> None:
    plan = Plan(Home(home, checkout), None)
    truth = json.loads((checkout / "envs" / "fingerprint.json").read_text(encoding="utf-8"))
    assert sha256_of(plan.image_file()) == truth["image"]
    assert plan.image_file().name == f"equisite-{truth['image'][:16]}.sqfs"


def test_nothing_ran_in_the_packed_tree(root: Path) -> None:
    assert not list((root / "tmp").iterdir())
    assert not list((root / "run").iterdir())
    assert (root / LIBRARIES).is_dir()


@pytest.mark.long
def test_two_images_have_one_digest(home: Path, checkout: Path, tmp_path: Path) -> None:
    env = {**os.environ, "EQUISITE_HOME": str(tmp_path), "EQUISITE_KIT": str(home / "cache")}
    done = subprocess.run(
        [sys.executable, str(checkout / "scripts" / "run.py"), "image", "--twice"],
        env={name: text for name, text in env.items() if name != "EQUISITE_INSIDE"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
