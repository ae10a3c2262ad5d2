"""
What two tables and a policy allow, before any solve: demand and supply, rules, quotas, and all together.

Everything is counted over kinds of schools, never pair by pair: rules speak of codes, quotas of groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twinmatch.elastic import Moved, Stretch
from twinmatch.graph.merging import joint_codes
from twinmatch.graph.singles import Bans
from twinmatch.graph.terms import FORBIDDEN, RuleTerm
from twinmatch.policy.coding import encode
from twinmatch.policy.conditions import column_faults
from twinmatch.policy.groups import read
from twinmatch.policy.languages import profiles
from twinmatch.posed import posed
from twinmatch.room import bounded
from twinmatch.solvers.control import Control
from twinmatch.solvers.network import Cut, Network, cheapest_flow
from twinmatch.witness import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from twinmatch.elastic import Elastic
    from twinmatch.graph.constraints import Prices, Quota
    from twinmatch.policy import Policy
    from twinmatch.posed import Posed
    from twinmatch.schools import Schools
    from twinmatch.solvers.kinds import Kinds

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]

__all__ = ["Diagnosis", "diagnose"]

#: Kinds of pairs of schools that are looked at together.
AT_ONCE: Final = 2**24
#: Groups of a quota that are named one by one.
FEW: Final = 3
#: Words in a drawn table are so wide at most; of longer ones so many letters of the begin, and the end, stay.
WIDEST, BEGIN = 40, 10
#: Columns that schools without a partner are counted by, where the table has them.
GROUPED_BY: Final = ("levels", "academie", "country", "sector", "ep")

_WORDS: Final = {
    "en": {
        "possible": "All that the policy asks can be kept: {covered} of {schools} can have a partner.",
        "cost": "Quotas, locks and numbers of partners cost coverage: without them {n} more could have a "
        "partner.",
        "apart": "Without the quotas that cross others or name both sides, all that the policy asks can be "
        "kept: {covered} of {schools} can have a partner.",
        "impossible": "Nothing keeps to all that the policy asks: {parts} cannot be kept."
        "|Nothing keeps to all that the policy asks: {parts} cannot be kept together.",
        "hopeless": "Nothing keeps to all that the policy asks.",
        "floor": "“{name}” asks for at least {least} and can reach {n} at most: {left}, {places}.",
        "floors": "{n} more group of “{name}” asks for more than it can reach."
        "|{n} more groups of “{name}” ask for more than they can reach.",
        "inside": "{n} left school with a partner there|{n} left schools with a partner there",
        "free": "{n} place|{n} places",
        "contradiction": "“{floor}” asks for at least {least} in a group of which “{cap}” allows {most}.",
        "crossing": "{n} quota crosses others or names both sides: whether it can be kept with them was not "
        "looked at."
        "|{n} quotas cross others or name both sides: whether they can be kept with them was not looked at.",
        "loose": "{n} cap is above what its group can reach (first: “{name}”)."
        "|{n} caps are above what their groups can reach (first: “{name}”).",
        "alone": "{n} left school has no admissible partner.|{n} left schools have no admissible partner.",
        "rule": "The rule “{name}” removes most: {share} of the pairs, {only} of them alone.",
        "eased": "{note}.",
        "left_least": "{n} left school that must have a partner|{n} left schools that must have partners",
        "right_least": "{n} right school that must be filled|{n} right schools that must be filled",
        "places": "the places of {n} school|the places of {n} schools",
        "locked": "{n} locked pair|{n} locked pairs",
        "groups": "“{name}” for {n} groups",
        "schools": "{n} left school|{n} left schools",
        "quoted": "“{n}”",
        "and": " and ",
    },
    "fr": {
        "possible": "Tout ce que la politique demande peut être tenu : {covered} sur {schools} peut avoir "
        "un partenaire."
        "|Tout ce que la politique demande peut être tenu : {covered} sur {schools} peuvent avoir "
        "un partenaire.",
        "cost": "Quotas, paires imposées et nombres de partenaires coûtent en couverture : sans eux {n} de "
        "plus pourrait avoir un partenaire."
        "|Quotas, paires imposées et nombres de partenaires coûtent en couverture : sans eux {n} de "
        "plus pourraient avoir un partenaire.",
        "apart": "Sans les quotas qui en croisent d'autres ou nomment les deux côtés, tout ce que la "
        "politique demande peut être tenu : {covered} sur {schools} peut avoir un partenaire."
        "|Sans les quotas qui en croisent d'autres ou nomment les deux côtés, tout ce que la "
        "politique demande peut être tenu : {covered} sur {schools} peuvent avoir un partenaire.",
        "impossible": "Rien ne tient tout ce que la politique demande : {parts}, voilà qui ne peut être tenu."
        "|Rien ne tient tout ce que la politique demande : {parts}, voilà qui ne peut être tenu ensemble.",
        "hopeless": "Rien ne tient tout ce que la politique demande.",
        "floor": "« {name} » demande au moins {least} et peut atteindre {n} au plus : {left}, {places}.",
        "floors": "{n} autre groupe de « {name} » demande plus qu'il ne peut atteindre."
        "|{n} autres groupes de « {name} » demandent plus qu'ils ne peuvent atteindre.",
        "inside": "{n} établissement de gauche y a un partenaire possible"
        "|{n} établissements de gauche y ont un partenaire possible",
        "free": "{n} place|{n} places",
        "contradiction": "« {floor} » demande au moins {least} dans un groupe dont « {cap} » en autorise "
        "{most}.",
        "crossing": "{n} quota en croise d'autres ou nomme les deux côtés : il n'a pas été examiné avec eux."
        "|{n} quotas en croisent d'autres ou nomment les deux côtés : ils n'ont pas été examinés avec eux.",
        "loose": "{n} plafond dépasse ce que son groupe peut atteindre (le premier : « {name} »)."
        "|{n} plafonds dépassent ce que leurs groupes peuvent atteindre (le premier : « {name} »).",
        "alone": "{n} établissement de gauche n'a aucun partenaire admissible."
        "|{n} établissements de gauche n'ont aucun partenaire admissible.",
        "rule": "La règle « {name} » écarte le plus : {share} des paires, dont {only} à elle seule.",
        "eased": "Assoupli ({note}).",
        "left_least": "{n} établissement de gauche qui doit avoir un partenaire"
        "|{n} établissements de gauche qui doivent avoir des partenaires",
        "right_least": "{n} établissement de droite qui doit être servi"
        "|{n} établissements de droite qui doivent être servis",
        "places": "les places de {n} établissement|les places de {n} établissements",
        "locked": "{n} paire imposée|{n} paires imposées",
        "groups": "« {name} » pour {n} groupes",
        "schools": "{n} établissement de gauche|{n} établissements de gauche",
        "quoted": "« {n} »",
        "and": " et ",
    },
}


class _Finding(NamedTuple):
    """A sentence in waiting: its key, the number that makes it singular, and what it is filled with."""

    key: str
    several: int
    filled: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """
    What :func:`twinmatch.diagnose` returns.

    Parameters
    ----------
    ok : bool
        Whether something keeps to all that the policy asks, as far as was looked at.
    is_complete : bool
        Whether everything was looked at: whether no quota crosses others or names both sides.
    coverage : int
        Left schools that can have a partner while everything that was looked at is kept; 0 where nothing
        keeps to it.
    coverage_without : int
        The same without quotas, locks and least numbers of partners.
    num_left, num_right : int
    tables : dict of str to frame
        Frames of the kind of the left table:

        ``"demand"``
            Per ``level`` and working ``language``, ``"any"`` being all: left schools that ``ask``, right
            ``schools`` that could serve one of them, and their ``places``.
        ``"supply"``
            The same right schools per ``country``.
        ``"rules"``
            Per ``rule``: pairs it ``forbids``, pairs that no other rule forbids (``alone``), and left schools
            that would have an admissible partner if it were left out (``schools``).
        ``"alone"``
            Left schools without any admissible partner, by the ``value`` of a ``column``, ``of`` how many.
        ``"quotas"``
            Per ``quota``: ``at_least``, ``at_most``, left schools that have an admissible partner in the
            group (``left_schools``), ``places`` there, the most it can ``reach`` with nothing else asked, and
            a ``verdict``.
    """

    ok: bool
    is_complete: bool
    coverage: int
    coverage_without: int
    num_left: int
    num_right: int
    tables: dict[str, Any]
    _findings: tuple[_Finding, ...] = ()
    _rows: dict[str, dict[str, list[Any]]] | None = None

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found, a sentence each, the worst first."""
        return tuple(_say(one, "en") for one in self._findings)

    def explain(self, lang: str = "en") -> str:
        """
        Say what was found, a sentence a line.

        Parameters
        ----------
        lang : {"en", "fr"}

        Raises
        ------
        InputError
            If the language is another one.
        """
        language_of(lang)
        return "\n".join(_say(one, lang) for one in self._findings)

    def __str__(self) -> str:
        state = "possible" if self.ok else "impossible"
        lines = [f"Diagnosis: {state}, {self.num_left:,} x {self.num_right:,} schools"]
        lines += [f"  {line}" for line in self.findings]
        for name, most in (("rules", 8), ("demand", 8), ("quotas", 8)):
            lines += _drawn(name, (self._rows or {}).get(name, {}), most)
        return "\n".join(lines)

    def __repr__(self) -> str:
        state = "possible" if self.ok else "impossible"
        return f"<Diagnosis {state}: {self.coverage:,} of {self.num_left:,}, {len(self._findings)} findings>"


