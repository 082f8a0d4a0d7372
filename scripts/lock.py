#!/usr/bin/env python3
"""Renew the locks of `envs/`: for maintainers, with a network; the diff is reviewed like code.

Asks the machine's own apt for Debian's packages (archives of other origin are refused) and
its own pip for wheels, then makes the software once and records the built wheels, the image's
digest, the tool table and the fingerprint of the pins.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parent))

from software import fronts
from software.apt import Apt
from software.console import Stop, run, say
from software.home import Home, alone, find_home
from software.image import make_image
from software.install import in_front, make_front
from software.locks import Item, read_wheels, sha256_of, write_debs, write_wheels
from software.plan import Plan
from software.pypi import Pip
from software.runner import make_bootstrap, make_runner
from software.wheels import recipe_for

NOTE = "Written by scripts/lock.py. What is asked for stands there; do not edit by hand."
BOOTSTRAP = [
    "python3-pip-whl",
    "ca-certificates",
]
IMAGE = [
    "bash",
    "coreutils",
    "libc-bin",
    "grep",
    "sed",
    "gawk",
    "gzip",
    "tar",
    "findutils",
    "diffutils",
    "procps",
    "util-linux",
    "base-files",
    "base-passwd",
    "python3",
    "bwa",
    "samtools",
    "bcftools",
    "freebayes",
    "minimap2",
    "fastp",
    "delly",
    "tabix",
    "openssh-client",
    "bubblewrap",
    "proot",
    "squashfs-tools",
]
BUILDER = [
    "gcc",
    "libc6-dev",
    "libpython3.11-dev",
]
TEST = ["git"]
BROWSER = ["chromium", "fonts-dejavu-core"]
ORTHANC = ["orthanc", "orthanc-dicomweb"]
PEERS = ["dcm2niix"]
RUNNER_WHEELS = [
    "snakemake==9.27.1",
    "snakemake-executor-plugin-slurm",
    "snakemake-executor-plugin-cluster-generic",
    "snakemake-storage-plugin-s3",
    "pydantic",
    "Pygments",  # `snakemake --report` asks for it and does not depend on it
    "PyYAML",
    "pip",
    "setuptools",
    "wheel",
]
IMAGE_WHEELS = [
    "numpy==2.4.*",
    "pandas==3.*",
    "scipy",
    "numba",
    "pysam",
    "pydicom==3.*",
    "pylibjpeg",
    "pylibjpeg-libjpeg",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "pyjpegls",
    "nibabel",
    "highdicom",
    "SimpleITK",
    "PyWavelets",
    "cryptography",
    "plotly",
    "matplotlib",
    "jinja2",
    "PyYAML",
    "threadpoolctl",
    "pykwalify",
    "docopt",
    "highspy",
]
SOURCES_ONLY = {
    "pyradiomics": "3.0.1"
}  # its setup.py asks for a setuptools of 2024, so it is not resolved
TEST_WHEELS = [
    "pytest",
    "pytest-xdist",
    "hypothesis",
    "ruff",
    "mypy",
    "snakefmt",
    "import-linter",
    "pandas-stubs",
    "types-PyYAML",
    "scipy-stubs",
]
STEPS = ["debs", "wheels", "layers", "built"]
LAYERS = {
    "cnv": ["cnvkit==0.9.14"],
    "report-qc": ["multiqc==1.*"],
}


class DebianLock:
    """Closures of Debian packages over an empty system."""

    def __init__(self, apt: Apt) -> None:
        self.apt = apt
        self.env = {**os.environ, "LC_ALL": "C"}
        apt.update()
        origins = run(
            [
                "apt-get",
                *apt.options(),
                "indextargets",
                "--format",
                "$(ORIGIN)",
                "Identifier: Packages",
            ],
            env=self.env,
        )
        if set(origins.split("\n")) - {"", "Debian"}:
            raise Stop("apt has other archives than Debian's: lock on a machine without them")

    def closure(self, names: list[str]) -> set[str]:
        """File names (as apt writes them) of packages and all they depend on."""
        words = ["apt-get", *self.apt.options(), "install", "--print-uris", "-y", *names]
        lines = run(words, env=self.env, what="apt-get install --print-uris").splitlines()
        return {line.split()[1] for line in lines if line.startswith("'")}

    def rows(self, files: set[str]) -> list[tuple[str, str, str, str, str, int]]:
        """Rows of a lock for file names."""
        words = []
        for file in sorted(files):
            name, version, arch = file[: -len(".deb")].split("_")
            word = name if arch == "all" else f"{name}:{arch}"
            words.append(f"{word}={unquote(version)}")
        show = ["apt-cache", *self.apt.options(), "show", "--no-all-versions", *words]
        rows = set()
        for stanza in run(show, env=self.env, what="apt-cache show").split("\n\n"):
            fields = dict(x.split(": ", 1) for x in stanza.splitlines() if ": " in x[:40])
            if fields:
                head = (fields["Package"], fields["Version"], fields["Architecture"])
                rows.add((*head, fields["Filename"], fields["SHA256"], int(fields["Size"])))
        by_name = {row[0]: row for row in sorted(rows)}
        if len(by_name) != len(files):
            raise Stop(f"apt-cache shows {len(by_name)} packages of {len(files)}")
        return list(by_name.values())


def lock_debs(home: Home) -> None:
    """Write the Debian locks."""
    lock = DebianLock(Apt(home.root / "apt"))
    image = lock.closure(IMAGE)
    test = lock.closure(IMAGE + TEST) - image
    sets = {
        "bootstrap": {one for one in lock.closure(BOOTSTRAP) if one.split("_")[0] in BOOTSTRAP},
        "image": image,
        "builder": lock.closure(IMAGE + BUILDER) - image,
        "test": test,
        "browser": lock.closure(IMAGE + TEST + BROWSER) - image - test,
        "orthanc": lock.closure(IMAGE + ORTHANC) - image,
        "peers": lock.closure(IMAGE + PEERS) - image,
    }
    for name, files in sets.items():
        rows = lock.rows(files)
        write_debs(home.envs / f"{name}.debs.lock", rows, NOTE)
        say(
            f"lock: {name}.debs.lock: {len(rows)} packages,"
            f" {sum(row[5] for row in rows) / 1e6:.1f} MB"
        )


def resolve(home: Home, pip: Pip, wanted: list[str], fixed: list[Item]) -> list[Item]:
    """Resolve requirements; `fixed` items hold their versions."""
    constraints = home.root / "constraints.txt"
    constraints.write_text("".join(f"{item.name}=={item.version}\n" for item in fixed), "utf-8")
    report = home.root / "report.json"
    # The default index only: a mirror folder of one machine is no source for everybody's lock.
    pip.env.update({"PIP_CONFIG_FILE": os.devnull})
    pip.env.pop("PIP_FIND_LINKS", None)
    pip(
        "install", "-q", "--dry-run", "--ignore-installed", "--report", report,
        "-c", constraints, *wanted, what="pip resolve",
    )  # fmt: skip
    items = []
    for row in json.loads(report.read_text("utf-8"))["install"]:
        link = row["download_info"]
        filename = unquote(link["url"].rsplit("/", 1)[1])
        name, version = row["metadata"]["name"], row["metadata"]["version"]
        digest = link["archive_info"]["hashes"]["sha256"]
        kind = "wheel" if filename.endswith(".whl") else "sdist"
        items.append(Item(kind, name.replace("_", "-"), version, filename, digest, 0))
    return items


def built_name(item: Item) -> str:
    """File name of the wheel that a source archive becomes."""
    tag = "cp311-cp311-linux_x86_64" if recipe_for(item.name).extensions else "py3-none-any"
    return f"{item.name.replace('-', '_')}-{item.version}-{tag}.whl"


def with_files(home: Home, pip: Pip, items: list[Item]) -> list[Item]:
    """Download the items and fill in size and, for sources, the wheel built from them."""
    home.cache.mkdir(parents=True, exist_ok=True)
    missing = [item for item in items if not (home.cache / item.filename).is_file()]
    if missing:
        pip.get(missing, home.cache)
    filled = []
    for item in items:
        path = home.cache / item.filename
        digest = sha256_of(path)
        if item.sha256 and item.sha256 != digest:
            raise Stop(f"{item.filename}: sha256 {digest}, the index said {item.sha256}")
        full = replace(item, sha256=digest, size=path.stat().st_size)
        if item.kind == "sdist":
            full = replace(full, built=built_name(item), built_sha256="0" * 64)
        filled.append(full)
    return filled


def locker_pip(home: Home) -> Pip:
    """The newest pip, in an environment of its own."""
    wheel, authorities = make_bootstrap(Plan(home, None, renew=True))
    python = home.root / "locker" / "bin" / "python"
    if not python.is_file():
        run(["/usr/bin/python3", "-m", "venv", "--without-pip", home.root / "locker"])
        first = Pip(python, wheel, authorities)
        first("install", "-q", "pip", what="pip of the locker")
    return Pip(python, None, authorities)


def lock_layers(home: Home) -> None:
    """Write the locks of the optional layers: what the image lacks, in versions that fit it."""
    pip = locker_pip(home)
    image = read_wheels(home.envs / "image.wheels.lock")
    held = {item.name.lower() for item in image}
    for name, wanted in sorted(LAYERS.items()):
        found = resolve(home, pip, wanted, image)
        items = [item for item in found if item.name.lower() not in held]
        filled = with_files(home, pip, items)
        write_wheels(home.envs / "layers" / f"{name}.lock", filled, NOTE)
        total = sum(item.size for item in filled) / 1e6
        say(f"lock: layers/{name}.lock: {len(filled)} files, {total:.1f} MB")


def lock_wheels(home: Home) -> None:
    """Write the wheel locks; the three sets hold the same version of what they share."""
    for name in ("runner.lock", "image.wheels.lock"):
        (home.envs / name).touch()
    empty_truth(home)
    pip = locker_pip(home)
    runner = resolve(home, pip, RUNNER_WHEELS, [])
    image = resolve(home, pip, [*IMAGE_WHEELS, "pydantic"], runner)
    for name, version in SOURCES_ONLY.items():
        image.append(Item("sdist", name, version, f"{name}-{version}.tar.gz", "", 0))
    test = resolve(home, pip, TEST_WHEELS, image)
    held = {item.name.lower() for item in image}
    sets = {
        "runner.lock": runner,
        "image.wheels.lock": image,
        "test.wheels.lock": [item for item in test if item.name.lower() not in held],
    }
    for name, items in sets.items():
        filled = with_files(home, pip, items)
        write_wheels(home.envs / name, filled, NOTE)
        say(
            f"lock: {name}: {len(filled)} files,"
            f" {sum(item.size for item in filled) / 1e6:.1f} MB"
        )


def empty_truth(home: Home) -> Path:
    """Forget the recorded digests and tools; return the file that holds them."""
    truth = home.envs / "fingerprint.json"
    truth.write_text(json.dumps({"image": "", "parts": {}, "tools": {}}) + "\n", "utf-8")
    return truth


def record_built(home: Home) -> None:
    """Make the software from the new locks; record digests of wheels, image, tools and pins."""
    truth = empty_truth(home)
    plan = Plan(home, None, renew=True)
    make_runner(plan)
    for name in ("runner.lock", "image.wheels.lock"):
        items = read_wheels(home.envs / name)
        if name.startswith("image"):
            make_image(plan, home.root / "locking")
        items = [
            replace(item, built_sha256=sha256_of(home.cache / item.built))
            if item.built
            else item
            for item in items
        ]
        write_wheels(home.envs / name, items, NOTE)
    plan = Plan(home, None, renew=True)
    make_image(plan, plan.image_folder)
    make_front(plan)
    tools = fronts.tool_table(home.front)
    tools.pop("interfaces", None)
    parts = json.loads(
        in_front(plan, "python3 -m equisite.core.fingerprint --measure", what="fingerprint")
    )
    image = (plan.image_folder / "sha256").read_text("utf-8").strip()
    truth.write_text(
        json.dumps({"image": image, "parts": parts, "tools": tools}, indent=1) + "\n", "utf-8"
    )


def main() -> int:
    """Renew the locks that are named, or all."""
    parser = argparse.ArgumentParser(description="Renew the locks of envs/.")
    parser.add_argument("what", nargs="*", choices=[*STEPS, []], default=[])
    what = parser.parse_args().what or STEPS
    home = find_home()
    home.root.mkdir(parents=True, exist_ok=True)
    try:
        if "debs" in what:
            lock_debs(home)
        if "wheels" in what:
            lock_wheels(home)
        if "layers" in what:
            lock_layers(home)
        if "built" in what:
            with alone(home):
                record_built(home)
    except Stop as stop:
        say(f"lock: {stop}")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
