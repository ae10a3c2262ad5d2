"""Balance between partner countries: what a policy states, and what that is on two tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from twinmatch.graph.constraints import Quota
from twinmatch.policy.bounds import as_share, exact, percent, share_faults
from twinmatch.policy.coding import encode
from twinmatch.policy.parts import Part, ignore, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from twinmatch.errors import Fault
    from twinmatch.policy.asked import Draft
    from twinmatch.policy.parts import Say
    from twinmatch.schools import Schools

__all__ = ["CountryBalance"]


@dataclass(frozen=True)
class CountryBalance(Part):
    """
    No partner country gets too many of the pairs, and each gets some.

    With n left schools and P places abroad, of which p in a country:

    * its *cap* is ``cap_share`` of n, rounded down. Where caps would leave too few places for everybody, all
      of them are raised to the smallest number that leaves as many as there were.
    * its *floor* is ``floor_share`` of n p / P, its part if partners were spread by places; rounded up, so
      that every country with places has a partner school, or down where that asks for more pairs than there
      are left schools. A floor is never above the cap or p.

    With places in one country only there is nothing to balance and nothing is asked. Caps and floors are
    wishes, unlike those of a :class:`~twinmatch.policy.quotas.QuotaPer`: whatever of them would leave a
    school without a partner that could have one gives way.

    Parameters
    ----------
    cap_share : float, optional
        Of all left schools, 0 to 1.
    floor_share : float, optional
        Of a country's part by places, 0 to 1.
    name : str, optional

    Notes
    -----
    The defaults are meant for the bundled registers, where 41 % of the places are Italian and without
    balance 44 % of the pairs go to Italy, while Romania, with 14 % of the places, gets 6 %. A third or so
    for the largest country and half of its part for each leave all other countries where they are.
    """

    kind: ClassVar[str] = "country_balance"
    cap_share: float = 0.35
    floor_share: float = 0.5
    name: str = "country balance"

    def __post_init__(self) -> None:
        settle(self, cap_share=as_share(self.cap_share), floor_share=as_share(self.floor_share))

    def words(self) -> str:
        """Return what is asked, in words."""
        return (
            f"at most {percent(self.cap_share)} per country, "
            f"at least {percent(self.floor_share)} of its part by places"
        )

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the options."""
        yield from super().faults()
        for option in ("cap_share", "floor_share"):
            yield from share_faults(self.where(option), getattr(self, option))

    def add_to(self, draft: Draft, left: Schools, right: Schools, say: Say = ignore) -> None:
        """Add what is asked to the draft; the shares wait until all places are known."""
        draft.balances.append(self)


class Balance(NamedTuple):
    """
    What a country should get, as far as coverage allows.

    Attributes
    ----------
    name : str
        What errors, witnesses and prices call it.
    country : str
    right : (num_right,) bool
        The schools of the country.
    places : int
    at_least, at_most : int
        Of the pairs with the country. All floors together ask for no more pairs than there are left schools,
        and all caps together leave as many places as are needed.
    """

    name: str
    country: str
    right: npt.NDArray[np.bool_]
    places: int
    at_least: int
    at_most: int

    def quota(self) -> Quota:
        """Return it as a quota that must hold."""
        return Quota(self.name, right=self.right, at_least=self.at_least, at_most=self.at_most)


def balanced(
    part: CountryBalance, num_left: int, right: Schools, places: npt.NDArray[np.int64]
) -> list[Balance]:
    """
    Return what each country should get.

    Parameters
    ----------
    part : CountryBalance
    num_left : int
        Number of left schools.
    right : Schools
    places : (len(right),) int64
        The most partners of each right school.

    Returns
    -------
    list of Balance
        By country code; none where fewer than two countries have places.
    """
    coded = encode(right, "country")
    known = coded.known
    in_country = np.zeros(len(coded.values), np.int64)
    np.add.at(in_country, coded.code[known], places[known])
    offered = {country: int(count) for country, count in zip(coded.values, in_country, strict=True) if count}
    if len(offered) < 2:
        return []
    total = sum(offered.values())
    cap = max(
        math.floor(exact(part.cap_share) * num_left),
        _needed_cap(list(offered.values()), min(num_left, total)),
    )
    shares = {
        country: exact(part.floor_share) * num_left * count / total for country, count in offered.items()
    }
    floors = {country: math.ceil(share) for country, share in shares.items()}
    if sum(floors.values()) > num_left:
        floors = {country: math.floor(share) for country, share in shares.items()}
    return [
        Balance(
            f"{part.name}: country {country}",
            country,
            coded.code == coded.values.index(country),
            count,
            min(floors[country], cap, count),
            cap,
        )
        for country, count in sorted(offered.items())
    ]


def _needed_cap(offered: list[int], wanted: int) -> int:
    """Return the smallest cap under which countries offer ``wanted`` places, which they do without one."""
    rest = wanted
    ordered = sorted(offered)
    for at, count in enumerate(ordered):
        cap = -(-rest // (len(ordered) - at))  # if this country and all larger ones are at the cap
        if cap <= count:
            return cap
        rest -= count
    return 0
