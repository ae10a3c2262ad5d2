"""A headless Chromium, driven over its DevTools pipe with the standard library alone."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
_SECONDS = 60.0
#: The browser reads commands from descriptor 3 and writes answers to descriptor 4.
_START = """
import os, sys
read, write, *command = sys.argv[1:]
os.dup2(int(read), 3)
os.dup2(int(write), 4)
os.execv(command[0], command)
"""


def program() -> str | None:
    """Return where Chromium is, if it is anywhere."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Tab:
    """
    A page in the browser.

    Attributes
    ----------
    events : list of dict
        Everything that the browser said on its own, as it came.
    """

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._rest, self._number = b"", 0
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            answer = self._receive(end)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise TimeoutError(method)

    def _receive(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reader], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser is silent")
            more = os.read(self._reader, 1 << 20)
            if not more:
                raise RuntimeError("the browser is gone")
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def size(self, wide: int, high: int, *, phone: bool = False) -> None:
        """Set the size of the window in CSS pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=wide,
            height=high,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )

    def open(self, path: Path) -> None:
        """Load a file and wait until everything in it is there."""
        before = len(self.events)
        self.ask("Page.navigate", url=path.absolute().as_uri())
        self._until(
            lambda: any(event["method"] == "Page.loadEventFired" for event in self.events[before:]), "load"
        )

    def wait_for(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true."""
        self._until(lambda: bool(self.run(condition)), condition)

    def _until(self, holds: Any, what: str) -> None:
        end = time.monotonic() + _SECONDS
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(what)
            self.run("0")  # hears what happened
            time.sleep(0.02)

    def run(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key, such as Tab (9) or Enter (13)."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text
            )

    def screenshot(self, *, whole: bool = False) -> bytes:
        """Return a PNG of the window, or of the whole page."""
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        return base64.b64decode(data)

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        data = self.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        return base64.b64decode(data)

    def complaints(self) -> list[str]:
        """Return what went wrong: errors, warnings, and what was kept from loading."""
        said = []
        for event in self.events:
            method, told = event["method"], event.get("params", {})
            if method == "Runtime.exceptionThrown":
                said.append(str(told["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                said.append(str(told["args"]))
            elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                said.append(str(told["entry"]))
        return said

    def requests(self) -> list[str]:
        """Return the addresses that were asked for, other than files and what is in the page."""
        asked = [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]


@contextmanager
def tab() -> Iterator[Tab]:
    """Start the browser with one empty page; it ends with the block."""
    chromium = program()
    assert chromium is not None, f"none of {', '.join(PROGRAMS)} is installed"
    to_browser, from_us = os.pipe()
    from_browser, to_us = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        user = f"--user-data-dir={profile}"
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _START,
                str(to_browser),
                str(to_us),
                chromium,
                *_FLAGS,
                user,
                "about:blank",
            ],
            pass_fds=(to_browser, to_us),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": profile},
        )
        os.close(to_browser)
        os.close(to_us)
        try:
            yield Tab(from_browser, from_us)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(from_us)
            os.close(from_browser)
