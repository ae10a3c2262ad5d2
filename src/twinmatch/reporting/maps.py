"""
The map of a report: every school a dot, every group of pairs a line, and nothing else draws the countries.

Drawn with matplotlib into pixels: a hundred thousand dots would be a heavy drawing in any other form.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from twinmatch.errors import MissingExtraError
from twinmatch.reporting import tables
from twinmatch.reporting.bundling import arcs, bundled
from twinmatch.reporting.palette import INK, LEFT, colours
from twinmatch.reporting.places import Frame, frame_of, positions, project
from twinmatch.reporting.placing import Crowd
from twinmatch.reporting.words import Words

if TYPE_CHECKING:
    import numpy.typing as npt

    from twinmatch.matching import Matching

    Float = npt.NDArray[np.float64]

__all__ = ["draw", "image"]

_WIDTH_IN: Final = 8.0
_DPI: Final = 200
_LAND: Final = "#a9a293"
_GROUND: Final = "#faf8f3"
#: The widest line, in points, and what is left of it for a single pair.
_WIDEST, _THINNEST = 11.0, 0.35
#: A line of fewer pairs is never as wide as that.
_WIDEST_FROM: Final = 40
#: So many countries are named on the map, and so many places beyond it.
_NAMED, _BEYOND = 8, 9


def image(matching: Matching, lang: str = "en") -> tuple[bytes, tuple[int, int]]:
    """
    Return the map as a WebP picture, 1,600 pixels wide, and its width and height.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    picture = io.BytesIO()
    figure = draw(matching, lang)
    figure.savefig(
        picture,
        format="webp",
        dpi=_DPI,
        facecolor=_GROUND,
        pil_kwargs={"quality": 82, "method": 6},
    )
    wide, high = (round(inches * _DPI) for inches in figure.get_size_inches())
    return picture.getvalue(), (wide, high)


