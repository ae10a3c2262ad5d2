"""
The peers: what else one could solve these instances with.

A peer gets an instance in the form that it likes best, made outside the clock, and returns the partner of
each left node. Its points are counted here, from the instance, after making sure that the assignment is one:
what a peer says of itself is not asked.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.peers import composition, dense, quotas, stored
from benchmarks.peers.question import NotRun, count

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from benchmarks.instances import Lists, Market, Matrix
    from benchmarks.process import Timer

__all__ = ["PEERS", "NotRun", "Peer", "compete"]


class Peer(NamedTuple):
    """
    A peer.

    Attributes
    ----------
    package : str
        The distribution whose version is reported.
    solve : callable
        ``solve(built, timer, tell)`` returns the partner of each left node, -1 for none.
    """

    package: str
    solve: Callable[..., np.ndarray]


PEERS = {
    "composition": Peer("ortools", composition.with_our_search),
    "composition-numpy": Peer("ortools", composition.with_numpy),
    "ortools": Peer("ortools", stored.ortools),
    "highs": Peer("highspy", stored.highs),
    "scipy": Peer("scipy", dense.scipy),
    "scipy-sparse": Peer("scipy", stored.scipy),
    "scipy-milp": Peer("scipy", quotas.milp),
    "lapx": Peer("lapx", dense.lapx),
    "lapx-sparse": Peer("lapx", stored.lapx),
}
"""All peers by name."""


def compete(
    peer: Peer, built: Market | Matrix | Lists, timer: Timer, tell: Callable[[str], object]
) -> dict[str, Any]:
    """
    Return a peer's numbers.

    Raises
    ------
    PackageNotFoundError
        If it is not installed.
    NotRun
        If it cannot take the instance.
    """
    found = {"version": version(peer.package)}
    mate = peer.solve(built, timer, tell)
    matched, objective = count(built, mate)
    return {**found, "solve_s": round(timer.seconds, 6), "matched": matched, "objective": objective}
