"""
What two tables and a policy allow, before any solve: demand and supply, rules, quotas, and all together.

Everything is counted over kinds of schools, never pair by pair: rules speak of codes, quotas of groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twinmatch.elastic import Moved, Stretch
from twinmatch.feasibility import counting
from twinmatch.feasibility.drawing import drawn, typed
from twinmatch.feasibility.finding import Finding
from twinmatch.feasibility.reaching import Reach
from twinmatch.posed import posed
from twinmatch.room import bounded
from twinmatch.solvers.control import Control
from twinmatch.witness import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.elastic import Elastic
    from twinmatch.graph.constraints import Prices, Quota
    from twinmatch.policy import Policy
    from twinmatch.posed import Posed
    from twinmatch.schools import Schools

__all__ = ["Diagnosis", "diagnose"]

#: Groups of a quota that are named one by one.
FEW: Final = 3


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
    _findings: tuple[Finding, ...] = ()
    _rows: dict[str, dict[str, list[Any]]] | None = None

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found, a sentence each, the worst first."""
        return tuple(one.explain("en") for one in self._findings)

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
        return "\n".join(one.explain(lang) for one in self._findings)

    def __str__(self) -> str:
        state = "possible" if self.ok else "impossible"
        lines = [f"Diagnosis: {state}, {self.num_left:,} x {self.num_right:,} schools"]
        lines += [f"  {line}" for line in self.findings]
        for name, most in (("rules", 8), ("demand", 8), ("quotas", 8)):
            lines += drawn(name, (self._rows or {}).get(name, {}), most)
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
        self.found: list[Finding] = []
        self.rows: dict[str, dict[str, list[Any]]] = {}

    def diagnosis(self) -> Diagnosis:
        question = self.question
        self.rows["demand"], self.rows["supply"] = counting.demand_and_supply(question)
        self.rows["rules"] = counting.rules(question)
        self.rows["alone"] = counting.alone(question)
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
            {name: question.left.frame(typed(rows)) for name, rows in self.rows.items()},
            tuple(self.found),
            self.rows,
        )

    def _say(self, key: str, several: int, **filled: Any) -> None:
        self.found.append(Finding(key, several, filled))

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
        groups = [Reach.of(kinds, quota, self.control) for quota in kinds.limits.quotas]
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
