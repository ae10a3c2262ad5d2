"""Changes of a school year as values, and what they make of tables, places and policy."""

from twinmatch.changing.agreements import AgreementExpires, PairFreed, PairLocked, PairRenewed, PairVetoed
from twinmatch.changing.applying import Applied, applied
from twinmatch.changing.change import Change
from twinmatch.changing.forms import change_from, changes_from, digest_of
from twinmatch.changing.schools import (
    CapacityChanges,
    PartnerJoins,
    PartnerLeaves,
    SchoolJoins,
    SchoolLeaves,
    SectionCloses,
    SectionOpens,
)

__all__ = [
    "AgreementExpires",
    "Applied",
    "CapacityChanges",
    "Change",
    "PairFreed",
    "PairLocked",
    "PairRenewed",
    "PairVetoed",
    "PartnerJoins",
    "PartnerLeaves",
    "SchoolJoins",
    "SchoolLeaves",
    "SectionCloses",
    "SectionOpens",
    "applied",
    "change_from",
    "changes_from",
    "digest_of",
]
