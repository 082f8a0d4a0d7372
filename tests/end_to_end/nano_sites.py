"""A made site's folder as the tests look at it, and the command that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A made site's folder and what its run printed."""

    folder: Path
    output: str = ""

    @property
    def bundle(self) -> bytes:
        """The bundle that waits for approval."""
        return (self.folder / "private" / "review" / "prepared.bundle").read_bytes()

    def table(self, name: str) -> list[dict[str, str]]:
        """Rows of a table below the site's folder."""
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines()
        columns = lines[0].split("\t")
        return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]


def snakemake(site: Path, checkout: Path, *further: str) -> list[str]:
    """The command that `equisite run` prints, as a user of Snakemake types it."""
    return [
        "snakemake",
        "--snakefile",
        str(checkout / "Snakefile"),
        "--directory",
        str(site),
        "--workflow-profile",
        str(checkout / "config" / "profiles" / "local"),
        *further,
    ]
