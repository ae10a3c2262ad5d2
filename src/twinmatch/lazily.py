"""Values that are made when they are first asked for, and then kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Later", "lazily"]

T_co = TypeVar("T_co", covariant=True)


class lazily(cached_property[T_co]):  # noqa: N801 (a decorator)
    """
    A :class:`functools.cached_property` without a lock, for objects that threads and forked processes share.

    Two threads may both make the value; the one that is kept first is everyone's. Python 3.11 holds one lock
    for all objects of a class while a value is made: a child forked meanwhile would wait for ever, and
    threads with different objects wait for each other.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T_co: ...
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Self | T_co:
        """Return the value, made if need be."""
        if instance is None:
            return self
        name = self.attrname
        assert name is not None, "a lazy value is defined in the body of a class"
        kept = instance.__dict__
        if name not in kept:
            kept.setdefault(name, self.func(instance))
        value: T_co = kept[name]
        return value


class Later(Sequence[str]):
    """
    Words that are found when somebody first asks for them; equal to a tuple of the same words.

    Parameters
    ----------
    find : callable
        Returns the words.
    """

    def __init__(self, find: Callable[[], tuple[str, ...]]) -> None:
        self._find = find

    @lazily
    def words(self) -> tuple[str, ...]:
        """The words."""
        return self._find()

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        return self.words[at]

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __eq__(self, other: object) -> bool:
        return self.words == (other.words if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return repr(self.words)

    def __reduce__(self) -> tuple[type[tuple[str, ...]], tuple[tuple[str, ...]]]:
        return tuple, (self.words,)
