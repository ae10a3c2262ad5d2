"""Ways out of a policy that nothing keeps to: the smallest changes after which something does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinmatch.feasibility.change import Change, rank, sentence
from twinmatch.feasibility.searching import Search, Way
from twinmatch.posed import posed
from twinmatch.room import bounded
from twinmatch.solvers.control import Control, Stopped
from twinmatch.witness import language_of

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from twinmatch.policy import Policy
    from twinmatch.schools import Schools

__all__ = ["Change", "WayOut", "ways_out"]


@dataclass(frozen=True)
class WayOut:
    """
    A change of a policy after which something keeps to it.

    Parameters
    ----------
    changes : tuple of Change
    policy : Policy or None
        The changed policy; None where a part of it is code that cannot be written with another number.
    """

    changes: tuple[Change, ...]
    policy: Policy | None

    @property
    def kind(self) -> str:
        """The kind of the change, ``"several"`` where there are several."""
        return self.changes[0].kind if len(self.changes) == 1 else "several"

    @property
    def what(self) -> str:
        """What changes, by name."""
        return ", ".join(change.what for change in self.changes)

    @property
    def by(self) -> int:
        """Units that everything moves by, in all."""
        return sum(change.by for change in self.changes)

    def explain(self, lang: str = "en") -> str:
        """
        Say it in a sentence.

        Parameters
        ----------
        lang : {"en", "fr"}

        Raises
        ------
        InputError
            If the language is another one.
        """
        language_of(lang)
        return sentence(self.changes, lang)

    def __str__(self) -> str:
        return self.explain()


@bounded
def ways_out(
    left: Schools,
    right: Schools,
    policy: Policy,
    *,
    right_capacity: str | int | npt.ArrayLike | None = None,
    most: int = 5,
    keep: Collection[str] = (),
    deadline: float | None = None,
) -> tuple[WayOut, ...]:
    """
    Return the smallest changes of a policy after which something keeps to it.

    Parameters
    ----------
    left, right : Schools
    policy : Policy
    right_capacity : str, int or (len(right),) integers, optional
        As for :func:`twinmatch.match`.
    most : int, optional
        Ways returned at most.
    keep : collection of str, optional
        Names of rules and quotas that must stay as they are; a group of a quota has a name of its own.
    deadline : float, optional
        Return what was found after so many seconds.

    Returns
    -------
    tuple of WayOut
        The smallest change first, in pairs, schools and locks; changes of rules last. Of ways that are alike
        but for the group, the smallest come first. Empty where something keeps to the policy as it is, and
        where nothing was found.

    Raises
    ------
    PolicyError
        If the policy cannot be used on these tables, with every fault.
    InputError
        If a capacity is out of range, with every fault.

    Notes
    -----
    Without quotas that cross others or name both sides, each change of a number is the smallest there is.
    With such quotas, up to a million pairs are searched, for half a minute in all at most; above that only
    the nested quotas are looked at.

    Examples
    --------
    >>> import twinmatch as tm
    >>> from twinmatch.policies import Quota
    >>> fr, eu = tm.datasets.sample()
    >>> policy = tm.Policy(quotas=[Quota("few", right={"country": "DE"}, at_least=100)])
    >>> print(tm.ways_out(fr, eu, policy)[0])
    Lower the floor of “few” from 100 to 50.
    """
    control = Control(deadline)
    found: list[Way] = []
    try:
        search = Search(posed(left, right, policy, right_capacity, control), frozenset(keep))
        found = search.found
        search.go()
    except Stopped:
        pass
    return _chosen([WayOut(*way) for way in found], most)


def _chosen(found: list[WayOut], most: int) -> tuple[WayOut, ...]:
    """Return the smallest changes, the smallest of every kind before the next of one."""
    ranked = sorted(found, key=lambda way: rank(way.changes))
    seen: dict[tuple[str, str], int] = {}
    turns = []
    for way in ranked:
        # What a group is called begins with the name of its quota.
        like = (way.kind, ", ".join(sorted({change.what.partition(":")[0] for change in way.changes})))
        seen[like] = seen.get(like, 0) + 1
        turns.append(seen[like])
    first = sorted(range(len(ranked)), key=lambda at: (turns[at], at))[:most]
    return tuple(ranked[at] for at in sorted(first))
