"""Indexing a tree of DICOM files, the first time and the second time.

    dicom_index.py DICOM_DIR [--files N]

Files below DICOM_DIR are copied under new SeriesInstanceUIDs until there are N; then the tree
is indexed by new processes, first without and then with the cache of headers. Times are wall
times of the scan, the best of three; the page cache is warm in both.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from equisite.imaging.discovery import scan
from equisite.imaging.header import read_header
from equisite.imaging.index import HeaderIndex


def copies(source: Path, target: Path, number: int) -> int:
    """Fill `target` with so many DICOM files; copies of a series get a UID of their own."""
    headers = [
        (path, header.series.encode())
        for path in sorted(p for p in source.rglob("*") if p.is_file())
        if (header := read_header(path).header) is not None and header.series
    ]
    made = turn = 0
    while headers and made < number:
        for path, series in headers[: number - made]:
            content = path.read_bytes()
            if turn:
                tail = f"{turn:05d}".encode()
                content = content.replace(series, series[:-6] + b"." + tail)
            place = target / f"copy{turn}" / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            made += 1
        turn += 1
    return made


def timed(root: Path, cache: Path) -> tuple[float, int, int, float]:
    """Seconds, files, series and peak memory (MB) of one scan in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_scan, (root, cache))


def _scan(root: Path, cache: Path) -> tuple[float, int, int, float]:
    start = time.perf_counter()
    with HeaderIndex(cache) as index:
        found = scan(root, (), index)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds, found.files, len({series for _, series in found.extents}), peak


def main() -> int:
    """Copy, index twice and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="DICOM_DIR")
    parser.add_argument("--files", type=int, default=6000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root, cache = Path(scratch) / "tree", Path(scratch) / "headers.sqlite"
        if not copies(args.folder, root, args.files):
            print("no DICOM file with a series", file=sys.stderr)
            return 2
        first, second = [], []
        for _ in range(3):
            cache.unlink(missing_ok=True)
            first.append(timed(root, cache))
            second.append(timed(root, cache))
            print(
                f"{first[-1][1]} files, {first[-1][2]} series: first {first[-1][0]:.3f} s, "
                f"second {second[-1][0]:.3f} s"
            )
        size = cache.stat().st_size
    print(
        json.dumps(
            {
                "files": first[0][1],
                "series": first[0][2],
                "first_s": round(min(f[0] for f in first), 3),
                "second_s": round(min(s[0] for s in second), 3),
                "peak_mb": round(max(r[3] for r in first + second), 1),
                "cache_mb": round(size / 1e6, 2),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