def needed() -> None:
    """
    See that maps can be drawn.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    try:
        import matplotlib.figure  # noqa: F401 (imported to see if it is there)
    except ImportError as error:
        raise MissingExtraError("a map", "report") from error


def draw(matching: Matching, lang: str = "en") -> Any:
    """
    Draw the map.

    Parameters
    ----------
    matching : Matching
    lang : {"en", "fr"}

    Returns
    -------
    matplotlib.figure.Figure
        Right schools faint, left schools blue, a line in the colour of the country for each row of
        :func:`twinmatch.reporting.tables.flows`, as wide as the root of its pairs.

    Raises
    ------
    MissingExtraError
        Without matplotlib.

    Examples
    --------
    >>> import twinmatch as tm
    >>> from twinmatch.reporting import maps
    >>> figure = maps.draw(tm.match(*tm.datasets.sample()))
    >>> figure.savefig("map.png")  # doctest: +SKIP
    """
    needed()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    words = Words(lang)
    frame = frame_of(matching.left, matching.right)
    wide, high = frame.east - frame.west, frame.north - frame.south
    pixels = round(_WIDTH_IN * _DPI * high / wide)
    figure = Figure(figsize=(_WIDTH_IN, pixels / _DPI), facecolor=_GROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(frame.west, frame.east)
    axes.set_ylim(frame.south, frame.north)
    axes.set_axis_off()

    right, left = positions(matching.right), positions(matching.left)
    _dots(axes, right[frame.holds(right)], _LAND, _dot_size(len(right) + len(left)))
    _dots(axes, left[frame.holds(left)], LEFT, _dot_size(len(right) + len(left)))
    crowd = Crowd(frame)
    crowd.add(right, 0.6, reach_km=40.0)
    crowd.add(left, 0.8, reach_km=60.0)
    order = tables.column(tables.partners_by_country(matching), "country")
    colour = colours(order)
    roads = _roads(matching, frame, crowd)
    _lines(axes, roads, colour, crowd)
    _ends(axes, roads, colour)
    _names(axes, matching, crowd, colour, order[:_NAMED], words)
    _edge(axes, roads, frame, words)
    _key(axes, roads, crowd, words)
    return figure


class _Roads(NamedTuple):
    """What lines are drawn from."""

    origin: list[str]
    country: list[str]
    pairs: npt.NDArray[np.float64]
    start: Float
    end: Float
    beyond: dict[tuple[str, bool], tuple[float, float]]  # places at the edge: a name, and whether of partners


def _roads(matching: Matching, frame: Frame, crowd: Crowd) -> _Roads:
    rows = tables.flows(matching)
    origin, country = tables.column(rows, "origin"), tables.column(rows, "country")
    pairs = np.array(tables.column(rows, "pairs"), float)
    start = project(tables.column(rows, "origin_lat"), tables.column(rows, "origin_lon"))
    end = project(tables.column(rows, "partner_lat"), tables.column(rows, "partner_lon"))
    start_beyond, end_beyond = ~frame.holds(start), ~frame.holds(end)
    # Places beyond the map stand in a column at its edge, in the order of their pairs.
    total: dict[tuple[str, bool], float] = {}
    for k, n in enumerate(pairs.tolist()):
        if start_beyond[k]:
            total[origin[k], False] = total.get((origin[k], False), 0) + n
        if end_beyond[k]:
            total[country[k], True] = total.get((country[k], True), 0) + n
    kept = sorted(total, key=lambda place: (-total[place], place))[:_BEYOND]
    kept.sort(key=lambda place: place[1])  # partners last: nearest to the map below
    beyond = _column_of(kept, start[~start_beyond], frame, crowd) if kept else {}
    drawn = np.ones(len(pairs), bool)
    for k in range(len(pairs)):
        for is_beyond, place, where in (
            (start_beyond[k], (origin[k], False), start),
            (end_beyond[k], (country[k], True), end),
        ):
            if is_beyond and place in beyond:
                where[k] = beyond[place]
            elif is_beyond:
                drawn[k] = False
    chosen = np.flatnonzero(drawn)
    return _Roads(
        [origin[k] for k in chosen],
        [country[k] for k in chosen],
        pairs[chosen],
        start[chosen],
        end[chosen],
        beyond,
    )


def _column_of(
    kept: list[tuple[str, bool]], starts: Float, frame: Frame, crowd: Crowd
) -> dict[tuple[str, bool], tuple[float, float]]:
    """Return a position at the edge for each place beyond the map, and keep the column free."""
    gap, toward = _point(frame) * 17, starts.mean(axis=0) if len(starts) else np.zeros(2)
    wide, high = _point(frame) * 178, gap * (len(kept) + 1.6)
    x, y = crowd.corner(wide, high, toward=(float(toward[0]), float(toward[1])))
    at_left = x < (frame.west + frame.east) / 2
    edge = x + wide / 2 - gap / 2 if at_left else x - wide / 2 + gap / 2
    return {place: (edge, y + high / 2 - gap * (rank + 1.8)) for rank, place in enumerate(kept)}


def _point(frame: Frame) -> float:
    """Return the kilometres of a typographic point."""
    return (frame.east - frame.west) / (_WIDTH_IN * 72)


def _dot_size(schools: int) -> float:
    """Return the area of a dot: a few schools must be seen, and many must not run together."""
    return float(np.clip(60_000 / max(1, schools), 0.32, 6.0))


def _dots(axes: Any, where: Float, colour: str, size: float) -> None:
    axes.scatter(where[:, 0], where[:, 1], s=size, c=colour, marker="o", linewidths=0, alpha=0.55)


def _width(pairs: npt.ArrayLike, most: float) -> npt.NDArray[np.float64]:
    """Return the width of a line, in points."""
    share = np.asarray(pairs) / max(most, _WIDEST_FROM)
    return np.asarray(_THINNEST + (_WIDEST - _THINNEST) * np.sqrt(share))


def _lines(axes: Any, roads: _Roads, colour: dict[str, str], crowd: Crowd) -> None:
    """Draw the lines of each country as roads of their own, busiest country first."""
    from matplotlib.collections import LineCollection

    if not len(roads.pairs):
        return
    most = float(roads.pairs.max())
    for country in colour:
        mine = np.array([one == country for one in roads.country])
        if not mine.any():
            continue
        chains = bundled(arcs(roads.start[mine], roads.end[mine]), roads.pairs[mine])
        width = _width(roads.pairs[mine], most)
        crowd.add(chains[width > 0.15 * _WIDEST].reshape(-1, 2), 2.5)
        axes.add_collection(
            LineCollection(
                list(chains), linewidths=width, colors=colour[country], alpha=0.26, capstyle="round", zorder=3
            )
        )


def _ends(axes: Any, roads: _Roads, colour: dict[str, str]) -> None:
    """Mark where lines end: rings at origins, discs at partners, as large as they are busy."""
    totals: dict[tuple[float, float, str], float] = {}
    for k, n in enumerate(roads.pairs.tolist()):
        for (x, y), face in ((roads.start[k], ""), (roads.end[k], colour[roads.country[k]])):
            totals[x, y, face] = totals.get((x, y, face), 0) + n
    most = max(totals.values(), default=1.0)
    for (x, y, face), n in sorted(totals.items(), key=lambda item: item[1]):
        size = 6 + 80 * n / most
        axes.scatter(
            [x], [y], s=size, c=face or "white", edgecolors="white" if face else LEFT,
            linewidths=0.6 if face else 1.1, zorder=5, alpha=0.95,
        )  # fmt: skip


def _edge(axes: Any, roads: _Roads, frame: Frame, words: Words) -> None:
    """Name the places beyond the map, and say that they are."""
    if not roads.beyond:
        return
    gap = _point(frame) * 17
    edge, top = next(iter(roads.beyond.values()))
    at_left = edge < (frame.west + frame.east) / 2
    side, align = (-1, "right") if at_left else (1, "left")
    style = {"color": INK, "va": "center", "ha": align, "zorder": 7}
    axes.text(
        edge + side * gap * 0.6, top + gap * 1.1, words["beyond"], fontsize=10.5, fontstyle="italic", **style
    )
    for (name, of_partners), (x, y) in roads.beyond.items():
        said = words.country(name) if of_partners else name or words["unknown"]
        axes.text(x + side * gap * 0.6, y, said, fontsize=11.5, path_effects=_halo(2.2), **style)


def _names(
    axes: Any, matching: Matching, crowd: Crowd, colour: dict[str, str], countries: list[str], words: Words
) -> None:
    """Write the names of countries and how many partners they have near their schools."""
    _, j = tables.rows_of(matching)
    where = positions(matching.right)
    code = tables.known(matching.right, "country")
    inside = crowd.frame.holds(where)
    for country in countries:
        count = int((code[j] == country).sum())
        here = where[inside & (code == country)]
        if not count or not len(here):
            continue
        name, number = words.country(country), words.number(count)
        wide = _point(crowd.frame) * (11.6 * max(len(name), len(number)) + 6)
        east, north = np.median(here, axis=0).tolist()
        x, y = crowd.near(east, north, wide, _point(crowd.frame) * 39)
        axes.text(
            x, y, f"{name}\n{number}", fontsize=16, fontweight="bold", color=colour[country], ha="center",
            va="center", zorder=8, linespacing=1.05, path_effects=_halo(3.2),
        )  # fmt: skip


def _key(axes: Any, roads: _Roads, crowd: Crowd, words: Words) -> None:
    """Say what dots and widths mean, where there is room."""
    point, most = _point(crowd.frame), float(roads.pairs.max(initial=0))
    samples = [n for n in (10_000, 1_000, 100, 10, 1) if n <= most][:3]
    wide, line = 168 * point, 19 * point
    high = line * (len(samples) + 2.8)
    x, y = crowd.corner(wide, high, toward=(crowd.frame.east, crowd.frame.north))
    at, x = y + high / 2 - line * 0.8, x - wide / 2 + 8 * point
    style = {"color": INK, "va": "center", "fontsize": 11.5, "zorder": 8}
    for colour, said in ((LEFT, words["left schools"]), (_LAND, words["right schools"])):
        axes.scatter([x + 12 * point], [at], s=16, c=colour, linewidths=0, zorder=8)
        axes.text(x + 34 * point, at, said, **style)
        at -= line
    for n in samples:
        width = float(_width(n, most))
        axes.plot([x, x + 24 * point], [at, at], lw=width, color=INK, alpha=0.45, zorder=8)
        axes.text(x + 34 * point, at, words.pairs(n), **style)
        at -= line


def _halo(width: float) -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=_GROUND, alpha=0.9)]
