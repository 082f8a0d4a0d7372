"""Headless Chromium over the DevTools protocol, with nothing but the standard library."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LOWEST_FD = 20


def executable() -> str | None:
    """Chromium as EQUISITE_CHROMIUM or the PATH name it; None when there is none."""
    named = os.environ.get("EQUISITE_CHROMIUM")
    if named:
        return named if shutil.which(named) else None
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page in a browser with a new profile; `events` holds all that it has said."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def attach(self) -> None:
        """Open an empty page and listen to its console, network and policy."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result. Raises RuntimeError when it is refused."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        own = self._number
        while True:
            answer = self._next(60.0)
            if answer is None:
                raise RuntimeError(f"the browser did not answer {method}")
            if answer.get("id") == own:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self.events.append(answer)

    def _next(self, seconds: float) -> dict[str, Any] | None:
        until = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                return None
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression; promises are awaited. Raises RuntimeError."""
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 30.0) -> float:
        """Wait until an expression is true; the seconds it took. Raises RuntimeError."""
        begin = time.monotonic()
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() - begin > seconds:
                raise RuntimeError(f"did not become true in {seconds} s: {expression}")
            time.sleep(0.01)
        return time.monotonic() - begin

    def look(self, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Size of the window and the preferred colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        value = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": value}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, page: Path) -> None:
        """Load a file."""
        self.call("Page.navigate", url=page.resolve().as_uri())

    def errors(self) -> list[str]:
        """Console errors, exceptions and policy violations so far."""
        found = []
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(
                    str(details.get("exception", {}).get("description", details["text"]))
                )
            elif method == "Runtime.consoleAPICalled" and parameters["type"] in (
                "error",
                "assert",
            ):
                found.append(str([a.get("value") for a in parameters["args"]]))
            elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                found.append(parameters["entry"]["text"])
            elif method == "Audits.issueAdded" and "ContentSecurity" in str(parameters):
                found.append(str(parameters["issue"]["code"]))
        return found

    def requests(self) -> list[str]:
        """Addresses that were asked for over a network."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
            and not event["params"]["request"]["url"].startswith(
                ("file:", "data:", "blob:", "about:")
            )
        ]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a fresh profile; ended with all its children on leaving.

    Raises FileNotFoundError when there is no Chromium.
    """
    program = executable()
    if program is None:
        raise FileNotFoundError(
            "no Chromium: set EQUISITE_CHROMIUM or put chromium on the PATH"
        )
    commands, answers = os.pipe(), os.pipe()
    theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, LOWEST_FD) for fd in (commands[0], answers[1])]
    os.close(commands[0])
    os.close(answers[1])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        line = 'exec "$@" 3<&"$READ" 4>&"$WRITE"'
        process = subprocess.Popen(
            ["bash", "-c", line, "bash", program, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=theirs,
            env={**os.environ, "READ": str(theirs[0]), "WRITE": str(theirs[1])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for fd in theirs:
            os.close(fd)
        page = Browser(answers[0], commands[1])
        try:
            page.attach()
            yield page
        finally:
            os.close(commands[1])
            os.close(answers[0])
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
