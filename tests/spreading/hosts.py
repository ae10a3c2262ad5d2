"""
Four hosts on one machine, each a network namespace: a scheduler, two workers, and whoever wants a matching.

``python -m tests.spreading.hosts FOLDER`` is started in namespaces of its own (:func:`command`): of the
network, so that nothing outside is touched, and of processes, of which it is the first. When it ends, or is
killed, the system ends all others and removes bridge, cables and namespaces. It also ends when its standard
input does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

WORLD = (2500, 7500)
SCHEDULER, FIRST, SECOND, HERE = (f"10.77.0.{number}" for number in (1, 2, 3, 4))
ADDRESS = f"tcp://{SCHEDULER}:8786"
#: What a host does before its program: wait for its cable, and plug it in.
PLUG = (
    'read _ && ip link set lo up && ip address add "$1"/24 dev eth0 && ip link set eth0 up && '
    'shift && exec "$@"'
)


def command(*words):
    """Return the command that runs something as the first process of new namespaces."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    new = ["--net", "--pid", "--mount-proc", "--fork", "--kill-child"]
    return ["unshare", *user, *new, *words]


def why_not():
    """Return why hosts cannot be made here, or None."""
    missing = [tool for tool in ("unshare", "ip") if shutil.which(tool) is None]
    if missing:
        return f"not on the path: {', '.join(missing)}"
    # Everything that is needed, once: a bridge, another namespace, a cable into it.
    tried = (
        "ip link add lan type bridge && { unshare --net sleep 60 & sleep 0.2; } && "
        "ip link add port type veth peer name eth0 netns $! && ip link set port master lan up"
    )
    done = subprocess.run(command("sh", "-c", tried), capture_output=True, text=True)
    return f"no network namespaces here: {done.stderr.strip()}" if done.returncode else None


def digest_of(value):
    """Return the SHA-256 of what has to be the same."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


# -- The first process -------------------------------------------------------------------------------------


def stage(folder):
    """Start the hosts, kill a worker in the middle of a run, and print what became of it."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    _ip("link", "add", "lan", "type", "bridge")
    _ip("link", "set", "lan", "up")
    dask = [sys.executable, "-m"]
    worker = [*dask, "distributed.cli.dask_worker", ADDRESS, "--nthreads", "1", "--no-nanny"]
    worker += ["--no-dashboard", "--local-directory", folder]
    hosts = [
        _host(SCHEDULER, [*dask, "distributed.cli.dask_scheduler", "--host", SCHEDULER, "--no-dashboard"]),
        _host(FIRST, [*worker, "--host", FIRST]),
        _host(SECOND, [*worker, "--host", SECOND]),
        _host(HERE, [*dask, "tests.spreading.hosts"], stdout=subprocess.PIPE),
    ]
    said = {"namespaces": [os.readlink(f"/proc/{host.pid}/ns/net") for host in hosts]}
    for line in hosts[-1].stdout:
        said |= json.loads(line)
        if "searching" in said and "killed" not in said:
            hosts[2].send_signal(signal.SIGKILL)
            said["killed"] = hosts[2].wait()
            hosts[-1].stdin.write("go on\n")
            hosts[-1].stdin.flush()
    _say(**said, ended=hosts[-1].wait())


def _host(address, program, **options):
    """Start a program on a host of its own."""
    shell = ["unshare", "--net", "sh", "-c", PLUG, "host", address, *program]
    host = subprocess.Popen(
        shell, stdin=subprocess.PIPE, text=True, **{"stdout": subprocess.DEVNULL, **options}
    )
    own = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{host.pid}/ns/net") == own:
        time.sleep(0.01)
    port = f"port{address.rsplit('.', 1)[1]}"
    _ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(host.pid))
    _ip("link", "set", port, "master", "lan", "up")
    host.stdin.write("\n")
    host.stdin.flush()
    return host


def _ip(*words):
    subprocess.run(["ip", *words], check=True)


def _end_with_stdin():
    sys.stdin.read()
    os._exit(1)


# -- Whoever wants a matching ------------------------------------------------------------------------------


def client():
    """Match and check on the cluster; say when searches are under way, and wait for a word then."""
    from distributed import Client

    import twinmatch as tm
    from tests.spreading.worlds import FEW_ROWS, bytes_of, claims_of, market
    from twinmatch.certify import parts
    from twinmatch.spreading import rounds

    rounds.LEAST_ROWS, parts.LEAST_PAIRS, parts.MOST_PAIRS = FEW_ROWS, 1, 2_000_000
    made = []
    logger = logging.getLogger("twinmatch")
    logger.setLevel(logging.DEBUG)
    counts = logging.Handler()
    counts.emit = lambda record: made.append(1) if record.msg.startswith("round") else None
    logger.addHandler(counts)
    before = []

    def told(progress):
        if progress.bound is not None and made and not before:
            before.append(len(made))
            _say(searching=True)
            sys.stdin.readline()

    with Client(ADDRESS, timeout=60) as cluster:
        cluster.wait_for_workers(2, timeout=60)
        _say(workers=sorted(cluster.run(lambda dask_worker: dask_worker.ip).values()))
        matching = tm.match(*market(*WORLD), executor=cluster, on_progress=told)
        claims = claims_of(matching.verify(executor=cluster))
        _say(
            rounds=[before[0], len(made) - before[0]],
            left=sorted(cluster.run(lambda dask_worker: dask_worker.ip).values()),
            bytes=digest_of(bytes_of(matching)),
            claims=digest_of(claims),
        )


def _say(**words):
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    stage(*sys.argv[1:]) if sys.argv[1:] else client()
