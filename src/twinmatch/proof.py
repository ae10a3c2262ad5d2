"""What a matching under quotas, locks or bounds carries besides: its pairs and the prices that prove them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twinmatch.graph.constraints import Prices

__all__ = ["Proof"]


@dataclass(frozen=True, eq=False)
class Proof:
    """
    What a matching under quotas, locks or bounds carries besides.

    Parameters
    ----------
    taken : (k, 2) int64
        Rows of the left and the right school of each pair, sorted.
    left_price : (len(left),) int64
        What one more partner of a left school is worth, whole points, of any sign.
    quota_price : (number of quotas,) int64
        Above zero where a cap presses, below zero where a floor does, in the order of the constraints.
    price_scale : int
        Prices are in ``1 / price_scale`` points.
    cover, witness : Prices or None
        They prove the coverage bound, and that nothing keeps to the constraints.
    clash : tuple of int or None
        Quotas that a search found to clash.
    searched : bool
        Whether a bound rests on a search.
    """

    taken: npt.NDArray[np.int64]
    left_price: npt.NDArray[np.int64]
    quota_price: npt.NDArray[np.int64]
    price_scale: int = 1
    cover: Prices | None = None
    witness: Prices | None = None
    clash: tuple[int, ...] | None = None
    searched: bool = False

    def arrays(self) -> tuple[Any, ...]:
        """Return everything that a seal is about."""
        prices = [part for one in (self.cover, self.witness) if one is not None for part in one]
        more = (self.price_scale, list(self.clash or ()), self.searched)
        return (self.taken, self.left_price, self.quota_price, *prices, *more)
