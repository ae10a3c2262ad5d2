"""The answer to one school: its pair, the next best ones and what keeps each away, a wish, a standby list."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from twinmatch.errors import Fault, InputError
from twinmatch.explaining.explanation import Card, Explanation, Frame, Option, Pair, Rival, Wish
from twinmatch.explaining.finding import row_of, side_of
from twinmatch.explaining.forcing import cost_of
from twinmatch.explaining.ledger import Accounts
from twinmatch.explaining.obstacles import Standing
from twinmatch.explaining.promises import counts_points, terms_of
from twinmatch.explaining.shares import shares_of
from twinmatch.explaining.words import language_faults
from twinmatch.graph.terms import FORBIDDEN
from twinmatch.mechanisms import Procedure
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from twinmatch.matching import Matching
    from twinmatch.schools import Schools
    from twinmatch.solvers.control import Control

    Int64 = npt.NDArray[np.int64]

__all__ = ["explain"]

_MOST_SHOWN = 1_000
_HOLDERS = 3


def explain(
    matching: Matching,
    school: str,
    *,
    wished: str | None,
    side: str | None,
    cost: bool,
    lang: str,
    k: int,
    control: Control | None = None,
    more: Sequence[Fault] = (),
) -> Explanation:
    """
    Return what :meth:`twinmatch.Matching.explain` says.

    ``control`` is what may stop the search for a cost; ``more`` is what the caller found wrong already, which
    is told with the rest.
    """
    faults = [*language_faults(lang), *more]
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 0 <= k <= _MOST_SHOWN:
        faults.append(Fault("k", f"must be a whole number from 0 to {_MOST_SHOWN:,}, not {k!r}"))

    def found(who: str, side: str | None, where: str = "school") -> str:
        try:
            return side_of(matching.left, matching.right, who, side, where)
        except InputError as error:
            faults.extend(error.faults)
            return ""

    side = found(school, side)
    if side == "right" and wished is not None:
        hint = "Ask about the left school instead: explain(left_id, wished=right_id)."
        faults.append(Fault("wished", f"{school!r} is a right school", hint=hint))
    elif wished is not None:
        found(wished, "right", "wished")
    elif cost:
        faults.append(Fault("cost", "is that of a wished pair, and wished is missing"))
    if faults:
        raise InputError("explain", faults)
    answer = _Answer(matching, lang)
    if side == "right":
        return answer.of_right(school, int(k))
    return answer.of_left(school, wished, control if cost else None, int(k))


class _Answer:
    def __init__(self, matching: Matching, lang: str) -> None:
        self.matching, self.lang = matching, lang
        self.accounts = Accounts(matching)
        self.standing = Standing(matching, self.accounts)
        self.frame = Frame(
            str(matching.status),
            matching.mechanism.name,
            not self.accounts.is_priced or counts_points(matching),
            matching.policy.coverage == "first",
            self.accounts.is_covered,
            self.accounts.slack,
            matching.coverage_price > 0,
            self.standing.floor,
            terms_of(matching).ranks,
        )

    # -- Left schools --------------------------------------------------------------------------------------

    def of_left(self, school: str, wished: str | None, control: Control | None, k: int) -> Explanation:
        """Answer a school that wants a partner."""
        matching, standing = self.matching, self.standing
        i = row_of(matching.left, school)
        assert i is not None
        row = self.accounts.row(i)
        open_ = (row != FORBIDDEN) & (self.accounts.limits.right_most > 0)
        mine = standing.partners_of(i)
        others = open_.copy()
        others[mine] = False
        best = _first(np.flatnonzero(others), self._points(i, np.flatnonzero(others)), k)
        free = np.flatnonzero(others & standing.has_place)
        free = free[standing.would_be_allowed(i, free)]
        standby = _first(free, self._points(i, free), k) if self._found else free[:0]
        reason = "" if len(mine) else self._reason(i)
        return Explanation(
            school=_card(matching.left, i),
            side="left",
            frame=self.frame,
            pairs=tuple(self._pair(i, j) for j in mine.tolist()),
            reason=reason,
            admissible=int(open_.sum()),
            places=int(self.accounts.limits.left_most[i]),
            next_best=self._options(i, best, row),
            standby=self._options(i, standby, row),
            wish=None if wished is None else self._wish(i, wished, row, control),
            lang=self.lang,
            k=k,
        )

    @property
    def _found(self) -> bool:
        return str(self.matching.status) in ("OPTIMAL", "FEASIBLE")

    def _points(self, i: int, chosen: Int64) -> Int64:
        return self.accounts.plain.points(np.array(i), chosen)

    def _reason(self, i: int) -> str:
        """Return the sentence of the table of those who are left out."""
        from twinmatch.reasons import reasons_after, reasons_for, reasons_under

        matching, rows = self.matching, np.array([i])
        if isinstance(matching.mechanism, Procedure):
            done, limits = matching.status is Status.OPTIMAL, self.accounts.limits
            choices = getattr(matching.mechanism, "ranks", None)
            return reasons_after(
                rows, matching._compiled, limits, matching.mate, is_done=done, choices=choices
            )[0]
        if matching.proof is None:
            return reasons_for(rows, matching._compiled, matching.right_capacity, matching.witness_left)[0]
        return reasons_under(rows, matching._compiled, matching._standing(matching.proof))[0]

    def _pair(self, i: int, j: int, *, of_right: bool = False) -> Pair:
        matching, accounts = self.matching, self.accounts
        shares = shares_of(matching, i, j)
        return Pair(
            _card(matching.left, i) if of_right else _card(matching.right, j),
            sum(share.points for share in shares),
            int(accounts.terms.points(np.array(i), np.array(j))),
            self._price(j),
            shares,
            self.standing.is_locked(i, j),
        )

    def _price(self, j: int) -> Fraction | None:
        accounts = self.accounts
        return None if accounts.slack is None else Fraction(accounts.price(j), accounts.scale)

    def _options(self, i: int, chosen: Int64, row: Int64) -> tuple[Option, ...]:
        """Return what keeps each of some admissible partners away."""
        matching, standing, accounts = self.matching, self.standing, self.accounts
        mine = standing.partners_of(i)
        full = len(mine) and len(mine) >= accounts.limits.left_most[i]
        own, own_counts = 0, 0
        if full:
            own, own_counts = int(self._points(i, mine).min()), int(row[mine].min())
        comparable = full or not len(mine)
        loss, leaves_out = accounts.short(i, chosen, row)
        points = self._points(i, chosen).tolist()
        loss = [
            short if self.standing.is_promised(most) else None
            for short, most in zip(loss, points, strict=True)
        ]
        options = []
        for at, j in enumerate(chosen.tolist()):
            holders = standing.holders_of(j)
            worth = accounts.plain.points(holders, np.array(j))
            first = np.lexsort((holders, worth))[:_HOLDERS]
            gain = points[at] - own
            options.append(
                Option(
                    _card(matching.right, j),
                    points[at],
                    int(row[j]),
                    gain if comparable else None,
                    int(row[j]) - own_counts if comparable else None,
                    int(accounts.limits.right_most[j]),
                    len(holders),
                    self._price(j),
                    tuple((str(matching.left.ids[holders[one]]), int(worth[one])) for one in first.tolist()),
                    loss[at],
                    leaves_out[at],
                    standing.between(i, j, gain if comparable else None, loss[at], leaves_out[at]),
                )
            )
        return tuple(options)

    def _wish(self, i: int, wished: str, row: Int64, control: Control | None) -> Wish:
        matching = self.matching
        j = row_of(matching.right, wished)
        assert j is not None
        one = np.array([i]), np.array([j])
        rules = tuple((name, bool(rule.allows(*one)[0])) for name, rule in matching._compiled.rules)
        is_own = j in self.standing.partners_of(i).tolist()
        admissible = row[j] != FORBIDDEN
        shares = shares_of(matching, i, j)
        option = None
        if admissible and not is_own:
            (option,) = self._options(i, np.array([j]), row)
        if not admissible or is_own:
            control = None
        return Wish(
            _card(matching.right, j),
            is_own,
            rules,
            shares,
            sum(share.points for share in shares),
            option,
            None if control is None else cost_of(matching, self.accounts, i, j, control),
            control is not None,
        )

    # -- Right schools -------------------------------------------------------------------------------------

    def of_right(self, school: str, k: int) -> Explanation:
        """Answer a school that offers places."""
        matching, standing, accounts = self.matching, self.standing, self.accounts
        j = row_of(matching.right, school)
        assert j is not None
        everybody = np.arange(len(matching.left))
        column = accounts.plain.points(everybody, np.array(j))
        holders = standing.holders_of(j)
        allowed = column != FORBIDDEN
        wants = allowed & (accounts.limits.left_most > 0)
        wants[holders] = False
        own, is_full = standing.own_points, standing.is_served
        gain = np.where(is_full, column - own, column)
        # Who may have a further partner would take any; they are no rivals of those who have none.
        wants &= (gain > 0) & (is_full | ~standing.is_paired)
        rivals = np.flatnonzero(wants) if self._found else everybody[:0]
        chosen = rivals[np.lexsort((rivals, -gain[rivals], standing.rough_short(rivals, j)))][:k]
        return Explanation(
            school=_card(matching.right, j),
            side="right",
            frame=self.frame,
            pairs=tuple(self._pair(i, j, of_right=True) for i in holders.tolist()),
            reason="",
            admissible=int(allowed.sum()),
            places=int(accounts.limits.right_most[j]),
            rivals=tuple(self._rival(i, j, int(column[i]), int(gain[i])) for i in chosen.tolist()),
            num_rivals=len(rivals),
            lang=self.lang,
            k=k,
        )

    def _rival(self, i: int, j: int, points: int, gain: int) -> Rival:
        row = self.accounts.row(i)
        (short,), (leaves_out,) = self.accounts.short(i, np.array([j]), row)
        mine = self.standing.partners_of(i)
        own = str(self.matching.right.ids[mine[0]]) if len(mine) else None
        short = short if self.standing.is_promised(points) else None
        return Rival(_card(self.matching.left, i), points, own, gain, short, leaves_out)


def _first(rows: Int64, points: Int64, k: int) -> Int64:
    """Return the ``k`` rows with the most points; ties in the order of rows, which is that of ids."""
    if len(rows) > 4 * k > 0:  # a look at everything is cheaper than sorting it
        least = np.partition(points, len(points) - k)[len(points) - k]
        rows, points = rows[points >= least], points[points >= least]
    return rows[np.lexsort((rows, -points))][:k]


def _card(schools: Schools, row: int) -> Card:
    one = schools.table.slice(row, 1).to_pylist()[0]
    said = {name: one.get(name) for name in ("name", "city", "country")}
    return Card(
        str(one["id"]), **{name: None if value is None else str(value) for name, value in said.items()}
    )
