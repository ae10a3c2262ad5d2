"""Ready policies, with the reasons for their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.policy.balance import CountryBalance
from twinmatch.policy.countries import MEMBERS_AS_OF
from twinmatch.policy.criteria import (
    Distance,
    LanguageFit,
    LevelOverlap,
    SameSector,
    SameSetting,
    SizeSimilarity,
)
from twinmatch.policy.policy import Policy
from twinmatch.policy.rules import (
    BothAvailable,
    BothOpen,
    CommonLevel,
    PartnerInEU,
    Rule,
    SameSpecialSetting,
    SharedLanguage,
)

if TYPE_CHECKING:
    from datetime import date

__all__ = ["proximity", "systematic_twinning"]


def systematic_twinning(*, on: date = MEMBERS_AS_OF, balance: bool = False) -> Policy:
    """
    Return the default policy: a twin in another member state for every school.

    Pairs have a common ISCED level, from level 2 on a shared working language, and both schools are open,
    available and of the same special setting: what each :term:`rule` asks. A perfect pair is worth 1,000,000
    :term:`points`, by :term:`criterion`:

    ==========  =======  ========================================================================
    criterion   points   why
    ==========  =======  ========================================================================
    language    300,000  classes must be able to talk: what makes a twinning live or die
    levels      250,000  pupils of one age; a school with all levels suits a school with all
    size        150,000  as many classes on either side, so that no one is left without a partner
    distance    150,000  visits stay affordable: full to 300 km, a train ride; none from 2,500 km
    sector       75,000  schools that are run alike can plan alike
    setting      75,000  rural with rural, urban with urban: alike in daily life
    ==========  =======  ========================================================================

    No source prescribes weights; these put what a twinning cannot do without before what makes
    it easier, and are meant to be changed. Most schools' sizes are not known, which is why size
    does not weigh more.

    Parameters
    ----------
    on : datetime.date, optional
        The day whose list of EU members counts.
    balance : bool, optional
        Whether no country may get too many of the pairs, and each gets some: at most 35 % of them for one
        country, and at least half of what it would get if partners were spread by places. Coverage is not
        lowered for it, see :class:`~twinmatch.policy.balance.CountryBalance`.

    Returns
    -------
    Policy
        It works on tables without sizes, coordinates or sectors too, and reports what it assumed.
    """
    return Policy(
        rules=_rules(on),
        criteria=(
            LanguageFit(weight=300_000),
            LevelOverlap(weight=250_000),
            SizeSimilarity(weight=150_000, optional=True),
            Distance(weight=150_000, low_km=0, high_km=300, fade_km=2_200, optional=True),
            SameSector(weight=75_000, optional=True),
            SameSetting(weight=75_000, optional=True),
        ),
        quotas=(CountryBalance(),) if balance else (),
    )


def proximity(*, on: date = MEMBERS_AS_OF) -> Policy:
    """
    Return a policy in which distance is 60 % of the points.

    It is the hard case for a solver, because all schools want the same border regions: points
    fall from next door to 2,000 km, and language, levels and size share the rest.

    Parameters
    ----------
    on : datetime.date, optional
        The day whose list of EU members counts.
    """
    return Policy(
        rules=_rules(on),
        criteria=(
            Distance.near(600_000, zero_km=2_000),
            LevelOverlap(weight=160_000),
            LanguageFit(weight=120_000),
            SizeSimilarity(weight=120_000, optional=True),
        ),
    )


def _rules(on: date) -> tuple[Rule, ...]:
    return (
        PartnerInEU(on=on),
        CommonLevel(),
        SharedLanguage(),
        BothOpen(),
        BothAvailable(),
        SameSpecialSetting(),
    )
