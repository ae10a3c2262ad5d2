"""
Instances by recipe: a generator, its arguments, and a digest of what it makes.

A recipe is small enough for a command line and for a JSON file, so every process makes its own copy, and
anybody can make it again. The digest is a SHA-256. Of arrays: for each array in turn its type, its shape and
its bytes (little-endian, rows first); quotas, and that not everybody must be paired, are arrays after the
others. Of schools: the fingerprints of the left table, the right table and the policy, as lines of text
(:meth:`twinmatch.Schools.fingerprint` says what enters).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.families import LARGE_LISTS, LARGE_MATRICES, QUOTAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt
    from scipy import sparse

    import twinmatch as tm

__all__ = ["Instance", "Lists", "Market", "Matrix"]

FRENCH_LYCEES = 8  # bits of levels: upper secondary, and nothing else


@dataclass(frozen=True, eq=False)
class Market:
    """Schools under a policy: coverage first, then points."""

    left: tm.Schools
    right: tm.Schools
    policy: tm.Policy

    @property
    def quotas(self) -> tuple[Any, ...]:
        """What the policy bounds."""
        return tuple(self.policy.quotas)

    @property
    def pairs(self) -> int:
        """Number of pairs, admissible or not."""
        return len(self.left) * len(self.right)

    @cached_property
    def sha256(self) -> str:
        """Digest of the tables and the policy."""
        parts = (self.left, self.right, self.policy)
        return hashlib.sha256("\n".join(part.fingerprint() for part in parts).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Matrix:
    """Points of all pairs; every left node must be paired."""

    points: npt.NDArray[np.int64]
    quotas: tuple[tm.GroupQuota, ...] = ()

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return self.points.size

    @cached_property
    def sha256(self) -> str:
        """Digest of the array, and of the quotas if there are any."""
        return digest(self.points, *_quota_arrays(self.quotas))


@dataclass(frozen=True, eq=False)
class Lists:
    """Partners of each left node and their points; every left node must be paired, or as many as can be."""

    num_right: int
    item: npt.NDArray[np.int32]
    points: npt.NDArray[np.int64]
    quotas: tuple[tm.GroupQuota, ...] = ()
    everybody: bool = True

    @property
    def pairs(self) -> int:
        """Number of pairs that are stored."""
        return self.points.size

    @cached_property
    def sha256(self) -> str:
        """Digest of the number of right nodes and the arrays."""
        may_stay_out = () if self.everybody else (np.array(self.everybody),)
        more = (*may_stay_out, *_quota_arrays(self.quotas))
        return digest(np.array(self.num_right, np.int64), self.item, self.points, *more)

    @property
    def offset(self) -> npt.NDArray[np.int64]:
        """Where each left node's list begins."""
        return np.arange(len(self.item) + 1, dtype=np.int64) * self.item.shape[1]

    def sparse(self, points: npt.NDArray[Any] | None = None) -> sparse.csr_array:
        """Return the lists as a sparse array, with these points or others."""
        from scipy import sparse

        data = self.points if points is None else points
        shape = (len(self.item), self.num_right)
        return sparse.csr_array((data.ravel(), self.item.ravel(), self.offset.astype(np.int32)), shape=shape)


