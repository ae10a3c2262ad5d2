"""Runs on an executor: what can be spread, and how a run comes to it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, finalize

from twinmatch.errors import Fault, InputError
from twinmatch.graph.scored import ScoredGraph
from twinmatch.mechanisms import Procedure
from twinmatch.spreading import rounds
from twinmatch.spreading.engines import engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinmatch.graph.terms import PairTerms
    from twinmatch.mechanisms import Mechanism
    from twinmatch.solvers.control import Control
    from twinmatch.solvers.engine import Market

__all__ = ["executing", "refuse_executor"]


def refuse_executor(mechanism: Mechanism | None, terms: PairTerms) -> None:
    """
    Say in words that a run does not search in rounds that an executor could share.

    Raises
    ------
    InputError
        With everything that stands in the way.
    """
    faults = []
    if isinstance(mechanism, Procedure):
        what = f"{mechanism.name} goes step by step, and has no rounds that workers could share"
        faults.append(Fault("mechanism", what, hint="Leave executor out, or use most_points()."))
    faults += [
        Fault(
            call.name,
            "is a function of your own, which is called in this process only",
            hint="Leave executor out.",
        )
        for call in terms.calls
    ]
    if faults:
        raise InputError("executor", faults)


@contextmanager
def executing(executor: object, control: Control) -> Iterator[None]:
    """
    Let the large searches of a run be done by an executor.

    Parameters
    ----------
    executor : concurrent.futures.Executor, dask.distributed.Client or None
        None: by the threads of this process.
    control : Control
        Its ``spread`` is set.
    """
    if executor is None:
        yield
        return
    engine = engine_of(executor)
    # A run under quotas goes through many markets: what is asked again finds its shards, and those that
    # nobody will ask again are let go of.
    known: WeakValueDictionary[int, rounds.Rounds] = WeakValueDictionary()
    ends: list[finalize[..., Any]] = []

    def spread(market: Market) -> Market:
        if not isinstance(market, ScoredGraph) or market.num_left < rounds.LEAST_ROWS:
            return market
        found = known.get(id(market))
        if found is None:
            mine = engine_of(executor)
            found = known[id(market)] = rounds.Rounds(market, mine, control.flag)
            if mine is not engine:
                ends.append(finalize(found, mine.close))
        return rounds.SpreadMarket(found)

    control.spread = spread
    try:
        yield
    finally:
        control.spread = None
        for end in ends:
            end()
        engine.close()
