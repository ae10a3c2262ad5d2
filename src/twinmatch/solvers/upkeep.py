"""
A market that stays optimal while it changes.

Problem
    A matching and prices that prove it are known. Some nodes go, places come and go, some pairs are worth
    something else or are no longer admissible. Find the matching with the most points again, and its proof.
Idea
    Whatever is still right stays. Left nodes that lost their place look for one along a shortest path;
    places with a price that nobody pays come down (``cpp/core/upkeep.hpp``). Trees and lists stay in
    memory.
Highest and lowest prices
    Of all prices that prove one matching, the highest say what the loss of a place costs, the lowest what
    the loss of a left node does: at these, somebody else is found along pairs that are tight already, and
    no price moves. So where a market is prepared, both are worked out once, and each change starts from
    those that suit it. Without that a repair is right too, and slower: it moves the prices of some thousand
    nodes by a point or two.
Why it is right
    Let ``u`` and ``p`` be potentials with ``u_i + p_j >= points(i, j)`` for all pairs, tight where nodes
    are matched. What a change breaks is put right first: a pair that is worth more raises ``u_i``; where
    the own pair is worth less, ``u_i`` comes down to the best that is left; whoever is not tight any more
    has no partner. Then paths serve everybody in need, and move potentials by no more than they must.
Parts that stay as they are
    Left nodes that compete for places that are all taken (a witness of Hall), and those places, are hidden:
    nobody else uses these in a matching that covers as many. Their prices rise with the fall of the others.
Cost
    One or two paths for each change, over what lies within their length. Memory: two trees, and lists for
    the nodes that were ever looked at.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch import _core
from twinmatch.graph.scored import NO_PARTNER, ScoredGraph, as_rows, rows_of
from twinmatch.graph.singles import NO_BONUS, Bonus
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.terms import PairTerms
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Position", "Singles", "Upkeep", "Upset"]

#: Partners that a list holds at first.
_K = 16
_NO_PAIRS = np.empty((0, 2), np.int64)


class Upset(Exception):  # noqa: N818 (what happened, not an error)
    """A left node can have no place: coverage falls, and prices alone do not say whose."""


class Singles(NamedTuple):
    """
    Pairs that are spoken of one by one.

    Attributes
    ----------
    banned : (k, 2) int64
        Sorted, each once.
    bonus : Bonus
    """

    banned: Int64 = _NO_PAIRS
    bonus: Bonus = NO_BONUS


class Position(NamedTuple):
    """
    A matching, and potentials that prove it.

    Attributes
    ----------
    capacity : (num_right,) int64
        Places; of nodes that are gone or hidden 0.
    price : (num_right,) int64
    left_price : (num_left,) int64
    mate : (num_left,) int64
        -1 for none: nodes that are away have none.
    away : (num_left,) bool
        Left nodes that are gone or hidden.
    """

    capacity: Int64
    price: Int64
    left_price: Int64
    mate: Int64
    away: Bool


@dataclass
class _Engine:
    """One compiled market with its lists; what was told to it last."""

    graph: ScoredGraph
    core: _core.Upkeep
    flag: npt.NDArray[np.uint8]
    singles: Singles


@dataclass
class Upkeep:
    """
    Everything that repairs of one market share.

    Parameters
    ----------
    terms : PairTerms
        Of all nodes, without calls. Banned pairs and those with a bonus are told with each change.
    threads : int
    """

    terms: PairTerms
    threads: int = 1
    _engines: dict[str, _Engine] = field(default_factory=dict)
    _process: int = field(default_factory=os.getpid)

    def told(self, singles: Singles) -> PairTerms:
        """Return the terms with these pairs."""
        return replace(self.terms, banned=singles.banned, bonus=singles.bonus)

    def lifted(self, position: Position, singles: Singles, way: str, control: Control) -> Position:
        """
        Return the same matching at its highest prices (``way="up"``) or its lowest (``"down"``).

        Raises
        ------
        Stopped
        """
        engine = self._engine(way, singles)
        self._go_to(engine, position)
        self._run(engine, way, control, "prices", lambda: engine.core.lift(way == "up"))
        _, price, left_price, *_ = engine.core.state()
        return position._replace(price=price, left_price=left_price)

    def adjusted(self, position: Position, before: Singles, singles: Singles, way: str) -> Position:
        """
        Return a position whose potentials obey other single pairs.

        Parameters
        ----------
        position : Position
        before, singles : Singles
            What its potentials obey, and what they shall obey.
        way : str
            As for :meth:`mended`.

        Returns
        -------
        Position
            Whoever is not tight any more has no partner.
        """
        if before is singles:
            return position
        return _adjusted(position, self._engine(way, singles).graph, before, singles, self.threads)

    def mended(self, position: Position, singles: Singles, way: str, control: Control) -> Position:
        """
        Return the matching with the most points, every left node that is not away having a partner.

        Parameters
        ----------
        position : Position
            As it is after the change: potentials are those of before, and whoever cannot keep a place has
            none. Places are enough for those who have one.
        singles : Singles
            What its potentials obey.
        way : str
            Whose potentials they are: ``"up"`` or ``"down"``. The lists of each are apart.
        control : Control

        Raises
        ------
        Upset
            If somebody can have no place.
        Stopped
        """
        engine = self._engine(way, singles)
        self._go_to(engine, position)
        self._run(engine, way, control, "paths", engine.core.mend)
        mate, price, left_price, *_ = engine.core.state()
        return position._replace(mate=mate, price=price, left_price=left_price)

    def _engine(self, way: str, singles: Singles) -> _Engine:
        if self._process != os.getpid():  # threads of the parent may have been inside when it forked
            self._engines, self._process = {}, os.getpid()
        engine = self._engines.get(way)
        if engine is None:
            graph = ScoredGraph(self.told(singles))
            flag = np.zeros(1, np.uint8)
            core = _core.Upkeep(graph.core, graph.core_transposed, _K, self.threads, flag)
            engine = self._engines[way] = _Engine(graph, core, flag, singles)
        elif engine.singles is not singles:
            _tell(engine, self.told(singles), singles)
        return engine

    def _go_to(self, engine: _Engine, position: Position) -> None:
        engine.core.go_to(*position[:4], np.ascontiguousarray(position.away).view(np.uint8))

    def _run(self, engine: _Engine, way: str, control: Control, phase: str, task: object) -> None:
        control.flag = engine.flag
        done = False
        try:
            control.run(phase, task)  # type: ignore[arg-type]
            done = True
        except RuntimeError as error:
            if "no augmenting path" not in str(error):
                raise
            raise Upset from None
        finally:
            if not done:
                del self._engines[way]  # it stands in the middle of something


def _tell(engine: _Engine, terms: PairTerms, singles: Singles) -> None:
    """Tell a compiled market of other single pairs; nodes whose pairs changed draw new lists."""
    old = engine.singles
    changed = np.concatenate(
        [
            _either(old.banned, singles.banned, terms.num_right),
            _different(old.bonus, singles.bonus, terms.num_right),
        ]
    )
    engine.singles = singles
    if not len(changed):
        return
    engine.graph.terms = terms
    for core, there in ((engine.graph.core, terms), (engine.graph.core_transposed, terms.transposed())):
        core.set_bonus(None)
        core.set_bans(*rows_of(there.banned, there.num_left))
        core.set_bonus(as_rows(there.bonus, there))
    left, right = (np.unique(changed[:, side]).astype(np.int32) for side in (0, 1))
    engine.core.expire(left, right)


def _either(one: Int64, other: Int64, num_right: int) -> Int64:
    """Return the pairs that are in one of two lists."""
    keys = np.setxor1d(one[:, 0] * num_right + one[:, 1], other[:, 0] * num_right + other[:, 1])
    return np.stack(np.divmod(keys, max(1, num_right)), axis=1)


def _different(one: Bonus, other: Bonus, num_right: int) -> Int64:
    """Return the pairs that do not have the same bonus in both."""
    pairs = np.concatenate([one.pairs, other.pairs])
    i, j = pairs[:, 0], pairs[:, 1]
    if one is other or not len(pairs):
        return _NO_PAIRS
    changed: Int64 = pairs[one.at(i, j, num_right) != other.at(i, j, num_right)]
    return changed


def _adjusted(
    position: Position, graph: ScoredGraph, before: Singles, singles: Singles, threads: int
) -> Position:
    """Put right what single pairs that changed have broken, so that potentials obey all pairs again."""
    num_right = graph.num_right
    changed = np.unique(
        np.concatenate(
            [
                _either(before.banned, singles.banned, num_right),
                _different(before.bonus, singles.bonus, num_right),
            ]
        ),
        axis=0,
    )
    if not len(changed):
        return position
    left_price, mate = position.left_price.copy(), position.mate.copy()
    i, j = changed.T
    worth = np.asarray(graph.points(i, j))
    known = worth != FORBIDDEN
    net = np.where(known, worth - position.price[j], NO_PARTNER)
    own = mate[i] == j
    # The own pair is worth more, or less: its node has that more, or what else is best.
    more = own & known & (net >= left_price[i])
    left_price[i[more]] = net[more]
    less = np.unique(i[own & ~more])
    if len(less):
        best = graph.best_lists(less, 1, position.price, threads=threads)[1].max(axis=1)
        left_price[less] = np.where(best > NO_PARTNER, best, left_price[less])
    # Any other pair that is worth more than its node has raises that.
    np.maximum.at(left_price, i[~own & known], net[~own & known])
    asked = np.unique(i)
    asked = asked[mate[asked] >= 0]
    now = np.asarray(graph.points(asked, mate[asked]))
    loose = asked[now - position.price[mate[asked]] != left_price[asked]]
    mate[loose] = -1
    return position._replace(left_price=left_price, mate=mate)