@bounded
def diagnose(
    left: Schools,
    right: Schools,
    policy: Policy,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
) -> Diagnosis:
    """
    Say what two tables and a :term:`policy` allow, before anything is solved.

    Parameters
    ----------
    left, right : Schools
    policy : Policy
    right_capacity : str, int or (len(right),) integers, optional
        As for :func:`twinmatch.match`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If a capacity is out of range, with every fault.

    Notes
    -----
    Points are not looked at. Counts are over kinds of schools, so that a country takes a second or two.

    Examples
    --------
    >>> import twinmatch as tm
    >>> fr, eu = tm.datasets.sample()
    >>> diagnosis = tm.diagnose(fr, eu, tm.policies.systematic_twinning(balance=True))
    >>> diagnosis.ok, diagnosis.coverage
    (True, 200)
    >>> print(diagnosis.findings[0])
    All that the policy asks can be kept: 200 of 200 left schools can have a partner.
    """
    return _Look(posed(left, right, policy, right_capacity, Control())).diagnosis()


class _Look:
    """One call, and what it found."""

    def __init__(self, question: Posed) -> None:
        self.question, self.limits, self.control = question, question.limits, question.control
        self.elastic: Elastic = question.elastic()
        self.found: list[_Finding] = []
        self.rows: dict[str, dict[str, list[Any]]] = {}

    def diagnosis(self) -> Diagnosis:
        question = self.question
        self.rows["demand"], self.rows["supply"] = _languages(question)
        self.rows["rules"] = _rules(question)
        self.rows["alone"] = _alone(question)
        self.rows["quotas"] = self._quotas()
        faults, self.found = self.found, []
        outcome = self.elastic.least_change(Stretch(), self.control)
        possible = isinstance(outcome, Moved)
        sound = possible and not any(one.key in ("floor", "contradiction") for one in faults)
        without = question.covered(question.bare) or 0
        coverage = question.covered(self.limits) or 0
        rest = len(self.elastic.rest)
        schools = ("schools", len(question.left))
        if not isinstance(outcome, Moved):
            parts = self._involved(outcome)
            several = sum(one[1] if isinstance(one, tuple) else 1 for one in parts)
            self._say("impossible", several, parts=parts)
        elif not sound:
            self._say("hopeless", 1)
        elif not rest:
            self._say("possible", coverage, covered=coverage, schools=schools)
        self.found += faults
        if possible and rest:
            self._say("apart", coverage, covered=coverage, schools=schools)
        if possible and coverage < without:
            self._say("cost", without - coverage)
        if rest:
            self._say("crossing", rest)
        for note in question.notes:
            self._say("eased", 1, note=note)
        self._say_loose()
        if alone := int((question.partners == 0).sum()):
            self._say("alone", alone)
        self._say_rule()
        return Diagnosis(
            sound,
            not self.elastic.rest,
            coverage if sound else 0,
            without,
            len(question.left),
            len(question.right),
            {name: question.left.frame(_typed(rows)) for name, rows in self.rows.items()},
            tuple(self.found),
            self.rows,
        )

    def _say(self, key: str, several: int, **filled: Any) -> None:
        self.found.append(_Finding(key, several, filled))

    def _involved(self, witness: Prices) -> list[tuple[str, int] | tuple[str, int, str] | str]:
        """Return what a witness is about: names of quotas, and numbers of everything else."""
        kinds, limits = self.elastic.kinds, self.limits
        named: dict[int, list[str]] = {}
        for quota, origin, price in zip(
            limits.quotas, self.question.origin, witness.quota.tolist(), strict=True
        ):
            if price:
                named.setdefault(origin.part, []).append(quota.name)
        parts: list[tuple[str, int] | tuple[str, int, str] | str] = []
        for part, names in named.items():
            if len(names) > FEW:
                parts.append(("groups", len(names), self.question.policy.quotas[part].name))
            else:
                parts += names
        if must := int(((witness.left < 0)[kinds.left] & (limits.left_least > 0)).sum()):
            parts.append(("left_least", must))
        if fill := int(((witness.right < 0)[kinds.right] & (limits.right_least > 0)).sum()):
            parts.append(("right_least", fill))
        if offer := int(((witness.right > 0)[kinds.right] & (limits.right_most > 0)).sum()):
            parts.append(("places", offer))
        if len(limits.locked):
            parts.append(("locked", len(limits.locked)))
        return parts

    # -- Quotas --------------------------------------------------------------------------------------------

    def _quotas(self) -> dict[str, list[Any]]:
        rows: dict[str, list[Any]] = {
            name: []
            for name in ("quota", "at_least", "at_most", "left_schools", "places", "reach", "verdict")
        }
        kinds = self.elastic.kinds
        groups = [_Group.of(kinds, quota, self.control) for quota in kinds.limits.quotas]
        against = set(self._contradictions())
        out_of_reach: dict[int, int] = {}
        for number, (quota, group) in enumerate(zip(self.limits.quotas, groups, strict=True)):
            verdict = ""
            if quota.at_least > group.reach:
                verdict = "impossible"
                part = self.question.origin[number].part
                out_of_reach[part] = out_of_reach.get(part, 0) + 1
                if out_of_reach[part] <= FEW:
                    self._say(
                        "floor",
                        group.reach,
                        name=quota.name,
                        least=quota.at_least,
                        left=("inside", group.left_schools),
                        places=("free", group.places),
                    )
            elif number in against:
                verdict = "contradicts another"
            elif quota.at_most is not None and quota.at_most >= group.reach:
                verdict = "cap never presses"
            values = (
                quota.name,
                quota.at_least,
                quota.at_most,
                group.left_schools,
                group.places,
                group.reach,
                verdict,
            )
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
        for part, count in out_of_reach.items():
            if count > FEW:
                self._say("floors", count - FEW, name=self.question.policy.quotas[part].name)
        return rows

    def _contradictions(self) -> Iterator[int]:
        """Yield floors that ask for more than a cap on the same group, or a larger one, allows."""
        limits = self.elastic.kinds.limits
        caps = [(k, quota) for k, quota in enumerate(limits.quotas) if quota.at_most is not None]
        for number, floor in enumerate(limits.quotas):
            for at, cap in caps:
                least, most = floor.at_least, cap.at_most or 0
                if at == number or least <= most or not self._inside(floor, cap):
                    continue
                self._say("contradiction", 1, floor=floor.name, cap=cap.name, least=least, most=most)
                yield from (number, at)
                break

    def _inside(self, floor: Quota, cap: Quota) -> bool:
        """Return whether the group of a floor lies in that of a cap."""
        (left, right), (most_left, most_right) = map(self.elastic.kinds.limits.members, (floor, cap))
        return not (left & ~most_left).any() and not (right & ~most_right).any()

    def _say_loose(self) -> None:
        quotas = self.rows["quotas"]
        loose = [
            name
            for name, verdict in zip(quotas["quota"], quotas["verdict"], strict=True)
            if verdict == "cap never presses"
        ]
        if loose:
            self._say("loose", len(loose), name=loose[0])

    def _say_rule(self) -> None:
        rules = self.rows["rules"]
        if not any(rules["forbids"]):
            return
        at = max(range(len(rules["rule"])), key=lambda k: (rules["forbids"][k], rules["alone"][k]))
        total = len(self.question.left) * len(self.question.right)
        share = f"{100 * rules['forbids'][at] / max(1, total):.0f} %"
        self._say("rule", 1, name=rules["rule"][at], share=share, only=rules["alone"][at])


