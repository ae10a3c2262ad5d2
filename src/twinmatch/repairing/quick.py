"""
A matching after changes, from the prices of the one before: found and proven within a moment.

Which changes
    Schools of either side that leave, places that come and go, vetoes and their end, with and without a
    bonus for kept pairs: whatever leaves the other schools' columns alone. Schools that join, sections that
    open and close, locks, and hundreds of changes at once ask for a policy that is compiled afresh: the
    plain way of :mod:`twinmatch.repairing.mending`. So does a partner that leaves places short, where it
    takes a search for a witness to say who is left out.
Proof
    :mod:`twinmatch.certify.step`: what the change leaves to prove, on top of what was proven before. A
    repair that it refuses is made afresh.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.certify.step import check_step
from twinmatch.changing.rows import row_of
from twinmatch.graph.singles import joined, places_in
from twinmatch.lazily import Later
from twinmatch.log import logger
from twinmatch.policy.rules import ForbiddenPairs
from twinmatch.repairing.living import Live, live_of
from twinmatch.repairing.pinning import ways_of_counting
from twinmatch.solvers.national import Solution
from twinmatch.solvers.upkeep import Singles, Upset
from twinmatch.status import Status

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.certify.step import Standing
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy
    from twinmatch.repairing.stating import Question
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]

__all__ = ["quick"]

#: With more paths to look for than this, a match from scratch takes no longer: on the registers 100 paths and
#: their proof take ten seconds of a processor, 300 half a minute.
MOST_IN_NEED = 150


def quick(matching: Matching, question: Question, keep_bonus: int, control: Control) -> Matching | None:
    """
    Return the matching that answers a question, None where it takes more than prices of before.

    Parameters
    ----------
    matching : Matching
        The one before.
    question : Question
    keep_bonus : int
    control : Control

    Raises
    ------
    Stopped
    """
    after = question.applied
    if not _same_columns(matching, question) or (live := live_of(matching, control)) is None:
        return None
    with live.lock.taken(control):
        found = _found(live, question, keep_bonus, control)
    if found is None:
        return None
    before, moved, singles, risen = found
    left_nodes, right_nodes = live.left_nodes[after.left_rows], live.right_nodes[after.right_rows]
    terms = live.upkeep.told(singles)
    started = time.monotonic()
    certificate = check_step(
        terms, before, moved, risen, seal=matching.seal, threads=control.threads, cancel=control.cancel
    )
    control.seconds["proof"] = time.monotonic() - started
    if not certificate.ok:
        if control.limit() is None:
            logger.warning("repair: a quick repair was refused by its check and is made afresh")
        return None
    row = np.full(len(moved.price) + 1, -1, np.int64)
    row[right_nodes] = np.arange(len(right_nodes))
    solution = Solution(
        row[moved.mate[left_nodes]],
        moved.price[right_nodes],
        moved.coverage_price,
        moved.witness[left_nodes],
        certificate.objective or 0,
        certificate.bound or 0,
        certificate.coverage or 0,
        certificate.coverage_bound or 0,
        Status.OPTIMAL,
        None,
        dict(control.seconds),
    )
    new = type(matching).from_solution(
        question.left,
        after.right,
        question.policy,
        after.capacity,
        solution,
        seed=matching.seed,
        seconds={},
        mechanism=matching.mechanism,
        fingerprints=_later(question.left, after.right, question.policy),
    )
    new.__dict__["_step"] = certificate
    new.__dict__["_live"] = replace(
        live,
        left_nodes=left_nodes,
        right_nodes=right_nodes,
        standing=moved,
        singles=singles,
        lifted={},
        rewarded={},
    )
    return new


def _later(left: Schools, right: Schools, policy: Policy) -> Later:
    return Later(lambda: (left.fingerprint(), right.fingerprint(), policy.fingerprint()))


def _same_columns(matching: Matching, question: Question) -> bool:
    """Return whether tables only lost rows, and the policy changed by vetoes and the bonus alone."""
    after = question.applied
    old, new = matching.policy, after.policy
    rest = [tuple(rule for rule in one.rules if not isinstance(rule, ForbiddenPairs)) for one in (old, new)]
    came = (after.left_rows < 0).any() or (after.right_rows < 0).any()
    taught = after.left_changed.any() or after.right_changed.any()
    gone = len(after.left) < len(matching.left) or len(after.right) < len(matching.right)
    if gone and len(ways_of_counting(new)) > 1:
        return False  # what was counted of those who stay is not written down
    return not came and not taught and not new.quotas and rest[0] == rest[1]


def _found(
    live: Live, question: Question, keep_bonus: int, control: Control
) -> tuple[Standing, Standing, Singles, Int64] | None:
    """Return prices before, the standing after, single pairs, and those that may be worth more."""
    after, standing = question.applied, live.standing
    left, right = np.zeros_like(standing.left), np.zeros_like(standing.right)
    left[live.left_nodes[after.left_rows]] = right[live.right_nodes[after.right_rows]] = True
    capacity = np.zeros_like(standing.capacity)
    capacity[live.right_nodes[after.right_rows]] = after.capacity
    fewer = capacity < standing.capacity
    touched = standing.witness & (left != standing.left)
    if not live.is_small(capacity):
        return None
    if touched.any() or (live.hidden & (capacity != standing.capacity)).any():
        return None  # who is left out may change
    banned = _banned(live, question)
    if banned is not None:
        i, j = banned.T
        if (standing.witness[i] & (standing.mate[i] == j)).any():
            return None  # a rival for a scarce place lost it
    way = "up" if fewer.any() or banned is not None else "down"
    before = live.lifted.get(way, standing)
    way = way if way in live.lifted else "up"
    singles, base = _with_singles(live, question, keep_bonus, banned, before, way)
    mate = np.where(left, base.mate, -1)
    paired = np.flatnonzero(mate >= 0)
    mate[paired[~right[mate[paired]]]] = -1
    moved = base._replace(left=left, right=right, capacity=capacity, mate=_within(mate, capacity))
    if _in_need(live, moved) > MOST_IN_NEED:
        return None
    try:
        found = live.upkeep.mended(live.position(moved), singles, way, control)
    except Upset:
        return None
    return before, live.joined(moved, found), singles, _risen(live.singles, singles, len(right))


def _in_need(live: Live, moved: Standing) -> int:
    """Return how many have lost their place, and how many places with a price nobody pays for."""
    taken = np.bincount(moved.mate[moved.mate >= 0], minlength=len(moved.capacity))
    free = (taken < moved.capacity) & (moved.price > 0) & ~live.hidden
    lost = moved.left & (moved.mate < 0) & ~moved.witness
    return int(free.sum() + lost.sum())


def _banned(live: Live, question: Question) -> Int64 | None:
    """Return the pairs that vetoes forbid now, None where they are those of before."""
    after = question.applied
    left_nodes, right_nodes = live.left_nodes[after.left_rows], live.right_nodes[after.right_rows]
    nodes = []
    for rule in after.policy.rules:
        if isinstance(rule, ForbiddenPairs):
            i, j = _rows(after.left, after.right, rule.pairs).T
            nodes.append(np.stack([left_nodes[i], right_nodes[j]], axis=1))
    found = joined(nodes, len(live.standing.right))
    # A veto of a school that is gone stays where it was: nobody asks.
    num_right = len(live.standing.right)
    there = np.isin(live.singles.banned[:, 0], left_nodes)
    there &= np.isin(live.singles.banned[:, 1], right_nodes)
    same = np.array_equal(live.singles.banned[there], found)
    return None if same else joined([found, live.singles.banned[~there]], num_right)


def _rows(left: Schools, right: Schools, pairs: tuple[tuple[str, str], ...]) -> Int64:
    """Return the rows of pairs of ids whose schools are both there."""
    found = np.array([(row_of(left, a), row_of(right, b)) for a, b in pairs], np.int64).reshape(-1, 2)
    return found[(found >= 0).all(axis=1)]


def _with_singles(
    live: Live, question: Question, keep_bonus: int, banned: Int64 | None, before: Standing, way: str
) -> tuple[Singles, Standing]:
    """Return the single pairs after the change, and a standing whose potentials obey them."""
    standing = live.standing
    # The policy may give the same pairs a bonus of its own: points tell if there is one of a repair.
    bare = np.array_equal(live.singles.bonus.points, live.own_bonus.points)
    if banned is None and not keep_bonus and bare:
        return live.singles, before
    usual = banned is None and question.rewarded.all()
    if usual and (known := live.rewarded.get((keep_bonus, way))) is not None:
        return known
    i = np.flatnonzero(standing.mate >= 0)
    pairs = np.stack([i, standing.mate[i]], axis=1)
    if not question.rewarded.all():
        lost = question.pairs[~question.rewarded]
        after = question.applied
        gone = live.left_nodes[after.left_rows[lost[:, 0]]]
        pairs = pairs[~np.isin(pairs[:, 0], gone)]
    bonus = live.own_bonus.plus(pairs, keep_bonus, len(standing.right))
    singles = Singles(live.singles.banned if banned is None else banned, bonus)
    position = live.upkeep.adjusted(live.position(before), live.singles, singles, way)
    mate = np.where(before.witness, before.mate, position.mate)
    there = before._replace(left_price=position.left_price, mate=mate)
    if usual:
        live.reward(keep_bonus, way, singles, there)
    return singles, there


def _within(mate: Int64, capacity: Int64) -> Int64:
    """Take the last of those who are too many for the places of their partner out."""
    load = np.bincount(mate[mate >= 0], minlength=len(capacity))
    over = load > capacity
    if not over.any():
        return mate
    mate = mate.copy()
    for j in np.flatnonzero(over):
        mate[np.flatnonzero(mate == j)[capacity[j] :]] = -1
    return mate


def _risen(before: Singles, after: Singles, num_right: int) -> Int64:
    """Return the pairs that are no longer banned, or have a larger bonus."""
    if before is after:
        return np.empty((0, 2), np.int64)
    keys = before.banned[:, 0] * num_right + before.banned[:, 1]
    free = before.banned[~places_in(after.banned[:, 0] * num_right + after.banned[:, 1], keys)[1]]
    i, j = after.bonus.pairs.T
    more = after.bonus.points > before.bonus.at(i, j, num_right)
    return np.concatenate([free, after.bonus.pairs[more]])
