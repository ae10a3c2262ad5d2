"""A comparison as a picture: two columns against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from twinmatch.comparing.fronts import front
from twinmatch.errors import Fault, InputError, MissingExtraError

if TYPE_CHECKING:
    from twinmatch.comparing.comparison import Comparison

__all__ = ["plot"]

#: Numbers from here on are written out with separators.
_LARGE = 10_000


def plot(comparison: Comparison, x: str, y: str) -> Any:
    """Return the figure of :meth:`Comparison.plot`."""
    table = nw.from_native(comparison.table, eager_only=True)
    faults = [
        Fault(where, f"is no column of numbers: {name!r}", hint=f"There are {', '.join(table.columns)}.")
        for where, name in (("x", x), ("y", y))
        if name not in table.columns or not table[name].dtype.is_numeric()
    ]
    if faults:
        raise InputError("plot", faults)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Comparison.plot()", "report") from error
    points = np.stack([table[name].cast(nw.Float64).to_numpy() for name in (x, y)], axis=1)
    on = front(points)
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    known = ~np.isnan(points).any(axis=1)
    if (known & ~on).any():
        axes.scatter(
            *points[known & ~on].T, facecolors="white", edgecolors="#41688c", label="beaten by another"
        )
    axes.scatter(*points[on].T, color="#1f4e79", label="Pareto front")
    order = np.flatnonzero(on)[np.argsort(points[on, 0])]
    axes.plot(*points[order].T, color="#1f4e79", linewidth=1)
    names: dict[tuple[float, float], list[str]] = {}
    for name, point in zip(table["name"].to_list(), points[:, :2].tolist(), strict=True):
        names.setdefault(tuple(point), []).append(name)
    shown = sorted(point for point in names if not np.isnan(point).any())
    for rank, point in enumerate(shown):  # in turns above and below a front, which falls to the right
        aside, side = ((-5, -11), "right") if rank % 2 else ((5, 5), "left")
        label = "; ".join(names[point])
        axes.annotate(label, point, xytext=aside, textcoords="offset points", ha=side, fontsize=8)
    for axis, values in ((axes.xaxis, points[:, 0]), (axes.yaxis, points[:, 1])):
        if np.nanmax(np.abs(values), initial=0) >= _LARGE:
            axis.set_major_formatter("{x:,.0f}")
    axes.margins(0.12)
    axes.set_xlabel(x.replace("_", " "))
    axes.set_ylabel(y.replace("_", " "))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