class _Group(NamedTuple):
    """What the group of a quota can reach when nothing else is asked."""

    left_schools: int
    places: int
    reach: int

    @classmethod
    def of(cls, kinds: Kinds, quota: Quota, control: Control) -> _Group:
        """Count the group, and send as much through it as it takes."""
        limits = kinds.limits
        left, right = limits.members(quota)
        i, j = kinds.pairs
        inside = left[i] & right[j] & (kinds.room > 0)
        ours, theirs = np.unique(i[inside]), np.unique(j[inside])
        most_left = np.minimum(limits.left_most, kinds.heads) if quota.covered else limits.left_most
        reach = _most_through(most_left, limits.right_most, i[inside], j[inside], kinds.room[inside], control)
        return cls(int(kinds.heads[ours].sum()), int(limits.right_most[theirs].sum()), reach)


def _most_through(left: Int64, right: Int64, i: Int64, j: Int64, room: Int64, control: Control) -> int:
    """Return the most pairs of kinds with so many partners and places."""
    n, m = len(left), len(right)
    source, sink = n + m, n + m + 1
    lefts, rights = np.unique(i), np.unique(j)
    reach = int(room.sum())
    tail = np.concatenate([np.full(len(lefts), source), i, n + rights, [sink]])
    head = np.concatenate([lefts, n + j, np.full(len(rights), sink), [source]])
    upper = np.concatenate([left[lefts], room, right[rights], [reach]]).clip(max=reach)
    cost = np.zeros(len(tail), np.int64)
    cost[-1] = -1
    nothing = np.zeros(len(tail), np.int64)
    supply = np.zeros(n + m + 2, np.int64)
    network = Network(
        n + m + 2, tail.astype(np.int32), head.astype(np.int32), nothing, upper.astype(np.int64), cost, supply
    )
    found = cheapest_flow(network, control)
    assert not isinstance(found, Cut)  # nothing has to flow
    return int(found.flow[-1])


