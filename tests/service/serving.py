"""The example service in a process of its own, on a port of loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "service"


class Server:
    """A running service, and a client for it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process, self.url = process, url
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def rss(self) -> int:
        """Return the resident bytes of the process."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def wait_for(self, run: str, seconds: float = 60) -> dict:
        """Return what is known of a run once it is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = self.client.get(f"/runs/{run}").json()
            if told["state"] in ("done", "failed", "cancelled"):
                return told
            time.sleep(0.01)
        raise AssertionError(told)

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until no run is at work."""
        end = time.monotonic() + seconds
        while (told := self.client.get("/health").json())["running"]:
            assert time.monotonic() < end, told
            time.sleep(0.005)


@contextmanager
def served(**limits: object) -> Iterator[Server]:
    """Serve until the block ends; then the process must end in peace."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(64)
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code = (
            "import sys, uvicorn; sys.path.insert(0, sys.argv[1]); from app import Limits, create_app; "
            f"uvicorn.run(create_app(Limits(**{limits!r})), fd={taken.fileno()}, log_level='warning')"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(EXAMPLE)], pass_fds=[taken.fileno()], stderr=subprocess.PIPE
        )
    server = Server(process, url)
    try:
        for _ in range(600):
            assert process.poll() is None, process.stderr.read().decode()
            try:
                server.client.get("/health")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
            server.client.close()
    assert process.returncode in (0, -signal.SIGTERM), said.decode()
    assert b"Traceback" not in said, said.decode()
