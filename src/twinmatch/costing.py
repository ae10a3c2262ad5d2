"""What the rules of a policy cost: each bound of a matching that presses by its name, as a table."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from twinmatch.compiler import compile
from twinmatch.errors import NoSolutionError, ResourceLimitError
from twinmatch.graph.constraints import Prices
from twinmatch.graph.scored import ScoredGraph
from twinmatch.graph.written import written
from twinmatch.mechanisms import Procedure
from twinmatch.policy.asked import Draft
from twinmatch.policy.rules import ForbiddenCountries, ForbiddenPairs, ForbiddenSchools
from twinmatch.pricing import Named, RulePrice, chosen, control_of, priced
from twinmatch.solvers.bounds import FORBIDDEN, LOCKED, Optimum, Rule, binding
from twinmatch.solvers.grown import FEW_PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import numpy.typing as npt

    from twinmatch.graph.called import CalledGraph
    from twinmatch.graph.explicit import ExplicitGraph
    from twinmatch.graph.terms import PairTerms
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy
    from twinmatch.solvers.control import Cancel, Progress

    Int64 = npt.NDArray[np.int64]

__all__ = ["rule_prices"]

_FORBIDS = (ForbiddenPairs, ForbiddenSchools, ForbiddenCountries)


def rule_prices(
    matching: Matching,
    *,
    rules: Collection[str] | None,
    deadline: float | None,
    threads: int | None,
    on_progress: Callable[[Progress], object] | None,
    cancel: Cancel | None,
) -> Any:
    """Return the table of :meth:`twinmatch.Matching.rule_prices`."""
    if isinstance(matching.mechanism, Procedure):
        what = f"prices of rules are differences between optima, and {matching.mechanism.name} has none"
        raise NoSolutionError(what)
    control = control_of(
        matching.status, deadline=deadline, threads=threads, on_progress=on_progress, cancel=cancel
    )
    limits, policy, pairs = matching.constraints, matching.policy, np.stack(matching._taken(), axis=1)
    quotas = [quota.name for quota in limits.quotas]
    names = _names_of_locks(matching)
    forbidding = [rule.name for rule in policy.rules if isinstance(rule, _FORBIDS)]
    named: list[Named] = [
        (names[rule.number] if rule.kind == LOCKED else quotas[rule.number], rule)
        for rule in binding(limits, pairs)
    ]
    named += [(name, Rule(FORBIDDEN)) for name in forbidding]
    wanted = chosen(rules, named, [*quotas, *(part.name for part in policy.quotas)])
    if not wanted:
        return _table(matching, ())
    graph: ExplicitGraph | ScoredGraph
    whole = _graph(matching, policy)
    if whole.num_left * whole.num_right <= FEW_PAIRS:
        graph = written(whole)
        wanted = [
            (name, _barred(matching, name, graph) if rule.kind == FORBIDDEN else rule)
            for name, rule in wanted
        ]
    elif isinstance(whole, ScoredGraph):
        graph = whole
    else:
        raise ResourceLimitError(
            "prices of rules with points from a function of your own: "
            f"{whole.num_left * whole.num_right:,} pairs are too many to write down (at most {FEW_PAIRS:,})"
        )
    best = Optimum(graph, limits, policy.coverage == "first", pairs, _prices(matching))
    return _table(matching, priced(best, wanted, control))


def _graph(matching: Matching, policy: Policy) -> ScoredGraph | CalledGraph:
    """Return the graph of a policy, whose pairs count for what the matching's mechanism says."""
    graph = compile(matching.left, matching.right, policy, right_capacity=matching.right_capacity)
    curve = matching.mechanism.curve(cast("PairTerms", graph.terms).max_points)
    return graph if curve is None else graph.with_curve(curve)


def _prices(matching: Matching) -> Prices:
    """Return the prices of the proof in whole points, which is near enough to start from."""
    proof = matching.proof
    if proof is None:
        left, quota, scale = np.zeros(len(matching.left), np.int64), np.zeros(0, np.int64), 1
    else:
        left, quota, scale = proof.left_price, proof.quota_price, proof.price_scale
    return Prices(
        left // scale, matching.right_price // scale, quota // scale, matching.coverage_price // scale
    )


def _names_of_locks(matching: Matching) -> list[str]:
    """Return what each locked pair is called: by the part of the policy that locks it."""
    left, right = matching.left, matching.right
    called: dict[tuple[int, int], str] = {}
    for part in matching.policy.quotas:
        n, m = np.zeros(len(left), np.int64), np.zeros(len(right), np.int64)
        draft = Draft(n, n.copy(), m, m.copy())
        part.add_to(draft, left, right)
        for pair in draft.locked:
            called.setdefault(pair, part.name)
    return [
        f"{called[i, j]}: {left.ids[i]} with {right.ids[j]}" for i, j in matching.constraints.locked.tolist()
    ]


def _barred(matching: Matching, name: str, graph: ExplicitGraph) -> Rule:
    """Return a rule with the pairs that nothing but it forbids."""
    policy = matching.policy
    others = replace(policy, rules=tuple(rule for rule in policy.rules if rule.name != name))
    i, j, points = written(_graph(matching, others)).pairs()
    allowed = graph.pairs()
    more = ~np.isin(i * graph.num_right + j, allowed[0] * graph.num_right + allowed[1])
    return Rule(FORBIDDEN, barred=(i[more], j[more], points[more]))


def _table(matching: Matching, rows: tuple[RulePrice, ...]) -> Any:
    """Return rows as a frame of the caller's kind."""
    import pyarrow as pa

    texts = ("rule", "kind", "loosen_note", "tighten_note")
    return matching.left.frame(
        {
            field.name: pa.array(
                [getattr(row, field.name) for row in rows],
                pa.string() if field.name in texts else pa.int64(),
            )
            for field in fields(RulePrice)
        }
    )
