"""
Processes of a pool that are killed (-9) while much is sent to them, and while they send much.

``python -m tests.spreading.killed`` prints a line of JSON when it is through. It is a program of its own, so
that whoever started it can end it where it hangs.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import select
import signal
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np

from tests.random_terms import random_terms
from twinmatch.errors import ExecutorError
from twinmatch.graph.scored import ScoredGraph
from twinmatch.spreading import pool as pools
from twinmatch.spreading import rounds
from twinmatch.spreading.shards import NOTHING

LEFT, RIGHT, CLASSES, LISTED = 600, 300_000, 650, 64
WORKERS, AGAIN = 2, 10


def market():
    """Return a graph of many partners and classes."""
    rng = np.random.default_rng(1)
    terms = random_terms(rng, LEFT, RIGHT, kinds=("linear",), linears=1)
    classes = (rng.integers(0, CLASSES, n).astype(np.int32) for n in (LEFT, RIGHT))
    table = rng.integers(0, 100_000, (CLASSES, CLASSES)).astype(np.int32)
    return ScoredGraph(replace(terms, left_class=next(classes), right_class=next(classes), table=table))


@contextmanager
def asking(graph, **options):
    """Start processes; yield them, and what asks them a long question and returns a digest of the answer."""
    context = multiprocessing.get_context("fork")
    price = np.random.default_rng(2).integers(0, 1000, RIGHT).astype(np.int32)
    with ProcessPoolExecutor(WORKERS, mp_context=context, **options) as pool:
        engine = pools.Pool(pool)
        shards = rounds.Rounds(graph, engine, np.zeros(1, np.uint8))
        shards.table = graph.terms.table // 2

        def ask():
            floor = np.full(LEFT, NOTHING, np.int32)
            found = shards.ask(np.arange(LEFT, dtype=np.int32), LISTED, floor, price, 1)
            return hashlib.sha256(b"".join(array.tobytes() for array in found)).hexdigest()

        try:
            yield pool, ask
        finally:
            engine.close()


def kill(processes):
    """Kill processes, as a system does that has no more memory."""
    for process in processes:
        os.kill(process, signal.SIGKILL)


def while_sent(graph):
    """Stop both processes, send them a question, and kill them."""
    with asking(graph) as (pool, ask):
        ask()
        processes = list(pool._processes)
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        threading.Timer(0.3, kill, (processes,)).start()
        try:
            return ask()
        except ExecutorError as error:
            return str(error)


def while_answering(graph):
    """Ask processes that die in the middle of every long answer."""
    with asking(graph, initializer=dies_in_the_middle) as (_, ask):
        return ask()


def dies_in_the_middle():
    """Let this process be killed once half of something long is sent."""
    send = Connection._send

    def half(self, data, write=os.write):
        if len(data) > select.PIPE_BUF:
            write(self._handle, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return send(self, data)

    Connection._send = half


def at_any_time(graph, after_s):
    """Kill one process after so many seconds, while one question after the other is asked."""
    with asking(graph) as (pool, ask):
        found = {ask()}
        threading.Timer(after_s, kill, (list(pool._processes)[:1],)).start()
        try:
            while True:
                found.add(ask())
        except ExecutorError:
            return sorted(found)


def main(*cases):
    """Go through the cases; say what was found."""
    rounds.LEAST_SHARD = 150
    said, graph = {}, market()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        with asking(graph) as (_, ask):
            said["whole"] = ask()
        if "sent" in cases:
            said["sent"] = while_sent(graph)
        if "answering" in cases:
            said["answering"] = while_answering(graph)
        if "any" in cases:
            moments = np.random.default_rng(3).random(AGAIN) * 0.3
            said["any"] = [at_any_time(graph, float(after_s)) for after_s in moments]
        said["left"] = os.listdir(folder)
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
