"""
Draw the picture of the README from a real result: ``make picture``.

Every line is one pair: it leaves a school in France, joins the lines that go the same way, and ends at its
partner. Lines are added up like light, so that a road is as bright as it is busy; the dots are all schools of
the registers, and nothing else draws the countries.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twinmatch.matching import Matching
    from twinmatch.schools import Schools

#: The frame in kilometres east and north of the centre, and the pixels of a kilometre.
CENTRE = (50.0, 9.5)
FRAME = (-1590.0, 1660.0, -1450.0, 1800.0)
PIXELS_PER_KM = 0.45

NIGHT = np.array([0.024, 0.043, 0.082])
COLOURS = {
    "IT": "#ff9b54",
    "DE": "#ffd166",
    "RO": "#ef6f9c",
    "ES": "#f25c54",
    "NL": "#7bdff2",
    "SE": "#6ea8ff",
}
NAMES = {
    "IT": "Italy",
    "DE": "Germany",
    "RO": "Romania",
    "ES": "Spain",
    "NL": "Netherlands",
    "SE": "Sweden",
}


def project(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Return (n, 2) kilometres in Lambert's azimuthal equal-area projection around ``CENTRE``."""
    phi, lam = np.radians(lat), np.radians(lon - CENTRE[1])
    phi0 = np.radians(CENTRE[0])
    cosine = np.sin(phi0) * np.sin(phi) + np.cos(phi0) * np.cos(phi) * np.cos(lam)
    scale = 6371.0 * np.sqrt(2 / (1 + cosine))
    east = scale * np.cos(phi) * np.sin(lam)
    north = scale * (np.cos(phi0) * np.sin(phi) - np.sin(phi0) * np.cos(phi) * np.cos(lam))
    return np.column_stack([east, north])


def places(schools: Schools) -> np.ndarray:
    """Return (n, 2) kilometres; NaN where a school has no coordinates or lies outside the frame."""
    where = project(schools.numbers("lat"), schools.numbers("lon"))
    inside = (where[:, 0] > FRAME[0]) & (where[:, 0] < FRAME[1])
    inside &= (where[:, 1] > FRAME[2]) & (where[:, 1] < FRAME[3])
    where[~inside] = np.nan
    return where


def light(points: np.ndarray) -> np.ndarray:
    """Return how many of the (k, 2) points fall on each pixel, north up."""
    width, height = (round((FRAME[k + 1] - FRAME[k]) * PIXELS_PER_KM) for k in (0, 2))
    counts, _, _ = np.histogram2d(
        points[:, 1], points[:, 0], bins=(height, width), range=[(FRAME[2], FRAME[3]), (FRAME[0], FRAME[1])]
    )
    return counts[::-1]


def roads(start: np.ndarray, end: np.ndarray, steps: int = 300) -> np.ndarray:
    """
    Return the light of one curve a pair.

    A curve is a cubic whose inner points are those of its group, the pairs from one square of the map to
    another: so that pairs which go the same way share most of it.
    """
    squares = np.column_stack([np.floor(start / 130), np.floor(end / 260)])
    _, group = np.unique(squares, axis=0, return_inverse=True)
    size = np.bincount(group)[:, None]
    mean_start = np.column_stack([np.bincount(group, start[:, k]) for k in (0, 1)]) / size
    mean_end = np.column_stack([np.bincount(group, end[:, k]) for k in (0, 1)]) / size
    way = mean_end - mean_start
    bow = 0.16 * np.column_stack([-way[:, 1], way[:, 0]])
    inner_start, inner_end = mean_start + 0.30 * way + bow, mean_start + 0.75 * way + bow

    total = None
    for t in np.linspace(0, 1, steps):
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        corners = (start, inner_start[group], inner_end[group], end)
        step = light(sum(w * corner for w, corner in zip(weights, corners, strict=True)))
        total = step if total is None else total + step
    return total * (300 / steps)


