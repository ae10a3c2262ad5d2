"""
What stays in memory of a matching between repairs.

Its market, its prices, and where its schools stand in them. A market (:mod:`twinmatch.solvers.upkeep`) is
compiled once, for the schools of the day. Later matchings have fewer of them, and say which: ``left_nodes``
and ``right_nodes``. Several matchings may come from one; they share the market, one at a time.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

import numpy as np

from twinmatch.certify.step import Standing, check_step, reached_by
from twinmatch.compiler import compiled
from twinmatch.log import logger
from twinmatch.mechanisms import most_points
from twinmatch.pausing import stopping
from twinmatch.repairing.stating import is_bonus, without_bonus
from twinmatch.solvers.upkeep import Position, Singles, Upkeep
from twinmatch.status import Status
from twinmatch.threads import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.graph.singles import Bonus, PairBonus
    from twinmatch.matching import Matching
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Live", "live_of", "may_live", "prepare"]

#: Whoever waits for a market looks up as often.
_TICK_S = 0.02
#: A market has an entry for each place.
MOST_PLACES = 10_000_000
#: Bonuses whose single pairs are kept: a repair with another one works them out again.
MOST_REWARDED = 8


class Turn:
    """A lock that a forked process does not inherit closed: the thread that held it was not forked."""

    _all: ClassVar[weakref.WeakSet[Turn]] = weakref.WeakSet()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        Turn._all.add(self)

    @contextmanager
    def taken(self, control: Control) -> Iterator[None]:
        """
        Wait for it, and hold it.

        Raises
        ------
        Stopped
            If the caller's time is over before others have finished.
        """
        lock = self._lock
        while not lock.acquire(timeout=_TICK_S):
            control.look_up()
        try:
            yield
        finally:
            lock.release()

    @classmethod
    def renew(cls) -> None:
        """Open all of them, in a process that has just been forked."""
        for turn in cls._all:
            turn._lock = threading.Lock()


os.register_at_fork(after_in_child=Turn.renew)


@dataclass(eq=False)
class Live:
    """
    A matching as its market sees it.

    Parameters
    ----------
    upkeep : Upkeep
    lock : Turn
        Of the market.
    left_nodes, right_nodes : int64 arrays
        The node of each school.
    standing : Standing
        Over all nodes. Its witness and what that may have are hidden from the market.
    hidden : (num_right,) bool
        Right nodes that the witness may have.
    singles : Singles
        Pairs that are banned or have a bonus.
    own_bonus : Bonus
        What the policy itself gives, without the bonus of a repair.
    lifted : dict
        The same matching at its highest prices (``"up"``) and its lowest (``"down"``), once prepared.
    rewarded : dict
        By bonus and way: single pairs with a bonus for each pair of before, and the standing with these.
    """

    upkeep: Upkeep
    lock: Turn
    left_nodes: Int64
    right_nodes: Int64
    standing: Standing
    hidden: Bool
    singles: Singles
    own_bonus: Bonus
    lifted: dict[str, Standing] = field(default_factory=dict)
    rewarded: dict[tuple[int, str], tuple[Singles, Standing]] = field(default_factory=dict)

    def position(self, standing: Standing) -> Position:
        """Return what the market is told of a standing: nothing of what is hidden."""
        away = ~standing.left | standing.witness
        return Position(
            np.where(self.hidden | ~standing.right, 0, self._useful(standing.capacity)),
            standing.price,
            standing.left_price,
            np.where(away, -1, standing.mate),
            away,
        )

    def _useful(self, capacity: Int64) -> Int64:
        """Return places without those that nobody can ever take; one of them stays, and stays empty."""
        return np.minimum(capacity, len(self.standing.left) + 1)

    def is_small(self, capacity: Int64) -> bool:
        """Return whether so many places fit a market in memory."""
        return int(self._useful(capacity).sum()) <= MOST_PLACES

    def reward(self, bonus: int, way: str, singles: Singles, standing: Standing) -> None:
        """Keep what a bonus for each pair of before makes of the standing; the oldest of many goes."""
        while len(self.rewarded) >= MOST_REWARDED:
            del self.rewarded[next(iter(self.rewarded))]
        self.rewarded[bonus, way] = singles, standing

    def joined(self, standing: Standing, found: Position) -> Standing:
        """
        Return a standing with the prices and partners that the market found.

        Hidden places get dearer by as much as the others of their rivals got poorer, and covering a school is
        worth so much more: so nobody else pays for a hidden place, and nothing changes there.
        """
        active = standing.left & ~standing.witness
        price, left_price = found.price.copy(), found.left_price.copy()
        fall = (standing.left_price - left_price)[active].max(initial=0)
        premium = max(
            standing.coverage_price + (int(fall) if self.hidden.any() else 0),
            -int(left_price[active].min(initial=0)),
        )
        more = premium - standing.coverage_price
        price[self.hidden] = standing.price[self.hidden] + more
        left_price[standing.witness] = standing.left_price[standing.witness] - more
        mate = np.where(standing.witness, standing.mate, found.mate)
        return standing._replace(price=price, left_price=left_price, mate=mate, coverage_price=premium)


def may_live(matching: Matching) -> bool:
    """Return whether prices alone prove a matching, so that a market can go on from them."""
    return (
        matching.mechanism == most_points()
        and matching.status is Status.OPTIMAL
        and matching.proof is None
        and matching.policy.coverage == "first"
        and not matching.policy.quotas
    )


class _Ends(NamedTuple):
    """The end of a run, cancelled or late, as a check listens to it."""

    control: Control

    def is_set(self) -> bool:
        return self.control.limit() is not None


def live_of(matching: Matching, control: Control) -> Live | None:
    """
    Return what is in memory of a matching, loading it if need be; None where its kind cannot be kept so.

    Loading compiles the policy and checks the matching over all pairs, unless that was done before.

    Raises
    ------
    Stopped
    """
    found: Live | None = matching.__dict__.get("_live")
    if found is not None or not may_live(matching):
        return found
    left, policy = without_bonus(matching.left, matching.policy)
    with stopping(control.look_up):
        base = compiled(left, matching.right, policy).terms
    if base.calls or base.curve is not None:
        return None
    certificate = matching.__dict__.get("last_certificate")
    if certificate is None or not certificate.ok:
        certificate = matching.verify(threads=control.threads, cancel=_Ends(control))
        control.look_up()
        if not certificate.ok:
            return None  # worth nothing: the plain way says so
    bonus = base.bonus
    for part in matching.policy.criteria:
        if is_bonus(part):
            given = cast("PairBonus", part.compile(matching.left, matching.right))
            bonus = bonus.plus(np.unique(given.pairs, axis=0), given.each, base.num_right)
    singles = Singles(base.banned, bonus)
    upkeep = Upkeep(base, number_of(control.threads))
    terms = upkeep.told(singles)
    i = np.flatnonzero(matching.mate >= 0)
    left_price = np.full(len(left), -int(matching.coverage_price), np.int64)
    left_price[i] = terms.points(i, matching.mate[i]) - matching.right_price[matching.mate[i]]
    witness = matching.witness_left if (matching.mate < 0).any() else np.zeros(len(left), np.bool_)
    standing = Standing(
        np.ones(len(left), np.bool_),
        np.ones(len(matching.right), np.bool_),
        matching.right_capacity,
        matching.mate,
        matching.right_price,
        left_price,
        int(matching.coverage_price),
        witness,
    )
    found = Live(
        upkeep,
        Turn(),
        np.arange(len(left)),
        np.arange(len(matching.right)),
        standing,
        reached_by(terms, witness, control.threads)[0],
        singles,
        base.bonus,
    )
    kept: Live = matching.__dict__.setdefault("_live", found)  # another thread may have been first
    return kept


def prepare(matching: Matching, control: Control) -> Live | None:
    """Load a matching, and its highest and lowest prices; see :mod:`twinmatch.solvers.upkeep`."""
    live = live_of(matching, control)
    if live is None:
        logger.info("prepare ended: a matching of this kind is repaired afresh")
        return None
    terms, none = live.upkeep.told(live.singles), np.empty((0, 2), np.int64)
    with live.lock.taken(control):
        for way in ("up", "down"):
            if way in live.lifted:
                continue
            found = live.upkeep.lifted(live.position(live.standing), live.singles, way, control)
            there = live.joined(live.standing, found)
            certificate = check_step(
                terms,
                live.standing,
                there,
                none,
                seal=matching.seal,
                threads=control.threads,
                cancel=control.cancel,
            )
            if certificate.ok:
                live.lifted[way] = there
                live.rewarded.clear()  # they stand on other prices
    logger.info("prepare ended: %.3f s", control.elapsed_s)
    return live
