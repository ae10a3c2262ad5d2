"""Which columns a policy may be about: every text among its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twinmatch.policy.policy import Policy

__all__ = ["named_in"]


def named_in(policies: Iterable[Policy]) -> frozenset[str]:
    """
    Return every text that policies hold, and so the name of every column that they read.

    A reader of files keeps the columns of these names: a few too many at most, and none that nobody named.

    Parameters
    ----------
    policies : iterable of Policy
    """
    return frozenset(text for policy in policies for text in _texts(policy))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts((*value.keys(), *value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _texts(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name, None))
