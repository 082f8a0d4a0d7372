"""Optional layers: made from a lock beside the image, followed, refused by name."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from equisite.core.layers import find_layer, layer_digest
from software.console import Stop
from software.home import Home
from software.layers import kit_to, known_layers, layer_items, make_layers
from software.locks import Item, read_wheels, write_wheels
from software.plan import Plan


def wheel(folder: Path, version: str) -> Item:
    """A wheel of one module that prints its version."""
    path = folder / f"tiny-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", f'print("tiny {version}")\n')
    body = path.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    return Item("wheel", "tiny", version, path.name, sha256, len(body))


@pytest.fixture
def made_home(tmp_path: Path, checkout: Path) -> Home:
    """A software home with a front that is plain bash, and a checkout with one layer's lock."""
    shutil.copytree(checkout / "envs", tmp_path / "checkout" / "envs")
    home = Home(tmp_path / "home", tmp_path / "checkout")
    home.front.parent.mkdir(parents=True)
    home.front.write_text('#!/bin/bash\nexec /bin/bash "$@"\n', encoding="utf-8")
    home.front.chmod(0o755)
    lock = home.envs / "layers" / "tiny.lock"
    write_wheels(lock, [wheel(home.cache, "1")], "note")
    return home


def said(home: Home, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the layer's module prints."""
    monkeypatch.setenv("EQUISITE_HOME", str(home.root))
    layer = find_layer("tiny")
    assert layer is not None
    done = subprocess.run(
        layer.command("tiny"),
        check=False,
        env=layer.environment(),
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_layer_is_made_only_when_asked_and_follows_its_lock(
    made_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUISITE_HOME", str(made_home.root))
    make_layers(Plan(made_home, None), [])
    assert find_layer("tiny") is None
    assert layer_digest("tiny") == ""
    make_layers(Plan(made_home, None), ["tiny"])
    assert said(made_home, monkeypatch) == "tiny 1"
    first = layer_digest("tiny")
    lock = made_home.envs / "layers" / "tiny.lock"
    write_wheels(lock, [wheel(made_home.cache, "2")], "note")
    make_layers(Plan(made_home, None), [])
    assert said(made_home, monkeypatch) == "tiny 2"
    assert layer_digest("tiny") != first


def test_compiled_files_stand_beside_the_modules(made_home: Home) -> None:
    make_layers(Plan(made_home, None), ["tiny"])
    about = json.loads((made_home.layers / "tiny" / "layer.json").read_text(encoding="utf-8"))
    assert about["versions"] == {"tiny": "1"}
    assert list((made_home.layers / "tiny").rglob("tiny.*.pyc"))


def test_unknown_layer_is_refused_with_the_known_ones(made_home: Home) -> None:
    with pytest.raises(Stop, match=r"no layer smoke.*tiny"):
        make_layers(Plan(made_home, None), ["smoke"])


def test_kit_holds_the_files_of_a_layer(made_home: Home, tmp_path: Path) -> None:
    assert kit_to(Plan(made_home, None), ["tiny"], tmp_path / "kit") > 0
    assert (tmp_path / "kit" / "tiny-1-py3-none-any.whl").is_file()


def test_locks_of_layers_are_whole_and_hold_nothing_of_the_image(checkout: Path) -> None:
    home = Home(checkout / ".software", checkout)
    names = known_layers(home)
    assert "cnv" in names
    image = {item.name.lower(): item for item in read_wheels(home.envs / "image.wheels.lock")}
    for name in names:
        items = layer_items(home, [name])
        assert items
        for item in items:
            assert item.kind == "wheel", item.name
            assert item.size > 0
            assert item.name.lower() not in image


def test_installed_layers_hold_what_their_locks_say(checkout: Path, home: Path) -> None:
    known = Home(home, checkout)
    here = [name for name in known_layers(known) if (known.layers / name).is_dir()]
    for name in here:
        layer = find_layer(name)
        assert layer is not None
        locked = {item.name: item.version for item in layer_items(known, [name])}
        assert dict(layer.versions) == locked
