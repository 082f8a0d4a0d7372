"""The architecture, checked by machine (styles, section 3)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from equisite.core.codes import registry

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "equisite"
MODULES = sorted(PACKAGE.rglob("*.py"))
DESIGNED_TOP_LEVEL = {"Snakefile"}
RUN_OUTPUT = {"demo", "build", "dist"}
"""Folders that a run or a tool may leave in a checkout; all are ignored by git."""
LONGEST_MODULE = 400
FINDING_CALLS = {
    "Finding",
    "ConfigError",
    "InputError",
    "ReleaseRefusal",
    "BundleError",
    "EquisiteError",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines()]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_rooms_import_downwards_only() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    if not Path(command[0]).is_file():
        pytest.skip("import-linter is not in this environment")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("room", sorted(p.parent.name for p in PACKAGE.rglob("__init__.py")))
def test_a_package_says_what_it_is_and_exports_nothing(room: str) -> None:
    paths = [p for p in PACKAGE.rglob("__init__.py") if p.parent.name == room]
    for path in paths:
        tree = tree_of(path)
        text = ast.get_docstring(tree, clean=False) or ""
        first = text.splitlines()[0] if text else ""
        assert first.endswith("."), path
        assert len(first) <= 88, path
        library = PACKAGE / "radiomics"  # decision 0080
        if path.parent not in (PACKAGE, PACKAGE / "core" / "codes", library):
            assert len(tree.body) == 1, f"{path}: holds more than its purpose"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_has_one_idea(path: Path) -> None:
    assert path.stem not in {"utils", "misc", "common", "helpers"}
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_MODULE, f"{len(lines)} lines"
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", "\n".join(lines))
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in {"exec", "eval"}, f"line {node.lineno}: {name}"
            if name.endswith("import_module"):
                assert path == PACKAGE / "cli" / "main.py", f"line {node.lineno}: {name}"


def test_only_one_module_may_open_connections() -> None:
    network = {"socket", "ssl", "http", "urllib", "requests", "smtplib", "ftplib"}
    allowed = {PACKAGE / "imaging" / "dicomweb.py"}
    for path in set(MODULES) - allowed:
        for node in ast.walk(tree_of(path)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {n.split(".")[0] for n in names} & network, f"{path}: {names}"


def test_every_top_level_folder_stands_in_the_readme_and_none_is_invented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    layout = readme.split("\n## Layout\n", 1)[1].split("\n## ", 1)[0]
    told = {name.rstrip("/") for name in re.findall(r"^\| `([^`]+)` \|", layout, re.M)}
    there = {
        p.relative_to(ROOT).parts[0] for p in tracked() if len(p.relative_to(ROOT).parts) > 1
    }
    there = {name for name in there if not name.startswith(".")} - RUN_OUTPUT
    assert told - DESIGNED_TOP_LEVEL == there


def codes_in_source() -> set[str]:
    """Texts in the source that have the form of a code."""
    return {
        node.value
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[A-Z][A-Z0-9_]*", node.value)
    }


def codes_raised() -> dict[str, list[str]]:
    """Codes given to a finding or an error as a plain text."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            if name in FINDING_CALLS and isinstance(first, ast.Constant):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                found.setdefault(str(first.value), []).append(place)
    return found


def test_every_code_that_is_raised_is_registered() -> None:
    unknown = {c: places for c, places in codes_raised().items() if c not in registry()}
    assert unknown == {}


def test_every_registered_code_can_be_raised() -> None:
    shell = "\n".join(p.read_text() for p in (ROOT / "workflow").rglob("*.smk"))
    source = codes_in_source()
    unused = {c for c in registry() if c not in source and c not in shell}
    assert unused == set()


def test_every_registered_code_is_known_to_a_test() -> None:
    tests = "\n".join(
        p.read_text(encoding="utf-8")
        for p in (ROOT / "tests").rglob("*")
        if p.suffix in (".py", ".yaml", ".tsv", ".txt")
    )
    untested = {c for c in registry() if not re.search(rf"\b{c}\b", tests)}
    assert untested == set()


def test_no_large_file_and_no_run_output_in_git() -> None:
    for path in tracked():
        if path.is_file():
            assert path.stat().st_size < 2**20, path
        parts = set(path.relative_to(ROOT).parts[:-1])
        assert not parts & {".snakemake", "outbox", "__pycache__", ".software"}, path


MACHINE_PATH = re.compile(rb"[\"'`( =](?:/work|/home|/root|/Users)/")


def test_no_path_of_one_machine_in_git() -> None:
    for path in tracked():
        if path.is_file() and path.suffix not in (".png", ".gz", ".dcm", ".lock"):
            found = MACHINE_PATH.search(path.read_bytes())
            assert found is None, (path, found)
