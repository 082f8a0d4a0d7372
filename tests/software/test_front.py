"""The front: what a command inside it sees, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from software import fronts
from software.home import Home
from software.plan import Plan


@pytest.fixture(scope="session")
def plan(home: Path, checkout: Path) -> Plan:
    """What is installed."""
    return Plan(Home(home, checkout), None)


@pytest.fixture()
def front(home: Path, tmp_path: Path) -> Path:
    """The chosen front, as a link in a scratch folder that is the working folder."""
    (tmp_path / "bash").symlink_to(home / "front" / "bash")
    return tmp_path / "bash"


def outside() -> dict[str, str]:
    """Environment as it is outside of the image."""
    env = {name: text for name, text in os.environ.items() if name != "EQUISITE_INSIDE"}
    return {**env, "OPENBLAS_CORETYPE": "Haswell", "LEAK": "1", "EQUISITE_BINDS_RW": ""}


def call(front: Path, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command through a front."""
    words = [str(front), "-c", command]
    return subprocess.CompletedProcess(
        words, *fronts.bounded(words, {**outside(), **more}, front.parent)
    )


READ_ONLY = ("bwrap", "chroot")  # kinds that bind read-only and close the network, always


def kind(front: Path) -> str:
    """Kind of the chosen front."""
    lines = front.read_text(encoding="utf-8").splitlines()
    return next(line.split("=")[1] for line in lines if line.startswith("KIND="))


def test_exit_codes_pass(front: Path) -> None:
    assert call(front, "exit 7").returncode == 7
    assert call(front, "set -euo pipefail; false | true").returncode == 1
    assert call(front, "kill -KILL $$").returncode == 137
    assert call(front, "bash -c 'kill -TERM $$'; exit 3").returncode == 3


def test_interrupts_are_not_ignored(home: Path, plan: Plan, tmp_path: Path) -> None:
    words = "import signal; print(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)"
    for one in fronts.candidates(plan.image_root):
        if not fronts.try_front(
            one, plan.home, plan.image_root, plan.image_file(), plan.pins, {}, tmp_path
        ).works:
            continue
        text = fronts.script_for(one, plan.home, plan.image_root, plan.image_file(), plan.pins)
        fronts.write_script(tmp_path / "bash", text)
        command = ["/bin/bash", "-c", "trap '' INT; exec \"$@\"", "bash"]
        command += [str(tmp_path / "bash"), "-c", f"python3 -c '{words}'"]
        _, printed, _ = fronts.bounded(command, outside(), tmp_path)
        assert printed == "True\n", one.name