# -- Demand and supply -------------------------------------------------------------------------------------


def _languages(question: Posed) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
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


def _append(rows: dict[str, list[Any]], *values: Any) -> None:
    for column, value in zip(rows.values(), values, strict=True):
        column.append(value if isinstance(value, str) else int(value))


# -- Rules -------------------------------------------------------------------------------------------------


def _rules(question: Posed) -> dict[str, list[Any]]:
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


def _alone(question: Posed) -> dict[str, list[Any]]:
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


# -- Words -------------------------------------------------------------------------------------------------


def _typed(rows: dict[str, list[Any]]) -> dict[str, Any]:
    """Return columns of words and of whole numbers, also where there is no row."""
    typed: dict[str, Any] = {}
    for name, values in rows.items():
        if name in _TEXT:
            typed[name] = np.array(values, dtype=object)
        else:
            top = np.iinfo(np.int64).max
            typed[name] = np.array([top if value is None else value for value in values], np.int64)
    return typed


_TEXT: Final = frozenset({"language", "country", "rule", "column", "value", "quota", "verdict"})


def _say(finding: _Finding, lang: str) -> str:
    filled = {name: _filled(value, lang) for name, value in finding.filled.items()}
    return _said(lang, finding.key, finding.several, **filled)


def _filled(value: Any, lang: str) -> str:
    if isinstance(value, list):
        parts = [
            _filled(one, lang) if isinstance(one, tuple) else _said(lang, "quoted", n=one) for one in value
        ]
        return ", ".join(parts[:-1]) + (_said(lang, "and") if len(parts) > 1 else "") + "".join(parts[-1:])
    if isinstance(value, tuple):
        return _said(lang, value[0], value[1], name=value[2] if len(value) > 2 else "")
    return value if isinstance(value, str) else _number(value, lang)


