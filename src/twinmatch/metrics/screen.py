"""Metrics on one screen, as text and as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = Mapping[str, Any]

__all__ = ["as_html", "as_text"]

ALL: Final = "all"

MOST_GROUPS: Final = 6
"""Groups of a kind that are all shown; of more, those with the fewest points or the lowest coverage are."""

WORST: Final = 3
MOST_COUNTRIES: Final = 8
_NOTHING: Final = "-"


class _Part(NamedTuple):
    """A table on the screen."""

    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""


def as_text(
    status: str, summary: Row, groups: Sequence[Row], countries: Sequence[Row], notes: Iterable[str]
) -> str:
    """Return a matching's metrics in some thirty lines, at most 100 columns wide."""
    lines = [f"Metrics: {_headline(status, summary)}"]
    facts = _facts(summary)
    width = max((len(name) for name, _ in facts), default=0)
    lines += [f"  {name.ljust(width)}  {said}" for name, said in facts]
    for part in _parts(summary, groups, countries):
        lines += ["", *_drawn(part)]
    lines += ["", *(f"  {note}" for note in _wrapped(notes))] if notes else []
    return "\n".join(lines)


def as_html(
    status: str, summary: Row, groups: Sequence[Row], countries: Sequence[Row], notes: Iterable[str]
) -> str:
    """Return the same for a notebook."""
    facts = "".join(
        f'<tr><th scope="row" style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{html.escape(said.replace("   ", " · "))}</td></tr>'
        for name, said in _facts(summary)
    )
    out = [f"<div><strong>Metrics: {html.escape(_headline(status, summary))}</strong><table>{facts}</table>"]
    for part in _parts(summary, groups, countries):
        head = f'<th scope="col" style="text-align:left">{part.names[0]}</th>' + "".join(
            f'<th scope="col" style="text-align:right">{html.escape(name)}</th>' for name in part.names[1:]
        )
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(first)}</th>'
            + "".join(f'<td style="text-align:right">{html.escape(cell)}</td>' for cell in rest)
            + "</tr>"
            for first, *rest in part.rows
        )
        caption = html.escape(f"{part.title} ({part.more})" if part.more else part.title)
        out.append(
            f'<table><caption style="text-align:left">{caption}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    out += [f"<p>{html.escape(note)}</p>" for note in notes]
    return "".join(out) + "</div>"


def _headline(status: str, summary: Row) -> str:
    if summary["covered"] is None:
        return f"no matching to measure ({status}), {summary['schools']:,} schools"
    return (
        f"{summary['covered']:,} of {summary['schools']:,} schools covered ({_share(summary['coverage'])}), "
        f"{summary['pairs']:,} pairs, {status}"
    )


def _facts(summary: Row) -> list[tuple[str, str]]:
    """Return what is said of everybody, a line each; nothing where there are no pairs."""
    s = summary
    if not s["pairs"]:
        return []
    spread = "   ".join(
        f"{one} {_whole(s[f'points_{one}'])}" for one in ("mean", "min", "p5", "median", "max")
    )
    out = [("points", f"{spread}   Gini {s['gini']:.3f}")]
    if s["distance_pairs"]:
        known = "" if s["distance_pairs"] == s["pairs"] else f"   (known for {s['distance_pairs']:,} pairs)"
        numbers = "   ".join(
            f"{one} {_whole(s[f'distance_{one}_km'])} km" for one in ("mean", "p5", "median", "p95")
        )
        out.append(("distance", numbers + known))
    if s["rank_mean"] is not None:
        out.append(
            (
                "rank",
                f"mean {_rank(s['rank_mean'])}   median {_rank(s['rank_median'])}   "
                f"first choice {_share(s['first_choice'])}   within ten {_share(s['within_10'])}",
            )
        )
    if s["blocking_pairs"] is not None:
        out.append(("blocking", f"{s['blocking_pairs']:,} pairs that both schools would rather have"))
    even = "" if s["country_evenness"] is None else f"   evenness {_even(s['country_evenness'])}"
    largest = _share(s["largest_country_share"])
    out.append(("countries", f"{s['partner_countries']:,} with pairs   largest share {largest}{even}"))
    for title, name in (("REP", "rep"), ("rural", "rural")):
        coverage, points = s[f"{name}_coverage_gap"], s[f"{name}_points_gap"]
        if coverage is not None:
            other = "others" if name == "rep" else "urban"
            mean = "" if points is None else f"   mean points {points:+,.0f}"
            out.append((title, f"against {other}: coverage {100 * coverage:+.1f} percentage points{mean}"))
    return out


def _parts(summary: Row, groups: Sequence[Row], countries: Sequence[Row]) -> list[_Part]:
    """Return the tables; none where there is no matching."""
    if summary["covered"] is None:
        return []
    rows, cut = _chosen(groups)
    names = ("group", "schools", "coverage", "mean", "p5", "median", "Gini", "km", "rank", "first")
    lines = [
        (
            _short(ALL if row["kind"] == ALL else f"{_said(row['kind'])} {row['group']}"),
            f"{row['schools']:,}",
            _share(row["coverage"]),
            *(_whole(row[name]) for name in ("points_mean", "points_p5", "points_median")),
            _NOTHING if row["gini"] is None else f"{row['gini']:.3f}",
            _whole(row["distance_median_km"]),
            _rank(row["rank_median"]),
            _share(row["first_choice"]),
        )
        for row in rows
    ]
    out = [_Part("groups: points of pairs, median distance and rank", names, tuple(lines), cut)]
    ordered = sorted(countries, key=lambda row: (-(row["pairs"] or 0), row["country"]))
    shown = ordered[:MOST_COUNTRIES]
    if shown:
        cells = [
            (
                row["country"],
                _whole(row["pairs"]),
                _share(row["share"]),
                _whole(row["places"]),
                _share(row["places_share"]),
                _whole(row["points_mean"]),
            )
            for row in shown
        ]
        left_out = len(ordered) - len(shown)
        more = f"{left_out:,} more in .countries" if left_out else ""
        header = ("country", "pairs", "share", "places", "of places", "mean")
        out.append(_Part("partners by country", header, tuple(cells), more))
    return out


def _chosen(groups: Sequence[Row]) -> tuple[list[Row], str]:
    """Return the groups that fit, and what is left out: of a kind with many, those that get least."""
    kinds: dict[str, list[Row]] = {}
    for row in groups:
        kinds.setdefault(row["kind"], []).append(row)
    shown: list[Row] = []
    left_out: list[str] = []
    for kind, rows in kinds.items():
        if kind != ALL and len(rows) == 1:
            continue  # that is everybody again
        if len(rows) <= MOST_GROUPS:
            shown += rows
            continue
        order = sorted(rows, key=lambda row: (_least(row["coverage"]), _least(row["points_mean"])))
        shown += order[:WORST]
        left_out.append(f"{len(rows) - WORST:,} {_said(kind)} groups that get as much or more")
    return shown, f"{' and '.join(left_out)}: see .table" if left_out else ""


def _said(kind: str) -> str:
    return {"academie": "académie"}.get(kind, kind)


def _least(value: float | None) -> float:
    return float("inf") if value is None else value


def _drawn(part: _Part) -> list[str]:
    """Return a table as lines: the first column to the left, numbers to the right."""
    cells = [part.names, *part.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [f"  {part.title}"]
    for first, *rest in cells:
        numbers = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        lines.append("    " + "  ".join([first.ljust(widths[0]), *numbers]))
    return [*lines, f"    {part.more}"] if part.more else lines


def _wrapped(notes: Iterable[str]) -> list[str]:
    import textwrap

    return [line for note in notes for line in textwrap.wrap(note, 96, subsequent_indent="  ")]


def _whole(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.0f}"


def _rank(value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:,.1f}"


def _share(value: float | None) -> str:
    """Return a percentage; 100 % is said of all only, and 0 % of none."""
    if value is None:
        return _NOTHING
    if 0 < value < 0.001:
        return "<0.1 %"
    if 0.999 < value < 1:
        return ">99.9 %"
    return f"{100 * value:.1f} %"


def _even(value: float) -> str:
    """Return three decimals; 1 is said of what is quite even only."""
    return ">0.999" if 0.999 < value < 1 else f"{value:.3f}"


def _short(words: str, width: int = 28) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in words)
    return text if len(text) <= width else text[: width - 1] + "…"
