"""The sections of a report that list: quotas, schools without a partner, all pairs, and how it was done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from twinmatch import __version__
from twinmatch.explaining.page import Items, Paragraph, Table
from twinmatch.explaining.promises import floor_of
from twinmatch.explaining.terms import label
from twinmatch.explaining.translating import reason_in
from twinmatch.mechanisms import Procedure
from twinmatch.reporting import charts, tables
from twinmatch.reporting.markup import Html, block, figure, joined, picture, section, table
from twinmatch.reporting.packing import packed
from twinmatch.reporting.summary import counts_otherwise
from twinmatch.status import Status

if TYPE_CHECKING:
    from twinmatch.explaining.page import Block
    from twinmatch.matching import Matching
    from twinmatch.reporting.words import Words

__all__ = ["method_section", "quotas_section", "table_section", "unmatched_section"]

#: So many quotas, and schools without a partner, are listed.
LISTED: Final = 200


def quotas_section(matching: Matching, words: Words) -> Html:
    """Return what quotas asked for, got and cost; nothing where there are none."""
    no_prices = isinstance(matching.mechanism, Procedure)
    rows = tables.records(matching.quotas)
    if not rows:
        return Html("")
    columns = ("quota", "at least", "at most", "counted") + (() if no_prices else ("price",))
    heads = [words[key] for key in columns]
    what = " procedure" if no_prices else ""
    body = [
        (
            label(words.lang, "quota", row["quota"]),
            words.number(row["at_least"]),
            words["none"] if row["at_most"] is None else words.number(row["at_most"]),
            words.number(row["count"]),
            *(() if no_prices else (words.number(row["price"]),)),
        )
        for row in rows[:LISTED]
    ]
    more = len(rows) - len(body)
    return section(
        "quotas",
        words["quotas"],
        table(words[f"quotas table{what}"], heads, body, numbers=range(1, len(heads))),
        block("p", words[f"quotas read{what}"], class_="quiet"),
        block("p", words.say("quotas more", count=more)) if more else "",
    )


def unmatched_section(matching: Matching, words: Words) -> Html:
    """Return who has no partner, and why."""
    kinds = tables.records(tables.reasons(matching))
    count = sum(row["schools"] for row in kinds)
    if not count:
        return section("unmatched", words["unmatched"], block("p", words["unmatched none"]))
    listed = ", ".join(f"{words.value('short', row['kind'])} {words.number(row['schools'])}" for row in kinds)
    drawn = picture(
        charts.svg(charts.unmatched(kinds, words)).encode(),
        "image/svg+xml",
        words.say("unmatched alt", list=listed),
    )
    by_kind = table(
        words["unmatched table"],
        [words["reason"], words["schools head"]],
        [(words.value("kind", row["kind"]), words.number(row["schools"])) for row in kinds],
        numbers=[1],
        hidden=True,
    )
    alone = [row for row in tables.records(tables.everyone(matching)) if row["reason"]]
    one_by_one = table(
        words["unmatched list"],
        [words["school"], words["reason"]],
        [
            (
                joined(
                    [
                        block("span", row["left_name"] or words["unknown"], class_="name"),
                        block("span", row["left_city"], class_="more"),
                        block("span", row["left_id"], class_="id"),
                    ]
                ),
                reason_in(words.lang, row["reason"]),
            )
            for row in alone[:LISTED]
        ],
        hidden=True,
    )
    first = ""
    if count > LISTED:
        first = block("p", words.say("unmatched first", shown=LISTED, count=count), class_="quiet")
    return section(
        "unmatched",
        words["unmatched"],
        block("p", words.say("unmatched some", count=count, schools=len(matching.left))),
        block("div", figure(drawn, words["unmatched table"]), by_kind, class_="two"),
        block("h3", words["unmatched list"]),
        first,
        one_by_one,
    )


def table_section(matching: Matching, words: Words) -> Html:
    """Return the table of all schools, packed, with what searches it."""
    content = packed(matching, words)
    cities = Counter(city for city in tables.known(matching.left, "city").tolist() if city)
    example = min(cities, key=lambda city: (-cities[city], city), default="FR")
    sortable = (("left_name", "school"), ("right_name", "partner"), ("points", "points head"))
    heads = (
        block(
            "th",
            block(
                "button",
                words[key],
                " ",
                block("span", class_="arrow", aria_hidden="true"),
                type="button",
                data_sort=column,
                disabled=True,
                title=words.say("sort by", column=words[key]),
            ),
            scope="col",
            aria_sort="none",
            class_="number" if column == "points" else None,
        )
        for column, key in sortable
    )
    field = Html(
        block(
            "input",
            type="search",
            id="query",
            placeholder=words.say("search hint", example=example),
            autocomplete="off",
            spellcheck="false",
            disabled=True,
            aria_describedby="found",
        ).removesuffix("</input>")
    )
    finder = block(
        "div",
        block("label", words["search"], for_="query"),
        field,
        block("p", words["loading"], id="found", role="status", aria_live="polite"),
        block(
            "div",
            block(
                "table",
                block("caption", words["table caption"], class_="heard"),
                block("thead", block("tr", *heads)),
                block("tbody", id="rows"),
                class_="pairs",
            ),
            class_="scroll",
            tabindex="0",
            role="region",
            aria_label=words["table caption"],
        ),
        block(
            "div",
            block("button", words["previous"], type="button", id="previous", disabled=True),
            block("span", id="page"),
            block("button", words["next"], type="button", id="next", disabled=True),
            block("button", words["download"], type="button", id="download"),
            class_="pager",
        ),
        id="finder",
        hidden=True,
        data_loading=words["loading"],
        data_failed=words["no stream"],
    )
    count = len(tables.rows_of(matching)[0]) + len(matching.left) - matching.coverage
    return section(
        "table",
        words["table"],
        block("p", words.say("table lead", count=count), class_="screen"),
        block("noscript", block("p", words["noscript"], class_="status open")),
        finder,
        block("p", words.say("print table", count=count), class_="paper"),
        block("script", Html(content), type="application/gzip", id="pairs-data"),
    )


def method_section(matching: Matching, words: Words) -> Html:
    """Return how the result was found, and the notice that the law asks for."""
    how = matching.mechanism
    name = label(words.lang, "mechanism", how.name)
    guarantee = words.phrases.get(f"mechanism {how.name}", "")
    parts: list[object] = [
        block("p", words.say("method lead", version=__version__)),
        block("h3", words["mechanism"]),
        block("p", block("strong", name[:1].upper() + name[1:]), ". ", guarantee),
    ]
    if (floor := floor_of(matching)) is not None:
        parts.append(block("p", words.say("floor promised", n=floor)))
    if counts_otherwise(matching) and matching.status in (Status.OPTIMAL, Status.FEASIBLE):
        parts.append(block("p", words.say("counts for", n=matching.objective)))
    page = matching.notice(words.lang).page()
    parts.append(block("h3", page.title))
    parts += [block("p", text) for text in page.lead]
    for part in page.sections:
        parts += [block("h4", part.title), *(_told(one) for one in part.blocks)]
    prints = (
        (words["fingerprint left"], matching.fingerprints[0]),
        (words["fingerprint right"], matching.fingerprints[1]),
        (words["fingerprint policy"], matching.fingerprints[2]),
        (words["seal"], matching.seal),
    )
    rows = [block("div", block("dt", name), block("dd", block("code", value))) for name, value in prints]
    parts += [block("h3", words["fingerprints"]), block("dl", *rows, class_="prints")]
    return section("method", words["method"], *parts)


def _told(part: Block) -> Html:
    """Return a part of the notice."""
    match part:
        case Paragraph(said):
            return block("p", said)
        case Items(items):
            return block("ul", *(block("li", one) for one in items))
        case Table():
            rows = [*part.rows, *([part.foot] if part.foot else [])]
            return table(part.caption, part.head, rows, numbers=part.numbers)