def _number(value: int, lang: str) -> str:
    return f"{value:,}".replace(",", "," if lang == "en" else "\N{NARROW NO-BREAK SPACE}")


def _said(lang: str, key: str, several: int = 1, **parts: str) -> str:
    """Fill in a phrase, in the singular or the plural: nothing is plural in English, singular in French."""
    one, _, many = _WORDS[lang][key].partition("|")
    plural = several != 1 and (several or lang == "en")
    return (many if many and plural else one).format(**{"n": _number(several, lang), **parts})


def _cut(word: str) -> str:
    """Return a long word without its middle: names of groups differ at their ends."""
    return word if len(word) <= WIDEST else f"{word[:BEGIN]}…{word[BEGIN + 1 - WIDEST :]}"


def _drawn(name: str, rows: dict[str, list[Any]], most: int) -> list[str]:
    """Return the first rows of a table as lines of a fixed width."""
    if not rows or not next(iter(rows.values())):
        return []
    count = len(next(iter(rows.values())))
    chosen: Sequence[int] = range(count)
    if name == "demand":
        chosen = [k for k in chosen if rows["language"][k] == "any"]
    if name == "quotas":  # what is wrong first
        order = {"impossible": 0, "contradicts another": 1, "": 2}
        chosen = sorted(chosen, key=lambda k: order.get(rows["verdict"][k], 3))
    cells = [list(rows)]
    for k in chosen[:most]:
        values = [column[k] for column in rows.values()]
        cells.append(["" if v is None else _cut(v) if isinstance(v, str) else f"{v:,}" for v in values])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["", f"  {name}"]
    for row in cells:
        lined = [
            cell.ljust(width) if header in _TEXT else cell.rjust(width)
            for cell, width, header in zip(row, widths, rows, strict=True)
        ]
        lines.append(("    " + "  ".join(lined)).rstrip())
    if len(chosen) > most:
        lines.append(f"    and {len(chosen) - most:,} more")
    return lines
