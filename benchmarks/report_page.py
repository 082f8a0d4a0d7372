"""How the lead's report opens: seconds, console errors, requests, accessibility, size.

    python3 scripts/run.py exec python benchmarks/report_page.py REPORT.html [--pictures DIR]

It needs nothing but python3, so it also runs outside the image, where Chromium is. Chromium
is EQUISITE_CHROMIUM or that of the PATH; axe-core is EQUISITE_AXE (axe.min.js), or
comes from npm. Opening is timed in fresh profiles, from navigation until the page can be
used and the charts in view are drawn; median of three. axe-core runs in light, dark and
390 pixel looks, after all charts were drawn.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from browser import Browser, browser, executable

OPENINGS = 3
LOOKS = {
    "light": {"width": 1280, "dark": False},
    "dark": {"width": 1280, "dark": True},
    "narrow": {"width": 390, "dark": False},
}
READY = "document.documentElement?.dataset.ready"
IN_VIEW = (
    "[...document.querySelectorAll('[data-chart]')].filter(b => !b.closest('[hidden]') && "
    "b.getBoundingClientRect().top < innerHeight).every(b => b.querySelector('.main-svg'))"
)
ALL_DRAWN = (
    "[...document.querySelectorAll('[data-chart]')].filter(b => !b.closest('[hidden]'))"
    ".every(b => b.querySelector('.main-svg'))"
)
# What comes into view is noticed when a frame is painted, and a busy machine paints late.
SCROLL = """(async () => {
  const painted = () => new Promise(r => requestAnimationFrame(() => setTimeout(r, 60)));
  for (let y = 0; y < document.body.scrollHeight; y += 500) {
    scrollTo(0, y); await painted(); await painted();
  }
  scrollTo(0, 0);
})()"""
PATHS = "document.querySelectorAll('[data-chart] svg path').length"
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"


def axe_source() -> str | None:
    """Text of axe-core, or None when it cannot be had."""
    named = os.environ.get("EQUISITE_AXE")
    if named:
        return Path(named).read_text(encoding="utf-8")
    if shutil.which("npm") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "axe-core@4"],
            cwd=folder,
            check=False,
            capture_output=True,
        )
        script = Path(folder) / "node_modules" / "axe-core" / "axe.min.js"
        return script.read_text(encoding="utf-8") if done.returncode == 0 else None


def open_once(page: Path) -> float:
    """Seconds from navigation until the page can be used, in a fresh profile."""
    with browser() as tab:
        tab.look()
        begin = time.monotonic()
        tab.open(page)
        tab.wait_for(READY)
        tab.wait_for(IN_VIEW)
        return time.monotonic() - begin


def draw_all(tab: Browser) -> None:
    """Scroll through the page until every chart is drawn."""
    tab.wait_for(READY)
    tab.evaluate(SCROLL)
    tab.wait_for(ALL_DRAWN)


def examine(page: Path, axe: str, pictures: Path | None) -> dict[str, object]:
    """All looks of the page: errors, requests, violations, drawn paths."""
    errors: list[str] = []
    requests: list[str] = []
    violations: list[str] = []
    paths, sideways = {}, {}
    for name, look in LOOKS.items():
        with browser() as tab:
            tab.look(**look)
            tab.open(page)
            draw_all(tab)
            paths[name] = tab.evaluate(PATHS)
            sideways[name] = tab.evaluate(SIDEWAYS)
            errors += tab.errors()
            requests += tab.requests()
            if pictures is not None:
                save_picture(tab, pictures / f"{name}.png")
                if name == "light":
                    save_print(tab, pictures / "print.pdf")
            tab.evaluate(axe)
            found = json.loads(
                tab.evaluate("axe.run(document).then(r => JSON.stringify(r.violations))")
            )
            violations += [
                f"{name}: {v['id']} ({v['impact']}) {v['nodes'][0]['target']}" for v in found
            ]
    return {
        "errors": errors,
        "requests": requests,
        "violations": violations,
        "paths": paths,
        "sideways": sideways,
    }


def save_picture(tab: Browser, path: Path) -> None:
    """The whole page as a picture."""
    size = tab.call("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    picture = tab.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    path.write_bytes(base64.b64decode(picture["data"]))


def save_print(tab: Browser, path: Path) -> None:
    """The page as it prints."""
    printed = tab.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    path.write_bytes(base64.b64decode(printed["data"]))


def main() -> int:
    """Measure one report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument(
        "--pictures", type=Path, help="also write light, dark, narrow and print"
    )
    args = parser.parse_args()
    if not args.report.is_file():
        print(f"there is no file {args.report}", file=sys.stderr)
        return 2
    if executable() is None:
        print("no Chromium: set EQUISITE_CHROMIUM or put chromium on the PATH", file=sys.stderr)
        return 2
    axe = axe_source()
    if axe is None:
        print("no axe-core: set EQUISITE_AXE to axe.min.js, or install npm", file=sys.stderr)
        return 2
    if args.pictures is not None:
        args.pictures.mkdir(parents=True, exist_ok=True)
    seconds = [open_once(args.report) for _ in range(OPENINGS)]
    print("opened in", ", ".join(f"{s:.2f} s" for s in seconds))
    found = examine(args.report, axe, args.pictures)
    for kind in ("errors", "requests", "violations"):
        print(f"{kind}: {len(found[kind])}", *found[kind], sep="\n  ")  # type: ignore[arg-type,misc]
    print("paths drawn:", found["paths"], " sideways scroll:", found["sideways"])
    print(
        json.dumps(
            {
                "open_s": round(statistics.median(seconds), 3),
                "console_errors": len(found["errors"]),  # type: ignore[arg-type]
                "network_requests": len(found["requests"]),  # type: ignore[arg-type]
                "axe_violations": len(found["violations"]),  # type: ignore[arg-type]
                "mb": round(args.report.stat().st_size / 1e6, 3),
                "paths": found["paths"],
                "sideways_px": found["sideways"],
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