def spread(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur, for a glow around what is bright."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(image, sigma)


def paint(matching: Matching) -> tuple[np.ndarray, dict[str, int]]:
    """Return the picture as (height, width, 3) values from 0 to 1, and the number of pairs by country."""
    import narwhals as nw
    from matplotlib.colors import to_rgb

    pairs = nw.from_native(matching.pairs, eager_only=True)
    node_left = {school: node for node, school in enumerate(matching.left.ids)}
    node_right = {school: node for node, school in enumerate(matching.right.ids)}
    tail = np.array([node_left[school] for school in pairs["left_id"].to_list()])
    head = np.array([node_right[school] for school in pairs["right_id"].to_list()])
    left, right = places(matching.left), places(matching.right)
    country = np.asarray(matching.right.strings("country"))[head]
    drawn = np.isfinite(left[tail, 0]) & np.isfinite(right[head, 0])

    everyone = np.concatenate([left, right])
    dots = light(everyone[np.isfinite(everyone[:, 0])])
    picture = NIGHT + 0.42 * np.tanh(spread(dots, 0.55) / 1.6)[..., None] * np.array([0.62, 0.76, 1.0])

    counts = {}
    for code, colour in COLOURS.items():
        mine = country == code
        counts[code] = int(mine.sum())
        mine &= drawn
        if mine.any():
            traffic = roads(left[tail[mine]], right[head[mine]])
            glow = 0.85 * tone(spread(traffic, 0.5)) + 0.25 * tone(spread(traffic, 5.0))
            picture = 1 - (1 - picture) * (1 - glow[..., None] * np.array(to_rgb(colour)))
    return np.clip(picture, 0, 1), counts


def tone(traffic: np.ndarray) -> np.ndarray:
    """Turn counts into brightness: a lone line is seen, a crowd does not blind."""
    return np.clip(np.log1p(traffic / 1.5) / np.log1p(900 / 1.5), 0, 1) ** 1.25


def draw(matching: Matching, path: Path) -> None:
    """Write the picture with its title and legend."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    picture, counts = paint(matching)
    height, width = picture.shape[:2]
    figure = plt.figure(figsize=(width / 200, height / 200), dpi=200)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(picture, interpolation="nearest")
    axes.set_axis_off()

    total = sum(counts.values())
    say = {"transform": axes.transAxes, "va": "top", "family": "DejaVu Sans"}
    axes.text(0.04, 0.965, f"{total:,} French schools", color="white", fontsize=15, weight="bold", **say)
    axes.text(0.04, 0.928, "and their partners", color="white", fontsize=15, weight="bold", **say)
    for line, (code, count) in enumerate(sorted(counts.items(), key=lambda item: -item[1])):
        y = 0.878 - 0.028 * line
        axes.text(0.04, y, NAMES[code], color=COLOURS[code], fontsize=8.5, **say)
        axes.text(0.275, y, f"{count:,}", color=COLOURS[code], fontsize=8.5, ha="right", **say)
    path.parent.mkdir(parents=True, exist_ok=True)
    crisp = {"quality": 90, "subsampling": 0, "optimize": True} if path.suffix == ".jpg" else {}
    figure.savefig(path, dpi=200, pil_kwargs=crisp)


def main() -> None:
    """Pair the bundled registers and draw the result, or draw a result that was saved."""
    import twinmatch as tm

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("path", type=Path, help="the file to write, .jpg or .png")
    parser.add_argument(
        "--saved", type=Path, metavar="DIR", help="a folder that `twinmatch demo --out` wrote"
    )
    options = parser.parse_args()
    if options.saved:
        matching = tm.load_matching(options.saved)
    else:
        matching = tm.match(*tm.datasets.france_eu(), tm.policies.systematic_twinning(), gap=1e-3)
    draw(matching, options.path)
    print(f"wrote {options.path}")


if __name__ == "__main__":
    main()
