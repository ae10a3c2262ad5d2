"""Demand and supply, rules, and who is left alone: counted over kinds of schools, never pair by pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twinmatch.graph.merging import joint_codes
from twinmatch.graph.singles import Bans
from twinmatch.graph.terms import FORBIDDEN, RuleTerm
from twinmatch.policy.coding import encode
from twinmatch.policy.conditions import column_faults
from twinmatch.policy.groups import read
from twinmatch.policy.languages import profiles

if TYPE_CHECKING:
    from twinmatch.posed import Posed

__all__ = ["alone", "demand_and_supply", "rules"]

#: Kinds of pairs of schools that are looked at together.
AT_ONCE: Final = 2**24
#: Columns that schools without a partner are counted by, where the table has them.
GROUPED_BY: Final = ("levels", "academie", "country", "sector", "ep")


def demand_and_supply(question: Posed) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Count who asks and who could serve, per level and working language."""
    left, right, terms = question.left, question.right, question.terms
    english = all(
        getattr(part, "assume_english", True) for part in (*question.policy.rules, *question.policy.criteria)
    )
    home, abroad = profiles(left), profiles(right)
    ours, theirs = home.works_in(english=english), abroad.works_in(english=english)
    admissible = (terms.table != FORBIDDEN).astype(np.int64)
    struck = terms.banned  # of pairs that are forbidden one by one, those that nothing else forbids
    struck = struck[admissible[terms.left_class[struck[:, 0]], terms.right_class[struck[:, 1]]] > 0]
    places = question.limits.right_most
    country = encode(right, "country")
    demand: dict[str, list[Any]] = {name: [] for name in ("level", "language", "ask", "schools", "places")}
    supply: dict[str, list[Any]] = {
        name: [] for name in ("level", "language", "country", "schools", "places")
    }
    for level in range(4):
        at_home, there = left.levels >> level & 1 != 0, (right.levels >> level & 1 != 0) & (places > 0)
        for language in ("any", *sorted(frozenset().union(*ours))):
            asks, serves = at_home, there
            if language != "any":
                asks = asks & np.array([*(language in one for one in ours), False])[home.code]
                serves = serves & np.array([*(language in one for one in theirs), False])[abroad.code]
            if not asks.any():
                continue
            asking = np.bincount(terms.left_class[asks], minlength=len(admissible))
            partners = (asking @ admissible)[terms.right_class]
            np.subtract.at(partners, struck[asks[struck[:, 0]], 1], 1)
            serves = serves & (partners > 0)
            _append(demand, level, language, asks.sum(), serves.sum(), places[serves].sum())
            schools = np.bincount(country.code[serves], minlength=len(country.values) + 1)
            offered = np.bincount(country.code[serves], places[serves], minlength=len(country.values) + 1)
            for code, name in enumerate(country.values):
                if schools[code]:
                    _append(supply, level, language, name, schools[code], offered[code])
    return demand, supply


def rules(question: Posed) -> dict[str, list[Any]]:
    """Count the pairs that each rule forbids, and those that no other one does."""
    coded = [(name, _folded(rule)) for name, rule in question.rules if isinstance(rule, RuleTerm)]
    n, m = len(question.left), len(question.right)
    left, left_codes = joint_codes(n, [rule.left_code for _, rule in coded])
    right, right_codes = joint_codes(m, [rule.right_code for _, rule in coded])
    ours = np.bincount(left, minlength=len(left_codes[0]) if coded else 1).astype(np.int64)
    theirs = np.bincount(right, minlength=len(right_codes[0]) if coded else 1).astype(np.int64)
    forbids = dict.fromkeys((name for name, _ in question.rules), 0)
    alone = dict(forbids)
    step = max(1, AT_ONCE // max(1, len(theirs)))
    for begin in range(0, len(ours) if coded else 0, step):
        rows = slice(begin, begin + step)
        bad = [
            ~rule.allowed[here[rows]][:, there]
            for (_, rule), here, there in zip(coded, left_codes, right_codes, strict=True)
        ]
        times = np.sum(bad, axis=0, dtype=np.int64)
        for (name, _), broken in zip(coded, bad, strict=True):
            forbids[name] += int(ours[rows] @ (broken.astype(np.int64) @ theirs))
            alone[name] += int(ours[rows] @ ((broken & (times == 1)).astype(np.int64) @ theirs))
    _add_bans(question, forbids, alone)
    without = question.partners == 0
    schools = {}
    for name in forbids:
        more = question.partners_of(question.without(name)) if without.any() else question.partners
        schools[name] = int((without & (more > 0)).sum())
    return {
        "rule": list(forbids),
        "forbids": list(forbids.values()),
        "alone": [alone[name] for name in forbids],
        "schools": [schools[name] for name in forbids],
    }


def _add_bans(question: Posed, forbids: dict[str, int], alone: dict[str, int]) -> None:
    """Count single forbidden pairs: what a list forbids alone, no other rule forbids alone."""
    every = dict(question.rules)
    lists = [(name, rule) for name, rule in question.rules if isinstance(rule, Bans)]
    if not lists:
        return
    pairs = np.unique(np.concatenate([rule.pairs for _, rule in lists]), axis=0)
    broken = {name: ~rule.allows(pairs[:, 0], pairs[:, 1]) for name, rule in every.items()}
    times = np.sum(list(broken.values()), axis=0)
    listed = np.sum([broken[name] for name, _ in lists], axis=0)
    for name, rule in every.items():
        if isinstance(rule, Bans):
            forbids[name] = int(broken[name].sum())
            alone[name] = int((broken[name] & (times == 1)).sum())
        else:
            alone[name] -= int((broken[name] & (times - listed == 1)).sum())


def _folded(rule: RuleTerm) -> RuleTerm:
    """Give one code to codes that a rule does not tell apart."""
    rows, left = np.unique(rule.allowed, axis=0, return_inverse=True)
    columns, right = np.unique(rows, axis=1, return_inverse=True)
    return RuleTerm(
        left.ravel()[rule.left_code].astype(np.int32),
        right.ravel()[rule.right_code].astype(np.int32),
        columns,
    )


def alone(question: Posed) -> dict[str, list[Any]]:
    """Count left schools without any admissible partner, by group."""
    rows: dict[str, list[Any]] = {name: [] for name in ("column", "value", "schools", "of")}
    without, left = question.partners == 0, question.left
    for column in GROUPED_BY if without.any() else ():
        if not left.has(column) or list(column_faults("", "left", left, [column])):
            continue
        cells = read(left, column)
        counts = np.bincount(cells.code[without], minlength=len(cells.words))
        sizes = np.bincount(cells.code, minlength=len(cells.words))
        words = sorted(frozenset().union(*cells.words))
        members = [(word, np.array([word in one for one in cells.words])) for word in words]
        members.append(("", np.array([not one for one in cells.words])))  # not known
        for word, inside in members:
            if count := int(counts[: len(inside)][inside].sum()):
                _append(rows, column, word, count, sizes[: len(inside)][inside].sum())
    return rows


def _append(rows: dict[str, list[Any]], *values: Any) -> None:
    """Add a row to columns."""
    for column, value in zip(rows.values(), values, strict=True):
        column.append(value if isinstance(value, str) else int(value))
