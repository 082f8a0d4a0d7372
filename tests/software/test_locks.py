"""The locks are whole, agree with each other, and name no server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from software.console import Stop
from software.locks import (
    Item,
    read_debs,
    read_pins,
    read_wheels,
    wheel_row,
    write_wheels,
)

DEBS = ("bootstrap", "image", "builder", "test", "browser", "orthanc", "peers")
WHEELS = ("runner.lock", "image.wheels.lock", "test.wheels.lock")
ASKED = [
    "bash",
    "coreutils",
    "python3",
    "bwa",
    "samtools",
    "bcftools",
    "freebayes",
    "minimap2",
    "fastp",
    "delly",
    "tabix",
    "bubblewrap",
    "proot",
    "squashfs-tools",
    "openssh-client",
    "util-linux",
    "procps",
]


@pytest.mark.parametrize("name", DEBS)
def test_debian_lock_is_whole(checkout: Path, name: str) -> None:
    items = read_debs(checkout / "envs" / f"{name}.debs.lock")
    assert items
    assert len({item.name for item in items}) == len(items)
    for item in items:
        assert re.fullmatch("[0-9a-f]{64}", item.sha256)
        assert item.size > 0
        assert item.pool_path.startswith(("pool/main/", "pool/updates/main/"))


@pytest.mark.parametrize("name", WHEELS)
def test_wheel_lock_is_whole(checkout: Path, name: str) -> None:
    items = read_wheels(checkout / "envs" / name)
    assert len({item.name.lower() for item in items}) == len(items) > 0
    for item in items:
        assert item.size > 0
        assert (item.kind == "sdist") == bool(item.built)
        assert item.built_sha256 != "0" * 64


def test_image_holds_what_was_asked_for(checkout: Path) -> None:
    names = {item.name for item in read_debs(checkout / "envs" / "image.debs.lock")}
    assert set(ASKED) <= names


def test_no_package_stands_in_two_locks_of_one_tree(checkout: Path) -> None:
    image = {item.name for item in read_debs(checkout / "envs" / "image.debs.lock")}
    for other in ("builder", "test", "browser", "orthanc", "peers"):
        assert not image & {x.name for x in read_debs(checkout / "envs" / f"{other}.debs.lock")}


def test_runner_and_image_share_versions(checkout: Path) -> None:
    runner = {x.name.lower(): x.version for x in read_wheels(checkout / "envs" / "runner.lock")}
    image = {
        item.name.lower(): item.version
        for item in read_wheels(checkout / "envs" / "image.wheels.lock")
    }
    for name in ("pydantic", "pydantic-core", "numpy", "pandas", "pyyaml"):
        assert runner[name] == image[name], name
    assert runner["snakemake"] == "9.27.1"
    assert image["pyradiomics"] == "3.0.1"


def test_nothing_names_a_server(checkout: Path) -> None:
    files = [
        *(checkout / "envs").rglob("*.lock"),
        *(checkout / "scripts" / "software").glob("*"),
    ]
    files += [checkout / "scripts" / "run.py", checkout / "scripts" / "lock.py"]
    for path in [path for path in files if path.is_file()]:
        assert "://" not in path.read_text(encoding="utf-8"), path.name


def test_fingerprint_has_image_parts_and_tools(checkout: Path) -> None:
    truth = json.loads((checkout / "envs" / "fingerprint.json").read_text(encoding="utf-8"))
    assert re.fullmatch("[0-9a-f]{64}", truth["image"])
    assert set(truth["parts"]) == {"libm", "np64", "sort", "blas", "lapack"}
    assert truth["tools"]["samtools"] == "1.16.1"


def test_pins_are_those_measured(checkout: Path) -> None:
    pins = read_pins(checkout / "envs" / "pins.env")
    assert pins["OPENBLAS_CORETYPE"] == "Nehalem"
    assert pins["NPY_ENABLE_CPU_FEATURES"] == "X86_V2"
    assert pins["GLIBC_TUNABLES"] == "glibc.cpu.hwcaps=-FMA,-FMA4"
    assert len(pins) == 11


def test_wheel_lock_round_trip(tmp_path: Path) -> None:
    items = [
        Item("wheel", "b", "1", "b-1-py3-none-any.whl", "a" * 64, 5),
        Item("sdist", "A", "2", "A-2.tar.gz", "b" * 64, 7, "", "A-2-any.whl", "c" * 64),
    ]
    write_wheels(tmp_path / "x.lock", items, "note")
    assert read_wheels(tmp_path / "x.lock") == [items[1], items[0]]
    assert wheel_row(items[0]).startswith("b==1 --hash=sha256:aaa")


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.lock").write_text("# note\nnumpy>=2\n", encoding="utf-8")
    with pytest.raises(Stop, match="line 2"):
        read_wheels(tmp_path / "x.lock")
