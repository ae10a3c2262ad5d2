"""
More partners than places, because some do not answer.

Of the schools that a partner is paired with, some never answer, and their places stay empty. Airlines and
universities meet the same with over-booking: they offer more than they have. Two rounding rules are on offer,
both exact: rates are read as the decimals they are written as, and sums are sums of whole numbers, so that
every machine offers the same.

With c places, n pairs, and each answering with probability 1 - q independently of the others,

* by *expectation*: the largest n with n (1 - q) <= c, which is c / (1 - q) rounded down;
* by *risk*: the largest n for which more than c answer with probability at most r. From one n to the next
  that probability grows by (1 - q) times that of exactly c answers among n.

The second is stricter where r is small: at q = 0.1 and c = 10, eleven by expectation, and ten at r = 0.05.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinmatch.errors import Fault, PolicyError
from twinmatch.policy import checks
from twinmatch.policy.bounds import MOST, as_share, exact, percent, share_faults
from twinmatch.policy.coding import encode
from twinmatch.policy.conditions import Conditions, column_faults, condition_faults, frozen, in_words
from twinmatch.policy.groups import meeting
from twinmatch.policy.parts import Part, ignore, settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from twinmatch.policy.asked import Draft
    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = ["MOST_AT_RISK", "Overbooking", "offered"]

MOST_AT_RISK = 1_000
"""The most places of a school for which a risk is worked out: its numbers have thousands of digits."""


@dataclass(frozen=True)
class Overbooking(Part):
    """
    Partners are paired with more schools than they have places, because some do not answer.

    Parameters
    ----------
    no_answer_rate : float, optional
        Share of the schools paired with a partner that are expected not to answer, 0 to below 1.
    column : str, optional
        A column of the right table with a rate for each partner. Where it is unknown, ``no_answer_rate``
        counts, and without that the places stay as they are.
    risk : float, optional
        How likely it may be that more answer than there are places, 0 to 1, each answering independently of
        the others. Without it, the *expected* number of answers fits the places.
    conditions : mapping of str to sequence, optional
        Which partners: accepted values by column, as in :class:`~twinmatch.policy.quotas.Quota`.
    name : str, optional

    Notes
    -----
    With c places and rate q, a partner may be paired with c / (1 - q) schools, rounded down, or with the most
    schools of which more than c answer with probability at most ``risk``; never with fewer than c. Rates and
    risks are the decimals that they are written as, sums are exact. Places are those that the parts of the
    policy before this one leave; a later :class:`~twinmatch.policy.quotas.PartnersPerSchool` has the last
    word. ``verify()`` works all of it out again.

    Examples
    --------
    >>> from twinmatch.policies import Overbooking
    >>> from twinmatch.policy.overbooking import offered
    >>> offered(10, Overbooking(0.1).no_answer_rate), offered(10, 0.1, risk=0.05), offered(10, 0.3, risk=0.05)
    (11, 10, 11)
    """

    kind: ClassVar[str] = "overbooking"
    no_answer_rate: float | None = None
    column: str | None = None
    risk: float | None = None
    conditions: Mapping[str, Any] = Conditions()
    name: str = "over-booking"

    def __post_init__(self) -> None:
        settle(self, no_answer_rate=as_share(self.no_answer_rate), risk=as_share(self.risk))
        settle(self, conditions=frozen(self.conditions))

    def words(self) -> str:
        """Return what is asked, in words."""
        rate = [] if self.column is None else [f"what {self.column} says"]
        rate += [] if self.no_answer_rate is None else [percent(self.no_answer_rate)]
        kept = "with as many schools as are expected to fill its places"
        if self.risk is not None:
            kept = f"beyond its places, with a risk of at most {percent(self.risk)} that too many answer"
        which = f", with {in_words(self.conditions)}" if self.conditions else ""
        return f"each partner may be paired {kept}, at a no-answer rate of {' or else '.join(rate)}{which}"

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        if self.no_answer_rate is None and self.column is None:
            yield Fault(self.name, "has no rate", hint="Give no_answer_rate, or the column of rates.")
        for option in ("no_answer_rate", "risk"):
            value = getattr(self, option)
            if value is not None:
                wrong = list(share_faults(self.where(option), value))
                if not wrong and value == 1:
                    what = "must be below 1" if option == "risk" else "must be below 1: somebody answers"
                    wrong = [Fault(self.where(option), what)]
                yield from wrong
        if self.column is not None:
            yield from checks.text(self.where("column"), self.column)
        yield from condition_faults(self.where("conditions"), self.conditions)

    def table_faults(self, left: Schools, right: Schools) -> Iterator[Fault]:
        """Yield what keeps it from being used on these two tables."""
        needed = [*self.conditions, *([] if self.column is None else [self.column])]
        wrong = list(column_faults(self.name, "right", right, needed))
        yield from wrong
        if self.column is not None and not wrong:
            rates = self._rates(right)
            bad = [row for row, rate in enumerate(rates) if rate is not None and not 0 <= rate < 1]
            if bad:
                what = f"must hold rates from 0 to below 1 for {self.name!r}"
                yield Fault(f"right column {self.column!r}", what, len(bad), tuple(bad[:3]))

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Raise the places in the draft; tell ``say`` by how many."""
        chosen = meeting(self.name, "right", right, self.conditions, say)
        rates = self._rates(right)
        before = draft.right_most.copy()
        if self.risk is not None and before.max(initial=0) > MOST_AT_RISK:
            bad = np.flatnonzero(before > MOST_AT_RISK)
            what = f"works a risk out for at most {MOST_AT_RISK:,} places"
            fault = Fault(self.name, what, len(bad), tuple(bad[:3].tolist()), "Leave the risk out.")
            raise PolicyError("policy", [fault])
        known: dict[tuple[int, float], int] = {}
        rows = np.flatnonzero((before > 0) if chosen is None else chosen & (before > 0)).tolist()
        lost = [row for row in rows if rates[row] is None]
        for row in rows:
            rate = rates[row]
            if rate:
                key = int(before[row]), rate
                if key not in known:
                    known[key] = offered(*key, risk=self.risk, most=len(left))
                draft.right_most[row] = known[key]
        if lost:
            say(
                f"{len(lost):,} of {len(right):,} right schools have no known {self.column}: "
                f"{self.name} leaves their places as they are"
            )
        raised = int(np.count_nonzero(draft.right_most > before))
        say(
            f"{raised:,} of {len(right):,} right schools may be paired beyond their places "
            f"({self.name}): {int(before.sum()):,} places, {int(draft.right_most.sum()):,} pairs at most"
        )

    def _rates(self, right: Schools) -> list[float | None]:
        """Return the rate of each right school, None where it is not known."""
        if self.column is None:
            return [self.no_answer_rate] * len(right)
        coded = encode(right, self.column)
        numbers = [*map(_number, coded.values), self.no_answer_rate]
        return [numbers[code] for code in coded.code.tolist()]


