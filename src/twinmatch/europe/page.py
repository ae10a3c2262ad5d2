"""
All states on one page of HTML, complete in itself, with links to the page of each.

A table says how each run ended; a second one, shaded, who is paired with whom. Both are tables and no
pictures, so that a machine reads them as people do, and nothing needs to be installed to draw them. The page
has no script. The same matchings give the same bytes: nothing on it depends on how long a run took.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from twinmatch.europe.rows import believed
from twinmatch.explaining.terms import label
from twinmatch.reporting.document import document, written
from twinmatch.reporting.markup import Html, block, joined, section, table
from twinmatch.reporting.palette import shade
from twinmatch.reporting.words import Words
from twinmatch.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from twinmatch.europe.result import StateMatchings
    from twinmatch.europe.rows import Row

__all__ = ["page", "report"]

_OWN: Final = "\N{EN DASH}"


def report(found: StateMatchings, target: Path, *, lang: str = "en") -> Path:
    """Write the page of all states; see :meth:`twinmatch.StateMatchings.report`."""
    return written(target, page(found, target.parent, lang=lang))


def page(found: StateMatchings, beside: Path, *, lang: str = "en") -> str:
    """
    Return the page of all states as HTML.

    Parameters
    ----------
    found : StateMatchings
    beside : Path
        The folder in which the page will be: links to the pages of states are seen from there.
    lang : {"en", "fr"}

    Raises
    ------
    InputError
        If the language is another one.
    """
    words = Words(lang)
    sections = [
        _summary(found, words),
        _states(found, beside, words),
        _matrix(found, words),
        _ways(found, words),
        _check(found, words),
    ]
    return document(words, words["europe title"], words["europe subtitle"], [one for one in sections if one])


def _summary(found: StateMatchings, words: Words) -> Html:
    told = [row for row in found.rows if believed(row)]
    refused = [row for row in found.rows if row["verified"] is False]
    infeasible = [row for row in found.rows if row["status"] == Status.INFEASIBLE and row not in refused]
    missing = [row for row in found.rows if row["status"] == Status.NO_SOLUTION]
    best = [row for row in told if row["status"] == Status.OPTIMAL]
    said = [words.say("europe proven", best=len(best), states=len(found.rows))]
    for rows, key in ((refused, "refused"), (infeasible, "infeasible"), (missing, "missing")):
        if rows:
            said.append(words.say(f"europe {key}", names=_names(rows, words)))
    if gaps := len(told) - len(best):
        said.append(words.say("europe gaps", count=gaps))
    kind = "none" if refused or infeasible else "best" if len(best) == len(found.rows) else "open"
    schools = sum(row["schools"] for row in found.rows)
    paired, alone = (sum(row[name] for row in told) for name in ("paired", "left_out"))
    pairs, points = (sum(row[name] for row in told) for name in ("pairs", "points"))
    asked = sum(row["schools"] for row in told)
    states = "europe states one" if len(found.rows) == 1 else "europe states"
    cards = [
        _card(words.number(len(found.rows)), words[states], words.say("europe runs", schools=schools)),
        _card(
            words.number(paired),
            words["paired"],
            words.say("paired of", percent=words.percent(paired / asked if asked else 0.0), schools=asked),
        ),
        _card(words.number(alone), words["left out"], words["europe left out" if alone else "left out none"]),
    ]
    if pairs:
        cards.append(_card(words.number(points / pairs), words["mean points"], words["europe mean"]))
    banner = block("p", " ".join(said), class_=f"status {kind}")
    lead = block("p", words["europe lead"])
    return section("summary", words["summary"], banner, lead, block("dl", *cards, class_="cards"))


def _card(number: str, what: str, more: str) -> Html:
    return block(
        "div", block("dt", what), block("dd", number, class_="big"), block("dd", more, class_="small")
    )


def _names(rows: list[Row], words: Words) -> str:
    return ", ".join(words.country(row["state"]) for row in rows)


def _states(found: StateMatchings, beside: Path, words: Words) -> Html:
    """Return the table of states, with a link to the page of each."""
    keys = ("state", "schools head", "with a partner", "share", "left out", "mean", "gap", "status", "proof")
    heads = [words["europe state" if key == "state" else f"europe head {key}"] for key in keys]
    body = [_line(row, found, beside, words) for row in found.rows]
    listed = table(words["europe table"], heads, body, numbers=range(1, 7), class_="states", hidden=True)
    read = words["europe table read"]
    if any(row["page"] for row in found.rows):
        read = f"{words['europe table names']} {read}"
    said = [block("p", read, class_="quiet")]
    why = [
        block(
            "li",
            block("strong", words.country(row["state"])),
            ": ",
            block("span", row["why"], lang="en") if row["why"] else words["no witness"],
        )
        for row in found.rows
        if row["status"] == Status.INFEASIBLE
    ]
    if why:
        said += [block("h3", words["witness"]), block("ul", *why)]
    return section("states", words["europe by state"], listed, *said)


def _line(row: Row, found: StateMatchings, beside: Path, words: Words) -> tuple[object, ...]:
    name: object = words.country(row["state"])
    if row["page"] is not None and found.directory is not None:
        there = os.path.relpath(found.directory.absolute() / row["page"], beside.absolute())
        name = block("a", name, href=quote(there.replace(os.sep, "/")))
    numbers = [_OWN] * 5
    if believed(row):
        numbers = [
            words.number(row["paired"]),
            words.percent(row["paired"] / row["schools"] if row["schools"] else 0.0),
            words.number(row["left_out"]),
            _OWN if row["mean_points"] is None else words.number(row["mean_points"]),
            words.small(row["relative_gap"]),
        ]
    status = (
        words[f"europe status {row['status']}"] if row["verified"] is not False else words["europe unknown"]
    )
    if row["limit"] is not None and row["verified"] is not False:
        status = f"{status} {words['limit ' + row['limit']]}"
    proof: object = _OWN
    if row["verified"] is not None:
        mark = ("✓ " if row["verified"] else "✗ ") + words["holds" if row["verified"] else "refused"]
        proof = block("span", mark, class_="good" if row["verified"] else "bad")
    return (name, words.number(row["schools"]), *numbers, status, proof)


def _matrix(found: StateMatchings, words: Words) -> Html:
    """Return who is paired with whom: a row for each run, a column for each state of partners."""
    rows = [row for row in found.rows if believed(row) and row["state"] in found.pairs]
    if not any(row["pairs"] for row in rows):
        return Html("")
    states = sorted({*found.pairs, *(other for counts in found.pairs.values() for other in counts)})
    heads = [
        block("th", words["europe from"], scope="col"),
        *(
            block("th", block("abbr", state, title=words.country(state)), scope="col", class_="number")
            for state in states
        ),
        block("th", words["europe all"], scope="col", class_="number"),
    ]
    lines = []
    for row in rows:
        counts = found.pairs[row["state"]]
        total = sum(counts.values())
        cells = [block("th", words.country(row["state"]), scope="row")]
        for state in states:
            if state == row["state"]:
                cells.append(block("td", _OWN, class_="number own"))
                continue
            share = counts.get(state, 0) / total if total else 0.0
            cells.append(
                block(
                    "td",
                    words.number(counts.get(state, 0)),
                    class_="number",
                    style=f"background:{shade(share)}" if share else None,
                    title=words.percent(share),
                )
            )
        cells.append(block("td", words.number(total), class_="number"))
        lines.append(block("tr", *cells))
    columns = []
    for state in states:
        columns.append(sum(found.pairs[row["state"]].get(state, 0) for row in rows))
    foot = block(
        "tr",
        block("th", words["europe all"], scope="row"),
        *(block("td", words.number(count), class_="number") for count in columns),
        block("td", words.number(sum(columns)), class_="number"),
    )
    caption = words["europe matrix caption"]
    inner = block(
        "table",
        block("caption", caption, class_="heard"),
        block("thead", block("tr", *heads)),
        block("tbody", *lines),
        block("tfoot", foot),
        class_="heat",
    )
    shaded = block("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)
    read = block("p", words["europe matrix read"], class_="quiet")
    return section("matrix", words["europe matrix"], shaded, _legend(words), read)


def _legend(words: Words) -> Html:
    """Return what the shades stand for."""
    steps = (0.01, 0.05, 0.15, 0.3, 0.5, 1.0)
    shown = (
        block("li", block("i", style=f"background:{shade(one)}", aria_hidden="true"), words.percent(one, 0))
        for one in steps
    )
    return block("ul", *shown, class_="names legend", aria_label=words["europe legend"])


def _ways(found: StateMatchings, words: Words) -> Html:
    """Return what both ways means, and what the runs have in common."""
    body = [(words.number(times), words.number(number)) for times, number in found.partnerships.items()]
    heads = [words["europe times"], words["schools head"]]
    listed = table(words["europe partnerships"], heads, body, numbers=[1]) if body else ""
    told = [block("p", words["europe ways anew"]), block("p", words["europe ways"])]
    if len(found.pairs) > 1:
        told.append(block("p", words.say("europe mutual", pairs=found.mutual)))
    if found.without_schools:
        names = ", ".join(words.country(state) for state in found.without_schools)
        key = "europe without" if len(found.without_schools) > 1 else "europe without one"
        told.append(block("p", words.say(key, count=len(found.without_schools), names=names)))
    said = block("div", *told)
    return section("ways", words["europe both ways"], block("div", said, block("div", listed), class_="two"))


def _check(found: StateMatchings, words: Words) -> Html:
    """Return who can check this, and under which policy and mechanism it was done."""
    first = next((row["state"] for row in found.rows if row["folder"] is not None), None)
    how = block("p", words["europe check nowhere"])
    if first is not None:
        before, _, after = words["europe check"].partition("{command}")
        how = block("p", before, block("code", f"twinmatch verify DIR/{first}"), after)
    prints = block(
        "dl",
        *(
            block("div", block("dt", name), block("dd", value))
            for name, value in (
                (words["europe mechanism"], label(words.lang, "mechanism", found.mechanism)),
                (words["europe policy"], found.policy),
            )
        ),
        class_="prints",
    )
    return section("check", words["europe check head"], joined([how, prints]))
