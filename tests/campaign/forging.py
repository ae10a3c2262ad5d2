"""
Proofs spoiled in one place and sealed anew, as a forger would: what is not so any more must be refused.

An honest result of any kind is taken, one number, pair, price, status, bound or witness is changed, and the
seal is set again: it is no secret. Some changes leave everything true, or claim less than before. So a second
judge reads the claims from the tables, in slow loops (:mod:`tests.campaign.truth`). Where it finds a claim
that is false, or that what is handed over does not prove, ``verify()`` has to refuse; anything else does not
count.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import twinmatch as tm
from tests.assignment.test_sabotage import WAYS, untrue
from tests.campaign import truth
from tests.campaign.arrays import hand_over
from tests.campaign.instances import FAMILIES, draw
from tests.matching import worlds
from twinmatch.certify import seal
from twinmatch.certify.sealing import digest
from twinmatch.mechanisms import Leximin, Procedure
from twinmatch.mechanisms.ranks import RankMaximal
from twinmatch.methods.sealing import SEALED, fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twinmatch.graph.constraints import Prices

    Rng = np.random.Generator

#: What is done to one honest result.
SPOILED_EACH = 25


class Case(NamedTuple):
    """A result, honest or spoiled in some way, and whether anything that it claims is false."""

    kind: str
    way: str
    false: bool
    told: Any

    def refused(self) -> bool:
        """Have it checked."""
        checked = self.told.verify(threads=1) if isinstance(self.told, tm.Matching) else self.told.verify()
        return not checked.ok

    def tried(self) -> Tried:
        """Return what came of it."""
        return Tried(self.kind, self.way, self.false, self.refused())


class Tried(NamedTuple):
    """What was spoiled, whether anything is false now, and whether it was refused."""

    kind: str
    way: str
    false: bool
    refused: bool


# -- Assignments --------------------------------------------------------------------------------------------

ARRAYS = [name for name in FAMILIES if name.startswith("assign") and name != "assign: floats"]


def spoil_arrays(rng: Rng, families: Sequence[str] = ARRAYS, each: int = SPOILED_EACH) -> list[Case]:
    """Spoil an answer of ``tm.assign``; one in eight is of a run that was stopped."""
    family = families[rng.integers(len(families))]
    drawn = draw(int(rng.integers(2**31)), family, 0)
    asked = drawn.asked
    stopped = rng.random() < 0.125
    answer = hand_over(asked, drawn.form, **({"deadline": 0} if stopped else {}))
    kind = f"{family}{', stopped' if stopped and answer.limit else ''}"
    kind += ", infeasible" if answer.status is tm.Status.INFEASIBLE else ""
    if answer.status is tm.Status.NO_SOLUTION:
        return []
    if answer.status is tm.Status.OPTIMAL and rng.random() < 0.3:  # true as well, and refused for less
        answer = replace(answer, status=tm.Status.FEASIBLE)
    out = [Case(kind, "honest", untrue(asked, answer), answer)]
    for _ in range(each):
        way = WAYS[rng.integers(len(WAYS))]
        spoiled = way(rng, asked, answer)
        if spoiled is not None:
            out.append(Case(kind, way.__name__, untrue(*spoiled), spoiled[1]))
    return out


# -- Matchings ----------------------------------------------------------------------------------------------

M, SIZES = tm.mechanisms, tm.Policy((), (tm.policies.SizeSimilarity(1000),))
MECHANISMS = {
    "most points": M.most_points(),
    "nash": M.nash(),
    "concave": M.concave(np.sqrt),
    "leximin": M.leximin(),
    "greedy": M.greedy(),
    "stable": M.stable(),
    "stable with a right policy": M.stable(SIZES),
    "serial dictatorship": M.serial_dictatorship(7),
    "rank-maximal": M.rank_maximal(3),
}
QUOTAS = {kind.__name__: kind for kind in worlds.KINDS}
SOURCES = [*MECHANISMS, *QUOTAS, "points first", "clash", "stopped", "stopped quotas", "nash under quotas"]


class _After:
    """A flag that is up once it was asked so often."""

    def __init__(self, times: int) -> None:
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


@cache
def _world(number: int) -> worlds.World:
    return worlds.world(number, 7, 8)


def honest(rng: Rng, source: str) -> tm.Matching | None:
    """Return a result of a kind; None where this draw has none."""
    world = _world(int(rng.integers(40)))
    policy, options = worlds.BASE, {}
    if source == "clash":
        return tm.match(*worlds.clashing(), threads=1)
    if source in MECHANISMS:
        options["mechanism"] = MECHANISMS[source]
    elif source in QUOTAS or source.endswith("quotas"):
        kind = source if source in QUOTAS else [*QUOTAS][rng.integers(len(QUOTAS))]
        first = "first" if rng.random() < 0.6 else "points"
        policy = replace(policy, quotas=QUOTAS[kind](world)[0], coverage=first)
        if source.startswith("nash"):
            options["mechanism"] = MECHANISMS["nash"]
    elif source == "points first":
        policy = replace(policy, coverage="points")
    if source.startswith("stopped"):
        options["cancel"] = _After(int(rng.integers(0, 12)))
    return tm.match(world.left, world.right, policy, threads=1, **options)


def sealed_anew(told: tm.Matching) -> tm.Matching:
    """Return the same with a seal and fingerprints that fit."""
    numbers = {name: getattr(told, name) for name in SEALED}
    mark = seal(**numbers) if told.proof is None else digest(seal(**numbers), *told.proof.arrays())
    prints = fingerprints(told.left, told.right, told.policy, told.mechanism)
    return replace(told, seal=mark, fingerprints=prints)


def _moved(rng: Rng, values: np.ndarray) -> np.ndarray:
    out = values.copy()
    if len(out):
        far = (1, 2, 7, 300, 2**20, 2**62 - 1)[rng.choice(6, p=[0.4, 0.2, 0.15, 0.15, 0.07, 0.03])]
        out[rng.integers(len(out))] += far * rng.choice([-1, 1])
    return out


def a_mate(rng: Rng, told: tm.Matching) -> tm.Matching:
    mate = told.mate.copy()
    if rng.random() < 0.4 and (paired := np.flatnonzero(mate >= 0)).size > 1:
        one, other = rng.choice(paired, 2, replace=False)
        mate[[one, other]] = mate[[other, one]]
    else:
        mate[rng.integers(len(mate))] = rng.integers(-1, len(told.right))
    told = replace(told, mate=mate)
    if rng.random() < 0.5 and told.proof is None:  # and the points that go with it
        points = told.points if (mate < len(told.right)).all() else told.objective
        told = replace(told, objective=points, coverage=int((mate >= 0).sum()))
    return told


def a_price(rng: Rng, told: tm.Matching) -> tm.Matching:
    return replace(told, right_price=_moved(rng, told.right_price))


def the_coverage_price(rng: Rng, told: tm.Matching) -> tm.Matching:
    return replace(told, coverage_price=told.coverage_price + int(rng.choice([-300, -1, 1, 2, 2**20])))


def the_left_witness(rng: Rng, told: tm.Matching) -> tm.Matching:
    marks = told.witness_left.copy()
    marks[rng.integers(len(marks))] ^= True
    return replace(told, witness_left=marks)


def a_place(rng: Rng, told: tm.Matching) -> tm.Matching:
    """Places are an input: with others, the proof is one of another question."""
    places = told.right_capacity.copy()
    places[rng.integers(len(places))] += rng.choice([-1, 1])
    return replace(told, right_capacity=np.maximum(places, 0))


def the_status(rng: Rng, told: tm.Matching) -> tm.Matching:
    return replace(told, status=list(tm.Status)[rng.integers(len(tm.Status))])


def a_number(rng: Rng, told: tm.Matching) -> tm.Matching:
    """One number, or two that belong together."""
    names = [
        *[(name,) for name in ("objective", "bound", "coverage", "coverage_bound")],
        ("objective", "bound"),
        ("coverage", "coverage_bound"),
    ][rng.integers(6)]
    by = int(rng.choice([-300, -2, -1, 1, 2, 300]))
    return replace(told, **{name: getattr(told, name) + by for name in names})


def called_best(rng: Rng, told: tm.Matching) -> tm.Matching:
    """Say of what was found that it is the best."""
    told = replace(told, status=tm.Status.OPTIMAL, bound=told.objective)
    return replace(told, coverage_bound=told.coverage) if rng.random() < 0.5 else told


def _prices(rng: Rng, prices: Prices) -> Prices:
    side = ("left", "right", "quota")[rng.integers(3)]
    return prices._replace(**{side: _moved(rng, getattr(prices, side))})


def of_the_proof(rng: Rng, told: tm.Matching) -> tm.Matching:
    """Change the proof under quotas: a pair, a price, a witness, what it rests on."""
    proof = told.proof
    if proof is None:
        return told
    taken, size = proof.taken, len(proof.taken)
    match int(rng.integers(10)):
        case 0 if size:
            taken = taken.copy()
            taken[rng.integers(size), 1] = rng.integers(len(told.right))
            proof = replace(proof, taken=taken)
        case 1 if size:
            proof = replace(proof, taken=np.delete(taken, rng.integers(size), axis=0))
        case 2 if size:
            proof = replace(proof, taken=np.vstack([taken, taken[rng.integers(size)]]))
        case 3:
            proof = replace(proof, left_price=_moved(rng, proof.left_price))
        case 4:
            proof = replace(proof, quota_price=_moved(rng, proof.quota_price))
        case 5:
            proof = replace(proof, price_scale=proof.price_scale * int(rng.integers(0, 4)))
        case 6 if proof.cover is not None:
            proof = replace(proof, cover=_prices(rng, proof.cover))
        case 7 if proof.cover is not None:
            far = int(rng.choice([-1, 1, 2]))
            proof = replace(proof, cover=proof.cover._replace(coverage=proof.cover.coverage + far))
        case 8 if proof.witness is not None:
            if proof.clash is None:
                proof = replace(proof, witness=_prices(rng, proof.witness))
            else:
                proof = replace(
                    proof, clash=tuple(np.delete(proof.clash, rng.integers(len(proof.clash))).tolist())
                )
        case _:
            proof = replace(proof, searched=not proof.searched)
    return replace(told, proof=proof)


def of_the_promise(rng: Rng, told: tm.Matching) -> tm.Matching:
    """Change the floor that leximin promises, or who proves that there is no higher one."""
    promise = getattr(told.mechanism, "promise", None)
    if promise is None:
        return told
    match int(rng.integers(3)):
        case 0:
            promise = replace(promise, floor=max(0, promise.floor + int(rng.choice([-300, -1, 1, 2, 300]))))
        case 1:
            promise = replace(promise, weight=promise.weight + int(rng.choice([1, 300])))
        case _:
            marks = promise.witness_left.copy()
            marks[rng.integers(len(marks))] ^= True
            promise = replace(promise, witness_left=marks)
    return replace(told, mechanism=Leximin(promise))


def of_the_ranks(rng: Rng, told: tm.Matching) -> tm.Matching:
    """Take away the prices that prove the points of a rank-maximal matching, or price a free place."""
    mechanism = told.mechanism
    if not isinstance(mechanism, RankMaximal) or mechanism.right_price is None:
        return told
    price = None
    free = np.flatnonzero(truth.load_of(told) < told.right_capacity)
    if rng.random() < 0.8 and len(free):
        price = mechanism.right_price.copy()
        price[rng.choice(free)] += int(rng.choice([1, 300, 2**40]))
    return replace(told, mechanism=replace(mechanism, right_price=price))


CHANGES: tuple[Callable[[Rng, tm.Matching], tm.Matching], ...] = (
    a_mate,
    a_price,
    the_coverage_price,
    the_left_witness,
    a_place,
    the_status,
    a_number,
    called_best,
    of_the_proof,
    of_the_promise,
    of_the_ranks,
)
#: How often each is tried where it says something.
OFTEN = {of_the_proof: 6, of_the_promise: 3, of_the_ranks: 3, a_mate: 2, a_number: 2}


def ways_for(told: tm.Matching) -> list[Callable[[Rng, tm.Matching], tm.Matching]]:
    """Return what can be changed of a result, as often as it should be."""
    ways = [way for way in CHANGES for _ in range(OFTEN.get(way, 1))]
    has = {
        of_the_proof: told.proof is not None,
        of_the_promise: getattr(told.mechanism, "promise", None) is not None,
        of_the_ranks: getattr(told.mechanism, "right_price", None) is not None,
    }
    return [way for way in ways if has.get(way, True)]


def spoil_matching(rng: Rng, sources: Sequence[str] = SOURCES, each: int = SPOILED_EACH) -> list[Case]:
    """Spoil a matching of any kind."""
    source = sources[rng.integers(len(sources))]
    told = honest(rng, source)
    if told is None:
        return []
    judge = truth.Judge(told)
    kind = f"match: {source}"
    if told.status is tm.Status.OPTIMAL and not isinstance(told.mechanism, Procedure) and rng.random() < 0.3:
        told = sealed_anew(replace(told, status=tm.Status.FEASIBLE))  # true as well, and refused for less
    out = [Case(kind, "honest", judge.is_false(told), told)]
    ways = ways_for(told)
    for _ in range(each):
        way = ways[rng.integers(len(ways))]
        forged = way(rng, told)
        if forged is told:
            continue
        forged = sealed_anew(forged)
        if forged.seal == told.seal and forged.fingerprints == told.fingerprints:
            continue
        out.append(Case(kind, way.__name__, judge.is_false(forged), forged))
    return out


# -- Many -------------------------------------------------------------------------------------------------


def cases(
    rng: Rng,
    claims: int,
    families: Sequence[str] = ARRAYS,
    sources: Sequence[str] = SOURCES,
    each: int = SPOILED_EACH,
) -> list[Case]:
    """Spoil results until so many claims are false; half of them in arrays, half in matchings."""
    out: list[Case] = []
    false: Counter[bool] = Counter()
    while sum(false.values()) < claims:
        arrays = bool(families) and (false[True] <= false[False] or not sources)
        more = spoil_arrays(rng, families, each) if arrays else spoil_matching(rng, sources, each)
        false[arrays] += sum(one.false for one in more)
        out += more
    return out


def forge(seed: int, part: int, claims: int) -> list[Tried]:
    """Spoil results until so many claims are false, and have all of them checked."""
    return [one.tried() for one in cases(np.random.default_rng([seed, 77, part]), claims)]


def accepted(tried: list[Tried]) -> list[Tried]:
    """Return what is false and was accepted, and what is honest and was refused."""
    return [
        one
        for one in tried
        if (one.false and not one.refused) or (one.way == "honest" and (one.false or one.refused))
    ]


def page(tried: list[Tried]) -> str:
    """Return a table of kinds and ways."""
    rows: dict[str, Counter[str]] = {}
    for one in tried:
        for name in (one.kind, f"- {one.way}"):
            row = rows.setdefault(name, Counter())
            row["tried"] += one.way != "honest"
            row["false"] += one.false
            row["refused"] += one.false and one.refused
    total = Counter(tried=0)
    for one in tried:
        total.update(
            tried=int(one.way != "honest"), false=int(one.false), refused=int(one.false and one.refused)
        )
    lines = ["| spoiled | tried | false or unproven | of these refused |", "| --- | ---: | ---: | ---: |"]
    for name in sorted(rows, key=lambda name: (name.startswith("- "), name)):
        if name != "- honest":
            lines.append(
                "| {} | {:,} | {:,} | {:,} |".format(
                    name, *(rows[name][k] for k in ("tried", "false", "refused"))
                )
            )
    lines.append("| all | {:,} | {:,} | {:,} |".format(*(total[k] for k in ("tried", "false", "refused"))))
    return "\n".join(lines)


def run(claims: int, seed: int, jobs: int) -> list[Tried]:
    """Spoil until so many claims are false, in processes of their own."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    parts = max(jobs, claims // 500)
    each = -(-claims // parts)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        done: Any = pool.map(forge, [seed] * parts, range(parts), [each] * parts)
        return [one for part in done for one in part]