def offered(places: int, rate: float, *, risk: float | None = None, most: int = MOST) -> int:
    """
    Return how many schools a partner may be paired with.

    Parameters
    ----------
    places : int
        How many it has.
    rate : float
        The share that does not answer, 0 to below 1; the decimal it is written as.
    risk : float, optional
        How likely it may be that more answer than there are places; without it, expected answers fit.
    most : int, optional
        More than so many schools there are not; a number above the places is never above this.

    Returns
    -------
    int
        At least ``places``.

    Raises
    ------
    ValueError
        If there is a risk to work out for more than 1,000 places.

    Notes
    -----
    Exact. By expectation one division; by risk a sum of whole numbers with as many digits as the rate has,
    times the answer.
    """
    share = 1 - exact(rate)
    expected = max(places, min(most, math.floor(places / share)))
    if risk is None:
        return expected
    if places > MOST_AT_RISK:
        raise ValueError(f"a risk is worked out for at most {MOST_AT_RISK:,} places, not {places:,}")
    return _at_risk(places, share, exact(risk), max(places, most))


@lru_cache(maxsize=4096)
def _at_risk(places: int, share: Fraction, risk: Fraction, most: int) -> int:
    """Return the largest number of pairs of which more than the places answer with at most that risk."""
    yes, every = share.numerator, share.denominator
    no = every - yes
    # Both in units of 1 / whole: the risk with n pairs, and how likely exactly all places are answered for.
    n, whole = places, every**places
    too_many, just_full = 0, yes**places
    while n < most:
        too_many = too_many * every + just_full * yes
        whole *= every
        if too_many * risk.denominator > risk.numerator * whole:
            return n
        n += 1
        just_full = just_full * n // (n - places) * no
    return n


def _number(word: str) -> float | None:
    """Return a cell as a rate; what is none is out of range, which the checks say."""
    try:
        return float(word)
    except ValueError:
        return -1.0
