"""From schools and a policy to arrays: the one way from words to numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.graph.calling import CallTerm
from twinmatch.graph.merging import merge
from twinmatch.graph.singles import Bans
from twinmatch.graph.terms import RuleTerm
from twinmatch.pausing import pause
from twinmatch.room import bounded

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.scored import ScoredGraph
    from twinmatch.graph.terms import PairTerms, Term
    from twinmatch.policy import Policy
    from twinmatch.policy.parts import Criterion, Rule
    from twinmatch.schools import Schools

__all__ = ["Compiled", "Known", "compile", "compiled", "graph_of", "nothing_known", "places_of"]

Known: TypeAlias = dict[Any, tuple[Any, list[str]]]
"""Rules and criteria that were compiled for two tables, with what they assumed."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """
    A policy as arrays, for two tables of schools in their row order.

    Parameters
    ----------
    terms : PairTerms
        What every pair is worth, folded; the points of a pair are exactly the sum over ``criteria``.
    criteria : tuple of (str, term)
        Each criterion by name, in the order of the policy.
    rules : tuple of (str, RuleTerm or Bans)
        Each rule by name, in the order of the policy.
    assumptions : tuple of str
        What was assumed where something is not known, and for how many schools, in words.
    """

    terms: PairTerms
    criteria: tuple[tuple[str, Term], ...]
    rules: tuple[tuple[str, RuleTerm | Bans], ...]
    assumptions: tuple[str, ...]


def compiled(left: Schools, right: Schools, policy: Policy, known: Known | None = None) -> Compiled:
    """
    Turn a policy into arrays and report every assumption on the way.

    Parameters
    ----------
    left, right : Schools
        The tables; indices of arrays are their rows.
    policy : Policy
    known : dict, optional
        Parts that were compiled for the same two tables before; those that are not there yet are added.

    Returns
    -------
    Compiled

    Raises
    ------
    PolicyError
        If the policy contradicts itself or needs a column that is not there, with every fault.
    ResourceLimitError
        If it tells so many kinds of schools apart that their table gets too large.

    Notes
    -----
    Time is linear in the number of schools. What a pair is worth depends on the content of the
    tables only: reordering rows reorders the arrays and changes nothing else.
    """
    policy.check(left, right)
    assumptions: list[str] = []
    known = {} if known is None else known

    def part(one: Rule | Criterion) -> Any:
        pause()
        try:
            found = known.get(one)
        except TypeError:  # a part of the user's own that cannot be a key
            return one.compile(left, right, assumptions.append)
        if found is None:
            said: list[str] = []
            found = known[one] = one.compile(left, right, said.append), said
        assumptions.extend(found[1])
        return found[0]

    rules = tuple((rule.name, part(rule)) for rule in policy.rules)
    criteria = tuple((one.name, part(one)) for one in policy.criteria)
    pause()
    terms = merge(
        len(left),
        len(right),
        [term for _, term in rules if isinstance(term, RuleTerm)],
        [term for _, term in criteria],
        [term for _, term in rules if isinstance(term, Bans)],
    )
    # A rule and a criterion that read one column may assume the same.
    return Compiled(terms, criteria, rules, tuple(dict.fromkeys(assumptions)))


@bounded
def compile(
    left: Schools,
    right: Schools,
    policy: Policy,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
) -> ScoredGraph | CalledGraph:
    """
    Turn schools and a policy into the implicit graph that solvers work on.

    Parameters
    ----------
    left, right : Schools
        The tables; nodes are their rows.
    policy : Policy
    right_capacity : str, int or (len(right),) integers, optional
        Places of each right school: a column, one number for all, or one each. Without it, the
        column ``capacity`` where there is one, otherwise 1.

    Returns
    -------
    ScoredGraph or CalledGraph
        The latter where a criterion calls a function of the user's own.

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If capacities are not whole numbers of 0 or more, one for each right school.
    ResourceLimitError
        If a function of the user's own would be asked about more than 1e9 pairs and the policy
        does not allow it.
    """
    terms = compiled(left, right, policy).terms
    return graph_of(terms, policy, places_of(right, right_capacity))


def nothing_known(left: Schools, right: Schools, policy: Policy, *, loose: bool = False) -> PairTerms | None:
    """
    Return the terms of a policy that was not compiled: as far as is known, every pair is worth the most.

    None where a criterion does not say how much that is. ``loose`` allows for what compiled terms count twice
    in the most that they say of a pair: the worth of the unknown beside that of the known.
    """
    from twinmatch.graph.terms import PairTerms

    weights = [criterion.weight for criterion in policy.criteria]
    if None in weights:
        return None
    most = sum(weight for weight in weights if weight is not None)
    if loose:
        most = min(2 * most, 2**31 - 1)
    kinds = [np.zeros(len(side), np.int32) for side in (left, right)]
    return PairTerms(kinds[0], kinds[1], np.array([[most]], np.int32))


def graph_of(terms: PairTerms, policy: Policy, capacity: npt.NDArray[np.int64]) -> ScoredGraph | CalledGraph:
    """Return the graph of compiled terms; see :func:`compile`."""
    if any(isinstance(call, CallTerm) for call in terms.calls):
        from twinmatch.graph.called import CalledGraph

        return CalledGraph(terms, capacity, allow_large=policy.allow_large_calls)
    from twinmatch.graph.scored import ScoredGraph

    return ScoredGraph(terms, capacity)


def places_of(
    right: Schools, right_capacity: str | int | npt.ArrayLike | None = None
) -> npt.NDArray[np.int64]:
    """
    Return the places of each right school.

    Parameters
    ----------
    right : Schools
    right_capacity : str, int or (len(right),) integers, optional
        See :func:`compile`. A school whose capacity is missing in the column has 1.

    Returns
    -------
    (len(right),) int64

    Raises
    ------
    InputError
        If they are not whole numbers from 0 to 2**31 - 1, one for each right school.
    """

    def refuse(what: str, bad: npt.NDArray[np.bool_] | None = None) -> InputError:
        rows = np.flatnonzero(bad) if bad is not None else np.empty(0, np.int64)
        first = tuple(int(row) for row in rows[:3])
        return InputError("places of the right schools", [Fault("right_capacity", what, len(rows), first)])

    if right_capacity is None:
        right_capacity = "capacity" if right.has("capacity") else 1
    if isinstance(right_capacity, str):
        if not right.has(right_capacity):
            raise refuse(f"names a column that is not there: {right_capacity!r}")
        column = _whole(right, right_capacity)
        values = np.where(np.isnan(column), 1.0, column)
    else:
        try:
            values = np.asarray(right_capacity)
        except ValueError:  # rows of different lengths
            raise refuse("must be whole numbers, one for each right school") from None
        if values.dtype.kind not in "iuf":
            missing = ", and none may be missing" if values.dtype == object else ""
            raise refuse(f"must be whole numbers, not {values.dtype}{missing}")
        if values.ndim == 0:
            values = np.full(len(right), values)
    if values.shape != (len(right),):
        raise refuse(f"has shape {values.shape}, and there are {len(right):,} right schools")
    with np.errstate(invalid="ignore"):
        bad = ~((values >= 0) & (values < 2**31) & (values == np.floor(values)))
    if bad.any():
        raise refuse("must be whole numbers from 0 to 2,147,483,647", bad)
    return values.astype(np.int64)


def _whole(right: Schools, name: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers, also where a file gave it as text."""
    try:
        return right.numbers(name)
    except InputError:
        texts = right.strings(name)
    values = np.full(len(right), np.nan)
    bad = []
    for row, text in enumerate(texts):
        if text is None or not text.strip():
            continue
        try:
            values[row] = float(text)
        except ValueError:
            bad.append(row)
    if bad:
        fault = Fault(name, "holds text that is no number", len(bad), tuple(bad[:3]))
        raise InputError("places of the right schools", [fault])
    return values
