"""Python packages through pip as the machine has it configured."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .console import Stop, run
from .locks import Item, sha256_of

CA_FILE = Path("/etc/ssl/certs/ca-certificates.crt")

# Fetch archives of sources without preparing them: `pip download` would run their setup.py.
# It asks pip's own finder and session: indexes, proxies and certificates are those of pip.
SDIST_GETTER = """
import sys
from pip._internal.commands.download import DownloadCommand
from pip._vendor.packaging.specifiers import SpecifierSet
into, *wanted = sys.argv[1:]
command = DownloadCommand("download", "")
with command.main_context():
    for word in wanted:
        name, version = word.split("==")
        options, _ = command.parse_args(["--no-binary", ":all:", name])
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        best = finder.find_best_candidate(name, SpecifierSet("==" + version)).best_candidate
        if best is None:
            sys.exit("no archive of sources for " + word)
        link = best.link
        if link.is_file:
            body = open(link.file_path, "rb").read()
        else:
            plain = {"Accept-Encoding": "identity"}
            answer = session.get(link.url_without_fragment, headers=plain)
            answer.raise_for_status()
            body = answer.content
        with open(into + "/" + link.filename, "wb") as target:
            target.write(body)
"""


def system_python() -> Path:
    """The Python 3.11 of the machine that every user may start.

    A Python below a private home folder would make a venv that only its owner can use.
    Raises Stop when there is none.
    """
    for place in ("/usr/bin/python3.11", "/usr/local/bin/python3.11", sys.executable):
        if not os.access(place, os.X_OK):
            continue
        version = run(
            [place, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        ).strip()
        if version == "3.11":
            return Path(place)
    raise Stop("no Python 3.11 here. Mend: use Debian 12, or install python3.11")


def certificates(bundled: Path) -> dict[str, str]:
    """Name the bundled authorities to pip where the machine has none and none is configured."""
    if CA_FILE.is_file() or "PIP_CERT" in os.environ or not bundled.is_file():
        return {}
    return {"PIP_CERT": str(bundled)}


class Pip:
    """One pip: a Python, and the wheel that holds pip (none: pip is installed)."""

    def __init__(self, python: Path, wheel: Path | None, bundled_certificates: Path) -> None:
        self.python = python
        self.env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        self.env.update(certificates(bundled_certificates))
        if wheel is not None:
            self.env["PYTHONPATH"] = str(wheel)
        else:
            self.env.pop("PYTHONPATH", None)

    def __call__(self, *words: str | Path, what: str) -> str:
        """Run pip."""
        return run([self.python, "-m", "pip", *words], env=self.env, what=what)

    def get(self, items: Sequence[Item], into: Path) -> None:
        """Download exact files into a folder; pip is told their hashes."""
        wheels = [item for item in items if item.kind == "wheel"]
        sources = [item for item in items if item.kind == "sdist"]
        if wheels:
            wanted = into / "requirements.txt"
            rows = [
                f"{item.name}=={item.version} --hash=sha256:{item.sha256}" for item in wheels
            ]
            wanted.write_text("\n".join(rows) + "\n", "utf-8")
            flags = [
                "--no-deps",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--progress-bar",
                "off",
            ]
            self("download", "-q", *flags, "-r", wanted, "-d", into, what="pip download")
        if sources:
            words = [f"{item.name}=={item.version}" for item in sources]
            run(
                [self.python, "-c", SDIST_GETTER, into, *words],
                env=self.env,
                what="pip (sources)",
            )

    def install(self, files: Sequence[Path], *flags: str) -> None:
        """Install verified files, with no index and no resolving."""
        self(
            "install", "-q", "--no-index", "--no-deps", "--no-cache-dir", *flags, *files,
            what="pip install",
        )  # fmt: skip


def verified(path: Path, item: Item) -> bool:
    """Whether a file is there with just the locked bytes."""
    return (
        path.is_file() and path.stat().st_size == item.size and sha256_of(path) == item.sha256
    )
