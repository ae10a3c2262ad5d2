"""Which languages schools teach in, teach as a subject, and can work in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.graph.merging import joint_codes
from twinmatch.policy.coding import encode
from twinmatch.policy.countries import OFFICIAL_LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from twinmatch.schools import Schools

__all__ = ["ENGLISH_LEVELS", "Profiles", "profiles", "shared"]

ENGLISH_LEVELS = 0b1100
"""The levels (2 and 3) at which a school that lists no languages is assumed to teach English."""

_NOT_A_LANGUAGE = frozenset({"", "other"})


class Profiles(NamedTuple):
    """
    The languages of schools, one profile for all schools that are alike.

    Attributes
    ----------
    code : (n,) int32
        The profile of each school.
    levels : (p,) uint8
        Levels taught, a bit each.
    teaches_in : tuple of frozenset of str
        Languages of instruction: the row's own, otherwise the official ones of the country.
    learns : tuple of frozenset of str or None
        Languages taught as a subject; None where the row does not list any.
    listed : (p,) bool
        Whether the row lists the languages taught as a subject.
    instruction_assumed : int
        Number of schools whose languages of instruction are those of the country.
    english_assumed : int
        Number of schools for which English counts because of their levels only.
    """

    code: npt.NDArray[np.int32]
    levels: npt.NDArray[np.uint8]
    teaches_in: tuple[frozenset[str], ...]
    learns: tuple[frozenset[str] | None, ...]
    listed: npt.NDArray[np.bool_]
    instruction_assumed: int
    english_assumed: int

    def knows(self) -> list[frozenset[str]]:
        """Return what each profile teaches in or lists as a subject."""
        return [a | (b or frozenset()) for a, b in zip(self.teaches_in, self.learns, strict=True)]

    def works_in(self, *, english: bool = True) -> list[frozenset[str]]:
        """Return ``knows()`` and, where assumed, English."""
        assumed = ~self.listed & (self.levels & ENGLISH_LEVELS != 0)
        extra = frozenset({"en"})
        return [a | extra if english and e else a for a, e in zip(self.knows(), assumed, strict=True)]


def profiles(schools: Schools) -> Profiles:
    """Read the columns ``teach_lang``, ``languages``, ``country`` and ``levels``."""
    country, taught, learned = (encode(schools, name) for name in ("country", "teach_lang", "languages"))
    instruction = [_words(text) for text in taught.values]
    official = [frozenset(OFFICIAL_LANGUAGES.get(name, ())) for name in country.values]
    subjects = [_words(text) for text in learned.values]

    # Lists that differ in the numbers of pupils only are one set.
    sets = sorted({*instruction, *official}, key=sorted)
    number = {one: k for k, one in enumerate(sets)}
    of_country = country.recode([number[one] for one in official], 0)
    teaches = np.where(taught.known, taught.recode([number[one] for one in instruction], 0), of_country)
    subject_sets = sorted(set(subjects), key=sorted)
    place = {one: k for k, one in enumerate(subject_sets)}
    learns = learned.recode([place[one] for one in subjects], len(subject_sets))

    levels = schools.levels
    code, (teaches, learns, kept_levels) = joint_codes(
        len(schools), [teaches.astype(np.int32), learns, levels.astype(np.int32)]
    )
    assumed = ~learned.known & (levels & ENGLISH_LEVELS != 0)
    return Profiles(
        code,
        kept_levels.astype(np.uint8),
        tuple(sets[k] for k in teaches.tolist()),
        tuple(subject_sets[k] if k < len(subject_sets) else None for k in learns.tolist()),
        learns < len(subject_sets),
        int(np.count_nonzero(~taught.known)),
        int(np.count_nonzero(assumed)),
    )


def shared(left: Iterable[frozenset[str]], right: Iterable[frozenset[str]]) -> npt.NDArray[np.bool_]:
    """Return which sets of the left and right have a language in common, (p, q) bool."""
    left, right = list(left), list(right)
    common = sorted(frozenset().union(*left) & frozenset().union(*right))
    if not common:  # nobody shares a word, or a side has nobody
        return np.zeros((len(left), len(right)), np.bool_)
    rows = np.array([[word in one for word in common] for one in left], np.int64)
    columns = np.array([[word in one for word in common] for one in right], np.int64)
    found: npt.NDArray[np.bool_] = rows @ columns.T > 0
    return found


def _words(text: str) -> frozenset[str]:
    """Read ``code`` or ``code:pupils``, with ``;`` between; a language without pupils is not taught."""
    found = set()
    for item in text.split(";"):
        word, _, pupils = item.strip().partition(":")
        if word.strip() not in _NOT_A_LANGUAGE and pupils.strip() not in ("0", "0.0"):
            found.add(word.strip().lower())
    return frozenset(found)
