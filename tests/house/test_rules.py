"""Rules are wiring: read with Snakemake's own parser on the example site."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("snakemake", reason="Snakemake is in the runner's environment only")

ROOT = Path(__file__).parents[2]
RULES = ROOT / "workflow" / "rules"
STAGES = {p.stem for p in RULES.glob("*.smk")} - {"common"}
TOOLS = ("equisite ", "bwa ", "samtools ", "bcftools ", "export ", "set ")
PROFILES = sorted(p.parent.name for p in (ROOT / "config" / "profiles").glob("*/config.yaml"))

READER = """
import json, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings import types
with SnakemakeApi() as api:
    workflow = api.workflow(
        resource_settings=types.ResourceSettings(cores=1),
        config_settings=types.ConfigSettings(),
        storage_settings=types.StorageSettings(),
        snakefile=Path(sys.argv[1]),
        workdir=Path("."),
    )
    rules = workflow._workflow.rules  # a private attribute: this one place holds it
    print("RULES" + json.dumps([
        {"name": r.name, "file": str(r.snakefile), "shell": r.shellcmd,
         "script": bool(r.script), "wrapper": bool(r.wrapper), "run": bool(r.is_run),
         "log": [str(x) for x in r.log], "params": list(r.params.keys()),
         "output": [str(x) for x in r.output], "resources": list(r.resources),
         "benchmark": str(r.benchmark or "")}
        for r in rules]))
"""


@dataclass(frozen=True)
class Wiring:
    """What a rule says."""

    name: str
    file: str
    shell: str | None
    script: bool
    wrapper: bool
    run: bool
    log: list[str]
    params: list[str]
    output: list[str]
    resources: list[str]
    benchmark: str

    @property
    def works(self) -> bool:
        """Whether it does something, rather than name a group of results."""
        return bool(self.output)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from equisite.cli.example import write_example

    folder = tmp_path_factory.mktemp("example") / "site"
    write_example(folder)
    # The example leaves somatic calls out; here every stage is to be planned.
    protocol = folder / "protocol.yaml"
    text = protocol.read_text(encoding="utf-8")
    assert text.count("\ngenomics:\n") == 1
    protocol.write_text(text.replace("\ngenomics:\n", "\ngenomics:\n  somatic: {}\n"))
    return folder


def snakemake(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    import os

    environment = {**os.environ, "EQUISITE_UNLOCKED": "1", "PYTHONPATH": str(ROOT / "src")}
    environment.pop("EQUISITE_FROZEN", None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=site,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def rules(site: Path) -> list[Wiring]:
    import json

    found = snakemake(site, "-c", READER, str(ROOT / "Snakefile"))
    assert found.returncode == 0, found.stderr
    text = found.stdout.partition("RULES")[2]
    return [Wiring(**r) for r in json.loads(text)]


def test_every_stage_has_rules(rules: list[Wiring]) -> None:
    assert {Path(r.file).stem for r in rules if r.works} == STAGES


def test_no_more_jobs_over_a_batch_than_the_plan_says(rules: list[Wiring]) -> None:
    """Rules with {batch} alone, on a site that asks for everything but copies (two more)."""
    from equisite.cli.plan import STEPS

    rooms = {"genomics": ("genomics", "somatic", "tumour"), "imaging": ("imaging", "radiomics")}
    for kind, stages in rooms.items():
        over = [
            r.name
            for r in rules
            if Path(r.file).stem in stages
            and any("{batch}" in path and "{share}" not in path for path in r.output)
        ]
        assert len(over) <= STEPS[kind], over


def test_rules_are_wiring(rules: list[Wiring]) -> None:
    for rule in rules:
        if not rule.works:
            continue
        assert not (rule.run or rule.script or rule.wrapper), rule.name
        assert rule.log, rule.name
        assert rule.benchmark, rule.name
        assert "code" in rule.params, rule.name
        assert "mem_mb" in rule.resources, rule.name
        assert rule.name.split("_")[0] == Path(rule.file).stem, rule.name
        assert re.fullmatch(r"[a-z]+(_[a-z]+){2,}", rule.name), rule.name
        assert rule.shell is not None, rule.name
        assert rule.shell.strip().startswith(TOOLS), rule.name
        assert rule.log[0].startswith(f"logs/{rule.name}"), rule.name


def test_one_door(rules: list[Wiring]) -> None:
    for rule in rules:
        leaving = [o for o in rule.output if o.startswith("outbox")]
        assert not leaving or Path(rule.file).stem == "release", rule.name
    for path in (ROOT / "src" / "equisite").rglob("*.py"):
        if "outbox" in path.read_text(encoding="utf-8"):
            room = path.relative_to(ROOT / "src" / "equisite").parts[0]
            assert room in {"release", "cli", "bundle", "core"}, path


def test_names_in_paths_hold_no_identifier(rules: list[Wiring]) -> None:
    for rule in rules:
        wildcards = set(re.findall(r"\{(\w+)", " ".join([*rule.output, *rule.log])))
        # All of them are numbers or fixed words: `share` counts jobs of one batch.
        assert wildcards <= {"batch", "share", "reference"}, rule.name


@pytest.mark.parametrize(
    "path", sorted((ROOT / "workflow").rglob("*.smk")), ids=lambda p: p.name
)
def test_nothing_is_fetched_by_a_rule(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(run|script|wrapper|checkpoint|conda)\b.*:", text, re.M)
    assert "glob_wildcards" not in text


def test_lint_is_clean(site: Path) -> None:
    found = snakemake(site, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--lint")
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_accepted_and_plans_every_stage(
    site: Path, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ROOT / "config" / "profiles" / profile
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    if "executor" in settings:
        pytest.importorskip(f"snakemake_executor_plugin_{settings['executor']}")
    if settings.get("software-deployment-method") == "apptainer":
        # Before it plans, Snakemake asks the program for its version; nothing is run.
        program = tmp_path / "apptainer"
        program.write_text("#!/bin/sh\necho apptainer version 1.4.5\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = snakemake(
        site, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
        "--workflow-profile", str(folder), "--dry-run",
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr
    planned = set(re.findall(r"^(?:local)?rule (\w+):", found.stdout, re.M))
    assert {name.split("_")[0] for name in planned} - {"all"} == STAGES


def test_profiles_name_rules_that_exist(rules: list[Wiring]) -> None:
    names = {r.name for r in rules}
    batched = {r.name for r in rules if any("{batch" in o for o in r.output)}
    for profile in PROFILES:
        path = ROOT / "config" / "profiles" / profile / "config.yaml"
        content: dict[str, Any] = yaml.safe_load(path.read_text())
        named = set(content.get("set-resources", {})) | set(content.get("set-threads", {}))
        assert named <= names, profile
        if "executor" in content:
            assert batched <= set(content["set-resources"]), "no memory ladder for these"


def test_every_line_of_a_profile_says_why() -> None:
    for profile in PROFILES:
        text = (ROOT / "config" / "profiles" / profile / "config.yaml").read_text()
        for line in text.splitlines():
            top = re.match(r"^[a-z-]+: \S", line)
            assert not top or "#" in line, line