def digest(*arrays: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of arrays: type, shape and bytes of each."""
    found = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        found.update(f"{little.dtype.str} {array.shape}\n".encode())
        found.update(little.tobytes())
    return found.hexdigest()


def _quota_arrays(quotas: tuple[tm.GroupQuota, ...]) -> Iterator[npt.NDArray[Any]]:
    """Yield the members of each quota, nobody for everybody, and its bounds, -1 for none."""
    for quota in quotas:
        for side in (quota.left, quota.right):
            yield np.zeros(0, bool) if side is None else np.asarray(side)
        yield np.array([quota.at_least, -1 if quota.at_most is None else quota.at_most], np.int64)


@dataclass(frozen=True)
class Instance:
    """
    A recipe.

    Parameters
    ----------
    name : str
        What people call it.
    generator : str
        A key of ``GENERATORS``.
    arguments : dict
        Its keyword arguments, in types that JSON has.
    """

    name: str
    generator: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def build(self) -> Market | Matrix | Lists:
        """Return what the recipe makes."""
        return GENERATORS[self.generator](**self.arguments)

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe without its name."""
        return {"generator": self.generator, "arguments": self.arguments}


# -- Generators --------------------------------------------------------------------------------------------


def registers(
    policy: str,
    lycees_only: bool = False,
    every: int = 1,
    balance: bool = False,
    caps: dict[str, int] | None = None,
    floors: dict[str, float] | None = None,
    cells: float | None = None,
) -> Market:
    """
    Return the bundled registers under a ready policy, and quotas on top of it.

    Parameters
    ----------
    policy : str
    lycees_only : bool
    every : int
        Take one school in so many.
    balance : bool
        Ask for a balance between countries.
    caps : dict, optional
        Most pairs by country.
    floors : dict, optional
        The share of the schools of each académie that must have a partner: of ``"all"`` and of those in
        ``"priority"`` education; of the latter in the whole nation with ``"priority, nationwide"``.
    cells : float, optional
        The largest share of the schools of an académie that may have a partner in one country.
    """
    import twinmatch as tm

    left, right = tm.datasets.france_eu()
    if lycees_only:
        left, right = (s.take(np.flatnonzero(s.levels == FRENCH_LYCEES)) for s in (left, right))
    if every > 1:
        left, right = (s.take(np.arange(0, len(s), every)) for s in (left, right))
    asked = getattr(tm.policies, policy)(**({"balance": True} if balance else {}))
    more: list[Any] = [
        tm.policies.Quota(f"cap {country}", right={"country": country}, at_most=most)
        for country, most in (caps or {}).items()
    ]
    for who, share in (floors or {}).items():
        only = {} if who == "all" else {"ep": ["REP", "REP+"]}
        per = () if who.endswith("nationwide") else ("academie",)
        more.append(tm.policies.CoverageFloor(f"floor {who}", left=only, per=per, at_least_share=share))
    if cells is not None:
        more.append(tm.policies.QuotaPer("cell", left=["academie"], right=["country"], at_most_share=cells))
    return Market(left, right, replace(asked, quotas=(*asked.quotas, *more)) if more else asked)


def synthetic(
    market: str, num_left: int, num_right: int, seed: int = 0, places: float | None = None
) -> Market:
    """Return an artificial nation under the default policy, with so many places for each left school."""
    import twinmatch as tm

    drawn = {"seed": seed, "market": market, "places": places}
    left, right = tm.datasets.synthetic(num_left, num_right, **drawn)  # type: ignore[arg-type]
    return Market(left, right, tm.policies.systematic_twinning())


def matrix(family: str, n: int, seed: int = 0, quotas: str | None = None) -> Matrix:
    """Return a square matrix of a family, with a family of quotas."""
    points = LARGE_MATRICES[family](_random(family, seed), n, n)
    return Matrix(np.ascontiguousarray(points, np.int64), _quotas(quotas, seed, n, n))


def lists(
    family: str,
    num_left: int,
    num_right: int,
    per_left: int,
    seed: int = 0,
    quotas: str | None = None,
    everybody: bool = True,
) -> Lists:
    """Return lists of a family, with a family of quotas."""
    item, points = LARGE_LISTS[family](_random(family, seed), num_left, num_right, per_left)
    asked = _quotas(quotas, seed, num_left, num_right)
    return Lists(num_right, item.astype(np.int32), points.astype(np.int64), asked, everybody)


def _quotas(family: str | None, seed: int, num_left: int, num_right: int) -> tuple[tm.GroupQuota, ...]:
    import twinmatch as tm

    if family is None:
        return ()
    drawn = QUOTAS[family](_random(family, seed), num_left, num_right)
    return tuple(tm.GroupQuota(*one, name=f"{family} {k}") for k, one in enumerate(drawn))


def _random(family: str, seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, *family.encode()]))


GENERATORS: dict[str, Callable[..., Market | Matrix | Lists]] = {
    "registers": registers,
    "synthetic": synthetic,
    "matrix": matrix,
    "lists": lists,
}
"""What a recipe may name."""