def test_the_watcher_leaves_processes_of_another_namespace_alone(tmp_path: Path) -> None:
    script = Path(fronts.__file__).with_name("plain_calls.py")
    inside = ["unshare", "--pid", "--fork", "--", sys.executable, str(script)]
    if subprocess.run([*inside[:4], "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root makes a process namespace here")
    words = [*inside, "--all-calls", str(tmp_path), "sh", "-c", "exit 3"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")


def test_the_loopback_answers(home: Path, plan: Plan, tmp_path: Path) -> None:
    words = (
        'import socket; s = socket.create_server(("127.0.0.1", 0));'
        'socket.create_connection(s.getsockname(), 5); print("up")'
    )
    for one in fronts.candidates(plan.image_root):
        image = plan.image_file()
        arguments = (one, plan.home, plan.image_root, image, plan.pins)
        if not fronts.try_front(*arguments, {}, tmp_path).works:
            continue
        fronts.write_script(tmp_path / "bash", fronts.script_for(*arguments))
        assert call(tmp_path / "bash", f"python3 -c '{words}'").stdout == "up\n", one.name


def test_pipes_and_redirections_pass(front: Path) -> None:
    done = call(
        front, "printf 'b\\na\\n' | sort > out.txt 2> err.txt; cat out.txt >&2; echo '$x'"
    )
    assert done.stdout == "$x\n"
    assert done.stderr == "a\nb\n"
    assert (front.parent / "out.txt").read_text(encoding="utf-8") == "a\nb\n"


def test_environment_is_clean_and_pinned(front: Path) -> None:
    done = call(front, "env", EQUISITE_WORD="two words")
    env = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert env["OPENBLAS_CORETYPE"] == "Nehalem"
    assert env["EQUISITE_WORD"] == "two words"
    assert env["LC_ALL"] == "C"
    assert env["EQUISITE_INSIDE"] == "1"
    assert "LEAK" not in env


def test_only_the_named_folders_are_seen(
    front: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("in")
    (place / "x").write_text("x", encoding="utf-8")
    assert call(front, f"test -e {place}/x").returncode != 0
    seen = call(front, f"cat {place}/x; touch {place}/y", EQUISITE_BINDS=f"/not/there:{place}")
    assert seen.stdout == "x"
    if kind(front) in READ_ONLY:
        assert not (place / "y").exists()
    call(front, f"touch {place}/z", EQUISITE_BINDS_RW=str(place))
    assert (place / "z").exists()


def test_only_the_loopback_is_seen_where_it_can_be(front: Path, home: Path) -> None:
    names = call(front, "sed -n 's/^ *\\([^:|]*\\):.*/\\1/p' /proc/net/dev").stdout.split()
    told = json.loads((home / "front.json").read_text(encoding="utf-8"))["interfaces"]
    assert ",".join(sorted(names)) == told
    if kind(front) in READ_ONLY:
        assert names == ["lo"]


def test_the_chosen_front_and_its_reasons_are_recorded(home: Path) -> None:
    choice = json.loads((home / "front.json").read_text(encoding="utf-8"))
    works = [trial["name"] for trial in choice["trials"] if trial["works"]]
    assert choice["front"]["name"] == works[0]
    for trial in choice["trials"]:
        assert trial["works"] or trial["reason"], trial["name"]


def test_fronts_that_work_show_the_locked_tools(plan: Plan, tmp_path: Path) -> None:
    tools = plan.truth["tools"]
    for one in fronts.candidates(plan.image_root):
        trial = fronts.try_front(
            one, plan.home, plan.image_root, plan.image_file(), plan.pins, tools, tmp_path
        )
        assert trial.works or ", locked " not in trial.reason, f"{trial.name}: {trial.reason}"


def marked(word: str) -> list[int]:
    """Processes whose command line is `sleep` with this number."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if line == f"sleep\0{word}\0".encode():
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize("who", ["front", "parent"])
def test_a_kill_leaves_no_child(front: Path, who: str) -> None:
    word = f"{4000 + os.getpid() % 1000}{who == 'front':d}"
    inner = f"sleep {word} | cat; true"
    words = [str(front), "-c", inner]
    if who == "parent":
        words = ["/bin/bash", "-c", '"$@" & wait', "bash", *words]
    with subprocess.Popen(words, env=outside(), cwd=front.parent) as process:
        for _ in range(100):
            if marked(word):
                break
            time.sleep(0.05)
        assert marked(word)
        process.kill()
    for _ in range(100):
        if not marked(word):
            break
        time.sleep(0.05)
    assert not marked(word)


def test_pins_hold_and_a_missing_one_is_named(front: Path) -> None:
    python = "python3 -m equisite.core.fingerprint"
    assert call(front, python).returncode == 0
    done = call(front, f"unset GLIBC_TUNABLES; {python}")
    assert done.returncode == 2
    assert "GLIBC_TUNABLES" in done.stderr
    done = call(front, f"OPENBLAS_CORETYPE=Nehalm {python}")
    assert "OPENBLAS_CORETYPE" in done.stderr


def test_compiled_kernels_are_found(front: Path) -> None:
    done = call(front, "python3 -m equisite.core.fingerprint --warm")
    assert done.stdout == "kernel cache: 1 hits, 0 misses\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts without a user namespace")
@pytest.mark.parametrize(("propagation", "inside"), [("private", True), ("shared", False)])
def test_a_nested_chroot_is_taken_only_where_mounts_stay_inside(
    propagation: str, inside: bool, checkout: Path, tmp_path: Path
) -> None:
    if not fronts.root_is_mount_point():
        pytest.skip("inside a chroot nobody can choose the propagation")
    code = (
        "import sys; from pathlib import Path; from software import fronts;"
        f"print(fronts.mounts_stay_inside(Path({str(tmp_path)!r})))"
    )
    words = ["unshare", "--mount", "--propagation", propagation, sys.executable, "-c", code]
    env = {**outside(), "PYTHONPATH": str(checkout / "scripts")}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(inside), done.stderr
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
