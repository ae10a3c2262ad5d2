"""
The charts of a report, drawn with altair and handed out as SVG: no script, nothing to fetch.

Each is about 480 pixels wide, so that its text can be read on a phone; on a larger screen two stand side by
side. Data come from :mod:`twinmatch.reporting.tables`.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twinmatch.errors import MissingExtraError
from twinmatch.reporting.drawing import drawn
from twinmatch.reporting.palette import FAINT, INK, LEFT, OTHERS, PAPER, QUIET, colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinmatch.reporting.words import Words

    Rows = Sequence[dict[str, Any]]

__all__ = ["by_academie", "by_country", "by_criterion", "distribution", "equity", "svg", "unmatched"]

WIDTH: Final = 480
#: Countries that have a colour of their own in a bar; the rest are together.
OWN: Final = 8
_FONT: Final = "DejaVu Sans, Verdana, Arial, sans-serif"
_BAR: Final = 24
_MARK: Final = "#1d2433"


def altair() -> Any:
    """
    Return altair.

    Raises
    ------
    MissingExtraError
        If it is not installed, or what turns its charts into SVG is not.
    """
    try:
        import altair
        import vl_convert  # noqa: F401 (altair needs it to write SVG)
    except ImportError as error:
        raise MissingExtraError("a chart", "report") from error
    return altair


def svg(chart: Any) -> str:
    """Return a chart as the text of an SVG picture."""
    text = drawn(chart.to_json())
    # Vega numbers what it clips on and on, from chart to chart of a process.
    seen: dict[str, str] = {}
    return re.sub(
        r'(?<=id=")clip\d+(?=")|(?<=url\(#)clip\d+(?=\))',
        lambda found: seen.setdefault(found[0], f"clip{len(seen) + 1}"),
        text,
    )


def by_country(rows: Rows, words: Words) -> Any:
    """Draw :func:`~twinmatch.reporting.tables.partners_by_country`: bars, and where places would put them."""
    alt = altair()
    colour = colours([row["country"] for row in rows])
    total = sum(row["pairs"] for row in rows)
    data = [
        {
            "name": words.country(row["country"]),
            "pairs": row["pairs"],
            "even": total * (row["places_share"] or 0),
            "said": f"{words.number(row['pairs'])} · {words.percent(row['share'])}",
            "colour": colour[row["country"]],
        }
        for row in rows
    ]
    most = max([1, *(max(row["pairs"], row["even"]) for row in data)])
    chart = _chart(alt, data).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8)),
    )
    x = partial(alt.X, axis=None, scale=alt.Scale(domain=[0, most * 1.42], nice=False))
    bars = chart.mark_bar(height=_BAR * 0.62, cornerRadiusEnd=2).encode(
        x=x("pairs:Q"), color=alt.Color("colour:N", scale=None)
    )
    # A mark within a bar is seen by its white rim.
    rim = chart.mark_tick(thickness=4.5, height=_BAR * 0.86, color=PAPER).encode(x=x("even:Q"))
    tick = chart.mark_tick(thickness=2, height=_BAR * 0.82, color=_MARK).encode(x=x("even:Q"))
    for row in data:
        row["end"] = max(row["pairs"], row["even"])
    text = chart.mark_text(align="left", dx=8, color=INK).encode(x=x("end:Q"), text="said:N")
    return _finished(alt, (bars + rim + tick + text).properties(height=alt.Step(_BAR), width=WIDTH))


def by_academie(rows: Rows, words: Words, countries: Sequence[str]) -> Any:
    """Draw :func:`~twinmatch.reporting.tables.partners_by_academie`: one bar of shares for each."""
    alt = altair()
    colour, own = colours(countries), countries[:OWN]
    others = words["others"]
    totals: dict[str, int] = {}
    parts: dict[tuple[str, str], int] = {}
    for row in rows:
        name = row["academie"] or words["unknown"]
        country = row["country"] if row["country"] in own else ""
        totals[name] = totals.get(name, 0) + row["pairs"]
        parts[name, country] = parts.get((name, country), 0) + row["pairs"]
    names = [words.country(code) for code in own] + [others] * any(not code for _, code in parts)
    ranked = {code: rank for rank, code in enumerate([*own, ""])}
    data = [
        {
            "name": name,
            "country": words.country(code) if code else others,
            "rank": ranked[code],
            "share": count / totals[name],
        }
        for (name, code), count in parts.items()
    ]
    ends = [{"name": name, "said": words.number(total), "one": 1} for name, total in totals.items()]
    axis = alt.Axis(domain=False, ticks=False, labelPadding=8, labelLimit=190)
    y = alt.Y("name:N", sort=sorted(totals), title=None, axis=axis)
    scale = alt.Scale(domain=[0, 1.0], nice=False)
    bars = (
        _chart(alt, data)
        .mark_bar(height=11)
        .encode(
            y=y,
            x=alt.X("share:Q", title=None, scale=scale, axis=None),
            color=alt.Color(
                "country:N",
                scale=alt.Scale(domain=names, range=[*(colour[code] for code in own), OTHERS][: len(names)]),
                legend=alt.Legend(title=None, orient="top", columns=4, symbolType="square", offset=8),
            ),
            order=alt.Order("rank:Q"),
        )
    )
    text = _chart(alt, ends).mark_text(align="left", dx=6, color=QUIET, fontSize=11).encode(
        y=y, x=alt.X("one:Q", scale=scale), text="said:N"
    )  # fmt: skip
    return _finished(alt, (bars + text).properties(height=alt.Step(17), width=WIDTH))


def distribution(rows: Rows, words: Words, mean: float, median: float) -> Any:
    """Draw :func:`~twinmatch.reporting.tables.points_distribution`: a histogram, its mean and its median."""
    alt = altair()
    most = max([1, *(row["pairs"] for row in rows)])
    low, high = (rows[0]["low"], rows[-1]["high"]) if rows else (0, 1)
    x = partial(alt.X, scale=alt.Scale(domain=[low, high], nice=False))
    y_scale = alt.Scale(domain=[0, most * 1.22], nice=False)
    bars = (
        _chart(alt, list(rows))
        .mark_bar(color=LEFT, opacity=0.82, stroke=PAPER, strokeWidth=0.7)
        .encode(
            x=x("low:Q", title=words["axis points"], axis=_number_axis(alt, words, 5)),
            x2="high:Q",
            y=alt.Y("pairs:Q", title=words["axis pairs"], scale=y_scale, axis=_number_axis(alt, words, 5)),
            y2=alt.datum(0),
        )
    )
    layers = [bars]
    # The lower of the two is written to the left of its line, the other to the right.
    for key, value, other, dash in (("median of", median, mean, [1, 0]), ("mean of", mean, median, [4, 3])):
        at = [{"at": value, "said": words.say(key, n=words.number(value))}]
        first = value < other or (value == other and key == "median of")
        line = _chart(alt, at).mark_rule(color=_MARK, strokeWidth=1.6, strokeDash=dash)
        text = _chart(alt, at).mark_text(
            align="right" if first else "left", dx=-5 if first else 5, y=8, color=INK, fontSize=12
        )
        layers += [line.encode(x=x("at:Q")), text.encode(x=x("at:Q"), text="said:N")]
    return _finished(alt, alt.layer(*layers).properties(height=230, width=WIDTH))


def by_criterion(rows: Rows, words: Words) -> Any:
    """Draw :func:`~twinmatch.reporting.tables.points_by_criterion`: what each gives, out of what it can."""
    alt = altair()
    data = [
        {
            "name": words.criterion(row["criterion"]),
            "mean": row["mean_points"],
            "most": row["most_points"],
            "said": words.number(row["mean_points"]),
        }
        for row in rows
    ]
    most = max([1, *(max(row["most"], row["mean"]) for row in data)])
    chart = _chart(alt, data).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(domain=False, ticks=False, labelPadding=8))
    )
    x = partial(alt.X, axis=None, scale=alt.Scale(domain=[0, most * 1.3], nice=False))
    room = chart.mark_bar(height=_BAR * 0.62, color=PAPER, stroke=QUIET, strokeWidth=1).encode(x=x("most:Q"))
    bars = chart.mark_bar(height=_BAR * 0.62, color=LEFT).encode(x=x("mean:Q"))
    text = chart.mark_text(align="left", dx=8, color=INK).encode(x=x("most:Q"), text="said:N")
    return _finished(alt, (room + bars + text).properties(height=alt.Step(_BAR), width=WIDTH))


def equity(rows: Rows, words: Words) -> Any:
    """Draw :func:`~twinmatch.reporting.equity.groups`: medians and tenths by group, and the coverage."""
    alt = altair()
    known = [row for row in rows if row["points_median"] is not None]
    low = min((row["points_p10"] for row in known), default=0)
    high = max((row["points_p90"] for row in known), default=1)
    pad = max(1, (high - low) * 0.05)
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False)
    groupings = list(dict.fromkeys(row["kind"] for row in known))
    blocks: list[Any] = []
    for grouping in groupings:
        data = [
            {
                "name": words.value(grouping, row["group"]),
                "p10": row["points_p10"],
                "median": row["points_median"],
                "p90": row["points_p90"],
                "said": words.percent(row["coverage"]),
            }
            for row in known
            if row["kind"] == grouping
        ]
        is_last = grouping == groupings[-1]
        axis = _number_axis(alt, words, 4, labels=is_last, domain=False, ticks=False)
        chart = _chart(alt, data).encode(
            y=alt.Y(
                "name:N",
                sort=None,
                title=None,
                axis=alt.Axis(domain=False, ticks=False, labelPadding=8, minExtent=130, maxExtent=130),
            )
        )
        x = partial(alt.X, scale=scale)
        title = words["axis points"] if is_last else None
        span = chart.mark_rule(color=LEFT, strokeWidth=3, opacity=0.4).encode(
            x=x("p10:Q", title=title, axis=axis), x2="p90:Q"
        )
        dot = chart.mark_point(filled=True, size=70, color=LEFT, opacity=1).encode(x=x("median:Q"))
        text = chart.mark_text(align="left", dx=8, color=INK, fontSize=12).encode(
            x=alt.value(260), text="said:N"
        )
        layers = [span, dot, text]
        if not blocks:
            column = alt.Chart(alt.InlineData(values=[{"said": words["with a partner"]}]))
            layers.append(
                column.mark_text(align="right", color=QUIET, fontSize=11.5).encode(
                    x=alt.value(310), y=alt.value(-9), text="said:N"
                )
            )
        head = alt.TitleParams(words[f"grouping {grouping}"], anchor="start", frame="bounds", fontSize=12.5)
        blocks.append(alt.layer(*layers).properties(height=alt.Step(19), width=260, title=head))
    return _finished(alt, alt.vconcat(*blocks, spacing=10))


def unmatched(rows: Rows, words: Words) -> Any:
    """Draw :func:`~twinmatch.reporting.tables.reasons`: bars of schools by reason."""
    alt = altair()
    data = [
        {
            "name": words.value("short", row["kind"]),
            "schools": row["schools"],
            "said": words.number(row["schools"]),
        }
        for row in rows
    ]
    most = max([1, *(row["schools"] for row in data)])
    axis = alt.Axis(domain=False, ticks=False, labelPadding=8, labelLimit=190)
    chart = _chart(alt, data).encode(y=alt.Y("name:N", sort=None, title=None, axis=axis))
    x = partial(alt.X, axis=None, scale=alt.Scale(domain=[0, most * 1.3], nice=False))
    bars = chart.mark_bar(height=_BAR * 0.62, color=LEFT, cornerRadiusEnd=2).encode(x=x("schools:Q"))
    text = chart.mark_text(align="left", dx=8, color=INK).encode(x=x("schools:Q"), text="said:N")
    return _finished(alt, (bars + text).properties(height=alt.Step(_BAR), width=WIDTH))


def _chart(alt: Any, rows: Rows) -> Any:
    return alt.Chart(alt.InlineData(values=list(rows)))


def _number_axis(alt: Any, words: Words, about: int, **more: Any) -> Any:
    """Return an axis whose numbers are written as the language writes them."""
    between = "," if words.lang == "en" else "\N{NARROW NO-BREAK SPACE}"
    said = f"replace(format(datum.value, ','), /,/g, '{between}')"
    return alt.Axis(labelExpr=said, tickCount=about, **{"ticks": False, "domainColor": FAINT, **more})


def _finished(alt: Any, chart: Any) -> Any:
    """Give a chart the looks that all have; a single one is as wide as said, labels included."""
    if not isinstance(chart, alt.VConcatChart):
        chart = chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    return (
        chart.configure(font=_FONT, background=PAPER, padding={"left": 4, "right": 8, "top": 6, "bottom": 6})
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            labelColor=INK,
            titleColor=QUIET,
            titleFontWeight="normal",
            gridColor=FAINT,
            titlePadding=8,
        )
        .configure_title(color=INK, fontWeight="bold", offset=4)
        .configure_legend(labelFontSize=12, labelColor=INK, symbolSize=110)
        .configure_text(fontSize=12)
    )
