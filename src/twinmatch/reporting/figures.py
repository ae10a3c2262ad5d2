"""The sections of a report that show figures: each a picture, how to read it, and its numbers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch.policy.criteria import SameSetting
from twinmatch.reporting import charts, equity, maps, tables
from twinmatch.reporting.markup import Html, block, figure, joined, picture, section, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twinmatch.matching import Matching
    from twinmatch.reporting.words import Words

__all__ = ["equity_section", "map_section", "partners_section", "points_section"]

_NAMED = 8


def map_section(matching: Matching, words: Words) -> Html:
    """Return the map, or nothing where no school has a point."""
    flows = tables.records(tables.flows(matching))
    pairs = len(tables.rows_of(matching)[0])
    if not flows:
        return Html("")
    origin = words[f"origin {tables.origin_column(matching)}"]
    countries = [
        f"{words.country(row['country'])} {words.number(row['pairs'])}"
        for row in tables.records(tables.partners_by_country(matching))
        if row["pairs"]
    ]
    alt = words.say("map alt", origins=len({row["origin"] for row in flows}), countries=", ".join(countries))
    said = words.say("map caption", origin=origin)
    missing = pairs - sum(row["pairs"] for row in flows)
    if missing:
        said += " " + words.say("map left out", pairs=missing)
    image, size = maps.image(matching, words.lang)
    return section("map", words["map"], figure(picture(image, "image/webp", alt, size=size), said))


def partners_section(matching: Matching, words: Words) -> Html:
    """Return partners by country and by académie."""
    rows = tables.records(tables.partners_by_country(matching))
    listed = _listed(words, ((words.country(row["country"]), row["pairs"]) for row in rows if row["pairs"]))
    by_country = figure(
        _drawn(charts.by_country(rows, words), words.say("by country alt", list=listed)),
        words["by country caption"],
        table(
            words["by country"],
            [words[key] for key in ("country", "pairs", "share", "places", "share of places")],
            [
                (
                    words.country(row["country"]),
                    words.number(row["pairs"]),
                    words.percent(row["share"]),
                    words.number(row["places"]),
                    words.percent(row["places_share"] or 0.0),
                )
                for row in rows
            ],
            numbers=range(1, 5),
            hidden=True,
        ),
    )
    column = tables.origin_column(matching)
    parts = tables.records(tables.partners_by_academie(matching))
    codes = [row["country"] for row in rows if row["pairs"]]
    names = sorted({row["academie"] for row in parts})
    count = {(row["academie"], row["country"]): row["pairs"] for row in parts}
    title = words.say("by academie", origin=words[f"origin {column}"])
    by_academie = figure(
        _drawn(charts.by_academie(parts, words, codes), words.say("by academie alt", count=len(names))),
        words.say("by academie caption", origin=words[f"origin {column}"]),
        _numbers(
            words,
            title,
            [
                words["academie" if column == "academie" else column],
                words["pairs"],
                *map(words.country, codes),
            ],
            [
                (
                    name or words["unknown"],
                    words.number(sum(count.get((name, code), 0) for code in codes)),
                    *(words.number(count.get((name, code), 0)) for code in codes),
                )
                for name in names
            ],
        ),
    )
    return section(
        "partners",
        words["partners"],
        block(
            "div",
            _half(words["by country"], by_country),
            _half(title, by_academie),
            class_="two",
        ),
    )


def points_section(matching: Matching, words: Words) -> Html:
    """Return the distribution of points, and what they are made of."""
    points = np.array(tables.column(matching.pairs, "points"), np.int64)
    rows = tables.records(tables.points_distribution(matching))
    mean, median = float(points.mean()), float(np.median(points))
    alt = words.say(
        "distribution alt",
        pairs=len(points),
        low=int(points.min()),
        high=int(points.max()),
        median=words.number(median),
        mean=words.number(mean),
    )
    best = tables.most_points_of(matching.policy)
    caption = words["distribution caption"]
    if best is not None:
        caption += " " + words.say("perfect pair", most=best)
    spread = figure(
        _drawn(charts.distribution(rows, words, mean, median), alt),
        caption,
        _numbers(
            words,
            words["distribution"],
            [words[key] for key in ("from", "up to", "pairs")],
            [tuple(words.number(row[key]) for key in ("low", "high", "pairs")) for row in rows],
        ),
    )
    made = tables.records(tables.points_by_criterion(matching))
    if not made:
        return section("points", words["distribution"], spread)
    listed = _listed(words, ((words.criterion(row["criterion"]), round(row["mean_points"])) for row in made))
    of_what = figure(
        _drawn(charts.by_criterion(made, words), words.say("criteria alt", list=listed)),
        words["criteria caption"],
        _numbers(
            words,
            words["criteria"],
            [words[key] for key in ("criterion", "mean", "most")],
            [
                (
                    words.criterion(row["criterion"]),
                    words.number(row["mean_points"]),
                    words.number(row["most_points"]),
                )
                for row in made
            ],
        ),
    )
    return section(
        "points",
        words["distribution"],
        block(
            "div",
            _half(words["spread"], spread),
            _half(words["criteria"], of_what),
            class_="two",
        ),
    )


def equity_section(matching: Matching, words: Words) -> Html:
    """Return what groups of schools got."""
    rows = tables.records(equity.groups(matching))
    found = {row["kind"] for row in rows}
    missing = [words[f"grouping {one}"] for one in equity.KINDS if one not in found]
    notes = [
        words.say("equity computed", below=criterion.rural_below, km=f"{criterion.radius_km:g}")
        for criterion in matching.policy.criteria
        if isinstance(criterion, SameSetting) and "setting" in found
    ]
    if missing:
        notes.append(words.say("equity missing", groupings=", ".join(missing)))
    told = [row for row in rows if row["points_median"] is not None]
    if not told:
        return Html("")

    def named(row: dict[str, Any]) -> str:
        value = words.value(row["kind"], row["group"])
        return f"{words['grouping ' + row['kind']]}, {value}: {words.number(row['points_median'])}"

    low, high = (
        min(told, key=lambda row: row["points_median"]),
        max(told, key=lambda row: row["points_median"]),
    )
    alt = words.say("equity alt", low=named(low), high=named(high))
    keys = ("group", "schools head", "with a partner", "share", "mean", "p10", "median", "p90")
    body = [
        (
            f"{words['grouping ' + row['kind']]}: {words.value(row['kind'], row['group'])}",
            words.number(row["schools"]),
            words.number(row["covered"]),
            words.percent(row["coverage"]),
            *(
                "" if row[key] is None else words.number(row[key])
                for key in ("points_mean", "points_p10", "points_median", "points_p90")
            ),
        )
        for row in rows
    ]
    shown = figure(_drawn(charts.equity(rows, words), alt), words["equity caption"])
    aside = block("div", _gaps(matching, words), *(block("p", note, class_="quiet") for note in notes))
    return section(
        "equity",
        words["equity"],
        block("div", shown, aside, class_="two"),
        _numbers(words, words["equity"], [words[key] for key in keys], body),
    )


def _gaps(matching: Matching, words: Words) -> Html:
    """Return a table of the differences between groups."""
    rows = tables.records(equity.group_gaps(matching))
    if not rows:
        return Html("")

    def more(value: float | None) -> str:
        return "" if value is None else ("+" if round(value) > 0 else "") + words.number(value)

    def part(share: float) -> str:
        sign = "+" if share > 0 else "\N{MINUS SIGN}" if share < 0 else ""
        said = words.percent(abs(share)).rstrip("%\N{NARROW NO-BREAK SPACE}")
        return sign + said

    body = [
        (
            words[f"gap {row['kind']}"],
            part(row["coverage"]),
            more(row["points_median"]),
            more(row["points_mean"]),
        )
        for row in rows
    ]
    heads = [words[key] for key in ("compared", "gap coverage", "gap median", "gap mean")]
    listed = table(words["gaps"], heads, body, numbers=range(1, 4), hidden=True)
    return joined([block("h3", words["gaps"]), listed, block("p", words["gaps read"], class_="quiet")])


# -- What they share ----------------------------------------------------------------------------------------


def _half(title: str, inside: Html) -> Html:
    return block("div", block("h3", title), inside)


def _drawn(chart: Any, alt: str) -> Html:
    return picture(charts.svg(chart).encode(), "image/svg+xml", alt)


def _numbers(words: Words, caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table that is folded away."""
    inside = table(caption, heads, rows, numbers=range(1, len(heads)))
    return block("details", block("summary", words["numbers"]), inside)


def _listed(words: Words, items: Iterable[tuple[str, int]]) -> str:
    """Return the first few of some names with their numbers, and the others together."""
    kept = list(items)
    first = [f"{name} {words.number(count)}" for name, count in kept[:_NAMED]]
    rest = [f"{words['others']} {words.number(sum(n for _, n in kept[_NAMED:]))}"] if kept[_NAMED:] else []
    return ", ".join([*first, *rest])
