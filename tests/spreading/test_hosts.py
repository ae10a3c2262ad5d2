"""A cluster across hosts that share nothing but a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.spreading import hosts
from tests.spreading.worlds import alone, bytes_of, claims_of

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def staged(tmp_path):
    """Start the hosts; whatever happens, nothing of them is left."""
    pytest.importorskip("distributed")
    if reason := hosts.why_not():
        pytest.skip(reason)
    stage = subprocess.Popen(
        hosts.command(sys.executable, "-m", "tests.spreading.hosts", str(tmp_path)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    yield stage
    stage.kill()
    stage.communicate()


def members(namespace):
    """Return the processes of a namespace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "ns" / "pid") == namespace:
                found.append(int(process.name))
        except OSError:  # it has just ended, or is somebody else's
            continue
    return found


def test_hosts_that_share_only_a_network_change_nothing_and_one_may_die(staged):
    """The bytes of one machine, though a worker is killed (-9) between rounds that both had searched."""
    out = staged.stdout.read()  # its standard input stays open: it ends with that
    assert staged.wait() == 0, staged.stderr.read()
    said = json.loads(out.splitlines()[-1])
    assert len({*said["namespaces"], os.readlink("/proc/self/ns/net")}) == 5
    assert said["workers"] == [hosts.FIRST, hosts.SECOND]
    assert said["killed"] == -9
    assert said["left"] == [hosts.FIRST]
    assert min(said["rounds"]) >= 1  # before and after
    matching = alone(*hosts.WORLD)
    assert said["bytes"] == hosts.digest_of(bytes_of(matching))
    assert said["claims"] == hosts.digest_of(claims_of(matching.verify()))


def test_whoever_is_killed_leaves_no_host_behind(staged):
    """All processes of all hosts end with the first, and with them their namespaces and cables."""
    until = time.monotonic() + 60
    own = namespace = os.readlink("/proc/self/ns/pid")
    while namespace == own or len(members(namespace)) < 5:  # the first one and four hosts
        assert staged.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
        namespace = os.readlink(f"/proc/{staged.pid}/ns/pid_for_children")
    staged.kill()
    staged.wait()
    until = time.monotonic() + 2  # before they would have come to their end
    while members(namespace):
        assert time.monotonic() < until
        time.sleep(0.05)
