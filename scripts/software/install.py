"""The order in which the software is made: pip, runner, image, front, launchers, kernels."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Mapping

from . import builder, fetch, fronts, launchers, pack, tree, unpack, wheels
from .apt import Apt
from .console import Steps, Stop, run, say, size_of
from .home import Home, alone, is_done, set_done
from .locks import Item, digest_of, read_debs, read_pins, read_wheels, sha256_of
from .pypi import Pip, system_python

RECIPE = ("locks", "unpack", "wheels", "tree", "pack", "builder")
KEPT_IMAGES = 2  # the one in use and the one before it: a running command may still stand on that


class Installer:
    """Makes the parts of the software that are not made yet."""

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
        self._pip: Pip | None = None

    # ---- digests of the parts: what they are made from

    @property
    def recipe(self) -> list[Path]:
        here = Path(__file__).parent
        return [here / f"{name}.py" for name in RECIPE]

    @property
    def image_digest(self) -> str:
        envs = self.home.envs
        return digest_of([envs / "image.debs.lock", envs / "image.wheels.lock", *self.recipe])

    @property
    def runner_digest(self) -> str:
        envs = self.home.envs
        return digest_of([envs / "runner.lock", envs / "bootstrap.debs.lock"], str(self.home.root))

    @property
    def front_digest(self) -> str:
        here = Path(__file__).parent
        paths = [here / "front.sh", here / "fronts.py", here / "launchers.py", self.home.envs / "pins.env"]
        boot = Path("/proc/sys/kernel/random/boot_id")
        words = [self.image_digest, self.runner_digest, str(self.home.checkout), str(os.geteuid() == 0)]
        words += [boot.read_text() if boot.exists() else "", os.environ.get("EQUISITE_FRONT", "")]
        words.append(os.readlink("/proc/self/ns/user") if Path("/proc/self/ns/user").exists() else "")
        return digest_of(paths, *words)

    @property
    def kernels_digest(self) -> str:
        source = self.home.checkout / "src" / "equisite"
        paths = sorted([*source.glob("radiomics/**/*.py"), source / "core" / "fingerprint.py"])
        return digest_of(paths, *(str(path.stat().st_mtime_ns) for path in paths), self.front_digest)

    @property
    def image_folder(self) -> Path:
        return self.home.images / self.image_digest[:16]

    @property
    def image_root(self) -> Path:
        return self.image_folder / "root"

    def image_file(self) -> Path:
        """The packed image. Raises Stop when there is none."""
        found = sorted(self.image_folder.glob("equisite-*.sqfs"))
        if not found:
            raise Stop(f"no packed image in {self.image_folder}. Mend: python3 scripts/run.py install")
        return found[0]

    # ---- parts

    def parts(self) -> dict[str, str]:
        """Name and digest of each part, in the order of making."""
        return {
            "runner": self.runner_digest,
            "image": self.image_digest,
            "front": self.front_digest,
            "kernels": self.kernels_digest,
        }

    def ready(self, *, kernels: bool = True) -> bool:
        """Whether nothing is left to do."""
        wanted = self.parts()
        if not kernels:
            wanted.pop("kernels")
        return all(is_done(self.home, name, digest) for name, digest in wanted.items())

    def install(self, *, kernels: bool = True) -> None:
        """Make what is missing; one process at a time.

        kernels: compile changed kernels ahead; without, the next command compiles them itself.
        """
        if self.ready(kernels=kernels):
            return
        with alone(self.home):
            if self.ready(kernels=kernels):
                return
            self.make()

    def make(self) -> None:
        """Make every part whose stamp is not that of the locks."""
        home = self.home
        for folder in home.root.glob("*.new"):
            shutil.rmtree(folder, ignore_errors=True)
        if not is_done(home, "runner", self.runner_digest):
            self.make_runner()
            set_done(home, "runner", self.runner_digest)
        if not is_done(home, "image", self.image_digest) or not self.image_root.is_dir():
            with self.steps.step("image, in all"):
                self.make_image(self.image_folder)
            set_done(home, "image", self.image_digest)
            self.prune_images()
        if not is_done(home, "front", self.front_digest):
            with self.steps.step("front"):
                self.make_front()
            set_done(home, "front", self.front_digest)
        if not is_done(home, "kernels", self.kernels_digest):
            with self.steps.step("compiled kernels", home.numba):
                self.make_kernels()
            set_done(home, "kernels", self.kernels_digest)
        self.steps.total("software ready", size_of(home.root))

    # ---- pip and runner

    def make_bootstrap(self) -> tuple[Path, Path]:
        """The pip wheel of Debian and the certificate authorities; return both."""
        folder = self.home.root / "bootstrap"
        fetch.fetch(self.bootstrap, self.home, self.kit, self.apt.get)
        if not folder.is_dir():
            fresh = self.home.root / "bootstrap.new"
            unpack.begin_tree(fresh)
            for item in self.bootstrap:
                unpack.unpack_deb(self.home.cache / item.filename, fresh)
            authorities = sorted((fresh / "usr/share/ca-certificates").rglob("*.crt"))
            text = "".join(path.read_text("utf-8") for path in authorities)
            (fresh / "authorities.pem").write_text(text, "utf-8")
            os.replace(fresh, folder)
        found = sorted((folder / "usr/share/python-wheels").glob("pip-*.whl"))
        return found[0], folder / "authorities.pem"

    def pip(self) -> Pip:
        """The locked pip of the runner."""
        if self._pip is None:
            authorities = self.home.root / "bootstrap" / "authorities.pem"
            self._pip = Pip(self.home.runner / "bin" / "python", None, authorities)
        return self._pip

    def make_runner(self) -> None:
        """The environment of Snakemake: system Python, locked wheels, no ensurepip needed."""
        home = self.home
        with self.steps.step("pip of Debian", home.root / "bootstrap"):
            wheel, authorities = self.make_bootstrap()
        shutil.rmtree(home.runner, ignore_errors=True)
        python = home.runner / "bin" / "python"
        with self.steps.step("runner: environment and locked pip"):
            run([system_python(), "-m", "venv", "--without-pip", home.runner], what="python -m venv")
            first = Pip(python, wheel, authorities)
            tools = [item for item in self.runner_items if item.name in ("pip", "setuptools", "wheel")]
            fetch.fetch(tools, home, self.kit, first.get)
            first.install([home.cache / item.filename for item in tools])
        self._pip = None
        with self.steps.step("runner: files"):
            fetch.fetch(self.runner_items, home, self.kit, self.pip().get)
            for item in self.runner_items:
                if item.kind == "sdist":
                    builder.build_wheel(home, item, {}, renew=self.renew)
        with self.steps.step("runner: Snakemake", home.runner):
            names = [item.built or item.filename for item in self.runner_items if item not in tools]
            self.pip().install([home.cache / name for name in names])

    # ---- image

    def make_image(self, folder: Path) -> None:
        """The root of the image and its packed file, in a folder that appears when both are done."""
        home = self.home
        fresh = folder.with_name(folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        root = fresh / "root"
        with self.steps.step("image: files"):
            fetch.fetch(self.image_debs, home, self.kit, self.apt.get)
            fetch.fetch(self.image_wheels, home, self.kit, self.pip().get)
        with self.steps.step("image: Debian packages", root):
            unpack.unpack_debs([home.cache / item.filename for item in self.image_debs], root)
            tree.finish_tree(root)
        self.make_built_wheels(root)
        with self.steps.step("image: wheels", root):
            names = [item.built or item.filename for item in self.image_wheels]
            wheels.unpack_wheels([home.cache / name for name in names], root)
        with self.steps.step("image: compiled Python files", root):
            tree.compile_python(root)
        with self.steps.step("image: squashfs"):
            packed = pack.pack(root, fresh)
        digest = sha256_of(packed)
        said = self.truth.get("image", "")
        (fresh / "sha256").write_text(digest + "\n", "utf-8")
        if said and said != digest and not self.renew:
            say(f"equisite: WARNING the image has sha256 {digest}, the lock says {said}")
        say(f"equisite: {packed.name}: {packed.stat().st_size / 1e6:.1f} MB")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(fresh, folder)

    def make_built_wheels(self, root: Path) -> None:
        """The wheels that are published as sources only: from the kit, else compiled."""
        home = self.home
        wanted = [item for item in self.image_wheels if item.kind == "sdist"]
        for item in wanted:
            builder.take_built(home, item, self.kit)
        missing = [item for item in wanted if self.renew or not builder.is_built(home, item)]
        for item in missing:
            compiled: Mapping[str, bytes] = {}
            if wheels.recipe_for(item.name).extensions:
                with self.steps.step(f"builder for {item.name}", home.builder):
                    fetch.fetch(self.builder_debs, home, self.kit, self.apt.get)
                    numpy = next(one for one in self.image_wheels if one.name == "numpy")
                    debs = [home.cache / one.filename for one in self.builder_debs]
                    builder.make_builder(home, root, debs, home.cache / numpy.filename)
                with self.steps.step(f"{item.name} compiled"):
                    tools = self.truth["tools"]
                    compiled = builder.compiled_modules(home, item, None, self.pins, tools)
                shutil.rmtree(home.builder)
            builder.build_wheel(home, item, compiled, renew=self.renew)

    def prune_images(self) -> None:
        """Remove images older than the last two."""
        found = sorted(self.home.images.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in [path for path in found if path != self.image_folder][KEPT_IMAGES - 1 :]:
            shutil.rmtree(old, ignore_errors=True)

    # ---- front, launchers, kernels

    def make_front(self) -> None:
        """Try the fronts, keep the first that works, check the pins through it, write the launchers."""
        home = self.home
        image = self.image_file()
        sha256 = (self.image_folder / "sha256").read_text("utf-8").strip()
        chosen, trials = fronts.choose(home, self.image_root, image, self.pins, self.truth["tools"])
        fronts.write_script(
            home.front, fronts.script_for(chosen, home, self.image_root, image, self.pins)
        )
        fronts.record(home, chosen, trials, image, sha256)
        launchers.write_launchers(home)
        if not self.renew:
            self.in_front("python3 -m equisite.core.fingerprint", what="fingerprint of the pins")

    def make_kernels(self) -> None:
        """Compile the numba kernels once, under the pins, where commands will find them."""
        home = self.home
        fresh = home.root / "numba.new"
        fresh.mkdir(exist_ok=True)
        words = ["export NUMBA_CACHE_DIR=" + str(fresh), "python3 -m equisite.core.fingerprint --warm"]
        if (home.checkout / "src/equisite/radiomics/warm.py").is_file():
            words.append("python3 -m equisite.radiomics.warm")
        self.in_front("\n".join(words), what="compile kernels", rw=fresh)
        old = home.root / "numba.old"
        shutil.rmtree(old, ignore_errors=True)
        if home.numba.exists():
            os.replace(home.numba, old)
        os.replace(fresh, home.numba)
        shutil.rmtree(old, ignore_errors=True)

    def in_front(self, script: str, *, what: str, rw: Path | None = None) -> str:
        """Run a script through the front, in a scratch folder."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("EQUISITE_")}
        env["EQUISITE_BINDS_RW"] = str(rw or "")
        with tempfile.TemporaryDirectory(prefix="in.", dir=self.home.root) as folder:
            command = "set -euo pipefail\n" + script
            return run([self.home.front, "-c", command], env=env, cwd=Path(folder), what=what)

    # ---- verbs of run.py

    def items(self) -> list[Item]:
        """Every file of the product's locks."""
        return [
            *self.bootstrap, *self.runner_items, *self.image_debs, *self.image_wheels, *self.builder_debs,
        ]  # fmt: skip

    def kit_to(self, folder: Path) -> int:
        """Collect all files in a kit folder; return its bytes."""
        self.install()
        fetch.fetch(self.builder_debs, self.home, self.kit, self.apt.get)
        return fetch.make_kit(self.items(), self.home, folder)

    def image_twice(self) -> tuple[str, str]:
        """Make the image twice from clean, the sources compiled anew each time; return both digests."""
        digests = []
        with alone(self.home):
            for number in ("first", "second"):
                for item in self.image_wheels:
                    if item.kind == "sdist":
                        (self.home.cache / item.built).unlink(missing_ok=True)
                folder = self.home.root / f"twice-{number}"
                try:
                    with self.steps.step(f"image, {number} time"):
                        self.make_image(folder)
                    digests.append((folder / "sha256").read_text("utf-8").strip())
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
        return digests[0], digests[1]


def installed(home: Home, kit: Path | None, *, kernels: bool = True) -> Installer:
    """Install if needed and return the installer."""
    maker = Installer(home, kit)
    maker.install(kernels=kernels)
    return maker


