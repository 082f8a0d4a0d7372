import shutil
import subprocess
from pathlib import Path
from typing import IO

import pytest

from equisite.genomics.one_reading import read_once

pytestmark = pytest.mark.skipif(
    shutil.which("samtools") is None,
    reason="the tools of the image are not on the PATH; `run.py test` has them",
)


def big(folder: Path) -> Path:
    """A SAM of some megabytes: more than any pipe holds."""
    rows = "".join(
        f"r{n}\t0\ta\t{n + 1}\t60\t50M\t*\t0\t0\t{'A' * 50}\t{'F' * 50}\n"
        for n in range(30_000)
    )
    path = folder / "x.sam"
    path.write_text("@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:a\tLN:40000\n" + rows)
    return path


def count(stream: IO[bytes]) -> int:
    return sum(len(piece) for piece in iter(lambda: stream.read(1 << 16), b""))


def test_every_tool_sees_the_whole_stream(tmp_path: Path) -> None:
    out = tmp_path / "tok"
    size = read_once(big(tmp_path), out, count)
    assert size > 2_000_000
    assert "30000 + 0 primary mapped" in (tmp_path / "tok.flagstat").read_text()
    assert (tmp_path / "tok.idxstats").read_text() == "a\t40000\t30000\t0\n*\t0\t0\t0\n"
    assert "SN\tsequences:\t30000" in (tmp_path / "tok.stats").read_text()


@pytest.mark.parametrize("command", [("sh", "-c", "exit 5"), ("sh", "-c", "cat; exit 5")])
def test_a_tool_that_fails_is_a_fault_of_the_machine(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        read_once(big(tmp_path), tmp_path / "tok", count, {"stats": command})
    assert caught.value.returncode == 5


def test_what_measures_may_fail_too(tmp_path: Path) -> None:
    def fail(stream: IO[bytes]) -> None:
        stream.read(10)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        read_once(big(tmp_path), tmp_path / "tok", fail)


def test_an_alignment_cut_short_stops_everything(tmp_path: Path) -> None:
    whole = big(tmp_path)
    bam = tmp_path / "x.bam"
    subprocess.run(["samtools", "view", "-b", "-o", str(bam), str(whole)], check=True)
    bam.write_bytes(bam.read_bytes()[:-5000])
    with pytest.raises(subprocess.CalledProcessError):
        read_once(bam, tmp_path / "tok", count)
