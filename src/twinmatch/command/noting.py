"""What a policy names and the tables do not have, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinmatch.matching import Matching

__all__ = ["notes_of"]


def notes_of(matching: Matching) -> list[str]:
    """
    Return what quotas and lists of what is forbidden did not find, in words.

    A value that is misspelt comes first: it may switch off what it is in. What is not known is in the nature
    of registers, and comes last.
    """
    from twinmatch.policy.asked import asked
    from twinmatch.policy.rules import ForbiddenCountries, ForbiddenPairs, ForbiddenSchools

    said: list[str] = []
    policy, left, right = matching.policy, matching.left, matching.right
    for rule in policy.rules:
        if isinstance(rule, ForbiddenCountries | ForbiddenPairs | ForbiddenSchools):
            rule.compile(left, right, said.append)
    asked(policy, left, right, matching.right_capacity, said.append)
    return sorted(dict.fromkeys(said), key=lambda note: " have no known " in note)
