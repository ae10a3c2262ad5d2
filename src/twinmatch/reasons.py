"""Why a school has no partner, and which schools a proof speaks of, in words."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twinmatch.graph.constraints import kinds_of
from twinmatch.graph.terms import FORBIDDEN, RuleTerm
from twinmatch.policy.asked import Draft
from twinmatch.policy.groups import read
from twinmatch.policy.partners import PartnersPerSchool
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from twinmatch.compiler import Compiled
    from twinmatch.graph.constraints import Constraints
    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Standing", "closed_by", "reasons_after", "reasons_for", "reasons_under", "schools_in_words"]

#: So many quotas are named, and the others counted.
NAMED = 3


def reasons_for(
    rows: npt.NDArray[np.intp],
    compiled: Compiled,
    right_capacity: npt.NDArray[np.int64],
    witness_left: npt.NDArray[np.bool_],
) -> list[str]:
    """
    Say for each of these left schools why it has no partner, where the policy asks for nothing but pairs.

    Parameters
    ----------
    rows : (k,) int
        Left schools without a partner.
    compiled : Compiled
    right_capacity : (num_right,) int64
    witness_left : (num_left,) bool
        Schools that, together, have fewer places than they are.

    Returns
    -------
    list of str

    Notes
    -----
    Schools that are alike to all rules share a reason, but for single forbidden pairs, so time is that of
    counting the partners of each kind once.
    """
    admissible = _Admissible(compiled, right_capacity)
    reasons = []
    for i in rows.tolist():
        left_over, nobody = admissible.partners_of(i)
        if nobody:
            reasons.append(nobody)
        elif witness_left[i]:
            reasons.append(
                f"squeezed out: {left_over:,} admissible partners, all taken by schools "
                "that have no other choice or bring more points"
            )
        else:
            reasons.append(_not_reached(left_over))
    return reasons


def reasons_after(
    rows: npt.NDArray[np.intp],
    compiled: Compiled,
    limits: Constraints,
    mate: npt.NDArray[np.int64],
    *,
    is_done: bool,
    choices: int | None = None,
) -> list[str]:
    """
    Say for each of these left schools why it has no partner, where a procedure was carried out.

    Parameters
    ----------
    rows : (k,) int
        Left schools without a partner.
    compiled : Compiled
    limits : Constraints
    mate : (num_left,) int64
        Right school of each left school, -1 for none.
    is_done : bool
        Whether the procedure came to its end.
    choices : int, optional
        How many ranks count, where not all do.

    Returns
    -------
    list of str
    """
    admissible = _Admissible(compiled, limits.right_most)
    is_free = np.bincount(mate[mate >= 0], minlength=len(limits.right_most)) < limits.right_most
    reasons = []
    for i in rows.tolist():
        left_over, nobody = admissible.partners_of(i)
        if nobody:
            reasons.append(nobody)
        elif limits.left_most[i] == 0:
            reasons.append("kept out by the policy, which allows it no partner")
        elif not is_done:
            reasons.append(_not_reached(left_over))
        elif admissible.any_of(i, is_free):
            why = "those with a free place are kept from it by caps"
            if choices is not None:
                why = f"but only its first {choices:,} choices count, and none of them is left for it"
            reasons.append(f"passed over: {left_over:,} admissible partners, {why}")
        else:
            reasons.append(
                f"passed over: {left_over:,} admissible partners, all taken by schools that come first under "
                "the mechanism"
            )
    return reasons


class Standing(NamedTuple):
    """
    What a matching under quotas looks like to a school that is left out.

    Attributes
    ----------
    limits : Constraints
        What the matching keeps to.
    taken : (k, 2) int64
        Its pairs.
    status : Status
    coverage_first : bool
    is_settled : bool
        Whether it is proven that no matching is better where it counts first: in coverage, or in points.
    searched : bool
        Whether a bound rests on a search, and not on prices.
    price : (num_quotas,) int64
        Of the quotas, in the proof of what counts first.
    closed_by : sequence of str or None
        For each left school the name of what allows it no partner; see :func:`closed_by`.
    """

    limits: Constraints
    taken: Int64
    status: Status
    coverage_first: bool
    is_settled: bool
    searched: bool
    price: Int64
    closed_by: Sequence[str | None]


def reasons_under(rows: npt.NDArray[np.intp], compiled: Compiled, standing: Standing) -> list[str]:
    """
    Say for each of these left schools why it has no partner, where there are quotas.

    Parameters
    ----------
    rows : (k,) int
        Left schools without a partner.
    compiled : Compiled
    standing : Standing

    Returns
    -------
    list of str

    Notes
    -----
    What is said can be counted again. *No admissible partner*: the rules, and the places. *Left over by a
    cap*: there are free places at admissible partners, and without the quotas that are named the school
    could have one as things stand. *Squeezed out*: every admissible partner is full. *Stays without*: points
    come first, and those of each of its pairs are no more than the prices of its place and its quotas.
    """
    admissible = _Admissible(compiled, standing.limits.right_most)
    caps = _Caps(admissible, standing)
    reasons = []
    for i in rows.tolist():
        left_over, nobody = admissible.partners_of(i)
        if nobody:
            reasons.append(nobody)
        elif standing.status is Status.INFEASIBLE:
            reasons.append("nobody has a partner: nothing keeps to all that the policy asks")
        elif standing.limits.left_most[i] == 0:
            by = standing.closed_by[i]
            reasons.append(f"kept out by {repr(by) if by else 'the policy'}, which allows it no partner")
        elif not standing.is_settled:
            reasons.append(_not_reached(left_over))
        else:
            reasons.append(caps.reason(i, left_over))
    return reasons


def _not_reached(left_over: int) -> str:
    return f"not reached: {left_over:,} admissible partners, but the run was stopped early"


class _Admissible:
    """Who could be a partner, by the rules and the places alone."""

    def __init__(self, compiled: Compiled, right_capacity: Int64) -> None:
        terms = compiled.terms
        self.compiled, self.terms, self.right_capacity = compiled, terms, right_capacity
        open_places = np.bincount(terms.right_class, right_capacity > 0, minlength=terms.table.shape[1])
        self.table = terms.table != FORBIDDEN
        self.partners = (self.table @ open_places).astype(np.int64)
        self.rules = [term for _, term in compiled.rules if isinstance(term, RuleTerm)]
        # Not by class: schools that nobody is admissible to share one, whichever rule it is.
        self.known: dict[tuple[int, ...], str] = {}
        self.chosen: npt.NDArray[np.bool_] | None = None
        self.number: Int64 = self.partners

    def struck(self, i: int) -> Int64:
        """Return the partners that only single forbidden pairs keep away."""
        terms, kind = self.terms, self.terms.left_class[i]
        struck = terms.banned[slice(*np.searchsorted(terms.banned[:, 0], (i, i + 1))), 1]
        found: Int64 = struck[(self.right_capacity[struck] > 0) & self.table[kind, terms.right_class[struck]]]
        return found

    def partners_of(self, i: int) -> tuple[int, str]:
        """Return how many partners are admissible and, where there are none, why."""
        partners = int(self.partners[self.terms.left_class[i]])
        if not partners:
            codes = tuple(int(rule.left_code[i]) for rule in self.rules)
            if codes not in self.known:
                self.known[codes] = _forbidden(i, self.compiled, self.right_capacity)
            return 0, self.known[codes]
        left_over = partners - len(self.struck(i))
        one_by_one = f"the pairs with all {partners:,} that the rules leave are forbidden one by one"
        return left_over, "" if left_over else f"no admissible partner: {one_by_one}"

    def any_of(self, i: int, chosen: npt.NDArray[np.bool_]) -> bool:
        """Return whether some of these right schools are admissible partners."""
        if self.chosen is not chosen:
            classes = np.bincount(self.terms.right_class[chosen], minlength=self.table.shape[1])
            self.chosen, self.number = chosen, self.table @ classes
        return bool(self.number[self.terms.left_class[i]] > int(chosen[self.struck(i)].sum()))


class _Caps:
    """What the quotas that are full keep from each school."""

    def __init__(self, admissible: _Admissible, standing: Standing) -> None:
        limits, terms = standing.limits, admissible.terms
        self.admissible, self.standing = admissible, standing
        counts = limits.counts(*standing.taken.T).tolist()
        self.full = [
            q
            for q, (quota, count) in enumerate(zip(limits.quotas, counts, strict=True))
            if quota.at_most is not None and count >= quota.at_most
        ]
        self.forced = bool(
            limits.left_least.any() or len(limits.locked) or any(quota.at_least for quota in limits.quotas)
        )
        sides = [limits.members(limits.quotas[q]) for q in self.full]
        self.left_kind, self.left_in = kinds_of([left for left, _ in sides], limits.num_left)
        right_kind, right_in = kinds_of([right for _, right in sides], limits.num_right)
        load = np.bincount(standing.taken[:, 1], minlength=limits.num_right)
        key = np.stack(
            [
                terms.right_class,
                right_kind,
                load < limits.right_most,
                limits.right_most > 0,
            ]
        )
        found, self.kind, self.size = np.unique(key, axis=1, return_inverse=True, return_counts=True)
        self.kind = self.kind.ravel()
        self.right_class, in_kind, self.is_free, is_open = found
        self.right_in = right_in[:, in_kind]
        self.size = np.where(is_open, self.size, 0)
        self.known: dict[tuple[int, int], str] = {}

    def reason(self, i: int, left_over: int) -> str:
        """Say why a school that could have a partner has none."""
        struck = self.admissible.struck(i)
        key = int(self.admissible.terms.left_class[i]), int(self.left_kind[i])
        if len(struck):
            return self._reason(i, left_over, struck)
        if key not in self.known:
            self.known[key] = self._reason(i, left_over, struck)
        return self.known[key]

    def _reason(self, i: int, left_over: int, struck: Int64) -> str:
        own = self.admissible.table[self.admissible.terms.left_class[i], self.right_class]
        partners = np.where(own, self.size, 0) - np.bincount(self.kind[struck], minlength=len(self.size))
        free = np.where(self.is_free > 0, partners, 0)
        mine = self.left_in[:, self.left_kind[i]]
        keeps = self.right_in & mine[:, None]  # (full quotas, kinds of partners)
        kept = np.where(keeps.any(axis=0), free, 0)
        caps = (keeps.astype(np.int64) @ free).tolist()
        # Those that are priced in the proof first, and of them those that keep most partners away.
        price = self.standing.price[self.full].tolist()
        direct = sorted((-max(0, p), -n, at) for at, (p, n) in enumerate(zip(price, caps, strict=True)) if n)
        priced = [
            (-p, at) for at, p in enumerate(price) if p > 0 and bool((keeps[at] & (partners > 0)).any())
        ]
        other = self._named([at for _, at in sorted(priced)])
        if kept.sum() and kept.sum() == free.sum():
            names = self._named([at for _, _, at in direct])
            verb = "allows" if len(direct) == 1 else "allow"
            return (
                f"left over by a cap: {int(kept.sum()):,} of {left_over:,} admissible partners have free "
                f"places, but {names} {verb} no more"
            )
        if not self.standing.coverage_first:
            if self.standing.searched:
                return (
                    f"stays without: {left_over:,} admissible partners, and no matching in which it has one "
                    "is worth more"
                )
            said = f"; {other} {'has' if len(priced) == 1 else 'have'} a price" if priced else ""
            return (
                f"stays without: at the prices of places and quotas none of its pairs with {left_over:,} "
                f"admissible partners would bring a point{said}"
            )
        if free.sum():  # no proof of coverage leaves such a school out
            return _not_reached(left_over)
        who = "have no other choice, bring more points or must have partners"
        who = who if self.forced else "have no other choice or bring more points"
        said = f"; {other} {'is' if len(priced) == 1 else 'are'} full too" if priced else ""
        return f"squeezed out: {left_over:,} admissible partners, all taken by schools that {who}{said}"

    def _named(self, places: list[int]) -> str:
        quotas = self.standing.limits.quotas
        names = [repr(quotas[self.full[at]].name) for at in places[:NAMED]]
        if len(places) > NAMED:
            names.append(f"{len(places) - NAMED:,} more")
        return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def closed_by(policy: Policy, left: Schools, right: Schools, right_capacity: Int64) -> list[str | None]:
    """
    Return for each left school which request of a policy allows it no partner; None where it may have one.

    Parameters
    ----------
    policy : Policy
    left, right : Schools
    right_capacity : (len(right),) int64
    """
    most = np.ones(len(left), np.int64)
    draft = Draft(np.zeros_like(most), most, np.zeros(len(right), np.int64), right_capacity.copy())
    names: list[str | None] = [None] * len(left)
    for part in policy.quotas:
        if isinstance(part, PartnersPerSchool) and part.side == "left":
            before = draft.left_most.copy()
            part.add_to(draft, left, right)
            for i in np.flatnonzero(draft.left_most != before).tolist():
                names[i] = None if draft.left_most[i] else part.name
    return names


def _forbidden(i: int, compiled: Compiled, right_capacity: npt.NDArray[np.int64]) -> str:
    """Name the rule that leaves the fewest partners to a school that has none."""
    usable = right_capacity > 0
    if not usable.any():
        return "no admissible partner: no school offers a place"
    left = {
        name: int((rule.allowed[rule.left_code[i]][rule.right_code] & usable).sum())
        for name, rule in compiled.rules
        if isinstance(rule, RuleTerm)
    }
    if not left:
        return "no admissible partner: every pair is forbidden by name"
    name = min(left, key=lambda rule: (left[rule], rule))
    if left[name] == 0:
        return f"no admissible partner: the rule {name!r} forbids every pair"
    return (
        "no admissible partner: the rules together forbid every pair "
        f"({name!r} alone leaves {left[name]:,} of {int(usable.sum()):,})"
    )


# -- Sets of schools ---------------------------------------------------------------------------------------

#: What sets of schools are told apart by, and how it is said, in this order.
_COLUMNS: Final = {
    "country": ("of country {}", "du pays {}"),
    "region": ("of region {}", "de la région {}"),
    "academie": ("of académie {}", "de l'académie {}"),
    "dept": ("of département {}", "du département {}"),
    "ep": ("in priority education {}", "en éducation prioritaire {}"),
    "levels": ("with level {}", "de niveau {}"),
    "sector": ("of the {} sector", "du secteur {}"),
    "setting": ("in a {} setting", "en milieu {}"),
    "teach_lang": ("teaching in {}", "enseignant en {}"),
    "special": ("of the special kind {}", "du type particulier {}"),
    "commune_insee": ("of commune {}", "de la commune {}"),
    "tags": ("tagged {}", "étiquetés {}"),
}
_WORDS: Final = {
    "en": {
        "left": ("the school {}", "{} schools", "the {} schools", "all {} schools"),
        "right": (
            "the partner school {}",
            "{} partner schools",
            "the {} partner schools",
            "all {} partner schools",
        ),
        "or": " or ",
    },
    "fr": {
        "left": ("l'établissement {}", "{} établissements", "les {} établissements", "les {} établissements"),
        "right": (
            "l'établissement partenaire {}",
            "{} établissements partenaires",
            "les {} établissements partenaires",
            "les {} établissements partenaires",
        ),
        "or": " ou ",
    },
}
#: A set may be that of so many values of a column.
VALUES = 3


class _Clause(NamedTuple):
    column: str
    words: tuple[str, ...]
    holds: Bool


def schools_in_words(left: Schools, right: Schools) -> Callable[[str, Int64], str]:
    """
    Return what says some schools in words, as :func:`twinmatch.witness.witness_of` wants it.

    Parameters
    ----------
    left, right : Schools

    Returns
    -------
    callable
        ``names("left en", rows)`` is such as "the 41 schools of académie Rennes with level 3", where one or
        two columns tell these schools from all others, and "41 schools (0010002X, ...)" where they do not.
    """

    def names(asked: str, rows: Int64) -> str:
        side, lang = asked.split()
        schools = left if side == "left" else right
        one, some, these, everybody = _WORDS[lang][side]
        comma = "," if lang == "en" else "\N{NARROW NO-BREAK SPACE}"
        number = f"{len(rows):,}".replace(",", comma)
        if len(rows) == 1:
            return one.format(schools.ids[rows[0]])
        if len(rows) == len(schools):
            return everybody.format(number)
        clauses = _describing(schools, rows)
        if clauses is None:
            listed = ", ".join(map(str, schools.ids[rows[:NAMED]])) + (", ..." if len(rows) > NAMED else "")
            return f"{some.format(number)} ({listed})"
        said = [
            _COLUMNS[clause.column][lang == "fr"].format(str(_WORDS[lang]["or"]).join(clause.words))
            for clause in clauses
        ]
        return " ".join([these.format(number), *said])

    return names


def _describing(schools: Schools, rows: Int64) -> tuple[_Clause, ...] | None:
    """Return one or two clauses that these schools meet and no others do."""
    wanted = np.zeros(len(schools), np.bool_)
    wanted[rows] = True
    clauses = [clause for column in _COLUMNS for clause in _clauses(schools, column, rows)]
    for clause in clauses:
        if np.array_equal(clause.holds, wanted):
            return (clause,)
    for a, b in itertools.combinations(clauses, 2):
        if np.array_equal(a.holds & b.holds, wanted):
            return (a, b)
    return None


def _clauses(schools: Schools, column: str, rows: Int64) -> Iterator[_Clause]:
    """Yield what these schools have in common in a column: each word, or the few that they share out."""
    if not schools.has(column):
        return
    cells = read(schools, column)
    held = [cells.words[code] for code in np.unique(cells.code[rows]).tolist()]
    if not all(held):
        return  # one of them is unknown
    common, between = sorted(frozenset.intersection(*held)), sorted(frozenset.union(*held))
    for word in common:
        yield _Clause(column, (word,), cells.holding(frozenset([word])))
    if not common and len(between) <= VALUES:
        yield _Clause(column, tuple(between), cells.holding(frozenset(between)))
