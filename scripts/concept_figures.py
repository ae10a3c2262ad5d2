"""
Draw the figures of ``docs/concepts.md``, each for a light and for a dark page.

    python scripts/concept_figures.py docs/_static/concepts

Small examples, true ones: what a figure says about points, prices and bounds is worked out here, and a
figure that would not be true is an error.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import twinmatch as tm

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 640

THEMES: dict[str, dict[str, str]] = {
    "light": {
        "ink": "#1b2733",
        "muted": "#52606d",
        "line": "#a9b4bf",
        "left": "#1f4e79",
        "left fill": "#dbe8f4",
        "right": "#8a5a0b",
        "right fill": "#fbeed8",
        "good": "#2e7d4f",
        "good fill": "#dff1e5",
        "bad": "#b3261e",
    },
    "dark": {
        "ink": "#e6edf3",
        "muted": "#a9b7c4",
        "line": "#5d6975",
        "left": "#8fbce6",
        "left fill": "#17324d",
        "right": "#e8b765",
        "right fill": "#4a3207",
        "good": "#7fd19b",
        "good fill": "#1c4d31",
        "bad": "#ff8f86",
    },
}

Point = tuple[float, float]


@dataclass
class Picture:
    """An SVG in the making; colours are the names of a theme."""

    height: int
    colours: dict[str, str]
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        colour: str = "ink",
        size: int = 14,
        anchor: str = "middle",
        bold: bool = False,
    ) -> None:
        """Write words whose middle, start or end is at x, and whose base line is at y."""
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
            f' fill="{self.colours[colour]}"{weight}>{words}</text>'
        )

    def line(
        self,
        start: Point,
        end: Point,
        *,
        colour: str = "line",
        width: float = 1.5,
        dashed: bool = False,
        arrow: bool = False,
    ) -> None:
        """Draw a line."""
        dash = ' stroke-dasharray="5 5"' if dashed else ""
        tip = f' marker-end="url(#{colour.replace(" ", "-")})"' if arrow else ""
        self.parts.append(
            f'<line x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}"'
            f' stroke="{self.colours[colour]}" stroke-width="{width:g}"{dash}{tip}/>'
        )

    def path(self, points: list[Point], *, colour: str, width: float = 2.5) -> None:
        """Draw a line through points."""
        where = " L ".join(f"{x:g} {y:g}" for x, y in points)
        self.parts.append(
            f'<path d="M {where}" fill="none" stroke="{self.colours[colour]}" stroke-width="{width:g}"/>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        *,
        round_: int = 4,
        fill: bool = True,
    ) -> None:
        """Draw a box from its upper left corner."""
        inside = self.colours[f"{colour} fill"] if fill else "none"
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_}"'
            f' fill="{inside}" stroke="{self.colours[colour]}" stroke-width="1.5"/>'
        )

    def school(self, at: Point, name: str, side: str, *, places: int = 0, taken: int = 0) -> None:
        """Draw a school as a circle, and its places as squares beside it."""
        x, y = at
        self.parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="15" fill="{self.colours[f"{side} fill"]}"'
            f' stroke="{self.colours[side]}" stroke-width="2"/>'
        )
        self.text(x, y + 5, name, bold=True)
        for place in range(places):
            self.box(x + 24 + 20 * place, y - 7, 14, 14, "good" if place < taken else "right", round_=2)

    def svg(self) -> str:
        """Return the file."""
        tips = "".join(
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6"'
            f' orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{self.colours[name]}"/></marker>'
            for name in ("muted", "good")
        )
        body = "\n  ".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}"'
            f' width="{WIDTH}" height="{self.height}" font-family="Helvetica, Arial, sans-serif">\n'
            f"  <defs>{tips}</defs>\n  {body}\n</svg>\n"
        )


def between(one: Point, other: Point) -> tuple[Point, Point]:
    """Return where a line between two schools leaves the one and meets the other."""
    length = ((other[0] - one[0]) ** 2 + (other[1] - one[1]) ** 2) ** 0.5
    dx, dy = (other[0] - one[0]) / length, (other[1] - one[1]) / length
    return (one[0] + 16 * dx, one[1] + 16 * dy), (other[0] - 16 * dx, other[1] - 16 * dy)


# -- Figures ------------------------------------------------------------------------------------------------


def sides(colours: dict[str, str]) -> Picture:
    """Draw left schools, right schools with places, admissible pairs, and a matching."""
    to = Picture(250, colours)
    left = {name: (200.0, 60.0 + 48 * k) for k, name in enumerate("ABCD")}
    right = {name: (420.0, 72.0 + 60 * k) for k, name in enumerate("XYZ")}
    places = {"X": 2, "Y": 1, "Z": 1}
    matching = {"A": "X", "B": "Y", "C": "X", "D": "Z"}
    to.text(200, 24, "left: want a partner", colour="left", bold=True)
    to.text(420, 24, "right: offer places", colour="right", bold=True)
    for a, b in ("AX", "AY", "BX", "BY", "CX", "CZ", "DY", "DZ"):
        taken = matching[a] == b
        to.line(*between(left[a], right[b]), colour="good" if taken else "line", width=3.5 if taken else 1.5)
    for name, at in left.items():
        to.school(at, name, "left")
    for name, at in right.items():
        taken = list(matching.values()).count(name)
        assert taken <= places[name]
        to.school(at, name, "right", places=places[name], taken=taken)
    to.text(500, 77, "two places", colour="muted", size=13, anchor="start")
    to.text(480, 137, "one place", colour="muted", size=13, anchor="start")
    to.text(170, 65, "school", colour="muted", size=13, anchor="end")
    to.text(310, 242, "thin: admissible pairs; thick: a matching", colour="muted", size=13)
    return to


def points(colours: dict[str, str]) -> Picture:
    """Draw the points of a pair of the sample, criterion by criterion."""
    pair = tm.match(*tm.datasets.sample()).explain("0070031W").pairs[0]
    assert sum(share.points for share in pair.shares) == pair.points
    to = Picture(60 + 24 * len(pair.shares) + 66, colours)
    scale, x, y = 380 / pair.points, 120.0, 40.0
    to.text(20, 22, "Criteria add up:", anchor="start", bold=True)
    for share in pair.shares:
        long = share.points * scale
        to.text(112, y + 13, share.name, colour="muted", size=13, anchor="end")
        if share.points:
            to.box(x, y, long, 17, "left", round_=2)
        to.text(x + long + 6, y + 13, f"{share.points:,}", size=13, anchor="start")
        x, y = x + long, y + 24
    to.box(120, y, 380, 17, "good", round_=2)
    to.text(112, y + 13, "points", anchor="end", bold=True)
    to.text(506, y + 13, f"{pair.points:,}", anchor="start", bold=True)
    y += 52
    to.text(20, y + 5, "A rule says no:", anchor="start", bold=True)
    to.school((170, y), "A", "left")
    to.school((290, y), "Z", "right")
    to.line((186, y), (274, y), colour="bad", dashed=True)
    to.line((223, y - 7), (237, y + 7), colour="bad", width=3)
    to.line((223, y + 7), (237, y - 7), colour="bad", width=3)
    to.text(320, y + 5, "no pair at all, which is not a pair of 0 points", colour="muted", anchor="start")
    return to


WORTH = {("A", "X"): 900, ("A", "Y"): 200, ("B", "X"): 500}


def coverage(colours: dict[str, str]) -> Picture:
    """Draw that two pairs are better than one that has more points."""
    to = Picture(200, colours)
    for offset, title, taken, colour in (
        (0, "900 points, one school paired", {"AX"}, "bad"),
        (320, "700 points, two schools paired", {"AY", "BX"}, "good"),
    ):
        total = sum(WORTH[a, b] for a, b in taken)
        assert title.startswith(f"{total} points")
        at = {"A": (90.0, 60.0), "B": (90.0, 130.0), "X": (230.0, 60.0), "Y": (230.0, 130.0)}
        at = {name: (x + offset, y) for name, (x, y) in at.items()}
        for (a, b), worth in WORTH.items():
            line = between(at[a], at[b])
            is_taken = a + b in taken
            to.line(*line, colour="good" if is_taken else "line", width=3.5 if is_taken else 1.5)
            where = {"AX": (160, 52), "AY": (190, 136), "BX": (130, 136)}[a + b]
            to.text(where[0] + offset, where[1], str(worth), size=13)
        for name, where in at.items():
            to.school(where, name, "left" if name in "AB" else "right")
        to.text(160 + offset, 180, title, bold=True)
        to.text(160 + offset, 24, "no" if colour == "bad" else "yes: coverage comes first", colour=colour)
    to.line((320, 20), (320, 180), colour="line", width=1)
    return to


PAIRS = {("A", "X"): 900, ("A", "Y"): 700, ("B", "X"): 800, ("B", "Y"): 300}


def nets(price: dict[str, int]) -> dict[str, dict[str, int]]:
    """Return what A and B keep of a place at X and Y."""
    return {a: {b: PAIRS[a, b] - price[b] for b in "XY"} for a in "AB"}


def bound_at(price: dict[str, int]) -> int:
    """Return the bound that prices give, everybody covered."""
    return sum(max(kept.values()) for kept in nets(price).values()) + sum(price.values())


BEST = max(PAIRS["A", b] + PAIRS["B", c] for b, c in permutations("XY"))


def prices(colours: dict[str, str]) -> Picture:
    """Draw who wants which place, without prices and with good ones."""
    to = Picture(246, colours)
    for offset, price in ((0, {"X": 0, "Y": 0}), (320, {"X": 300, "Y": 0})):
        at = {"A": (70.0, 70.0), "B": (70.0, 170.0), "X": (220.0, 70.0), "Y": (220.0, 170.0)}
        at = {name: (x + offset, y) for name, (x, y) in at.items()}
        kept = nets(price)
        wanted = {a: max("XY", key=kept[a].__getitem__) for a in "AB"}
        for a, b in PAIRS:
            chosen = wanted[a] == b
            to.line(*between(at[a], at[b]), colour="good" if chosen else "line", width=3.5 if chosen else 1.5)
            where = {"AX": (145, 62), "AY": (101, 113), "BX": (101, 136), "BY": (145, 188)}[a + b]
            to.text(where[0] + offset, where[1], str(kept[a][b]), size=13, bold=chosen)
        for name, where in at.items():
            to.school(where, name, "left" if name in "AB" else "right")
        for b in "XY":
            to.text(at[b][0] + 22, at[b][1] + 5, f"costs {price[b]}", colour="right", size=13, anchor="start")
        clash = len(set(wanted.values())) == 1
        assert clash == (offset == 0)
        title = "both choose X" if clash else "each chooses another place"
        to.text(160 + offset, 24, title, colour="bad" if clash else "good", bold=True)
        told = "without prices" if clash else f"with a price: {BEST:,} points, the most there are"
        assert clash or sum(PAIRS[a, b] for a, b in wanted.items()) == BEST
        to.text(160 + offset, 226, told, colour="muted", size=13)
    to.line((320, 20), (320, 230), colour="line", width=1)
    return to


def bound(colours: dict[str, str]) -> Picture:
    """Draw the bounds that bad and good prices give, as bars, beside the points of the best pairing."""
    to = Picture(216, colours)
    scale, x = 0.27, 118.0
    for y, price in ((30, {"X": 0, "Y": 0}), (92, {"X": 300, "Y": 0})):
        start = x
        to.text(x - 8, y + 18, f"X costs {price['X']}", anchor="end", size=13)
        for name, kept in nets(price).items():
            long = max(kept.values()) * scale
            to.box(start, y, long, 26, "left", round_=2)
            to.text(start + long / 2, y + 18, f"{name} keeps {max(kept.values())}", size=13)
            start += long
        if price["X"]:
            to.box(start, y, price["X"] * scale, 26, "right", round_=2)
            to.text(start + price["X"] * scale / 2, y + 18, f"price {price['X']}", size=13)
        to.text(x + bound_at(price) * scale / 2, y - 7, f"bound {bound_at(price):,}", bold=True, size=13)
    assert bound_at({"X": 300, "Y": 0}) == BEST < bound_at({"X": 0, "Y": 0})
    to.text(x - 8, 172, "best pairing", anchor="end", size=13)
    start = x
    for words, worth in (("A with Y: 700", PAIRS["A", "Y"]), ("B with X: 800", PAIRS["B", "X"])):
        to.box(start, 154, worth * scale, 26, "good", round_=2)
        to.text(start + worth * scale / 2, 172, words, size=13)
        start += worth * scale
    to.line((start, 24), (start, 188), colour="muted", dashed=True)
    gap = bound_at({"X": 0, "Y": 0}) - BEST
    to.text(320, 206, f"{BEST:,} points: gap {gap} at the upper prices, gap 0 at the lower", size=13)
    return to


def witness(colours: dict[str, str]) -> Picture:
    """Draw three schools that share two places."""
    to = Picture(240, colours)
    left = {name: (210.0, 52.0 + 48 * k) for k, name in enumerate("ABCD")}
    right = {name: (430.0, 66.0 + 64 * k) for k, name in enumerate("XYZ")}
    pairs = ("AX", "BX", "BY", "CY", "AY", "DY", "DZ")
    to.box(182, 28, 56, 144, "bad", round_=26, fill=False)
    to.box(402, 38, 56, 120, "right", round_=26, fill=False)
    matching = {"AX", "BY", "DZ"}
    for a, b in pairs:
        taken = a + b in matching
        to.line(*between(left[a], right[b]), colour="good" if taken else "line", width=3.5 if taken else 1.5)
    for name, at in left.items():
        to.school(at, name, "left")
    for name, at in right.items():
        to.school(at, name, "right")
    near = {b for a, b in pairs if a in "ABC"}
    assert near == {"X", "Y"}
    to.text(170, 96, "S: three schools", anchor="end", colour="bad", bold=True)
    to.text(170, 114, "with no other partners", anchor="end", colour="muted", size=13)
    to.text(470, 94, "N(S): two places", anchor="start", colour="right", bold=True)
    to.text(470, 112, "in all", anchor="start", colour="muted", size=13)
    to.text(
        320, 230, "Three schools, two places: one of them stays without a partner, in every pairing", size=14
    )
    return to


def run(colours: dict[str, str]) -> Picture:
    """Draw how objective and bound approach each other, and what the statuses are."""
    to = Picture(240, colours)
    to.line((70, 200), (610, 200), colour="muted", arrow=True)
    to.line((70, 200), (70, 20), colour="muted", arrow=True)
    to.text(608, 220, "time", colour="muted", size=13, anchor="end")
    to.text(60, 30, "points", colour="muted", size=13, anchor="end")
    above = [
        (150.0, 34.0),
        (230, 34),
        (230, 56),
        (330, 56),
        (330, 78),
        (420, 78),
        (420, 92),
        (500, 92),
        (500, 100),
    ]
    below = [
        (150.0, 180.0),
        (200, 180),
        (200, 150),
        (290, 150),
        (290, 122),
        (400, 122),
        (400, 108),
        (500, 108),
        (500, 100),
    ]
    to.path([*above, (590, 100)], colour="right")
    to.path([*below, (590, 100)], colour="left")
    to.text(250, 46, "bound: nothing is above", colour="right", size=13, anchor="start")
    to.text(300, 160, "objective: found so far", colour="left", size=13, anchor="start")
    to.line((360, 80), (360, 120), colour="good", width=2)
    to.text(368, 104, "gap", colour="good", size=13, anchor="start", bold=True)
    for x in (150, 500):
        to.line((x, 24), (x, 200), colour="line", dashed=True, width=1)
    to.text(110, 220, "NO_SOLUTION", size=12)
    to.text(325, 220, "FEASIBLE", size=13, bold=True)
    to.text(530, 220, "OPTIMAL", colour="good", size=13, bold=True)
    return to


def same(colours: dict[str, str]) -> Picture:
    """Draw that the order of rows and the number of threads change nothing."""
    fr, eu = tm.datasets.sample()
    turned = fr.take(range(len(fr) - 1, -1, -1))
    one, other = tm.match(fr, eu, threads=1), tm.match(turned, eu, threads=2)
    assert one.seal == other.seal
    to = Picture(150, colours)
    for y, words, rows in ((20, "one thread", "A B C"), (84, "two threads, rows turned round", "C B A")):
        to.box(20, y, 96, 44, "left")
        to.text(68, y + 28, rows, bold=True)
        to.line((126, y + 22), (396, 75 + (y - 52) / 4), colour="muted", arrow=True)
        to.text(256, y + (2 if y < 50 else 58), words, colour="muted", size=13)
    to.box(404, 50, 210, 50, "good")
    to.text(509, 72, "the same pairs, prices, bound,", size=13)
    to.text(509, 90, "to the last byte", size=13)
    return to


FIGURES: dict[str, Callable[[dict[str, str]], Picture]] = {
    "sides": sides,
    "points": points,
    "coverage": coverage,
    "prices": prices,
    "bound": bound,
    "witness": witness,
    "run": run,
    "same": same,
}


def drawn() -> dict[str, str]:
    """Return every file by its name."""
    return {
        f"{name}-{theme}.svg": figure(colours).svg()
        for name, figure in FIGURES.items()
        for theme, colours in THEMES.items()
    }


if __name__ == "__main__":
    (folder,) = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in drawn().items():
        (folder / file).write_text(text, encoding="utf-8")
