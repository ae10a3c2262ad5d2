"""The first screen of a report: the status in words, a few numbers, and what proves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.explaining.promises import counts_points, floor_of
from twinmatch.explaining.terms import label
from twinmatch.mechanisms import Procedure, most_points
from twinmatch.reporting import tables
from twinmatch.reporting.markup import Html, block, joined, section, table
from twinmatch.reporting.palette import colours
from twinmatch.status import Status

if TYPE_CHECKING:
    from twinmatch.certify import Certificate
    from twinmatch.matching import Matching
    from twinmatch.reporting.words import Words

__all__ = ["certificate_section", "counts_otherwise", "has_pairs", "status_in_words", "summary_section"]


def has_pairs(matching: Matching) -> bool:
    """Return whether there is a pairing to report on."""
    return matching.status in (Status.OPTIMAL, Status.FEASIBLE)


def counts_otherwise(matching: Matching) -> bool:
    """Return whether the objective is not in points, but in what the mechanism makes of them."""
    return not counts_points(matching)


def status_in_words(matching: Matching, words: Words) -> str:
    """Return what is known of a matching, and what stopped the run."""
    key, floor = f"status {matching.status}", floor_of(matching)
    if isinstance(matching.mechanism, Procedure) and has_pairs(matching):
        key += " procedure"
    elif floor is not None:
        key += " floor"
    elif matching.status is Status.OPTIMAL and matching.policy.coverage != "first":
        key += " points"
    elif matching.status is Status.OPTIMAL and matching.mechanism != most_points():
        key += " mechanism"
    gap = words.small(matching.gap / max(1, abs(matching.objective))) if has_pairs(matching) else ""
    name = label(words.lang, "mechanism", matching.mechanism.name)
    said = words.say(key, percent=gap, mechanism=name, floor=floor or 0)
    return said if matching.limit is None else f"{said} {words[f'limit {matching.limit}']}"


def summary_section(matching: Matching, certificate: Certificate | None, words: Words) -> Html:
    """Return the summary; where a claim was refused, that is all it says."""
    refused = 0 if certificate is None else sum(not claim.ok for claim in certificate.claims)
    if certificate is not None and refused:
        said = words.say("certificate refused", count=refused, claims=len(certificate.claims))
        return section("summary", words["summary"], _banner("none", words["refused"], said))
    kind = "best" if matching.status is Status.OPTIMAL else "open" if has_pairs(matching) else "none"
    parts = [_banner(kind, str(matching.status), status_in_words(matching, words))]
    if has_pairs(matching):
        parts += [block("dl", *_cards(matching, words), class_="cards"), _strip(matching, words)]
    else:
        parts.append(_witness(matching, words))
    return section("summary", words["summary"], *parts)


def _banner(kind: str, status: str, said: str) -> Html:
    return block("p", block("strong", status.upper()), " ", said, class_=f"status {kind}")


def _witness(matching: Matching, words: Words) -> Html:
    """Return why nothing keeps to the policy."""
    if matching.status is not Status.INFEASIBLE:
        return Html("")
    head = block("h3", words["witness"])
    if matching.witness is None:
        return joined([head, block("p", words["no witness"])])
    said = block("blockquote", block("p", matching.witness.explain(words.lang)))
    return joined([head, said, block("p", words["witness read"])])


def _cards(matching: Matching, words: Words) -> list[Html]:
    left, covered = len(matching.left), matching.coverage
    pairs = len(tables.rows_of(matching)[0])
    countries = [row for row in tables.records(tables.partners_by_country(matching)) if row["pairs"]]
    share = words.percent(covered / left) if left else words.percent(0.0)
    if isinstance(matching.mechanism, Procedure):
        proof = ""
    elif matching.policy.coverage != "first":
        proof = words["coverage after points"]
    elif covered == matching.coverage_bound:
        proof = words["coverage proven"]
    else:
        proof = words.say("coverage at most", bound=matching.coverage_bound)
    alone = left - covered
    of = words.say("paired of", percent=share, schools=left)
    cards = [_card(words.number(covered), words["paired"], words.say("both", a=of, b=proof) if proof else of)]
    cards.append(
        _card(words.number(alone), words["left out"], words["left out why" if alone else "left out none"])
    )
    if pairs != covered:
        cards.append(_card(words.number(pairs), words["several"], words["several why"]))
    if pairs:
        most = words.say(
            "countries most",
            country=words.country(countries[0]["country"]),
            percent=words.percent(countries[0]["share"]),
        )
        cards.append(_card(words.number(len(countries)), words["countries"], most))
        best = tables.most_points_of(matching.policy)
        said = "" if best is None else words.say("mean points of", most=best)
        cards.append(_card(words.number(matching.points / pairs), words["mean points"], said))
    if isinstance(matching.mechanism, Procedure):
        return cards
    floor = floor_of(matching)
    gap = words["gap none" if floor is None else "gap none floor"]
    if floor is not None:
        cards.append(_card(words.number(floor), words["floor"], words["floor why"]))
    if matching.gap:
        gap = words.say("gap share", percent=words.small(matching.relative_gap))
    what = words["gap counted" if counts_otherwise(matching) else "gap"]
    cards.append(_card(words.number(matching.gap), what, gap))
    return cards


def _card(number: str, what: str, more: str) -> Html:
    return block(
        "div", block("dt", what), block("dd", number, class_="big"), block("dd", more, class_="small")
    )


def _strip(matching: Matching, words: Words) -> Html:
    """Return one bar of the partner countries, with their names below."""
    rows = [row for row in tables.records(tables.partners_by_country(matching)) if row["pairs"]]
    if not rows:
        return Html("")
    colour = colours([row["country"] for row in rows])
    said = [f"{words.country(row['country'])} {words.percent(row['share'])}" for row in rows]
    bar = block(
        "div",
        *(block("i", style=f"flex-grow:{row['pairs']};background:{colour[row['country']]}") for row in rows),
        class_="strip",
        aria_hidden="true",
    )
    names = block(
        "ul",
        *(
            block("li", block("i", style=f"background:{colour[row['country']]}", aria_hidden="true"), one)
            for row, one in zip(rows, said, strict=True)
        ),
        class_="names",
        aria_label=words["by country"],
    )
    return joined([bar, names])


def _kinds(matching: Matching) -> list[str]:
    """Return what makes some claims of a matching say something else than those of others."""
    quotas = matching.constraints.quotas if isinstance(matching.mechanism, Procedure) else ()
    kinds = {
        "counted": counts_otherwise(matching),
        "floor": floor_of(matching) is not None and not counts_otherwise(matching),
        "procedure": isinstance(matching.mechanism, Procedure),
        "capped": any(quota.at_most is not None for quota in quotas),
    }
    return [kind for kind, is_so in kinds.items() if is_so]


def certificate_section(matching: Matching, certificate: Certificate, words: Words) -> Html:
    """Return what was checked, what came of it, and who can check it again."""
    numbers = {
        name: words["unknown"] if value is None else words.number(value)
        for name, value in {
            "objective": certificate.objective,
            "bound": matching.bound if has_pairs(matching) else certificate.bound,
            "coverage": certificate.coverage,
            "coverage_bound": certificate.coverage_bound,
            "floor": floor_of(matching),
        }.items()
    }
    rows = []
    kinds = _kinds(matching)
    for claim in certificate.claims:
        phrase = words.phrases.get(f"claim {claim.name}")
        for kind in kinds:
            phrase = words.phrases.get(f"claim {claim.name} {kind}", phrase)
        said = joined([claim.name if phrase is None else phrase.format(**numbers)])
        if not claim.ok:  # what went wrong is said by the check, in English
            said = joined([said, " ", block("span", claim.detail, lang="en")])
        mark = ("✓ " if claim.ok else "✗ ") + words["holds" if claim.ok else "refused"]
        rows.append((said, block("span", mark, class_="good" if claim.ok else "bad")))
    refused = sum(not claim.ok for claim in certificate.claims)
    if certificate.ok:
        verdict = words.say("certificate ok", pairs=len(matching.left) * len(matching.right))
    else:
        verdict = words.say("certificate refused", count=refused, claims=len(rows))
    key = "certificate how procedure" if "procedure" in kinds else "certificate how"
    how = words[key].partition("{command}")
    return section(
        "certificate",
        words["certificate"],
        block("p", verdict, class_="verdict good" if certificate.ok else "verdict bad"),
        table(words["claim table"], [words["claim"], words["verdict"]], rows, class_="claims"),
        block("h3", words["certificate who"]),
        block("p", how[0], block("code", "twinmatch verify DIR"), how[2]),
    )
