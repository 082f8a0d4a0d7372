"""What is to be made, from which locks, and what of it is made already."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

from .apt import Apt
from .console import Steps, Stop
from .home import Home, is_done
from .locks import Item, digest_of, read_debs, read_pins, read_wheels
from .pypi import Pip

# Modules that decide bytes of the image.
RECIPE = ("unpack", "wheels", "tree", "pack", "builder")


# Folders below `src/equisite` that hold compiled kernels, and a module `warm` to compile them.
COMPILED = ("genomics/somatic", "radiomics")


def meaning_of(path: Path) -> str:
    """A module without comments, layout and docstrings: a change of words changes no bytes."""
    module = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(module):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            del node.body[0]
    return ast.dump(module)


def text_of(path: Path) -> str:
    """A small file of the system, empty where it does not exist."""
    return path.read_text("utf-8") if path.exists() else ""


class Plan:
    """The locks, the digests of the parts, and the clients that fetch."""

    def __init__(self, home: Home, kit: Path | None, *, renew: bool = False) -> None:
        self.home = home
        self.kit = kit
        self.renew = renew
        self.steps = Steps()
        self.apt = Apt(home.root / "apt")
        self.pins = read_pins(home.envs / "pins.env")
        self.bootstrap = read_debs(home.envs / "bootstrap.debs.lock")
        self.runner_items = read_wheels(home.envs / "runner.lock")
        self.image_debs = read_debs(home.envs / "image.debs.lock")
        self.image_wheels = read_wheels(home.envs / "image.wheels.lock")
        self.builder_debs = read_debs(home.envs / "builder.debs.lock")
        self.truth = json.loads((home.envs / "fingerprint.json").read_text("utf-8"))

    @property
    def image_digest(self) -> str:
        """What the image is made from: its locks and the recipe."""
        envs = self.home.envs
        here = Path(__file__).parent
        words = [meaning_of(here / f"{name}.py") for name in RECIPE]
        return digest_of([envs / "image.debs.lock", envs / "image.wheels.lock"], *words)

    @property
    def runner_digest(self) -> str:
        """What the runner is made from, and where (a venv cannot move)."""
        envs = self.home.envs
        locks = [envs / "runner.lock", envs / "bootstrap.debs.lock"]
        return digest_of(locks, str(self.home.root))

    @property
    def front_digest(self) -> str:
        """What the choice of a front hangs on: image, places, and this boot, user and root."""
        here = Path(__file__).parent
        paths = [here / "front.sh", here / "fronts.py", here / "launchers.py"]
        words = [
            self.image_digest,
            self.runner_digest,
            str(self.home.checkout),
            str(os.geteuid() == 0),
            text_of(Path("/proc/sys/kernel/random/boot_id")),
            os.environ.get("EQUISITE_FRONT", ""),
        ]
        return digest_of([*paths, self.home.envs / "pins.env"], *words)

    @property
    def kernels_digest(self) -> str:
        """What the compiled kernels are made from; numba itself looks at times of sources."""
        source = self.home.checkout / "src" / "equisite"
        kernels = [path for room in COMPILED for path in source.glob(f"{room}/**/*.py")]
        paths = sorted([*kernels, source / "core" / "fingerprint.py"])
        times = [str(path.stat().st_mtime_ns) for path in paths]
        return digest_of(paths, *times, self.front_digest)

    @property
    def image_folder(self) -> Path:
        """Folder of the image: its root, its packed file, its sha256."""
        return self.home.images / self.image_digest[:16]

    @property
    def image_root(self) -> Path:
        """Unpacked root of the image."""
        return self.image_folder / "root"

    def image_file(self) -> Path:
        """The packed image. Raises Stop when there is none."""
        found = sorted(self.image_folder.glob("equisite-*.sqfs"))
        if not found:
            raise Stop("no packed image. Mend: python3 scripts/run.py install")
        return found[0]

    def image_sha256(self) -> str:
        """Digest of the packed image."""
        return (self.image_folder / "sha256").read_text("utf-8").strip()

    def ready(self, *, kernels: bool = True) -> bool:
        """Whether nothing is left to make."""
        wanted = {
            "runner": self.runner_digest,
            "image": self.image_digest,
            "front": self.front_digest,
        }
        if kernels:
            wanted["kernels"] = self.kernels_digest
        return all(is_done(self.home, name, digest) for name, digest in wanted.items())

    def pip(self) -> Pip:
        """The locked pip of the runner."""
        authorities = self.home.root / "bootstrap" / "authorities.pem"
        return Pip(self.home.runner / "bin" / "python", None, authorities)

    def items(self) -> list[Item]:
        """Every file of the product's locks."""
        debs = [*self.bootstrap, *self.image_debs, *self.builder_debs]
        return [*debs, *self.runner_items, *self.image_wheels]
